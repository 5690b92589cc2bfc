"""What a photo says of itself: fields read, fields out of range, blocks that are broken."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from photos import CAMERA, LONDON, LOOKING_DOWN, NAMESPACE, TAKEN, packet
from PIL.TiffImagePlugin import IFDRational

from app.photo_metadata import DjiPose, Gps, PhotoMetadata
from app.photo_metadata.capture_time import captured_at
from app.photo_metadata.dji import MAX_XMP_BYTES, read_dji
from app.photo_metadata.gps import read_gps
from app.photo_metadata.metadata import CameraUsed
from app.photo_metadata.values import text


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (TAKEN, "2024-05-17T10:20:30.25+02:00"),
        ({0x9003: "2024:05:17 10:20:30"}, "2024-05-17T10:20:30"),
        (TAKEN | {0x9011: "Z", 0x9291: "007  "}, "2024-05-17T10:20:30.007Z"),
        (TAKEN | {0x9011: "+25:00", 0x9291: "many"}, "2024-05-17T10:20:30"),
        (TAKEN | {0x9003: "2024:05:17 10:20:30\0\0"}, "2024-05-17T10:20:30.25+02:00"),
        ({0x9003: "0000:00:00 00:00:00"}, None),
        ({0x9003: "2024:02:30 10:20:30"}, None),
        ({0x9003: "    :  :     :  :  "}, None),
        ({0x9003: b"2024:05:17 10:20:30"}, None),
        ({0x9011: "+02:00"}, None),
        ({}, None),
    ],
)
def test_capture_time(tags: dict, expected: str | None) -> None:
    assert captured_at(tags) == expected


def test_position() -> None:
    found = read_gps(LONDON, {})
    assert found is not None
    assert found.latitude_deg == pytest.approx(51 + 30 / 60 + 26.4 / 3600)
    assert found.longitude_deg == pytest.approx(-(7 / 60 + 39.9 / 3600))
    assert (found.altitude_m, found.altitude_reference) == (35.5, "sea-level")
    assert found.horizontal_error_m == 2.5


@pytest.mark.parametrize(
    ("changes", "latitude"),
    [
        ({1: "S"}, -51.5073),
        ({1: "n\0"}, 51.5073),
        ({2: (51.5073,)}, 51.5073),
        ({2: (51.0, 30.438)}, 51.5073),
        ({2: 51.5073}, 51.5073),
        ({0x12: "WGS-84"}, 51.5073),
        ({0x12: "TOKYO"}, None),
        ({1: ""}, None),
        ({1: "E"}, None),
        ({2: (95.0, 0.0, 0.0)}, None),
        ({2: (90.0, 0.0, 1.0)}, None),
        ({2: (51.0, 61.0, 0.0)}, None),
        ({2: (-51.0, 0.0, 0.0)}, None),
        ({2: (math.nan, 0.0, 0.0)}, None),
        ({2: (IFDRational(0, 0), 0.0, 0.0)}, None),
        ({2: ()}, None),
        ({2: (1.0, 2.0, 3.0, 4.0)}, None),
        ({2: "51.5"}, None),
        ({4: (181.0, 0.0, 0.0)}, None),
        ({3: None}, None),
        ({2: (0.0, 0.0, 0.0), 4: (0.0, 0.0, 0.0)}, None),  # no satellite
    ],
)
def test_positions_out_of_range_are_none(changes: dict, latitude: float | None) -> None:
    found = read_gps(LONDON | changes, {})
    assert found is not None  # the altitude stands
    assert found.latitude_deg == (None if latitude is None else pytest.approx(latitude, abs=1e-4))
    assert (found.latitude_deg is None) == (found.longitude_deg is None)
    assert (found.latitude_deg is None) == (found.horizontal_error_m is None)


@pytest.mark.parametrize(
    ("tags", "version", "expected"),
    [
        ({6: 35.5}, None, (35.5, "sea-level")),
        ({5: b"\1", 6: 35.5}, b"0232", (-35.5, "sea-level")),
        ({5: 0, 6: 35.5}, b"0300", (35.5, "ellipsoid")),
        ({5: b"\3", 6: 35.5}, b"0300", (-35.5, "sea-level")),
        ({5: b"\7", 6: 35.5}, None, None),
        ({5: b"", 6: 35.5}, None, None),
        ({6: IFDRational(1, 0)}, None, None),
        ({6: 1e9}, None, None),
        ({5: b"\0"}, None, None),
    ],
)
def test_altitude(tags: dict, version: bytes | None, expected: tuple | None) -> None:
    found = read_gps(tags, {} if version is None else {0x9000: version})
    assert found == (expected and Gps(altitude_m=expected[0], altitude_reference=expected[1]))


def test_camera() -> None:
    read = PhotoMetadata.of({0x010F: "DJI\0\0", 0x0110: "FC\n6310 "}, CAMERA, {}, b"").camera
    assert read == CameraUsed("DJI", "FC6310", "24.0 mm f/2.8", 12.3, 0.002, 2.8, 100)
    broken = {0x829A: IFDRational(0, 0), 0x829D: -1.0, 0x8827: (100, 200), 0x920A: "long"}
    assert PhotoMetadata.of({0x010F: 7, 0x0110: " \0x"}, broken, {}, b"") == PhotoMetadata()


@pytest.mark.parametrize(
    ("value", "expected"),
    [("Zeiss\0 Jena", "Zeiss"), ("M\xc3\xbcller", "Müller"), ("M\xfcller", "Müller"), ("\x1b", None),
     ("x" * 500, "x" * 200), (b"bytes", None)],
)  # fmt: skip
def test_text(value: object, expected: str | None) -> None:
    assert text(value) == expected


def test_attitude_from_attributes_and_from_elements() -> None:
    expected = DjiPose(
        gimbal_roll_deg=0.0,
        gimbal_yaw_deg=0.0,
        gimbal_pitch_deg=-90.0,
        relative_altitude_m=12.5,
        absolute_altitude_m=-3.25,
    )
    assert read_dji(packet(LOOKING_DOWN)) == expected
    elements = "".join(f"<d:{name}>{value}\n</d:{name}>" for name, value in LOOKING_DOWN.items())
    assert read_dji(f"<a xmlns:d='{NAMESPACE}'>{elements}</a>".encode()) == expected
    assert read_dji(packet(LOOKING_DOWN) + b"\0" * 400) == expected  # padding
    assert read_dji(packet(LOOKING_DOWN)[:-30]) == expected  # cut off behind it


@pytest.mark.parametrize("name", ["GPSLongtitude", "GpsLongtitude", "GPSLongitude", "GpsLongitude"])
def test_the_longitude_is_read_as_dji_spells_it(name: str) -> None:
    read = read_dji(packet({"GpsLatitude": "51.5073333", name: "-0.127750000"}))
    assert read == DjiPose(latitude_deg=51.5073333, longitude_deg=-0.12775)


def test_half_a_position_is_none() -> None:
    assert read_dji(packet({"GpsLatitude": "51.5"})) is None
    assert read_dji(packet({"GpsLatitude": "95", "GpsLongitude": "7"})) is None
    assert read_dji(packet({"GpsLatitude": "0.0", "GpsLongitude": "0.0"})) is None


@pytest.mark.parametrize("value", ["nan", "inf", "1e3", "361", "--1", "1_0", "0x1", "", "٣", "1,5"])
def test_what_is_no_angle_is_none(value: str) -> None:
    assert read_dji(packet(LOOKING_DOWN | {"GimbalYawDegree": value})) == DjiPose(
        gimbal_roll_deg=0.0, gimbal_pitch_deg=-90.0, relative_altitude_m=12.5, absolute_altitude_m=-3.25
    )  # fmt: skip


LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))


@pytest.mark.parametrize(
    "head",
    [
        "<!DOCTYPE x>",
        f'<!DOCTYPE x [<!ENTITY l0 "90">{LAUGHS}]>',
        '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x SYSTEM "http://example.invalid/x.dtd">',
    ],
)
def test_a_document_type_ends_the_reading(head: str) -> None:
    assert read_dji(packet(LOOKING_DOWN, head)) is None


def test_hostile_packets_say_nothing() -> None:
    assert read_dji(packet({"GimbalYawDegree": "&undeclared;"})) is None
    assert read_dji(packet(LOOKING_DOWN) + b" " * MAX_XMP_BYTES) is None
    assert read_dji(b"<a>" * 80_000) is None
    assert (
        read_dji(packet(LOOKING_DOWN).replace(NAMESPACE.encode(), b"http://example.com/")) is None
    )


def test_the_packet_does_not_choose_its_encoding() -> None:
    as_said = read_dji(packet(LOOKING_DOWN))
    assert read_dji(packet(LOOKING_DOWN).decode().encode("utf-16")) == as_said
    assert read_dji(b"<?xml version='1.0' encoding='zlib'?>" + packet(LOOKING_DOWN)) == as_said


markup = st.lists(
    st.one_of(
        st.sampled_from(["<", ">", "/", "&", ";", "=", '"', "<!DOCTYPE a [", "]>", "<![CDATA[", "xmlns:d", "d:"]),
        st.just(NAMESPACE),
        st.sampled_from(sorted(LOOKING_DOWN)),
        st.text(max_size=5),
    )
)  # fmt: skip


@given(st.one_of(st.binary(max_size=300), markup.map(lambda parts: "".join(parts).encode())))
def test_no_packet_raises(xmp: bytes) -> None:
    for each in (xmp, packet(LOOKING_DOWN)[:-43] + xmp):
        read = read_dji(each)
        assert read is None or isinstance(read, DjiPose)


@given(
    st.dictionaries(
        st.sampled_from([*range(1, 7), 0x12, 0x1F, 0x9000, 0x9003, 0x9011, 0x9291, 0x010F, *CAMERA]),
        st.one_of(
            st.none(), st.text(), st.binary(), st.integers(), st.floats(),
            st.tuples(st.floats(), st.floats(), st.floats()),
            st.builds(IFDRational, st.integers(-9, 9), st.integers(-9, 9)),
        ),
    )
)  # fmt: skip
def test_no_tags_raise(tags: dict) -> None:
    read = PhotoMetadata.of(tags, tags, tags, b"")
    if read.gps and read.gps.latitude_deg is not None:
        assert abs(read.gps.latitude_deg) <= 90
