"""What photos say of themselves, over HTTP: only where it is asked for."""

import logging

import pytest
from conftest import GOOD_PHOTO, Service, crack_photo, encode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from photos import CAMERA, LONDON, LOOKING_DOWN, TAKEN, jpeg, packet
from test_service import segment

from app.log import set_up_logging

FULL = jpeg(
    first={0x010F: "DJI", 0x0110: "FC6310"},
    exif=TAKEN | CAMERA,
    gps=LONDON,
    xmp=packet(LOOKING_DOWN | {"GpsLatitude": "51.5073333", "GPSLongtitude": "-0.12775"}),
)


def test_it_is_given_where_it_is_asked_for(service: Service) -> None:
    said = segment(service, "photo_metadata=true", FULL)["image"]["metadata"]
    assert list(said) == ["captured_at", "gps", "camera", "dji"]
    assert said["captured_at"] == "2024-05-17T10:20:30.25+02:00"
    assert said["gps"] == {
        "latitude_deg": pytest.approx(51.5073333, abs=1e-7),
        "longitude_deg": pytest.approx(-0.1277500, abs=1e-7),
        "horizontal_error_m": 2.5,
        "altitude_m": 35.5,
        "altitude_reference": "sea-level",
    }
    assert said["camera"] == {
        "make": "DJI", "model": "FC6310", "lens": "24.0 mm f/2.8", "focal_length_mm": 12.3,
        "exposure_time_s": 0.002, "f_number": 2.8, "iso": 100,
    }  # fmt: skip
    assert said["dji"]["gimbal_pitch_deg"] == -90
    assert said["dji"]["longitude_deg"] == -0.12775
    assert said["dji"]["flight_yaw_deg"] is None


def test_it_is_kept_where_nobody_asks(service: Service) -> None:
    for query in ("", "photo_metadata=false"):
        assert segment(service, query, FULL)["image"]["metadata"] is None
    overlay = service.post("/v1/segment?format=overlay&photo_metadata=true", FULL).body
    assert b"FC6310" not in overlay
    assert b"drone-dji" not in overlay


def test_it_is_not_logged(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    try:
        set_up_logging("debug")
        segment(service, "photo_metadata=true&asset_id=B-12", FULL)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    written = capsys.readouterr().err
    assert "POST /v1/segment 200" in written
    for word in ("FC6310", "2024:05", "LatitudeRef", "GimbalYaw", "B-12"):
        assert word not in written


def test_a_photo_that_says_nothing(service: Service) -> None:
    said = segment(service, "photo_metadata=true", GOOD_PHOTO)["image"]["metadata"]
    assert said == {"captured_at": None, "gps": None, "camera": None, "dji": None}


@pytest.mark.parametrize("format", ["WEBP", "TIFF"])
def test_xmp_of_other_formats(service: Service, format: str) -> None:
    options = {"xmp": packet(LOOKING_DOWN)}
    if format == "TIFF":
        options = {"tiffinfo": {700: packet(LOOKING_DOWN)}}
    photo = encode(crack_photo(), format, **options)
    said = segment(service, "photo_metadata=true", photo)["image"]["metadata"]
    assert said["dji"]["gimbal_pitch_deg"] == -90


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_broken_blocks_leave_the_photo_readable(service: Service) -> None:
    broken = b"Exif\0\0II*\0\x08\0\0\0\xff\xff"
    photo = encode(crack_photo(), "JPEG", quality=98, exif=broken, xmp=packet(LOOKING_DOWN)[:-20])
    answer = segment(service, "photo_metadata=true", photo)
    assert answer["image"]["metadata"]["gps"] is None
    assert answer["image"]["metadata"]["dji"]["gimbal_pitch_deg"] == -90
    assert answer["statistics"]["crack_count"] == 1


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.one_of(st.binary(min_size=1, max_size=400), st.text(min_size=1).map(str.encode)))
@pytest.mark.filterwarnings("ignore")  # Pillow's, of EXIF that is corrupt
def test_no_xmp_and_no_exif_harms(service: Service, block: bytes) -> None:
    tail = packet(LOOKING_DOWN)[:-43] + block
    for xmp, exif in (
        (block, b"Exif\0\0II*\0" + block),
        (tail, b"Exif\0\0MM\0*\0\0\0\x08" + block),
    ):
        photo = encode(crack_photo(), "JPEG", exif=exif, xmp=xmp)
        answer = service.post("/v1/segment?photo_metadata=true&mask=none", photo)
        assert answer.status == 200, answer.body
