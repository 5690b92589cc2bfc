"""What a measurement says, in pixels and, where there is a plane, in millimetres."""

from dataclasses import dataclass

from app.measurement.centerline import Floats


@dataclass(frozen=True)
class Widths:
    """Widths along a crack, pixels. `max` and `p95` are over points of the centreline.

    `uncertainty` is one standard uncertainty of `mean`: EDGE_DOUBT_PX and the standard error of
    the mean combined, stretches as long as the crack is wide counted as one sample each.
    """

    mean: float
    median: float
    p95: float
    max: float
    uncertainty: float


@dataclass(frozen=True)
class Crack:
    """One crack.

    Attributes:
        id: 1 for the crack of the largest area, then 2, 3, ...
        area_px: pixels of the mask.
        bbox_px: (x, y, width, height) of those pixels.
        length_px: all branches together, from end to end.
        width_px: see Widths.
        orientation_deg: axis of the least second moment, in [0, 180): 0 horizontal, 90 vertical,
            45 rising to the right as seen on the photo. Without meaning for round shapes.
        mean_probability: over the crack's pixels.
        centerlines_px: one [N, 2] polyline (x, y) a branch, the centre of the top left pixel at
            (0, 0), within SIMPLIFICATION_PX of what was measured.
    """

    id: int
    area_px: int
    bbox_px: tuple[int, int, int, int]
    length_px: float
    width_px: Widths
    orientation_deg: float
    mean_probability: float
    centerlines_px: tuple[Floats, ...]


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
    """Cracks beyond the MAX_CRACKS largest: in the figures of the mask, not among the cracks."""
