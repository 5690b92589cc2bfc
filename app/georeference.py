"""From pixels of a photo that looks straight down to longitude and latitude, where photo and scale allow it. Pure."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.image import Photo
from app.photo_metadata import DjiPose, PhotoMetadata
from app.scale import Scale

Floats = NDArray[np.float64]
PositionSource = Literal["exif", "dji-xmp"]
Reason = Literal[
    "no-scale",
    "oblique",
    "not-upright",
    "resized-or-cropped",
    "no-position",
    "near-pole",
    "no-gimbal-angles",
    "not-straight-down",
    "too-large",
]
"""Why a photo has no longitude and latitude."""

# WGS84 (NIMA TR8350.2): semi-major axis and first eccentricity squared.
SEMI_MAJOR_M, ECCENTRICITY2 = 6378137.0, 6.69437999014e-3
MAX_TILT_DEG = 5.0
MAX_LATITUDE_DEG = 85.0
# From the photo's centre; there the tangent plane is off by reach² tan(latitude) / 2 R: 0.1 m at 45 degrees, 0.9 at 85.
MAX_REACH_M = 1000.0
# Where the camera says nothing better: satellites without corrections in the open. An assumption, no measurement.
POSITION_DOUBT_M = 5.0
# A compass beside steel and motors. An assumption, too.
HEADING_DOUBT_DEG = 3.0
RTK_FIXED = 50
FILM_DIAGONAL_MM = math.hypot(36.0, 24.0)
WIDE_LENS_35MM = 24.0  # of drones whose EXIF does not say


@dataclass(frozen=True)
class Georeference:
    """A level surface seen from straight above, on the plane tangent to WGS84 at the photo's centre.

    Attributes:
        latitude_deg: of the photo's centre, as is longitude_deg.
        heading_deg: direction on the ground of the photo's upper edge, clockwise from north.
        mm_per_px: the same everywhere.
        centre_px: (x, y), the centre of the top left pixel at (0, 0).
        source: who said the position.
        uncertainty_m: one standard uncertainty of a place in the photo's corner; see `_doubt_m`.
    """

    latitude_deg: float
    longitude_deg: float
    heading_deg: float
    mm_per_px: float
    centre_px: tuple[float, float]
    source: PositionSource
    uncertainty_m: float

    def lonlat(self, points: Floats) -> Floats:
        """Longitude and latitude, degrees `[N, 2]`, of points (x, y), pixels `[N, 2]`.

        A longitude beyond the 180th meridian goes on past 180, so that neighbours stay neighbours.
        """
        metres_per_px = self.mm_per_px / 1000
        right, down = (points - np.array(self.centre_px)).T * metres_per_px
        heading = math.radians(self.heading_deg)
        # The upper edge points to the heading, the right one 90 degrees clockwise of it.
        east = right * math.cos(heading) - down * math.sin(heading)
        north = -right * math.sin(heading) - down * math.cos(heading)
        latitude = math.radians(self.latitude_deg)
        # Radii of curvature of the meridian and of the prime vertical (Snyder, USGS PP 1395, 4-18 and 4-20).
        bulge = 1 - ECCENTRICITY2 * math.sin(latitude) ** 2
        meridian_m = SEMI_MAJOR_M * (1 - ECCENTRICITY2) / bulge**1.5
        parallel_m = SEMI_MAJOR_M / math.sqrt(bulge) * math.cos(latitude)
        return np.column_stack(
            [
                self.longitude_deg + np.degrees(east / parallel_m),
                self.latitude_deg + np.degrees(north / meridian_m),
            ]
        )


def georeference(photo: Photo, scale: Scale | None) -> Georeference | Reason:
    """Where the photo lies on the ground, or why nobody can tell.

    Needs a scale that is the same everywhere, a photo upright as it was stored and as large as it was taken, a
    position, and a gimbal within MAX_TILT_DEG of straight down. Assumes a level surface, and the camera where the
    position is.
    """
    if scale is None:
        return "no-scale"
    if scale.source == "marker":  # a plane of its own, at an angle to the camera
        return "oblique"
    if photo.exif_orientation != 1:  # gimbal angles are of the photo as stored
        return "not-upright"
    if not _has_original_size(photo):
        return "resized-or-cropped"
    position = _position(photo.metadata)
    if position is None:
        return "no-position"
    latitude, longitude, source, position_doubt = position
    if abs(latitude) > MAX_LATITUDE_DEG:
        return "near-pole"
    dji = photo.metadata.dji
    heading = None if dji is None else heading_deg(dji)
    if dji is None or heading is None or dji.gimbal_pitch_deg is None:
        return "no-gimbal-angles"
    tilt = abs(dji.gimbal_pitch_deg + 90)
    if tilt > MAX_TILT_DEG:
        return "not-straight-down"
    reach_m = math.hypot(photo.width, photo.height) / 2 * scale.mm_per_px / 1000
    if reach_m > MAX_REACH_M:
        return "too-large"
    return Georeference(
        latitude_deg=latitude,
        longitude_deg=longitude,
        heading_deg=heading,
        mm_per_px=scale.mm_per_px,
        centre_px=((photo.width - 1) / 2, (photo.height - 1) / 2),
        source=source,
        uncertainty_m=_doubt_m(photo, scale, reach_m, position_doubt, tilt),
    )


def heading_deg(dji: DjiPose) -> float | None:
    """Direction on the ground of the upper edge of a photo taken downwards, in [0, 360); None for unknown angles.

    DJI's angles turn the frame north, east, down by yaw, pitch and roll in this order (manuals of Mavic 3 Enterprise
    and others, "Data Storage": NED, ZYX). The upper edge lies towards minus the third axis, turned so. Straight
    down that is yaw plus roll: a gimbal that passed the vertical is told as roll 180 and the opposite yaw.
    """
    if dji.gimbal_roll_deg is None or dji.gimbal_yaw_deg is None or dji.gimbal_pitch_deg is None:
        return None
    yaw, pitch, roll = map(
        math.radians, (dji.gimbal_yaw_deg, dji.gimbal_pitch_deg, dji.gimbal_roll_deg)
    )
    north = -math.cos(yaw) * math.sin(pitch) * math.cos(roll) - math.sin(yaw) * math.sin(roll)
    east = -math.sin(yaw) * math.sin(pitch) * math.cos(roll) + math.cos(yaw) * math.sin(roll)
    return math.degrees(math.atan2(east, north)) % 360


def _has_original_size(photo: Photo) -> bool:
    """False where EXIF tells of other pixels: after a crop, the position is no longer that of the centre."""
    stated = photo.camera.pixel_x_dimension, photo.camera.pixel_y_dimension
    return None in stated or stated == (photo.width, photo.height)


def _position(metadata: PhotoMetadata) -> tuple[float, float, PositionSource, float] | None:
    """Latitude, longitude, who said them, and their standard uncertainty in metres."""
    gps, dji = metadata.gps, metadata.dji
    doubt = _rtk_doubt_m(dji) or POSITION_DOUBT_M
    if gps and gps.latitude_deg is not None and gps.longitude_deg is not None:
        return gps.latitude_deg, gps.longitude_deg, "exif", gps.horizontal_error_m or doubt
    if dji and dji.latitude_deg is not None and dji.longitude_deg is not None:
        return dji.latitude_deg, dji.longitude_deg, "dji-xmp", doubt
    return None


def _rtk_doubt_m(dji: DjiPose | None) -> float | None:
    """Of a fixed solution; others are no surer than satellites without corrections."""
    if dji is None or dji.rtk_flag != RTK_FIXED:
        return None
    if dji.rtk_std_latitude_m is None or dji.rtk_std_longitude_m is None:
        return None
    return math.hypot(dji.rtk_std_latitude_m, dji.rtk_std_longitude_m)


def _doubt_m(
    photo: Photo, scale: Scale, reach_m: float, position_doubt_m: float, tilt_deg: float
) -> float:
    """Position, tilt, heading and scale in quadrature, `reach_m` from the photo's centre.

    Tilted, the camera looks beside the place below it: the distance, which the scale and the lens tell (a
    sensor's diagonal is to film's as the focal lengths are), times the tangent.
    """
    lens_35mm = photo.camera.focal_length_35mm or WIDE_LENS_35MM
    distance_m = 2 * reach_m * lens_35mm / FILM_DIAGONAL_MM
    terms = (
        position_doubt_m,
        distance_m * math.tan(math.radians(tilt_deg)),
        reach_m * math.radians(HEADING_DOUBT_DEG),
        reach_m * (scale.relative_uncertainty or 0.0),
    )
    return math.hypot(*terms)
