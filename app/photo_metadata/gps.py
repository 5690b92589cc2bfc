"""Where a photo was taken, by EXIF's GPS directory (CIPA DC-008, 4.6.6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.photo_metadata.values import Tags, number, text

AltitudeReference = Literal["sea-level", "ellipsoid"]

LATITUDE_REF, LATITUDE, LONGITUDE_REF, LONGITUDE, ALTITUDE_REF, ALTITUDE = range(1, 7)
MAP_DATUM, HORIZONTAL_ERROR = 0x12, 0x1F
EXIF_VERSION = 0x9000
ALTITUDE_M = (-12_000.0, 100_000.0)  # from the deepest sea to the edge of space


@dataclass(frozen=True)
class Gps:
    """Degrees on WGS84, north and east positive; latitude and longitude are both known or both None."""

    latitude_deg: float | None = None
    longitude_deg: float | None = None
    horizontal_error_m: float | None = None
    """GPSHPositioningError: as sure as the camera says it is."""
    altitude_m: float | None = None
    altitude_reference: AltitudeReference | None = None


def read_gps(gps: Tags, exif: Tags) -> Gps | None:
    """The position; None where nothing of it is known.

    Without its hemisphere a coordinate is none, and so is one on another datum than WGS84. 0 north and 0 east is
    what cameras write that found no satellite, in the sea off Ghana.
    """
    latitude = _degrees(gps, LATITUDE, LATITUDE_REF, "NS", 90)
    longitude = _degrees(gps, LONGITUDE, LONGITUDE_REF, "EW", 180)
    if latitude is None or longitude is None or not (latitude or longitude) or not _is_wgs84(gps):
        latitude = longitude = None
    altitude, reference = _altitude(gps, exif)
    error = None if latitude is None else number(gps.get(HORIZONTAL_ERROR), 1e-3, 1e6)
    found = Gps(latitude, longitude, error, altitude, reference)
    return None if found == Gps() else found


def _degrees(gps: Tags, tag: int, ref: int, hemispheres: str, most: int) -> float | None:
    """Degrees, minutes and seconds; minutes and seconds may be left out, where the part before is a fraction."""
    hemisphere, parts = text(gps.get(ref)), gps.get(tag)
    if hemisphere is None or hemisphere.upper() not in tuple(hemispheres):
        return None
    if not isinstance(parts, Sequence):
        parts = [parts]  # Pillow hands out a lone number so
    if isinstance(parts, str | bytes) or not 0 < len(parts) < 4:
        return None
    limits = (most, 60, 60)
    read = [number(part, 0, limit) for part, limit in zip(parts, limits, strict=False)]
    if None in read:
        return None
    degrees = sum(each / 60**place for place, each in enumerate(read) if each is not None)
    sign = 1 if hemisphere.upper() == hemispheres[0] else -1
    return number(sign * degrees, -most, most)


def _is_wgs84(gps: Tags) -> bool:
    datum = text(gps.get(MAP_DATUM))
    return datum is None or "".join(filter(str.isalnum, datum)).upper().startswith("WGS84")


def _altitude(gps: Tags, exif: Tags) -> tuple[float | None, AltitudeReference | None]:
    """Metres, and above what: 0 and 1 (below) stood for the sea until Exif 3.0 made them the ellipsoid's."""
    stored, above = gps.get(ALTITUDE_REF, 0), number(gps.get(ALTITUDE), 0, ALTITUDE_M[1])
    reference = number(stored[0] if isinstance(stored, bytes) and stored else stored, 0, 3)
    if above is None or reference is None:
        return None, None
    altitude = number(-above if reference % 2 else above, *ALTITUDE_M)
    version = exif.get(EXIF_VERSION)
    is_ellipsoid = reference < 2 and isinstance(version, bytes) and version >= b"0300"
    return (
        (None, None)
        if altitude is None
        else (altitude, "ellipsoid" if is_ellipsoid else "sea-level")
    )
