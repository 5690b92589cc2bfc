"""Scale, limits, density and quality of a photo, over HTTP."""

import io

import cv2
import numpy as np
import pytest
from conftest import GOOD_PHOTO, Service, assert_problem, decode, encode
from PIL import Image

MARKER_PX = 200


def photo_with_markers(*corners: tuple[int, int]) -> bytes:
    """Markers of MARKER_PX with their white margin, at (x, y), on a grey wall with a crack of 4 px."""
    wall = np.full((600, 900), 190, np.uint8)
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    for number, (x, y) in enumerate(corners):
        wall[y - 25 : y + MARKER_PX + 25, x - 25 : x + MARKER_PX + 25] = 255
        marker = cv2.aruco.generateImageMarker(dictionary, number, MARKER_PX)
        wall[y : y + MARKER_PX, x : x + MARKER_PX] = marker
    wall[500:504, 100:800] = 20
    return encode(cv2.GaussianBlur(cv2.merge([wall] * 3), (0, 0), 0.7))


def photo_by_a_camera(**changes: object) -> bytes:
    """A photo that says: 50 mm lens, 160 x 120 pixels, 10 of them to a millimetre of the sensor."""
    said = {0x920A: 50.0, 0xA20E: 10.0, 0xA20F: 10.0, 0xA210: 4, 0xA002: 160, 0xA003: 120}
    names = {"focal": 0x920A, "width": 0xA002}
    said |= {names[name]: value for name, value in changes.items()}
    exif = Image.Exif()
    exif[0x8769] = said
    buffer = io.BytesIO()
    Image.fromarray(decode(GOOD_PHOTO)).save(buffer, "JPEG", exif=exif, quality=98)
    return buffer.getvalue()


def segment(service: Service, query: str, photo: bytes = GOOD_PHOTO) -> dict:
    answer = service.post(f"/v1/segment?mask=none&{query}", photo)
    assert answer.status == 200, answer.body
    return answer.json()


def test_a_marker_in_the_photo_gives_the_scale(service: Service) -> None:
    answer = segment(service, "marker_mm=50", photo_with_markers((60, 60)))
    assert answer["scale"]["source"] == "marker"
    assert answer["scale"]["mm_per_px"] == pytest.approx(0.25, rel=0.01)
    assert 0 < answer["scale"]["relative_uncertainty"] < 0.02
    crack = max(answer["cracks"], key=lambda each: each["bbox_px"][2])
    assert crack["length_mm"] == pytest.approx(175, rel=0.02)
    assert crack["width_mm"]["mean"] == pytest.approx(0.25 * crack["width_px"]["mean"], rel=0.01)


@pytest.mark.parametrize(
    ("query", "photo", "reason"),
    [
        ("marker_mm=50", GOOD_PHOTO, "marker"),
        ("marker_mm=50", photo_with_markers((60, 60), (500, 60)), "marker"),
        ("marker_mm=50&marker_family=aruco-4x4-50", photo_with_markers((60, 60)), "marker"),
        ("marker_mm=50&mm_per_px=0.2", photo_with_markers((60, 60)), "give one"),
        ("marker_family=aruco-4x4-50", GOOD_PHOTO, "marker_mm"),
        ("marker_family=nonsense&marker_mm=3", GOOD_PHOTO, "marker_family"),
        ("marker_mm=0", GOOD_PHOTO, "marker_mm"),
        ("distance_mm=1500", GOOD_PHOTO, "EXIF"),
        ("distance_mm=1500", photo_by_a_camera(focal=0.0), "FocalLength"),
        ("distance_mm=1500", photo_by_a_camera(width=4000), "4000"),
        ("scale_points_px=-5,1,100,1&scale_length_mm=30", GOOD_PHOTO, "outside"),
        ("limits=nonsense&mm_per_px=1", GOOD_PHOTO, "aashto-mbei-1130"),
    ],
)
def test_a_scale_that_does_not_hold_is_refused(
    service: Service, query: str, photo: bytes, reason: str
) -> None:
    assert_problem(service.post(f"/v1/segment?{query}", photo), 422, "invalid-parameter", reason)
    assert segment(service, "")["statistics"]["crack_count"] == 1


def test_the_cameras_own_word_is_only_indicative(service: Service) -> None:
    answer = segment(service, "distance_mm=1500", photo_by_a_camera())
    assert answer["scale"]["source"] == "camera"
    assert answer["scale"]["mm_per_px"] == pytest.approx(0.1 * 1500 / 50, rel=1e-3)
    assert answer["scale"]["relative_uncertainty"] >= 0.05
    assert "scale-indicative" in answer["warnings"]
    (crack,) = answer["cracks"]
    least = answer["scale"]["relative_uncertainty"] * crack["width_mm"]["mean"]
    assert crack["width_mm"]["uncertainty"] > least


def test_too_far_away_is_said(service: Service) -> None:
    assert "too-far" in segment(service, "mm_per_px=0.5")["warnings"]
    answer = segment(service, "mm_per_px=0.05")
    assert "too-far" not in answer["warnings"]
    smallest = answer["quality"]["smallest_measurable_width_px"]
    assert answer["quality"]["smallest_measurable_width_mm"] == pytest.approx(0.05 * smallest)


def test_a_blurred_and_a_dark_photo_are_not_assessable(service: Service) -> None:
    photo = decode(GOOD_PHOTO)
    blurred = segment(service, "", encode(cv2.GaussianBlur(photo, (0, 0), 5)))
    assert "blurred" in blurred["warnings"]
    assert blurred["quality"]["blur_sigma_px"] > 2
    assert "blurred" not in segment(service, "")["warnings"]
    assert "underexposed" in segment(service, "", encode(photo // 12))["warnings"]


def test_the_heat_map_has_the_photos_size(service: Service) -> None:
    answer = service.post("/v1/segment?format=density&cell_px=20", GOOD_PHOTO)
    assert answer.headers["content-type"] == "image/png"
    heat = decode(answer.body)
    assert heat.shape == (120, 160, 3)
    assert heat[52, 80].max() > 0  # on the crack
    assert (heat[100:] == 0).all()


def test_too_fine_a_grid_is_refused(service: Service) -> None:
    photo = encode(np.full((500, 500, 3), 200, np.uint8))
    answer = service.post("/v1/segment?cell_px=1", photo)
    assert_problem(answer, 422, "invalid-parameter", "cells of 1 px")
