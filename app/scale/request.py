"""From what the caller said to a scale, or none: one source at a time, and no half of one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.errors import InvalidParameter
from app.exif import CameraExif
from app.scale.camera import scale_from_camera
from app.scale.marker import DEFAULT_FAMILY, MarkerFamily, scale_from_marker
from app.scale.points import scale_from_points
from app.scale.scale import Scale

# A kilometre; also of mm_per_px, where 1000 is the limit of its own.
MAX_MM = 1e6
MIN_MM_PER_PX, MAX_MM_PER_PX = 1e-6, 1000.0


@dataclass(frozen=True)
class ScaleRequest:
    """What the caller knows of the scale; nothing, or one source.

    Attributes:
        mm_per_px: the scale itself.
        scale_points_px: x1, y1, x2, y2 in the upright photo, with `scale_length_mm` between them.
        marker_mm: side of the black square of a marker, of `marker_family` or else DEFAULT_FAMILY.
        distance_mm: from the camera to the surface; EXIF says the rest.
    """

    mm_per_px: float | None = None
    scale_points_px: tuple[float, float, float, float] | None = None
    scale_length_mm: float | None = None
    marker_mm: float | None = None
    marker_family: MarkerFamily | None = None
    distance_mm: float | None = None


def scale_of(request: ScaleRequest, photo: NDArray[np.uint8], exif: CameraExif) -> Scale | None:
    """The scale of an upright photo, uint8 `[H, W, 3]` RGB; None where the caller asks for none.

    Raises InvalidParameter for more than one source, half a source, values out of range, and where the source
    does not hold: see scale_from_points, scale_from_marker and scale_from_camera.
    """
    _require_one_source(request)
    height_px, width_px = photo.shape[:2]
    if request.marker_mm is not None:
        family = request.marker_family or DEFAULT_FAMILY
        return _believable(scale_from_marker(photo, request.marker_mm, family))
    if request.distance_mm is not None:
        return _believable(scale_from_camera(request.distance_mm, exif, height_px, width_px))
    return _given(request, height_px, width_px)


def scale_of_mask(request: ScaleRequest, height_px: int, width_px: int) -> Scale | None:
    """The scale of a mask, which shows no marker and holds no EXIF. Otherwise as `scale_of`."""
    _require_one_source(request)
    for name in ("marker_mm", "distance_mm"):
        if getattr(request, name) is not None:
            raise InvalidParameter(
                f"{name} needs the photo, and this is a mask; give mm_per_px, or scale_points_px with "
                "scale_length_mm"
            )
    return _given(request, height_px, width_px)


def _given(request: ScaleRequest, height_px: int, width_px: int) -> Scale | None:
    if request.scale_points_px is not None and request.scale_length_mm is not None:
        return _believable(
            scale_from_points(request.scale_points_px, request.scale_length_mm, height_px, width_px)
        )
    if request.mm_per_px is not None:
        return _believable(Scale.facing(request.mm_per_px, "parameter", None))
    return None


def _believable(scale: Scale) -> Scale:
    """Raises InvalidParameter for a pixel smaller than a nanometre or larger than a metre."""
    if not MIN_MM_PER_PX <= scale.mm_per_px <= MAX_MM_PER_PX:
        raise InvalidParameter(
            f"the scale would be {scale.mm_per_px:g} mm a pixel; {MIN_MM_PER_PX:g} to {MAX_MM_PER_PX:g} are taken, "
            "so check the length given"
        )
    return scale


def _require_one_source(request: ScaleRequest) -> None:
    """Raises InvalidParameter for two sources, half of one, or a value that is no length."""
    for name, high in (
        ("mm_per_px", MAX_MM_PER_PX),
        ("scale_length_mm", MAX_MM),
        ("marker_mm", MAX_MM),
        ("distance_mm", MAX_MM),
    ):
        value = getattr(request, name)
        if value is not None and not 0 < value <= high:
            raise InvalidParameter(f"{name} is {value:g}; give more than 0 and at most {high:g}")
    if (request.scale_points_px is None) != (request.scale_length_mm is None):
        raise InvalidParameter(
            "scale_points_px and scale_length_mm belong together; give both or neither"
        )
    if request.marker_family is not None and request.marker_mm is None:
        raise InvalidParameter(
            "marker_family needs marker_mm, the side of the marker's black square"
        )
    sources = [
        name
        for name in ("mm_per_px", "scale_points_px", "marker_mm", "distance_mm")
        if getattr(request, name) is not None
    ]
    if len(sources) > 1:
        raise InvalidParameter(f"{' and '.join(sources)} each give a scale; give one")
