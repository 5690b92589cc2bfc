"""What a caller gets for a good photo, over HTTP."""

import base64
import re
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from conftest import (
    CRACK_PIXELS,
    GOOD_PHOTO,
    Service,
    crack_photo,
    decode,
    encode,
    multipart,
)
from PIL import Image
from pycocotools import mask as coco
from test_image import STORED, exif

CRACK = np.zeros((120, 160), bool)
CRACK[50:54, 30:130] = True


def segment(service: Service, query: str = "", photo: bytes = GOOD_PHOTO, **headers: str) -> dict:
    answer = service.post(f"/v1/segment?{query}", photo, **headers)
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def test_the_answer_has_exactly_the_promised_shape(service: Service) -> None:
    answer = segment(service)
    assert list(answer) == [
        "id", "asset_id", "metadata", "model", "image", "mode", "resolution_scale", "statistics",
        "scale", "limits", "pattern", "density", "quality", "cracks", "mask", "warnings", "timing_ms",
    ]  # fmt: skip
    assert list(answer["model"]) == [
        "name",
        "version",
        "sha256",
        "threshold",
        "device",
        "precision",
    ]
    assert list(answer["image"]) == [
        "width", "height", "format", "sha256", "exif_orientation", "metadata",
    ]  # fmt: skip
    assert list(answer["statistics"]) == [
        "total_pixels", "crack_pixels", "crack_ratio", "crack_count", "total_length_px",
        "mean_width_px", "max_width_px", "total_length_mm", "mean_width_mm", "max_width_mm",
    ]  # fmt: skip
    (crack,) = answer["cracks"]
    assert list(crack) == [
        "id", "area_px", "bbox_px", "length_px", "width_px", "max_width_at_px", "orientation_deg",
        "mean_probability", "centerlines_px", "centerline_widths_px", "branch_count",
        "junction_count", "tortuosity", "gaps", "flags", "outline_px", "area_mm2", "length_mm",
        "scale_uncertainty", "width_mm", "width_interval_mm", "limits",
    ]  # fmt: skip
    widths = ["mean", "median", "p95", "max", "uncertainty", "p95_uncertainty"]
    assert list(crack["width_px"]) == widths
    assert list(answer["mask"]) == ["encoding", "width", "height", "data"]
    assert list(answer["timing_ms"]) == [
        "decode", "queue", "inference", "stitch", "measure", "encode", "total",
    ]  # fmt: skip


def test_the_answer_is_true(service: Service) -> None:
    answer = segment(service)
    assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{26}", answer["id"])
    assert answer["model"]["name"] == "darkness"
    assert answer["model"]["threshold"] == 0.5
    assert (answer["image"]["width"], answer["image"]["height"]) == (160, 120)
    assert (answer["mode"], answer["resolution_scale"]) == ("tile", 1.0)
    statistics = answer["statistics"]
    assert statistics["total_pixels"] == 160 * 120
    assert statistics["crack_pixels"] == CRACK_PIXELS
    assert statistics["crack_ratio"] == pytest.approx(400 / 19200)
    assert statistics["crack_count"] == 1
    assert statistics["total_length_px"] == pytest.approx(100, abs=4)
    (crack,) = answer["cracks"]
    assert crack["bbox_px"] == [30, 50, 100, 4]
    assert crack["area_px"] == 400
    assert crack["orientation_deg"] == 0
    assert crack["mean_probability"] == pytest.approx(1 - 10 / 255, abs=1e-3)
    assert all(crack[name] is None for name in ("length_mm", "width_mm"))
    assert answer["scale"] is None
    assert answer["warnings"] == []
    times = answer["timing_ms"]
    assert min(times.values()) >= 0
    assert sum(times.values()) <= 2 * times["total"] + 1


def test_mask_as_png(service: Service) -> None:
    mask = segment(service, "mask=png")["mask"]
    pixels = decode(base64.b64decode(mask["data"]))
    assert (mask["encoding"], mask["width"], mask["height"]) == ("png", 160, 120)
    np.testing.assert_array_equal(pixels, CRACK * np.uint8(255))


def test_mask_as_run_lengths(service: Service) -> None:
    mask = segment(service, "mask=rle")["mask"]
    assert list(mask) == ["encoding", "width", "height", "size", "counts"]
    assert mask["size"] == [120, 160]
    np.testing.assert_array_equal(coco.decode(mask), CRACK)


def test_no_mask(service: Service) -> None:
    assert segment(service, "mask=none")["mask"] is None


def test_totals_alone(service: Service) -> None:
    answer = segment(service, "cracks=false")
    assert answer["cracks"] == []
    assert answer["statistics"]["crack_count"] == 1


def test_small_cracks_are_left_out_of_the_list_and_not_out_of_the_mask(service: Service) -> None:
    answer = segment(service, "min_area_px=401")
    assert answer["cracks"] == []
    assert answer["statistics"]["crack_count"] == 0
    assert answer["statistics"]["crack_pixels"] == CRACK_PIXELS
    assert decode(base64.b64decode(answer["mask"]["data"])).any()
    assert len(segment(service, "min_area_px=400")["cracks"]) == 1


def test_a_scale_fills_every_millimetre(service: Service) -> None:
    answer = segment(service, "mm_per_px=0.5")
    assert answer["scale"] == {
        "mm_per_px": 0.5,
        "source": "parameter",
        "relative_uncertainty": None,
    }
    statistics, (crack,) = answer["statistics"], answer["cracks"]
    for name in ("total_length", "mean_width", "max_width"):
        assert statistics[f"{name}_mm"] == pytest.approx(statistics[f"{name}_px"] / 2, abs=1e-2)
    assert crack["length_mm"] == pytest.approx(crack["length_px"] / 2, abs=1e-2)
    halves = {name: pytest.approx(width / 2, abs=1e-3) for name, width in crack["width_px"].items()}
    assert crack["width_mm"] == halves


def test_a_photo_without_cracks_is_a_normal_answer(service: Service) -> None:
    answer = segment(service, photo=encode(np.full((70, 90, 3), 200, np.uint8)))
    assert answer["statistics"]["crack_count"] == 0
    assert answer["statistics"]["total_length_px"] == 0
    assert answer["statistics"]["mean_width_px"] == 0
    assert answer["cracks"] == []
    assert not decode(base64.b64decode(answer["mask"]["data"])).any()


@pytest.mark.parametrize("value", [0, 255])
def test_a_photo_of_one_pixel(service: Service, value: int) -> None:
    answer = segment(service, photo=encode(np.full((1, 1, 3), value, np.uint8)))
    assert answer["statistics"]["total_pixels"] == 1
    assert answer["statistics"]["crack_pixels"] == (value == 0)


def test_threshold(service: Service) -> None:
    grey = encode(np.full((64, 64, 3), 102, np.uint8))  # probability 1 - 102/255 = 0.6
    assert segment(service, "threshold=0.59", grey)["statistics"]["crack_ratio"] == 1
    answer = segment(service, "threshold=0.61", grey)
    assert answer["statistics"]["crack_ratio"] == 0
    assert answer["model"]["threshold"] == 0.61


def test_resize_mode_and_resolution_scale(service: Service) -> None:
    for query, mode, scale in (("mode=resize", "resize", 1), ("resolution_scale=0.5", "tile", 0.5)):
        answer = segment(service, query)
        assert (answer["mode"], answer["resolution_scale"]) == (mode, scale)
        pixels = decode(base64.b64decode(answer["mask"]["data"]))
        assert pixels.shape == (120, 160)
        assert (pixels > 0)[CRACK].mean() > 0.4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_everything_is_told_in_the_upright_frame(service: Service, orientation: int) -> None:
    stored = np.ascontiguousarray(STORED[orientation](crack_photo()))
    answer = segment(service, photo=encode(stored, "PNG", exif=exif(orientation)))
    assert answer["image"]["exif_orientation"] == orientation
    assert (answer["image"]["width"], answer["image"]["height"]) == (160, 120)
    np.testing.assert_array_equal(decode(base64.b64decode(answer["mask"]["data"])) > 0, CRACK)
    assert answer["cracks"][0]["bbox_px"] == [30, 50, 100, 4]


def sixteen_bit(ending: str, grey: bool) -> bytes:
    deep = crack_photo().astype(np.uint16) * 257
    return cv2.imencode(ending, deep[:, :, 0] if grey else deep)[1].tobytes()


@pytest.mark.parametrize(
    ("photo", "format"),
    [
        pytest.param(encode(crack_photo(), "JPEG", quality=95), "JPEG", id="jpeg"),
        pytest.param(encode(crack_photo(), "TIFF"), "TIFF", id="tiff"),
        pytest.param(encode(crack_photo(), "WEBP", lossless=True), "WEBP", id="webp"),
        pytest.param(encode(crack_photo(), "BMP"), "BMP", id="bmp"),
        pytest.param(encode(crack_photo(), "PNG", "L"), "PNG", id="grey"),
        pytest.param(encode(crack_photo(), "PNG", "RGBA"), "PNG", id="rgba"),
        pytest.param(encode(crack_photo(), "PNG", "P", transparency=255), "PNG", id="palette"),
        pytest.param(encode(crack_photo(), "JPEG", "CMYK", quality=95), "JPEG", id="cmyk"),
        pytest.param(sixteen_bit(".png", True), "PNG", id="16-bit grey PNG"),
        pytest.param(sixteen_bit(".tiff", True), "TIFF", id="16-bit grey TIFF"),
        pytest.param(sixteen_bit(".png", False), "PNG", id="16-bit RGB PNG"),
        pytest.param(sixteen_bit(".tiff", False), "TIFF", id="16-bit RGB TIFF"),
    ],
)
def test_every_kind_of_photo(service: Service, photo: bytes, format: str) -> None:
    answer = segment(service, photo=photo, Content_Type="application/octet-stream")
    assert answer["image"]["format"] == format
    assert answer["statistics"]["crack_pixels"] == CRACK_PIXELS


def test_heic(service: Service) -> None:
    pytest.importorskip("pillow_heif")
    answer = segment(service, photo=encode(crack_photo(), "HEIF", quality=95))
    assert answer["image"]["format"] == "HEIF"
    assert answer["statistics"]["crack_pixels"] == pytest.approx(CRACK_PIXELS, abs=40)


def test_the_bytes_decide_the_type_and_a_form_works_as_a_body_does(service: Service) -> None:
    body, content_type = multipart(GOOD_PHOTO, filename="renamed.heic")
    in_form = segment(service, photo=body, Content_Type=content_type)
    bare = segment(service, Content_Type="image/tiff")
    for answer in (in_form, bare):
        assert answer["image"]["format"] == "PNG"
        assert answer["statistics"]["crack_pixels"] == CRACK_PIXELS
    assert in_form["image"]["sha256"] == bare["image"]["sha256"]


def test_an_animation_is_warned_of(service: Service) -> None:
    more = [Image.fromarray(255 - crack_photo())]
    photo = encode(crack_photo(), "WEBP", save_all=True, lossless=True, append_images=more)
    answer = segment(service, photo=photo)
    assert answer["warnings"] == ["first-frame-only"]
    assert answer["statistics"]["crack_pixels"] == CRACK_PIXELS


def test_the_mask_alone(service: Service) -> None:
    answer = service.post("/v1/segment", GOOD_PHOTO, Accept="image/png")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["vary"] == "Accept"
    assert answer.headers["x-crack-pixels"] == "400"
    assert float(answer.headers["x-crack-ratio"]) == pytest.approx(400 / 19200, rel=1e-4)
    assert answer.headers["x-model"] == "darkness"
    np.testing.assert_array_equal(decode(answer.body), CRACK * np.uint8(255))


def test_the_overlay(service: Service) -> None:
    answer = service.post("/v1/segment", GOOD_PHOTO, Accept="image/jpeg")
    assert answer.headers["content-type"] == "image/jpeg"
    drawn = decode(answer.body).astype(int)
    assert drawn.shape == (120, 160, 3)
    assert drawn[52, 80, 0] > drawn[52, 80, 1] + 40
    np.testing.assert_allclose(drawn[100:], 200, atol=3)


@pytest.mark.parametrize(
    ("query", "accept", "content_type"),
    [
        ("", "*/*", "application/json"),
        ("", "image/*", "image/png"),
        ("", "image/jpeg;q=0.9, image/png;q=0.8, */*;q=0.1", "image/jpeg"),
        ("format=overlay", "application/json", "image/jpeg"),
        ("format=mask", "text/html", "image/png"),
        ("format=json", "image/png", "application/json"),
    ],
)
def test_who_decides_the_form(service: Service, query: str, accept: str, content_type: str) -> None:
    answer = service.post(f"/v1/segment?{query}", GOOD_PHOTO, Accept=accept)
    assert (answer.status, answer.headers["content-type"]) == (200, content_type)


def test_many_at_once_get_their_own_answers(service: Service) -> None:
    sizes = [(40 + 8 * i, 60 + 4 * i) for i in range(16)]

    def ask(size: tuple[int, int]) -> tuple[int, int, int]:
        photo = np.full((*size, 3), 255, np.uint8)
        photo[:, : size[0] // 2] = 0
        answer = segment(service, photo=encode(photo))
        image = answer["image"]
        return image["height"], image["width"], answer["statistics"]["crack_pixels"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, sizes))
    assert answers == [(height, width, height * (height // 2)) for height, width in sizes]
