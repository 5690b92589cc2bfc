"""POST /v1/measure: what a mask or a probability map shows, without a model."""

import numpy as np
import pytest
from conftest import GOOD_PHOTO, Service, assert_problem, encode, multipart

from app.measurement import MAX_CRACKS, centerline

MAP = np.zeros((60, 140), np.uint8)
MAP[30:34, 20:120] = 255
MAP[10:12, 20:30] = 140  # probability 0.55


def measure(service: Service, query: str = "", body: bytes | None = None) -> dict:
    answer = service.post(f"/v1/measure?{query}", body or encode(MAP), Content_Type="image/png")
    assert answer.status == 200, answer.body
    return answer.json()


def test_a_mask(service: Service) -> None:
    answer = measure(service)
    assert list(answer) == ["id", "statistics", "scale", "cracks", "warnings"]
    assert answer["statistics"]["total_pixels"] == 60 * 140
    assert answer["statistics"]["crack_pixels"] == 420
    assert [crack["bbox_px"] for crack in answer["cracks"]] == [[20, 30, 100, 4], [20, 10, 10, 2]]


def test_a_form_works_as_a_body_does(service: Service) -> None:
    body, content_type = multipart(encode(MAP))
    answer = service.post("/v1/measure", body, Content_Type=content_type)
    assert answer.json()["statistics"] == measure(service)["statistics"]


def test_threshold_of_a_probability_map(service: Service) -> None:
    assert measure(service, "threshold=0.54")["statistics"]["crack_count"] == 2
    assert measure(service, "threshold=0.56")["statistics"]["crack_count"] == 1


def test_scale_and_measuring_parameters(service: Service) -> None:
    answer = measure(service, "mm_per_px=0.2&min_area_px=21&cracks=false")
    assert answer["cracks"] == []
    assert answer["statistics"]["crack_count"] == 1
    assert answer["statistics"]["crack_pixels"] == 420
    length = answer["statistics"]["total_length_px"]
    assert answer["statistics"]["total_length_mm"] == pytest.approx(length / 5, abs=1e-2)
    assert answer["scale"]["mm_per_px"] == 0.2


def test_what_it_answers_is_what_segment_answers(service: Service) -> None:
    mask = service.post("/v1/segment?format=mask", GOOD_PHOTO).body
    segmented = service.post("/v1/segment", GOOD_PHOTO).json()
    measured = measure(service, body=mask)
    assert measured["statistics"]["crack_pixels"] == segmented["statistics"]["crack_pixels"]
    assert list(measured["statistics"]) == list(segmented["statistics"])
    assert list(measured["cracks"][0]) == list(segmented["cracks"][0])


@pytest.mark.parametrize(
    ("query", "body", "status", "code"),
    [
        ("", GOOD_PHOTO, 415, "unsupported-image"),
        ("", encode(MAP, "JPEG"), 415, "unsupported-image"),
        ("", encode(MAP)[:90], 422, "unreadable-image"),
        ("", b"", 422, "missing-file"),
        ("threshold=1", encode(MAP), 422, "invalid-parameter"),
        ("mask=none", encode(MAP), 422, "invalid-parameter"),
        ("model=darkness", encode(MAP), 422, "invalid-parameter"),
    ],
)
def test_bad_input(service: Service, query: str, body: bytes, status: int, code: str) -> None:
    answer = service.post(f"/v1/measure?{query}", body, Content_Type="image/png")
    assert_problem(answer, status, code)
    assert measure(service)["statistics"]["crack_pixels"] == 420


def test_noise_is_bounded_and_says_so(service: Service) -> None:
    """A million cracks fit into 30 kB of PNG; the largest are listed, the rest is told."""
    dots = np.zeros((400, 400), np.uint8)
    dots[::2, ::2] = 255
    answer = measure(service, "cracks=false", encode(dots))
    assert answer["statistics"]["crack_count"] == MAX_CRACKS
    assert answer["statistics"]["crack_pixels"] == 200 * 200
    assert answer["warnings"] == ["smallest-cracks-left-out"]


def test_a_mask_of_endless_lines_is_refused(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(centerline, "MAX_SKELETON_PX", 1000)
    lines = np.zeros((100, 100), np.uint8)
    lines[::4] = 255
    answer = service.post("/v1/measure", encode(lines), Content_Type="image/png")
    assert_problem(answer, 422, "invalid-parameter", "min_area_px")
