"""What the API says: parameters in, answers out. Coordinates are pixels of the upright photo, origin top left."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.measurement import Crack as MeasuredCrack
from app.measurement import Measurement
from app.measurement import Widths as MeasuredWidths
from app.negotiation import Format

Threshold = Annotated[float, Field(gt=0, lt=1)]
MaskEncoding = Literal["png", "rle", "none"]


class Parameters(BaseModel):
    """What every measuring query may say. A parameter that is not listed is refused: a misspelt one cannot pass."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    mm_per_px: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Scale of the photo, millimetres a pixel; every `_mm` field is null without one."""
    cracks: bool = True
    """List every crack, or only the totals."""
    min_area_px: Annotated[int, Field(ge=0)] = 0
    """Smaller components are left out of `cracks` and the counts, not out of the mask."""


class MeasureParameters(Parameters):
    """Query of `/v1/measure`."""

    threshold: Threshold = 0.5
    """Probability from which a pixel counts as crack."""


class SegmentParameters(Parameters):
    """Query of `/v1/segment`."""

    model: str | None = None
    """Name from `/v1/models`; the service's default where none is given."""
    threshold: Threshold | None = None
    """Probability from which a pixel counts as crack; the model's own where none is given."""
    mode: Literal["tile", "resize"] = "tile"
    """`tile`: native resolution, overlapping tiles. `resize`: the whole photo at the model's tile size."""
    resolution_scale: Annotated[float, Field(ge=0.1, le=1)] = 1.0
    """Resolution at which `tile` looks at the photo; at 0.5 it is a quarter of the work."""
    mask: MaskEncoding = "png"
    """How JSON carries the mask."""
    format: Format | None = None
    """Form of the answer; wins over `Accept`."""

    @model_validator(mode="after")
    def _resize_has_no_resolution(self) -> "SegmentParameters":
        if self.mode == "resize" and "resolution_scale" in self.model_fields_set:
            raise ValueError("resolution_scale belongs to mode=tile; leave it out with mode=resize")
        return self


class ModelUsed(BaseModel):
    name: str
    version: str
    sha256: str
    threshold: float
    device: str


class ImageDescription(BaseModel):
    width: int
    height: int
    format: str
    sha256: str
    exif_orientation: int


class Widths(BaseModel):
    mean: float
    median: float
    p95: float
    max: float
    uncertainty: float


class Statistics(BaseModel):
    """Totals of a photo; `mean_width_px` is weighted by length."""

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


class Crack(BaseModel):
    """`bbox_px` is x, y, width, height; `orientation_deg` 0 horizontal, 90 vertical; a polyline a branch."""

    id: int
    area_px: int
    bbox_px: tuple[int, int, int, int]
    length_px: float
    width_px: Widths
    orientation_deg: float
    mean_probability: float
    centerlines_px: list[list[tuple[float, float]]]
    length_mm: float | None
    width_mm: Widths | None


class Scale(BaseModel):
    mm_per_px: float
    source: str
    relative_uncertainty: float | None


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


class Measured(BaseModel):
    """Answer of `/v1/measure`."""

    id: str
    statistics: Statistics
    scale: Scale | None
    cracks: list[Crack]
    warnings: list[str]


class Segmented(BaseModel):
    """Answer of `/v1/segment`."""

    id: str
    model: ModelUsed
    image: ImageDescription
    mode: Literal["tile", "resize"]
    resolution_scale: float
    statistics: Statistics
    scale: Scale | None
    cracks: list[Crack]
    mask: Annotated[PngMask | RleMask, Field(discriminator="encoding")] | None
    warnings: list[str]
    timing_ms: dict[str, float]


class ModelDescription(BaseModel):
    name: str
    version: str
    architecture: str
    parameters: int
    tile_size: int
    threshold: float
    trained_on: list[str]
    metrics: dict[str, float]
    license: str
    sha256: str
    device: str
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


def statistics(measured: Measurement, mm_per_px: float | None) -> Statistics:
    """Totals, with millimetres where there is a scale."""
    return Statistics(
        total_pixels=measured.total_pixels,
        crack_pixels=measured.crack_pixels,
        crack_ratio=measured.crack_ratio,
        crack_count=measured.crack_count,
        total_length_px=round(measured.total_length_px, 2),
        mean_width_px=round(measured.mean_width_px, 3),
        max_width_px=round(measured.max_width_px, 3),
        total_length_mm=_millimetres(measured.total_length_px, mm_per_px),
        mean_width_mm=_millimetres(measured.mean_width_px, mm_per_px),
        max_width_mm=_millimetres(measured.max_width_px, mm_per_px),
    )


def cracks(measured: Measurement, parameters: Parameters) -> list[Crack]:
    """The list of cracks as the parameters ask for it."""
    if not parameters.cracks:
        return []
    return [crack(one, parameters.mm_per_px) for one in measured.cracks]


def warnings(measured: Measurement) -> list[str]:
    """What a reader of the cracks must know."""
    return ["smallest-cracks-left-out"] if measured.left_out else []


def crack(measured: MeasuredCrack, mm_per_px: float | None) -> Crack:
    """One crack, with millimetres where there is a scale."""
    return Crack(
        id=measured.id,
        area_px=measured.area_px,
        bbox_px=measured.bbox_px,
        length_px=round(measured.length_px, 2),
        width_px=_widths(measured.width_px, 1.0),
        orientation_deg=round(measured.orientation_deg, 1) % 180,
        mean_probability=round(measured.mean_probability, 4),
        centerlines_px=[
            [(round(x, 1), round(y, 1)) for x, y in line.tolist()]
            for line in measured.centerlines_px
        ],
        length_mm=_millimetres(measured.length_px, mm_per_px),
        width_mm=None if mm_per_px is None else _widths(measured.width_px, mm_per_px),
    )


def _widths(widths: MeasuredWidths, factor: float) -> Widths:
    return Widths(
        mean=round(widths.mean * factor, 4),
        median=round(widths.median * factor, 4),
        p95=round(widths.p95 * factor, 4),
        max=round(widths.max * factor, 4),
        uncertainty=round(widths.uncertainty * factor, 4),
    )


def _millimetres(pixels: float, mm_per_px: float | None) -> float | None:
    return None if mm_per_px is None else round(pixels * mm_per_px, 4)


def scale(mm_per_px: float | None) -> Scale | None:
    """A scale that the caller gave; how sure it is, the caller did not say."""
    if mm_per_px is None:
        return None
    return Scale(mm_per_px=mm_per_px, source="parameter", relative_uncertainty=None)
