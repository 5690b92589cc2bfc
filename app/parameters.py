"""What a query may say. A parameter that is not listed is refused: a misspelt one cannot pass."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    field_validator,
    model_validator,
)

from app.caller_data import MAX_ASSET_ID, parse_metadata, require_one_line
from app.negotiation import Format
from app.scale import MarkerFamily, ScaleRequest

# From the smallest that 32 bits keep apart from 0 with room to spare: at 0 every pixel would be crack.
Threshold = Annotated[float, Field(ge=1e-6, lt=1)]
MaskEncoding = Literal["png", "rle", "probability", "none"]
_NUMBER = r"[+-]?\d{1,9}(\.\d{1,9})?"


class Parameters(BaseModel):
    """What every measuring query may say."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    mm_per_px: Annotated[float, Field(ge=1e-6, le=1000)] | None = None
    """Scale of the photo, millimetres a pixel; every `_mm` field is null without this or another scale."""
    scale_points_px: Annotated[str, Field(pattern=f"^{_NUMBER}(,{_NUMBER}){{3}}$")] | None = None
    """Two points of the photo, `x1,y1,x2,y2`, that lie `scale_length_mm` apart on the surface."""
    scale_length_mm: Annotated[float, Field(gt=0)] | None = None
    """Distance between the two points of `scale_points_px`, millimetres."""
    limits: Annotated[str, Field(min_length=1)] | None = None
    """Table of width limits from `/v1/limits` to hold every crack against; needs a scale."""
    cracks: bool = True
    """List every crack, or only the totals."""
    outlines: bool = False
    """Give the polygons round every crack, holes included."""
    min_area_px: Annotated[int, Field(ge=0)] = 0
    """Smaller components, fragments of a joined crack among them, are left out of `cracks` and the counts, not out of
    the mask."""
    cell_px: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Side of the cells in which `density` counts; a twentieth of the photo's longer side where none is given."""
    asset_id: (
        Annotated[
            str, Field(min_length=1, max_length=MAX_ASSET_ID), AfterValidator(require_one_line)
        ]
        | None
    ) = None
    """What the photo shows, by your own name: comes back as it is."""
    metadata: str | None = None
    """A JSON object of your own, at most 8192 bytes: comes back as it is. A key may stand once in an object."""

    @field_validator("metadata")
    @classmethod
    def _metadata_is_an_object(cls, text: str | None) -> str | None:
        if text is not None:
            parse_metadata(text)
        return text

    def caller_metadata(self) -> dict[str, JsonValue] | None:
        """`metadata` as the object that it is."""
        return None if self.metadata is None else parse_metadata(self.metadata)

    def scale_request(self) -> ScaleRequest:
        """What the query says of the scale."""
        return ScaleRequest(
            mm_per_px=self.mm_per_px,
            scale_points_px=self._points(),
            scale_length_mm=self.scale_length_mm,
        )

    def _points(self) -> tuple[float, float, float, float] | None:
        if self.scale_points_px is None:
            return None
        x1, y1, x2, y2 = (float(number) for number in self.scale_points_px.split(","))
        return x1, y1, x2, y2


class MeasureParameters(Parameters):
    """Query of `/v1/measure`."""

    model: Annotated[str, Field(min_length=1)] | None = None
    """Model whose probabilities the map holds: widths are then calibrated as `/v1/segment` does; as they are read
    where none is given."""

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
    marker_mm: Annotated[float, Field(gt=0)] | None = None
    """Side of the black square of a printed marker in the photo, millimetres: scale, and oblique views corrected."""
    marker_family: MarkerFamily | None = None
    """Kind of the marker; `apriltag-36h11` where none is given."""
    distance_mm: Annotated[float, Field(gt=0)] | None = None
    """Distance from camera to surface, millimetres; EXIF says the rest, and the scale is only indicative."""
    mask: MaskEncoding = "png"
    """How JSON carries the mask; `probability` is the map that a threshold cuts it from."""
    photo_metadata: bool = False
    """Give what the photo says of itself: when and where it was taken, with what, and which way a drone looked."""
    format: Format | None = None
    """Form of the answer; wins over `Accept`."""

    def scale_request(self) -> ScaleRequest:
        return replace(
            super().scale_request(),
            marker_mm=self.marker_mm,
            marker_family=self.marker_family,
            distance_mm=self.distance_mm,
        )

    @model_validator(mode="after")
    def _resize_has_no_resolution(self) -> "SegmentParameters":
        if self.mode == "resize" and "resolution_scale" in self.model_fields_set:
            raise ValueError("resolution_scale belongs to mode=tile; leave it out with mode=resize")
        return self
