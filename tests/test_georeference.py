"""Pixels to longitude and latitude, against worked numbers."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from app.exif import CameraExif
from app.georeference import Georeference, georeference, heading_deg
from app.image import Photo
from app.photo_metadata import DjiPose, Gps, PhotoMetadata
from app.scale import Scale

DOWN = DjiPose(gimbal_roll_deg=0.0, gimbal_yaw_deg=0.0, gimbal_pitch_deg=-90.0)
LONDON = Gps(latitude_deg=51.5, longitude_deg=-0.12, horizontal_error_m=2.0)
SCALE = Scale.facing(2.0, "parameter", None)
PHOTO = Photo(
    np.zeros((3001, 4001, 3), np.uint8), "JPEG", "", 1, (), CameraExif(),
    PhotoMetadata(gps=LONDON, dji=DOWN),
)  # fmt: skip


def placed(photo: Photo = PHOTO, scale: Scale = SCALE) -> Georeference:
    found = georeference(photo, scale)
    assert isinstance(found, Georeference), found
    return found


def said(gps: Gps | None = LONDON, dji: DjiPose | None = DOWN, **photo: object) -> Photo:
    return replace(PHOTO, metadata=PhotoMetadata(gps=gps, dji=dji), **photo)


def metres_a_degree(latitude_deg: float) -> tuple[float, float]:
    """Of longitude and latitude: the series of the US National Geospatial-Intelligence Agency."""
    a = math.radians(latitude_deg)
    return (
        111412.84 * math.cos(a) - 93.5 * math.cos(3 * a) + 0.118 * math.cos(5 * a),
        111132.92 - 559.82 * math.cos(2 * a) + 1.175 * math.cos(4 * a) - 0.0023 * math.cos(6 * a),
    )


# A place 1000 px right of the centre and 500 px above it, 2 m and 1 m.
@pytest.mark.parametrize(
    ("yaw", "east_m", "north_m"),
    [
        (0, 2, 1),
        (
            90,
            1,
            -2,
        ),  # the upper edge looks east, so what is above lies east and what is right south
        (180, -2, -1),
        (-90, -1, 2),
        (45, (2 + 1) / math.sqrt(2), (1 - 2) / math.sqrt(2)),
        (360, 2, 1),
    ],
)
@pytest.mark.parametrize("latitude", [0.001, 51.5, -33.9, 84.9])
def test_directions(yaw: float, east_m: float, north_m: float, latitude: float) -> None:
    photo = said(replace(LONDON, latitude_deg=latitude), replace(DOWN, gimbal_yaw_deg=yaw))
    ((centre_lon, centre_lat), (lon, lat)) = placed(photo).lonlat(
        np.array([[2000.0, 1500.0], [3000.0, 1000.0]])
    )
    assert (centre_lon, centre_lat) == (pytest.approx(-0.12), pytest.approx(latitude))
    a_longitude, a_latitude = metres_a_degree(latitude)
    assert (lon - centre_lon) * a_longitude == pytest.approx(east_m, abs=1e-4)
    assert (lat - centre_lat) * a_latitude == pytest.approx(north_m, abs=1e-4)


def test_a_worked_number() -> None:
    """10 m north at the equator are 10 / 110,574.3 degrees, 10 m east 10 / 111,319.5."""
    georeferenced = replace(placed(), latitude_deg=0.0, longitude_deg=0.0)
    ((east, _), (_, north)) = georeferenced.lonlat(np.array([[7000.0, 1500.0], [2000.0, -3500.0]]))
    assert east == pytest.approx(8.98315e-5, rel=1e-5)
    assert north == pytest.approx(9.04369e-5, rel=1e-5)


@pytest.mark.parametrize(
    ("yaw", "pitch", "roll", "heading"),
    [
        (0, -90, 0, 0),
        (90, -90, 0, 90),
        (-90, -90, 0, 270),
        (-179.9, -90, 0, 180.1),
        (30, -90, 180, 210),  # past the vertical
        (30, -90, 5, 35),
        (45, -87, 0, 45),
    ],
)
def test_heading(yaw: float, pitch: float, roll: float, heading: float) -> None:
    attitude = DjiPose(gimbal_roll_deg=roll, gimbal_yaw_deg=yaw, gimbal_pitch_deg=pitch)
    assert heading_deg(attitude) == pytest.approx(heading)


@given(st.floats(-180, 180), st.floats(-95, -85), st.floats(-180, 180))
def test_heading_is_where_the_rotation_leads(yaw: float, pitch: float, roll: float) -> None:
    turned = Rotation.from_euler("ZYX", [yaw, pitch, roll], degrees=True).apply([0, 0, -1])
    attitude = DjiPose(gimbal_roll_deg=roll, gimbal_yaw_deg=yaw, gimbal_pitch_deg=pitch)
    heading = heading_deg(attitude)
    assert heading is not None
    difference = heading - math.degrees(math.atan2(turned[1], turned[0]))
    assert (difference + 180) % 360 == pytest.approx(180, abs=1e-6)


@pytest.mark.parametrize(
    ("photo", "scale", "reason"),
    [
        (PHOTO, None, "no-scale"),
        (PHOTO, replace(SCALE, source="marker"), "oblique"),
        (said(exif_orientation=6), SCALE, "not-upright"),
        (said(camera=CameraExif(pixel_x_dimension=8000, pixel_y_dimension=6000)), SCALE, "resized-or-cropped"),
        (said(gps=None), SCALE, "no-position"),
        (said(gps=Gps(altitude_m=3.0)), SCALE, "no-position"),
        (said(replace(LONDON, latitude_deg=85.1)), SCALE, "near-pole"),
        (said(replace(LONDON, latitude_deg=-89.0)), SCALE, "near-pole"),
        (said(dji=None), SCALE, "no-gimbal-angles"),
        (said(dji=replace(DOWN, gimbal_yaw_deg=None)), SCALE, "no-gimbal-angles"),
        (said(dji=replace(DOWN, gimbal_pitch_deg=-84.9)), SCALE, "not-straight-down"),
        (said(dji=replace(DOWN, gimbal_pitch_deg=90.0)), SCALE, "not-straight-down"),
        (PHOTO, Scale.facing(401.0, "parameter", None), "too-large"),
    ],
)  # fmt: skip
def test_why_not(photo: Photo, scale: Scale | None, reason: str) -> None:
    assert georeference(photo, scale) == reason


def test_who_said_the_position() -> None:
    assert placed().source == "exif"
    drone = replace(DOWN, latitude_deg=-33.9, longitude_deg=18.4)
    found = placed(said(gps=None, dji=drone))
    assert (found.source, found.latitude_deg, found.longitude_deg) == ("dji-xmp", -33.9, 18.4)


def test_the_doubt_is_of_position_tilt_heading_and_scale() -> None:
    # The corner is 5 m from the centre, so the heading makes 5 · 3° = 0.262 m of it.
    assert placed().uncertainty_m == pytest.approx(math.hypot(2, 0.262), abs=1e-3)
    unsaid = said(replace(LONDON, horizontal_error_m=None))
    assert placed(unsaid).uncertainty_m == pytest.approx(math.hypot(5, 0.262), abs=1e-3)
    # A 24-mm lens that sees 10 m of diagonal is 10 · 24 / 43.27 = 5.547 m away; 5 degrees make 0.485 m.
    tilted = said(dji=replace(DOWN, gimbal_pitch_deg=-85.0))
    assert placed(tilted).uncertainty_m == pytest.approx(math.hypot(2, 0.262, 0.485), abs=1e-3)
    unsure = placed(scale=Scale.facing(2.0, "points", 0.1))
    assert unsure.uncertainty_m == pytest.approx(math.hypot(2, 0.262, 0.5), abs=1e-3)
    fixed = replace(DOWN, rtk_flag=50, rtk_std_latitude_m=0.03, rtk_std_longitude_m=0.04)
    corrected = said(replace(LONDON, horizontal_error_m=None), fixed)
    assert placed(corrected).uncertainty_m == pytest.approx(math.hypot(0.05, 0.262), abs=1e-3)
