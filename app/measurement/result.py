"""What a measurement says, in pixels and, where the surface's plane is known, in millimetres."""

from dataclasses import dataclass

from app.measurement.arrays import Floats


@dataclass(frozen=True)
class Widths:
    """Widths along a crack, pixels or millimetres. `max` and `p95` are over points of the centreline.

    `uncertainty` and `p95_uncertainty` are standard uncertainties of `mean` and `p95`: EDGE_DOUBT_PX
    and the standard error combined, stretches as long as the crack is wide counted as one sample
    each. That of a scale is not in them.
    """

    mean: float
    median: float
    p95: float
    max: float
    uncertainty: float
    p95_uncertainty: float


@dataclass(frozen=True)
class Millimetres:
    """A crack on the surface that the photo shows."""

    length: float
    width: Widths
    area_mm2: float


@dataclass(frozen=True)
class Gap:
    """A stretch between two fragments of one crack, bridged by direction and probability, (x, y) each."""

    start_px: tuple[float, float]
    end_px: tuple[float, float]


@dataclass(frozen=True)
class Crack:
    """One crack: a component of the mask, or several that gaps join.

    Attributes:
        id: 1 for the crack of the largest area, then 2, 3, ...
        area_px: pixels of the mask.
        bbox_px: (x, y, width, height) of those pixels.
        length_px: all branches together, from end to end, without the gaps.
        width_px: see Widths.
        max_width_at_px: (x, y) where the largest width lies.
        orientation_deg: axis of the least second moment of the centrelines, in [0, 180): 0 horizontal, 90 vertical,
            45 rising to the right as seen on the photo. Without meaning for round shapes.
        mean_probability: over the crack's pixels.
        centerlines_px: one [N, 2] polyline (x, y) a branch, the centre of the top left pixel at
            (0, 0), within SIMPLIFICATION_PX of what was measured.
        centerline_widths_px: one [N] a branch: the width at each point of the polyline.
        junction_count: places where three branches or more meet.
        tortuosity: length of the longest way through the crack over the distance between its ends,
            1 for a straight crack; None for a ring, which has no ends.
        gaps: what was bridged to join fragments to this crack.
        edges_px: closed polygons [N, 2] along the edges of the crack's pixels, every corner, the first not
            repeated; interior to the left as seen on the photo, so holes run the other way round. None where
            outlines were not asked for.
        outline_px: the same within SIMPLIFICATION_PX, of fewer corners.
        in_mm: length, width and area on the surface; None without a plane.
    """

    id: int
    area_px: int
    bbox_px: tuple[int, int, int, int]
    length_px: float
    width_px: Widths
    max_width_at_px: tuple[float, float]
    orientation_deg: float
    mean_probability: float
    centerlines_px: tuple[Floats, ...]
    centerline_widths_px: tuple[Floats, ...]
    junction_count: int
    tortuosity: float | None
    gaps: tuple[Gap, ...]
    edges_px: tuple[Floats, ...] | None
    outline_px: tuple[Floats, ...] | None
    in_mm: Millimetres | None


@dataclass(frozen=True)
class Measurement:
    """What a probability map shows. Mean width is weighted by length; widths are 0 without cracks.

    `total_pixels`, `crack_pixels` and `crack_ratio` are of the whole mask, the rest of `cracks`.
    """

    total_pixels: int
    crack_pixels: int
    crack_ratio: float
    crack_count: int
    total_length_px: float
    mean_width_px: float
    max_width_px: float
    cracks: tuple[Crack, ...]
    left_out: int = 0
    """Components beyond the MAX_REGIONS largest: in the figures of the mask, not among the cracks."""
