"""Every form of an answer, read back by what its users read it with."""

import csv
import email
import email.policy
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pytest
import resvg_py
from conftest import GOOD_PHOTO, Answer, Service, assert_problem, crack_photo, decode, encode
from pycocotools.coco import COCO
from test_image import STORED, exif

from app.formats.table import safe
from app.negotiation import MEDIA_TYPES, Format

SVG = "{http://www.w3.org/2000/svg}"


def cracked(height: int = 120, width: int = 160) -> np.ndarray:
    """A ring, one crack of two fragments, a slanting one, one that fills a corner, and a speck."""
    photo = np.full((height, width, 3), 200, np.uint8)
    cv2.circle(photo, (120, 40), 22, (20, 20, 20), 4)
    photo[20:24, 5:40] = 10
    photo[20:24, 44:80] = 10  # 4 px on: the same crack
    cv2.line(photo, (10, 100), (80, 50), (40, 40, 40), 3)
    photo[110:, 150:] = 0
    photo[90, 130] = 60
    return photo


PHOTO = encode(cracked())
NO_CRACKS = encode(np.full((70, 90, 3), 200, np.uint8))
MASK = cracked()[:, :, 0] < 128
PHOTOS = [
    pytest.param(PHOTO, MASK, id="several"),
    pytest.param(
        encode(np.ascontiguousarray(STORED[6](cracked())), "PNG", exif=exif(6)), MASK, id="turned"
    ),
    pytest.param(NO_CRACKS, np.zeros((70, 90), bool), id="none"),
    pytest.param(encode(np.zeros((5, 7, 3), np.uint8)), np.ones((5, 7), bool), id="all"),
]


def ask(service: Service, form: Format, photo: bytes = PHOTO, query: str = "") -> Answer:
    answer = service.post(f"/v1/segment?format={form}&{query}", photo)
    assert answer.status == 200, answer.body
    content_type = answer.headers["content-type"]
    assert content_type.partition(";")[0] == MEDIA_TYPES[form]
    return answer


def json_of(service: Service, photo: bytes = PHOTO, query: str = "") -> dict:
    return service.post(f"/v1/segment?{query}", photo).json()


def test_the_photo_is_what_these_tests_are_about(service: Service) -> None:
    cracks = json_of(service, query="outlines=true")["cracks"]
    assert len(cracks) == 5
    assert any(crack["gaps"] for crack in cracks)
    assert any(crack["tortuosity"] is None for crack in cracks)  # the ring


def test_a_probability_map_is_measured_again(service: Service) -> None:
    stored = ask(service, "probability").body
    pixels = decode(stored)
    grey = np.round(cracked().mean(axis=2))
    assert (pixels == 255 - grey).all()
    again = service.post("/v1/measure?threshold=0.5", stored, Content_Type="image/png").json()
    there = json_of(service)
    for name in ("total_pixels", "crack_pixels", "crack_ratio", "crack_count"):
        assert again["statistics"][name] == there["statistics"][name]
    for one, other in zip(again["cracks"], there["cracks"], strict=True):
        for name in ("area_px", "bbox_px", "junction_count", "flags"):
            assert one[name] == other[name]
        assert one["length_px"] == pytest.approx(other["length_px"], rel=0.01)


@pytest.mark.parametrize("query", ["", "mm_per_px=0.2&limits=en-1992-1-1-2004"])
def test_csv_says_what_json_says(service: Service, query: str) -> None:
    answer = ask(service, "csv", query=query + "&cracks=false")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.body.count(b"\r\n") == answer.body.count(b"\n") == 6
    rows = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
    said = json_of(service, query=query)
    assert len(rows) == len(said["cracks"]) == 5
    for row, crack in zip(rows, said["cracks"], strict=True):
        figures = {
            name: crack[name]
            for name in (
                "id", "area_px", "length_px", "orientation_deg", "mean_probability", "branch_count",
                "junction_count", "tortuosity", "area_mm2", "length_mm", "scale_uncertainty",
            )
        }  # fmt: skip
        figures |= zip(
            ("bbox_x_px", "bbox_y_px", "bbox_width_px", "bbox_height_px"),
            crack["bbox_px"],
            strict=True,
        )
        figures |= zip(
            ("max_width_at_x_px", "max_width_at_y_px"), crack["max_width_at_px"], strict=True
        )
        for unit in ("px", "mm"):
            for name in ("mean", "median", "p95", "max", "uncertainty", "p95_uncertainty"):
                figures[f"width_{name}_{unit}"] = (crack[f"width_{unit}"] or {}).get(name)
        low, high = crack["width_interval_mm"] or (None, None)
        figures |= {"width_interval_low_mm": low, "width_interval_high_mm": high}
        figures |= {"flags": " ".join(crack["flags"]) or None}
        figures |= {
            "answer_id": answer.headers["x-request-id"],
            "asset_id": None,
            "made_by": "darkness 1.0.0",
        }
        figures |= {"threshold": 0.5, "photo_sha256": said["image"]["sha256"]}
        assert row == {n: "" if value is None else str(value) for n, value in figures.items()}


def test_csv_of_no_cracks_is_its_header(service: Service) -> None:
    (header,) = csv.reader(io.StringIO(ask(service, "csv", NO_CRACKS).body.decode(), newline=""))
    assert header[:3] == ["id", "area_px", "bbox_x_px"]
    assert header[-5:] == ["answer_id", "asset_id", "made_by", "threshold", "photo_sha256"]


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_of_a_cell_is_run_as_a_formula(text: str) -> None:
    assert safe(text) == "'" + text
    assert safe(-1.5) == -1.5
    assert safe("unet 1.2.0") == "unet 1.2.0"


def drawn(svg: bytes, layer: str) -> np.ndarray:
    """Opacity [H, W], 0 to 255, of one layer alone."""
    root = ET.fromstring(svg)  # noqa: S314  (our own)
    for group in root.findall(f"{SVG}g"):
        if group.get("id") != layer:
            root.remove(group)
    return decode(bytes(resvg_py.svg_to_bytes(svg_string=ET.tostring(root, "unicode"))))[:, :, 3]


@pytest.mark.parametrize(("photo", "mask"), PHOTOS)
def test_svg_draws_the_mask(service: Service, photo: bytes, mask: np.ndarray) -> None:
    answer = ask(service, "svg", photo)
    opacity = drawn(answer.body, "outlines")
    assert opacity.shape == mask.shape
    # Outlines are within half a pixel of the edge: what lies deeper inside or outside is exact.
    solid, cross = mask.astype(np.uint8), np.ones((3, 3), np.uint8)
    inside = cv2.erode(solid, cross, borderValue=1) > 0
    outside = cv2.dilate(solid, cross) == 0
    assert (opacity[inside] == 255).all()
    assert (opacity[outside] == 0).all()
    assert opacity.sum() / 255 == pytest.approx(mask.sum(), rel=0.02)


def test_svg_of_upright_edges_is_exact(service: Service) -> None:
    photo = crack_photo()
    photo[60:100, 40:90] = 10
    photo[70:90, 60:80] = 200  # a hole
    opacity = drawn(ask(service, "svg", encode(photo)).body, "outlines")
    np.testing.assert_array_equal(opacity, 255 * (photo[:, :, 0] < 128))


def test_svg_names_its_cracks(service: Service) -> None:
    answer = ask(service, "svg", query="mm_per_px=0.2")
    said = json_of(service, query="mm_per_px=0.2&outlines=true")["cracks"]
    root = ET.fromstring(answer.body)  # noqa: S314
    assert root.get("viewBox") == "-0.5 -0.5 160 120"
    assert root.get("data-made-by") == "darkness 1.0.0"
    paths = root.findall(f".//{SVG}path")
    lines = root.findall(f".//{SVG}polyline")
    assert len(lines) == sum(len(crack["centerlines_px"]) for crack in said)
    for path, crack in zip(paths, said, strict=True):
        assert (path.get("id"), path.get("class")) == (f"crack-{crack['id']}", "crack")
        assert float(path.get("data-length-px")) == crack["length_px"]
        assert float(path.get("data-width-max-mm")) == crack["width_mm"]["max"]
        assert ("data-tortuosity" in path.keys()) == (crack["tortuosity"] is not None)  # noqa: SIM118
        assert path.get("d").count("M") == path.get("d").count("Z") == len(crack["outline_px"])
        own = [line for line in lines if line.get("data-crack") == str(crack["id"])]
        points = [[tuple(map(float, p.split(","))) for p in x.get("points").split()] for x in own]
        assert points == [[tuple(p) for p in line] for line in crack["centerlines_px"]]
    assert drawn(answer.body, "centerlines").any()


def loaded(answer: Answer, folder: Path) -> COCO:
    file = folder / "coco.json"
    file.write_bytes(answer.body)
    return COCO(str(file))


@pytest.mark.parametrize("form", ["coco", "coco-rle"])
@pytest.mark.parametrize(("photo", "mask"), PHOTOS)
def test_pycocotools_reads_the_cracks_pixel_by_pixel(
    service: Service, tmp_path: Path, form: Format, photo: bytes, mask: np.ndarray
) -> None:
    dataset = loaded(ask(service, form, photo), tmp_path)
    said = json_of(service, photo)
    (picture,) = dataset.loadImgs(dataset.getImgIds())
    assert (picture["height"], picture["width"]) == mask.shape
    assert picture["file_name"] == said["image"]["sha256"] + ".png"
    assert [c["name"] for c in dataset.loadCats(dataset.getCatIds())] == ["crack"]
    annotations = dataset.loadAnns(dataset.getAnnIds(catIds=[1]))
    covered = np.zeros(mask.shape, int)
    for annotation, crack in zip(annotations, said["cracks"], strict=True):
        pixels = dataset.annToMask(annotation)
        assert pixels.sum() == crack["area_px"] == annotation["area"]
        assert list(cv2.boundingRect(pixels)) == crack["bbox_px"] == annotation["bbox"]
        assert annotation["iscrowd"] == 0
        assert annotation["attributes"]["length_px"] == crack["length_px"]
        covered += pixels
    np.testing.assert_array_equal(covered, mask)


def test_coco_s_polygons_run_along_the_edges_of_pixels(service: Service) -> None:
    (annotation,) = ask(service, "coco", GOOD_PHOTO).json()["annotations"]
    (polygon,) = annotation["segmentation"]
    corners = sorted(zip(polygon[::2], polygon[1::2], strict=True))
    assert corners == [(30, 50), (30, 54), (130, 50), (130, 54)]
    assert annotation["bbox"] == [30, 50, 100, 4]


def test_coco_gives_polygons_and_coco_rle_runs(service: Service) -> None:
    polygons = ask(service, "coco").json()["annotations"]
    assert all(isinstance(each["segmentation"], list) for each in polygons)
    rle = ask(service, "coco-rle").json()["annotations"]
    assert all(isinstance(each["segmentation"]["counts"], str) for each in rle)


def test_smaller_cracks_are_left_out_of_every_list(service: Service) -> None:
    kept = len(json_of(service, query="min_area_px=50")["cracks"])
    assert kept == 4
    for form in ("coco", "coco-rle"):
        assert len(ask(service, form, query="min_area_px=50").json()["annotations"]) == kept
    root = ET.fromstring(ask(service, "cvat", query="min_area_px=50").body)  # noqa: S314
    assert len(root.findall(".//mask")) == kept


def test_cvat_has_a_mask_a_crack(service: Service) -> None:
    root = ET.fromstring(ask(service, "cvat").body)  # noqa: S314
    assert root.findtext("version") == "1.1"
    assert [label.findtext("name") for label in root.iter("label")] == ["crack"]
    covered = np.zeros(MASK.shape, int)
    for mask in root.iter("mask"):
        left, top, width, height = (int(mask.get(k)) for k in ("left", "top", "width", "height"))
        counts = [int(count) for count in mask.get("rle").split(",")]
        pixels = np.repeat(np.arange(len(counts)) % 2, counts).reshape(height, width)
        covered[top : top + height, left : left + width] += pixels
    np.testing.assert_array_equal(covered, MASK)


def test_label_studio_gets_one_task(service: Service) -> None:
    (task,) = ask(service, "label-studio").json()
    assert task["data"]["image"] == json_of(service)["image"]["sha256"] + ".png"
    (prediction,) = task["predictions"]
    assert prediction["model_version"] == "darkness 1.0.0"
    assert 0.5 < prediction["score"] < 1
    (region,) = prediction["result"]
    assert (region["original_width"], region["original_height"]) == (160, 120)
    (task,) = ask(service, "label-studio", NO_CRACKS).json()
    assert task["predictions"] == [
        {"model_version": "darkness 1.0.0", "score": 0.0, "result": []},
    ]


def without_what_differs(answer: dict) -> dict:
    """An answer without its id, its times, its mask and the outlines that others need."""
    left_out = ("id", "timing_ms", "mask", "cracks")
    return {name: value for name, value in answer.items() if name not in left_out}


def test_zip_holds_every_form(service: Service) -> None:
    answer = ask(service, "zip")
    assert answer.headers["content-disposition"].startswith("attachment")
    id = answer.headers["x-request-id"]
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        files = {name.removeprefix(id): archive.read(name) for name in archive.namelist()}
    alone = [form for form in get_args(Format) if form not in ("photo", "zip", "multipart")]
    assert len(files) == len(alone)
    assert {".json", ".mask.png", ".overlay.jpg", ".probability.png", ".csv", ".svg"} < set(files)
    for form in ("mask", "overlay", "density", "probability"):
        assert ask(service, form).body in files.values()
    said = json.loads(files[".json"])
    assert said["mask"] is None
    assert said["id"] == id
    assert without_what_differs(said) == without_what_differs(json_of(service))
    assert len(json.loads(files[".coco.json"])["annotations"]) == 5


@pytest.mark.parametrize("query", ["", "cracks=false&mask=rle"])
def test_multipart_is_json_and_mask(service: Service, query: str) -> None:
    answer = service.post(f"/v1/segment?{query}", PHOTO, Accept="multipart/mixed")
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + answer.body, policy=email.policy.HTTP)
    assert message.get_content_type() == "multipart/mixed"
    assert not message.defects
    said, mask = message.iter_parts()
    id = answer.headers["x-request-id"]
    assert (said.get_content_type(), said.get_filename()) == ("application/json", f"{id}.json")
    assert (mask.get_content_type(), mask.get_filename()) == ("image/png", f"{id}.mask.png")
    np.testing.assert_array_equal(decode(mask.get_payload(decode=True)) > 0, MASK)
    told = json.loads(said.get_payload(decode=True))
    assert told["mask"] is None
    assert without_what_differs(told) == without_what_differs(json_of(service))
    assert told["cracks"] == json_of(service, query=query)["cracks"]


@pytest.mark.parametrize("form", MEDIA_TYPES)
def test_every_form_says_what_it_is(service: Service, form: Format) -> None:
    headers = ask(service, form).headers
    assert headers["vary"] == "Accept"
    if form == "photo":  # no model was asked
        assert "x-crack-pixels" not in headers
    elif form != "json":
        assert headers["x-crack-pixels"] == str(MASK.sum())
    if form != "json":
        assert headers["x-request-id"] in headers["content-disposition"]


def test_the_openapi_page_lists_every_media_type(service: Service) -> None:
    page = service.get("/openapi.json").json()
    answers = page["paths"]["/v1/segment"]["post"]["responses"]["200"]["content"]
    assert set(answers) == set(MEDIA_TYPES.values())
    assert "$ref" in answers["application/json"]["schema"]


def test_what_there_is_no_form_for(service: Service) -> None:
    answer = service.post("/v1/segment?format=docx", GOOD_PHOTO)
    assert_problem(answer, 422, "invalid-parameter", *get_args(Format))
    answer = service.post("/v1/segment", GOOD_PHOTO, Accept="text/html, application/xml")
    assert_problem(answer, 406, "not-acceptable", "text/csv", "multipart/mixed", "label-studio")


@pytest.fixture
def few_pixels(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    return lambda pixels: monkeypatch.setattr("app.measurement.outline.MAX_OUTLINED_PX", pixels)


def test_too_much_crack_for_outlines_is_refused_where_they_are_drawn(
    service: Service, few_pixels: Callable[[int], None]
) -> None:
    few_pixels(100)
    for form in ("svg", "coco", "cvat", "zip"):
        answer = service.post(f"/v1/segment?format={form}", PHOTO)
        assert_problem(answer, 422, "invalid-parameter", "raise threshold")
    for form in ("csv", "label-studio", "multipart"):
        ask(service, form)
