"""What the API answers. Coordinates are pixels of the upright photo; the centre of the top left pixel is (0, 0)."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.limits import Table, Verdict
from app.pattern import Kind
from app.photo_metadata import PhotoMetadata
from app.scale import Source

Point = tuple[float, float]
Flag = Literal["below-resolution"]


class ModelUsed(BaseModel):
    name: str
    version: str
    sha256: str
    threshold: float
    device: str
    precision: str


class ImageDescription(BaseModel):
    """`metadata` is null unless `photo_metadata` asks for it."""

    width: int
    height: int
    format: str
    sha256: str
    exif_orientation: int
    metadata: PhotoMetadata | None


class Widths(BaseModel):
    """`uncertainty` and `p95_uncertainty` are standard uncertainties (k = 1) of `mean` and `p95`."""

    mean: float
    median: float
    p95: float
    max: float
    uncertainty: float
    p95_uncertainty: float


class Statistics(BaseModel):
    """Totals of a photo; `mean_width_px` is weighted by length. `_mm` is null where any crack has no millimetres."""

    total_pixels: int
    crack_pixels: int
    crack_ratio: float
    crack_count: int
    total_length_px: float
    mean_width_px: float
    max_width_px: float
    total_length_mm: float | None
    mean_width_mm: float | None
    max_width_mm: float | None


class Gap(BaseModel):
    """A stretch that direction and probability bridge, so that what lies on both sides is one crack."""

    from_px: Point
    to_px: Point


class Crack(BaseModel):
    """One crack."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: int
    area_px: int
    bbox_px: tuple[int, int, int, int]
    """x, y, width, height."""
    length_px: float
    width_px: Widths
    max_width_at_px: Point
    """Where the crack is widest."""
    orientation_deg: float
    """0 horizontal, 90 vertical, 45 rising to the right, below 180."""
    mean_probability: float
    centerlines_px: list[list[Point]]
    """A polyline a branch."""
    centerline_widths_px: list[list[float]]
    """The width at each point of `centerlines_px`."""
    branch_count: int
    junction_count: int
    tortuosity: float | None
    """Length of the longest way through the crack over the distance of its ends; null for a ring."""
    gaps: list[Gap]
    """Where fragments were joined; the gaps are not in `length_px`."""
    flags: list[Flag]
    """`below-resolution`: fewer than 3 px wide in the mean, so the width is an upper bound more than a measurement."""
    outline_px: list[list[Point]] | None
    """Polygons along the pixels' edges, holes running the other way round; null unless `outlines` asks for them."""
    area_mm2: float | None
    length_mm: float | None
    scale_uncertainty: float | None
    """One standard uncertainty of the scale where it is least sure along the crack, as a fraction: that of `length_mm`,
    and half of that of `area_mm2`. Null where nobody knows."""
    width_mm: Widths | None
    """With the uncertainty of the scale, where that is known."""
    width_interval_mm: tuple[float, float] | None
    """What is held against `limits`: `p95` and two standard uncertainties either way; null without `limits`."""
    limits: list[Verdict] | None
    """A verdict for each case of the table; null without one, or without millimetres."""


class Scale(BaseModel):
    """`relative_uncertainty` is one standard uncertainty at the photo's centre; null where the caller gave it."""

    mm_per_px: float
    source: Source
    relative_uncertainty: float | None


class Pattern(BaseModel):
    """How the cracks lie to one another, and what stands out of the figures that decided it."""

    kind: Kind
    axial_spread_deg: float
    junctions_per_1000_px: float
    closed_cells: int


class Density(BaseModel):
    """Crack length per area on a grid of square cells, rows from the top: px/px² and, with a scale, m/m²."""

    cell_px: int
    px_per_px2: list[list[float]]
    m_per_m2: list[list[float]] | None


class Quality(BaseModel):
    """What the photo can show; what it cannot is among the `warnings`."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    blur_sigma_px: float
    sharpness: float
    """Share of its contrast that a crack of 3 px keeps under that blur."""
    luminance_median: float
    black_share: float
    white_share: float
    smallest_measurable_width_px: float
    smallest_measurable_width_mm: float | None


class PngMask(BaseModel):
    """`data` is base64 of the PNG, one channel of 0 and 255."""

    encoding: Literal["png"] = "png"
    width: int
    height: int
    data: str


class RleMask(BaseModel):
    """COCO's run lengths, column-major: `size` [height, width], and `counts` as pycocotools' compressed string."""

    encoding: Literal["rle"] = "rle"
    width: int
    height: int
    size: tuple[int, int]
    counts: str


class ProbabilityMap(BaseModel):
    """`data` is base64 of a PNG, one channel: 255 is probability 1. `/v1/measure` and the field `probability` of
    `/v1/segment` take it back."""

    encoding: Literal["probability"] = "probability"
    width: int
    height: int
    data: str


class Measured(BaseModel):
    """Answer of `/v1/measure`; `asset_id` and `metadata` are what the query gave."""

    id: str
    asset_id: str | None
    metadata: dict[str, JsonValue] | None
    statistics: Statistics
    scale: Scale | None
    limits: Table | None
    pattern: Pattern
    density: Density
    cracks: list[Crack]
    warnings: list[str]


class Segmented(BaseModel):
    """Answer of `/v1/segment`; `asset_id` and `metadata` are what the query gave."""

    id: str
    asset_id: str | None
    metadata: dict[str, JsonValue] | None
    model: ModelUsed
    image: ImageDescription
    mode: Literal["tile", "resize"]
    resolution_scale: float
    statistics: Statistics
    scale: Scale | None
    limits: Table | None
    pattern: Pattern
    density: Density
    quality: Quality
    cracks: list[Crack]
    mask: Annotated[PngMask | RleMask | ProbabilityMap, Field(discriminator="encoding")] | None
    warnings: list[str]
    timing_ms: dict[str, float]


class ModelDescription(BaseModel):
    name: str
    version: str
    architecture: str
    parameters: int
    tile_size: int
    threshold: float
    width_calibrated: bool
    trained_on: list[str]
    metrics: dict[str, float]
    license: str
    sha256: str
    device: str
    precision: str
    default: bool


class ModelList(BaseModel):
    models: list[ModelDescription]


class Status(BaseModel):
    status: str


class Problem(BaseModel):
    """An error, `application/problem+json` (RFC 9457); `detail` says what was wrong and what to do."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
