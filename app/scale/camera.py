"""Scale from the distance to the surface and what the camera wrote of its optics: indicative, no more.

A pixel of the sensor, pitch p, sees p × distance / focal length of a surface that faces the camera.
"""

import math

from app.errors import InvalidParameter
from app.exif import CameraExif
from app.scale.scale import Scale

# What an optic can be; outside it the field lies. From a phone's lens to a telescope, and from a sensor of 200
# megapixels to a small copy of a full-frame photo (36 mm over 360 px) that the camera stored itself.
FOCAL_MM = (0.5, 3000.0)
FOCAL_35MM = (3.0, 20000.0)
PITCH_MM = (0.0003, 0.1)
FILM_DIAGONAL_MM = math.hypot(36.0, 24.0)  # 43.27
MM_OF_UNIT: dict[float, float] = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
# Two statements about the same pixels; 35-mm focal lengths are whole millimetres, and sensors of 4:3 and 3:2
# are compared by diagonal or by width, which makes 4 %.
AGREEMENT = 0.15
# Pitch across and down, which rounded sensor sizes may set apart a little.
SQUARENESS = 0.05
# Distance stepped or taped from the wrong point of the camera 5 %, focal length rounded or changed by focusing
# 3 %, a surface that turns away by up to 15 degrees 3.5 %: together 7 %. An assumption, no measurement.
RELATIVE_UNCERTAINTY = 0.07
# Nearer than this the lens is drawn out so far that its focal length alone says little: 10 % at 10 of them.
MIN_DISTANCE_FOCAL_LENGTHS = 10.0
_REMEDY = "send the photo as the camera wrote it, or use a marker or two points"


def scale_from_camera(distance_mm: float, exif: CameraExif, height_px: int, width_px: int) -> Scale:
    """The scale of a surface that faces the camera at a distance; marked as indicative.

    The relative uncertainty is RELATIVE_UNCERTAINTY and, for the drawing out of the lens that the formula
    leaves out, focal length over distance, in quadrature. Raises InvalidParameter, naming the field, where
    EXIF lacks one or says what no camera is, and for a photo that was resized or cropped since.
    """
    focal_mm = _believable("FocalLength", exif.focal_length_mm, FOCAL_MM)
    _require_original_size(exif, height_px, width_px)
    pitch_mm = _pixel_pitch_mm(exif, focal_mm, height_px, width_px)
    if distance_mm < MIN_DISTANCE_FOCAL_LENGTHS * focal_mm:
        raise InvalidParameter(
            f"distance_mm: {distance_mm:g} is too close for a lens of {focal_mm:g} mm; from "
            f"{MIN_DISTANCE_FOCAL_LENGTHS:g} focal lengths on it tells the scale; use a marker or two points"
        )
    return Scale.facing(
        pitch_mm * distance_mm / focal_mm,
        "camera",
        math.hypot(RELATIVE_UNCERTAINTY, focal_mm / distance_mm),
    )


def _pixel_pitch_mm(exif: CameraExif, focal_mm: float, height_px: int, width_px: int) -> float:
    """By the focal plane's resolution or else by the 35-mm focal length; where both stand, they must agree."""
    by_plane = _focal_plane_pitch_mm(exif)
    by_film = _film_pitch_mm(exif, focal_mm, height_px, width_px)
    if by_plane and by_film and abs(math.log(by_plane / by_film)) > AGREEMENT:
        raise InvalidParameter(
            f"distance_mm: EXIF contradicts itself: pixels of {1000 * by_plane:.2f} µm by "
            f"FocalPlaneXResolution, of {1000 * by_film:.2f} µm by FocalLengthIn35mmFilm; {_REMEDY}"
        )
    pitch_mm = by_plane or by_film
    if pitch_mm is None:
        raise InvalidParameter(
            "distance_mm: the photo's EXIF says neither FocalPlaneXResolution nor FocalLengthIn35mmFilm, "
            f"one of which gives the size of a pixel; {_REMEDY}"
        )
    return pitch_mm


def _focal_plane_pitch_mm(exif: CameraExif) -> float | None:
    across, down = exif.focal_plane_x_resolution, exif.focal_plane_y_resolution
    if across is None:
        return None
    unit = 2 if exif.focal_plane_unit is None else exif.focal_plane_unit  # the standard's default
    if unit not in MM_OF_UNIT:
        raise InvalidParameter(
            f"distance_mm: FocalPlaneResolutionUnit is {unit:g}, which is no length; {_REMEDY}"
        )
    pitches = [
        _believable(f"a pixel by {name}", MM_OF_UNIT[unit] / value if value else value, PITCH_MM)
        for name, value in (
            ("FocalPlaneXResolution", across),
            ("FocalPlaneYResolution", across if down is None else down),
        )
    ]
    if abs(math.log(pitches[0] / pitches[1])) > SQUARENESS:
        raise InvalidParameter(
            f"distance_mm: FocalPlaneXResolution {across:g} and FocalPlaneYResolution {down:g} make no square "
            f"pixels; {_REMEDY}"
        )
    return math.sqrt(pitches[0] * pitches[1])


def _film_pitch_mm(
    exif: CameraExif, focal_mm: float, height_px: int, width_px: int
) -> float | None:
    """The sensor's diagonal is to film's as the focal lengths are."""
    if not exif.focal_length_35mm:  # 0 stands for unknown
        return None
    film_focal_mm = _believable("FocalLengthIn35mmFilm", exif.focal_length_35mm, FOCAL_35MM)
    diagonal_mm = FILM_DIAGONAL_MM * focal_mm / film_focal_mm
    name = "a pixel by FocalLengthIn35mmFilm"
    return _believable(name, diagonal_mm / math.hypot(width_px, height_px), PITCH_MM)


def _require_original_size(exif: CameraExif, height_px: int, width_px: int) -> None:
    """A photo made smaller has larger pixels, one that was cropped has not; which it was, nobody can tell."""
    stated = exif.pixel_x_dimension, exif.pixel_y_dimension
    if None in stated:
        raise InvalidParameter(
            f"distance_mm: the photo's EXIF lacks PixelXDimension or PixelYDimension; {_REMEDY}"
        )
    # Sorted, because the photo was turned upright since.
    if sorted(map(float, filter(None, stated))) != sorted((float(width_px), float(height_px))):
        raise InvalidParameter(
            f"distance_mm: the photo has {width_px}x{height_px} pixels, by PixelXDimension and PixelYDimension "
            f"it was taken with {stated[0]:g}x{stated[1]:g}: it was resized or cropped since; {_REMEDY}"
        )


def _believable(name: str, value_mm: float | None, range_mm: tuple[float, float]) -> float:
    """Raises InvalidParameter where the field is missing, NaN or outside the range."""
    if value_mm is None:
        raise InvalidParameter(f"distance_mm: the photo's EXIF lacks {name}; {_REMEDY}")
    low, high = range_mm
    if not low <= value_mm <= high:
        raise InvalidParameter(
            f"distance_mm: {name} is {value_mm:g} mm in the photo's EXIF, {low:g} to {high:g} is believable; "
            f"{_REMEDY}"
        )
    return value_mm
