"""The report on paper, over HTTP, read back as a viewer reads it."""

import io
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import GOOD_PHOTO, Answer, Service, Start, contract, crack_photo, encode, write_model
from photos import LONDON, TAKEN, jpeg
from PIL import Image
from pypdf import PageObject, PdfReader
from test_scale_route import photo_by_a_camera

A4 = (595.28, 841.89)
MADE = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
PAGE = "app.formats.report.page"


def ask(service: Service, query: str = "", photo: bytes = GOOD_PHOTO) -> Answer:
    answer = service.post(f"/v1/segment?format=pdf&{query}", photo)
    assert answer.status == 200, answer.body
    return answer


def page_of(answer: Answer) -> PageObject:
    """The only page, all of whose text is on it and large enough to be read."""
    (page,) = PdfReader(io.BytesIO(answer.body)).pages
    assert tuple(map(float, page.mediabox[2:])) == pytest.approx(A4)

    def look(text: str, _: list, matrix: list, __: dict | None, size: float) -> None:
        if text.strip():
            assert size >= 7
            assert 0 < matrix[4] < A4[0]
            assert 0 < matrix[5] < A4[1]

    page.extract_text(visitor_text=look)
    return page


def text_of(answer: Answer) -> str:
    """The text of the page, with single blanks for what stands between words."""
    return " ".join(page_of(answer).extract_text().split())


def json_of(service: Service, query: str = "", photo: bytes = GOOD_PHOTO) -> dict:
    answer = service.post(f"/v1/segment?mask=none&{query}", photo)
    assert answer.status == 200, answer.body
    return answer.json()


def cracked(count: int, height: int = 600, width: int = 800) -> bytes:
    """Bars wider from one to the next, on a ground too light for gaps to be bridged."""
    photo = np.full((height, width, 3), 240, np.uint8)
    columns = max(1, round((count * width / height) ** 0.5))
    for i in range(count):
        x, y = (i % columns) * width // columns, (i // columns) * (height * columns // count)
        thickness = 3 + 7 * i / count
        photo[int(y) + 4 : int(y + 4 + thickness), x + 4 : x - 8 + width // columns] = 10
    return encode(photo, "JPEG", quality=95)


def noise(height: int, width: int) -> bytes:
    """What JPEG compresses worst, with a crack on it."""
    photo = np.random.default_rng(1).integers(130, 256, (height, width, 3), dtype=np.uint8)
    photo[height // 2 : height // 2 + 30] = 0
    return encode(photo)


def pictures_of(answer: Answer) -> list[np.ndarray]:
    """Both, the larger one first."""
    pictures = [np.asarray(each.image) for each in page_of(answer).images]
    return sorted(pictures, key=len, reverse=True)


def has_red(picture: np.ndarray) -> bool:
    return bool((picture[:, :, 0].astype(int) - picture[:, :, 1] > 100).any())


@pytest.mark.parametrize(
    ("query", "accept"), [("?format=pdf", "text/html"), ("", "application/pdf")]
)
def test_a_report_by_parameter_or_by_header(service: Service, query: str, accept: str) -> None:
    answer = service.post(f"/v1/segment{query}", GOOD_PHOTO, Accept=accept)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")
    id = answer.headers["x-request-id"]
    assert answer.headers["content-disposition"] == f'attachment; filename="{id}.pdf"'
    assert id in text_of(answer)


def test_it_is_a_document_with_a_title_a_language_and_the_time(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{PAGE}.now", lambda: MADE)
    answer = ask(service)
    read = PdfReader(io.BytesIO(answer.body))
    assert read.metadata is not None
    assert read.metadata.title == f"Crack report {answer.headers['x-request-id']}"
    assert read.metadata.author == f"Hairline {version('hairline')}"
    assert read.metadata.creation_date == MADE
    assert read.trailer["/Root"]["/Lang"] == "en"
    assert "2026-03-04 05:06:07 UTC" in text_of(answer)


def test_the_same_photo_gives_the_same_bytes_but_for_id_and_time(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{PAGE}.now", lambda: MADE)
    monkeypatch.setattr("app.middleware.ULID", lambda: "01JD")
    photo = cracked(30)
    assert ask(service, "mm_per_px=0.1", photo).body == ask(service, "mm_per_px=0.1", photo).body


def test_the_figures_are_those_of_the_json_in_pixels(service: Service) -> None:
    answer, said = text_of(ask(service)), json_of(service)
    (crack,) = said["cracks"]
    width, totals = crack["width_px"], said["statistics"]
    assert (
        f"1 {crack['length_px']:.0f} {width['mean']:.1f} {width['p95']:.1f} ± {width['p95_uncertainty']:.1f}"
        f" {width['max']:.1f} 0" in answer
    )
    assert "Cracks 1 " in answer
    assert f"Total length {totals['total_length_px']:.0f} px" in answer
    assert f"Mean width {totals['mean_width_px']:.1f} px" in answer
    assert f"Maximum width {totals['max_width_px']:.1f} px" in answer
    assert f"Share of the photo {100 * totals['crack_ratio']:.3g} %" in answer
    density = totals["total_length_px"] / totals["total_pixels"]
    found = re.search(r"Crack density (\S+) px/px²", answer)
    assert found is not None
    assert float(found[1]) == pytest.approx(density, rel=0.02)
    assert f"Pattern {said['pattern']['kind']}" in answer
    assert f"Weights SHA-256 {said['model']['sha256'][:16]}…" in answer
    assert f"SHA-256 of the photo: {said['image']['sha256']}" in answer
    assert "Model darkness 1.0.0" in answer
    assert "Threshold 0.5 Mode tile, resolution scale 1 " in answer
    assert "Photo PNG, 160 × 120 px Scale no scale: no millimetres" in answer
    assert "Limits none asked for" in answer
    assert "no substitute for an inspection" in answer
    assert "Name Date Signature" in answer


def test_with_a_scale_they_are_millimetres(service: Service) -> None:
    query = "mm_per_px=0.1&threshold=0.4&resolution_scale=0.5&min_area_px=20"
    answer, said = text_of(ask(service, query)), json_of(service, query)
    (crack,) = said["cracks"]
    width, totals = crack["width_mm"], said["statistics"]
    assert (
        f"1 {crack['length_mm']:.1f} {width['mean']:.2f} {width['p95']:.2f} ± {width['p95_uncertainty']:.2f}"
        f" {width['max']:.2f} " in answer
    )
    assert f"Total length {totals['total_length_mm']:.1f} mm" in answer
    assert f"Maximum width {totals['max_width_mm']:.2f} mm" in answer
    density = 1000 * totals["total_length_mm"] / (totals["total_pixels"] * 0.1**2)
    found = re.search(r"Crack density (\S+) m/m²", answer)
    assert found is not None
    assert float(found[1]) == pytest.approx(density, rel=0.02)
    assert "Scale 0.1 mm/px, given by the caller Its uncertainty not known" in answer
    assert "Threshold 0.4 Mode tile, resolution scale 0.5" in answer
    assert "Smallest area 20 px" in answer


def test_it_lists_the_cracks_whatever_is_said_of_the_json(service: Service) -> None:
    assert "± one standard uncertainty" in text_of(ask(service, "cracks=false"))


def test_a_scale_says_how_sure_it_is(service: Service) -> None:
    photo = photo_by_a_camera()
    answer = text_of(ask(service, "distance_mm=1500", photo))
    said = json_of(service, "distance_mm=1500", photo)["scale"]
    assert "from the camera's optics" in answer
    assert f"{100 * said['relative_uncertainty']:.2g} % (one standard uncertainty)" in answer
    assert "millimetres are indicative only" in answer


def test_verdicts_are_those_of_the_json_with_what_they_mean(service: Service) -> None:
    query = "mm_per_px=0.06&limits=en-1992-1-1-2004"
    answer = text_of(ask(service, query))
    (crack,) = json_of(service, query)["cracks"]
    assert [each["verdict"] for each in crack["limits"]] == [
        "undetermined", "exceeds", "exceeds", "not-applicable",
    ]  # fmt: skip
    assert "exceeds B, C · undetermined A" in answer
    assert "A RC, X0, XC1: 0.4 mm" in answer
    assert "D prestressed, XD, XS: no width is given" in answer
    assert "edition EN 1992-1-1:2004" in answer
    assert "were not compared with the document" in answer
    assert "screen cracks and do not rate" in answer


def test_many_cracks_stay_on_the_page_the_widest_first(service: Service) -> None:
    photo = cracked(200, 1800, 2400)
    answer, said = ask(service, "", photo), json_of(service, "", photo)
    lines = page_of(answer).extract_text().splitlines()
    cracks = sorted(said["cracks"], key=lambda crack: crack["width_px"]["p95"], reverse=True)
    rest = re.search(r"and (\d+) more, in total (\d+) px long \(CSV or JSON", "\n".join(lines))
    assert rest is not None
    shown = len(cracks) - int(rest[1])
    assert shown >= 10
    left = sum(crack["length_px"] for crack in cracks[shown:])
    assert float(rest[2]) == pytest.approx(left, abs=1)
    text = " ".join(" ".join(lines).split())
    places = [
        text.find(f" {crack['id']} {crack['length_px']:.0f} {crack['width_px']['mean']:.1f} ")
        for crack in cracks[:shown]
    ]
    assert min(places) >= 0
    assert places == sorted(places)
    assert said["statistics"]["crack_count"] == len(cracks) == 200


@pytest.mark.parametrize("count", [2, 7, 19, 20, 21, 45])
@pytest.mark.parametrize("query", ["", "mm_per_px=0.1&limits=fib-mc-2020"])
def test_no_row_is_lost(service: Service, count: int, query: str) -> None:
    text = text_of(ask(service, query, cracked(count)))
    rows = len(re.findall(r"\d ± \d", text))
    rest = re.search(r"and (\d+) more", text)
    assert rows + (int(rest[1]) if rest else 0) == count
    assert rows == count or rows >= 12


@pytest.mark.parametrize("size", [(300, 20000), (4000, 120), (1, 900), (900, 1), (1, 1)])
def test_photos_of_every_shape(service: Service, size: tuple[int, int]) -> None:
    photo = np.full((*size, 3), 200, np.uint8)
    photo[size[0] // 3 :: 200, : size[1] // 2] = 0
    answer = ask(service, "mm_per_px=0.2&limits=burland", encode(photo))
    assert f"{size[1]} × {size[0]} px" in text_of(answer)


def test_two_pictures_without_what_the_file_of_the_photo_held(service: Service) -> None:
    exif = Image.Exif()
    exif[0x010E] = "KEEP THIS OUT"
    photo = encode(crack_photo(300, 400), "JPEG", exif=exif)
    answer = ask(service, "", photo)
    overlay, plain = pictures_of(answer)
    assert overlay.shape == (300, 400, 3)
    assert plain.shape[0] * 4 == plain.shape[1] * 3
    assert has_red(overlay)
    assert not has_red(plain)
    assert b"Exif" not in answer.body
    assert b"KEEP THIS OUT" not in answer.body


def test_it_is_small_enough_to_be_mailed_and_fine_enough_to_be_printed(service: Service) -> None:
    answer = ask(service, "", noise(3000, 4500))
    assert len(answer.body) < 2_000_000
    overlay, _ = pictures_of(answer)
    assert overlay.shape[1] > 900


def test_no_crack(service: Service) -> None:
    text = text_of(ask(service, "", encode(_sharp_and_whole())))
    assert "No crack was found at this threshold (0.5)." in text
    assert "not the same as no crack" not in text
    assert "±" not in text


def test_no_crack_on_a_photo_that_could_not_have_shown_one(service: Service) -> None:
    photo = cv2.GaussianBlur(_sharp_and_whole(), (0, 0), 5)
    text = text_of(ask(service, "", encode(photo)))
    assert "No crack was found at this threshold (0.5)." in text
    assert "not the same as no crack" in text
    assert "The photo is blurred" in text


def _sharp_and_whole() -> np.ndarray:
    grey = np.random.default_rng(0).integers(150, 230, (200, 300, 1), dtype=np.uint8)
    return np.repeat(grey, 3, axis=2)


def _animation() -> bytes:
    more = [Image.fromarray(255 - crack_photo())]
    return encode(crack_photo(), "WEBP", save_all=True, lossless=True, append_images=more)


@pytest.mark.parametrize(
    ("warning", "query", "photo", "sentence"),
    [
        ("blurred", "", lambda: encode(np.full((99, 99, 3), 200, np.uint8)), "is blurred"),
        ("underexposed", "", lambda: encode(np.full((99, 99, 3), 9, np.uint8)), "is too dark"),
        ("overexposed", "", lambda: encode(np.full((99, 99, 3), 255, np.uint8)), "overexposed"),
        ("too-far", "mm_per_px=0.5", lambda: GOOD_PHOTO, "too far away"),
        ("first-frame-only", "", _animation, "only the first was looked at"),
        ("scale-indicative", "distance_mm=1500", photo_by_a_camera, "indicative only"),
        ("limits-need-scale", "limits=burland", lambda: GOOD_PHOTO, "without a scale no width"),
    ],
)
def test_warnings_are_sentences(
    service: Service, warning: str, query: str, photo: Callable[[], bytes], sentence: str
) -> None:
    assert warning in json_of(service, query, photo())["warnings"]
    text = text_of(ask(service, query, photo()))
    assert sentence in text
    assert "-" not in warning or warning not in text


def test_texts_of_others_cannot_break_the_page(start: Start, tmp_path: Path) -> None:
    """Of a model's version and of an owner's table: too long, in other scripts, with marks that fonts lack."""
    version = "1.0 Győr 裂缝 трещина \u202e\t\x07🏗 " + "W" * 300
    write_model(tmp_path / "models", contract(version=version))
    cases = [{"name": f"случай {i} {'x' * 80}", "limit_mm": 0.1 * i} for i in range(60)]
    table = {
        "name": "own", "title": "Ñandú ≤ 裂缝 " * 200, "edition": "ж" * 400, "kind": "design-limit",
        "verified": True, "source": "us", "statement": "It screens. " * 300, "cases": cases,
    }  # fmt: skip
    (tmp_path / "limits").mkdir()
    (tmp_path / "limits" / "own.json").write_text(json.dumps(table))
    service = start(models_dir=tmp_path / "models", limits_dir=tmp_path / "limits")
    text = text_of(ask(service, "limits=own&mm_per_px=0.3", cracked(40)))
    assert "Model darkness 1.0 Gyor ?? ???????" in text
    assert "W…" in text
    assert "Ñandú ≤ ??" in text
    assert "screen cracks and do not rate" in text
    assert "Name Date Signature" in text
    assert "no substitute for an inspection" in text


def test_reports_at_the_same_time_do_not_mix(service: Service) -> None:
    photos = [cracked(count) for count in (1, 5, 9, 14)] * 3

    def told(photo: bytes) -> str:
        text = text_of(ask(service, "", photo))
        return text[text.index("Found") :].split("SHA-256")[0]

    alone = [told(photo) for photo in photos[:4]]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(told, photos)) == alone * 3


def test_whose_photo_it_is_and_where_it_was_taken(service: Service) -> None:
    photo = jpeg(exif=TAKEN, gps=LONDON)
    text = text_of(ask(service, "asset_id=pier%20B-12&photo_metadata=true", photo))
    for said in ("pier B-12", "2024-05-17T10:20:30", "51.507333°, -0.127750° (WGS 84)"):
        assert said in text


def test_where_it_was_taken_is_told_to_those_alone_who_ask(service: Service) -> None:
    text = text_of(ask(service, "", jpeg(exif=TAKEN, gps=LONDON)))
    assert "2024-05-17" not in text
    assert "51.5" not in text


def test_a_position_that_is_only_a_height(service: Service) -> None:
    photo = jpeg(gps={5: b"\0", 6: 35.5})
    assert "WGS 84" not in text_of(ask(service, "photo_metadata=true", photo))
