"""POST /v1/measure: what a mask or a probability map shows, without a model."""

import numpy as np
import pytest
from conftest import GOOD_PHOTO, Service, assert_problem, encode, multipart

from app.measurement import tracing
from app.measurement.regions import MAX_REGIONS

MAP = np.zeros((60, 140), np.uint8)
MAP[30:34, 20:120] = 255
MAP[10:12, 20:30] = 140  # probability 0.55


def measure(service: Service, query: str = "", body: bytes | None = None) -> dict:
    answer = service.post(f"/v1/measure?{query}", body or encode(MAP), Content_Type="image/png")
    assert answer.status == 200, answer.body
    return answer.json()


def test_a_mask(service: Service) -> None:
    answer = measure(service)
    assert list(answer) == [
        "id", "asset_id", "metadata", "statistics", "scale", "limits", "pattern", "density", "cracks", "warnings",
    ]  # fmt: skip
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
        ("mode=tile", encode(MAP), 422, "invalid-parameter"),
        ("mm_per_px=0", encode(MAP), 422, "invalid-parameter"),
        ("mm_per_px=nan", encode(MAP), 422, "invalid-parameter"),
        ("scale_points_px=20,31,120,31", encode(MAP), 422, "invalid-parameter"),
        ("scale_length_mm=30", encode(MAP), 422, "invalid-parameter"),
        ("scale_points_px=20,31,20,31&scale_length_mm=30", encode(MAP), 422, "invalid-parameter"),
        ("scale_points_px=20,31,120&scale_length_mm=30", encode(MAP), 422, "invalid-parameter"),
        ("scale_points_px=1,1,nan,9&scale_length_mm=30", encode(MAP), 422, "invalid-parameter"),
        ("marker_mm=30", encode(MAP), 422, "invalid-parameter"),
        ("limits=nonsense", encode(MAP), 422, "invalid-parameter"),
        ("cell_px=0", encode(MAP), 422, "invalid-parameter"),
        ("cell_px=100000000000000000000", encode(MAP), 422, "invalid-parameter"),
        ("limits=", encode(MAP), 422, "invalid-parameter"),
        ("threshold=1e-50", encode(MAP), 422, "invalid-parameter"),
        ("mm_per_px=1e-170", encode(MAP), 422, "invalid-parameter"),
        ("scale_points_px=1,1,99,1&scale_length_mm=1e-300", encode(MAP), 422, "invalid-parameter"),
        ("scale_points_px=1,1,11,1&scale_length_mm=1e6", encode(MAP), 422, "invalid-parameter"),
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
    assert answer["statistics"]["crack_count"] == MAX_REGIONS
    assert answer["statistics"]["crack_pixels"] == 200 * 200
    assert answer["warnings"] == ["smallest-cracks-left-out"]


def test_a_mask_of_endless_lines_is_refused(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "MAX_SKELETON_PX", 1000)
    lines = np.zeros((100, 100), np.uint8)
    lines[::4] = 255
    answer = service.post("/v1/measure", encode(lines), Content_Type="image/png")
    assert_problem(answer, 422, "invalid-parameter", "min_area_px")


# --- what stands beside lengths and widths ----------------------------------------------------


def test_two_points_give_a_scale_and_its_doubt(service: Service) -> None:
    answer = measure(service, "scale_points_px=20,31,120,31&scale_length_mm=30")
    assert answer["scale"]["mm_per_px"] == pytest.approx(0.3)
    assert answer["scale"]["source"] == "points"
    doubt = answer["scale"]["relative_uncertainty"]
    assert 0 < doubt < 0.02
    crack = answer["cracks"][0]
    assert crack["length_mm"] == pytest.approx(0.3 * crack["length_px"], rel=1e-4)
    assert crack["area_mm2"] == pytest.approx(400 * 0.09)
    assert crack["scale_uncertainty"] == doubt
    known = 0.3 * crack["width_px"]["uncertainty"]
    doubted = np.hypot(known, doubt * crack["width_mm"]["mean"])
    assert crack["width_mm"]["uncertainty"] == pytest.approx(doubted, abs=1e-4)


def test_without_a_scale_there_are_no_millimetres(service: Service) -> None:
    answer = measure(service, "limits=en-1992-1-1-2004")
    assert answer["scale"] is None
    assert answer["warnings"] == ["limits-need-scale"]
    for crack in answer["cracks"]:
        names = ("length_mm", "width_mm", "area_mm2", "width_interval_mm", "limits")
        assert [crack[name] for name in names] == [None] * 5
    assert all(value is None for name, value in answer["statistics"].items() if "_mm" in name)


def test_every_crack_is_held_against_a_table(service: Service) -> None:
    answer = measure(service, "mm_per_px=0.02&limits=en-1992-1-1-2004")
    assert answer["limits"]["kind"] == "design-limit"
    assert answer["limits"]["verified"] is False
    assert answer["limits"]["statement"]
    wide, thin = answer["cracks"]
    assert wide["width_interval_mm"][0] < 0.08 < wide["width_interval_mm"][1]
    verdicts = {verdict["case"]: verdict["verdict"] for verdict in wide["limits"]}
    assert len(verdicts) == len(answer["limits"]["cases"])
    assert "within" in verdicts.values()
    assert thin["flags"] == ["below-resolution"]
    assert thin["width_interval_mm"][0] == 0
    wider = measure(service, "mm_per_px=0.2&limits=en-1992-1-1-2004")["cracks"][0]
    assert "exceeds" in {verdict["verdict"] for verdict in wider["limits"]}


def test_a_micrograph_keeps_its_digits(service: Service) -> None:
    answer = measure(service, "mm_per_px=1e-5")
    crack = answer["cracks"][0]
    assert crack["width_mm"]["mean"] == pytest.approx(1e-5 * crack["width_px"]["mean"], rel=1e-4)
    assert crack["scale_uncertainty"] is None


def test_a_wide_stretch_of_a_thin_crack_is_held_against_the_limits(service: Service) -> None:
    """Its mean is below resolution, its 95 % quantile is not."""
    uneven = np.zeros((60, 700), np.uint8)
    uneven[30:32, 20:540] = 255
    uneven[24:36, 540:600] = 255
    (crack,) = measure(service, "mm_per_px=0.1&limits=en-1992-1-1-2004", encode(uneven))["cracks"]
    assert crack["flags"] == ["below-resolution"]
    assert crack["width_interval_mm"][0] > 0.5
    assert "exceeds" in {verdict["verdict"] for verdict in crack["limits"]}


def test_tables_are_listed(service: Service) -> None:
    tables = service.get("/v1/limits").json()["limits"]
    assert {"en-1992-1-1-2004", "aashto-mbei-1130"} <= {table["name"] for table in tables}


def test_outlines_are_drawn_where_they_are_asked_for(service: Service) -> None:
    assert measure(service)["cracks"][0]["outline_px"] is None
    outline = measure(service, "outlines=true")["cracks"][0]["outline_px"]
    corners = [[19.5, 29.5], [19.5, 33.5], [119.5, 29.5], [119.5, 33.5]]
    assert [sorted(polygon) for polygon in outline] == [corners]


def test_where_the_crack_is_widest_and_how_it_runs(service: Service) -> None:
    crack = measure(service)["cracks"][0]
    assert crack["branch_count"] == 1
    assert crack["junction_count"] == 0
    assert crack["tortuosity"] == pytest.approx(1, abs=0.01)
    assert crack["gaps"] == []
    x, y = crack["max_width_at_px"]
    assert 20 <= x <= 120
    assert 30 <= y <= 33
    for line, widths in zip(crack["centerlines_px"], crack["centerline_widths_px"], strict=True):
        assert len(line) == len(widths)


def test_density_adds_up_to_the_length(service: Service) -> None:
    answer = measure(service, "cell_px=20&mm_per_px=0.5")
    density = answer["density"]
    values = np.array(density["px_per_px2"])
    assert values.shape == (3, 7)
    assert (values * 20 * 20).sum() == pytest.approx(
        answer["statistics"]["total_length_px"], rel=0.01
    )
    assert np.array(density["m_per_m2"]) == pytest.approx(values * 2000, abs=0.01)
    assert_problem(
        service.post(
            "/v1/measure?cell_px=1",
            encode(np.zeros((300, 300), np.uint8)),
            Content_Type="image/png",
        ),
        422,
        "invalid-parameter",
    )


def test_pattern(service: Service) -> None:
    assert measure(service)["pattern"]["kind"] == "single"
    assert measure(service, body=encode(np.zeros((9, 9), np.uint8)))["pattern"]["kind"] == "none"
