"""The web page in a real browser, against a running service with the tiny model: what a person does and sees."""

import base64
import csv
import io
import json
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import (
    HAIRLINE,
    Service,
    Start,
    contract,
    crack_photo,
    decode,
    encode,
    wait_until,
    write_model,
)
from playwright.sync_api import Browser, Download, Page, expect, sync_playwright

from app.engine import Engine
from app.registry import Registry
from app.tile_queue import Prediction

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

RED = (230, 20, 60)
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path, "no chromium: `apt-get install chromium`, as .ci/run does"
    with sync_playwright() as playwright:
        # As root, in a container, Chromium refuses its own sandbox; it meets only pages of our own here.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def two_models(tmp_path: Path) -> Path:
    write_model(tmp_path)
    write_model(tmp_path, contract(name="bold", version="2.0.0", threshold=0.4))
    return tmp_path


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Open a service's page in a window of its own. What the page complains of fails the test."""
    contexts, complaints = [], []

    def open_page(service: Service, *, path: str = "/", allow: str = "", **options: object) -> Page:
        context = browser.new_context(**({"viewport": WIDE, "accept_downloads": True} | options))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        # A browser logs each answer that is an error: the tests that cause one name it. And it advises those who
        # read a canvas back often, as `painted` does.
        expected = re.compile("|".join(filter(None, ["willReadFrequently", allow])))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if message.type in ("error", "warning") and not expected.search(message.text)
                else None
            ),
        )
        page.goto(service.url + path)
        expect(page.locator("#model option")).not_to_have_count(0)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def photo(name: str = "wall.png", pixels: np.ndarray | None = None) -> dict:
    """A file as it is chosen: the bar of 100 x 4 pixels."""
    content = encode(crack_photo() if pixels is None else pixels)
    return {"name": name, "mimeType": "image/png", "buffer": content}


def choose(page: Page, *files: dict) -> None:
    page.set_input_files("#files", list(files))


def shown(page: Page, count: int = 1) -> None:
    """The result stands, its cracks are in the table."""
    expect(page.locator("#queue li.done")).to_have_count(count)
    expect(page.locator("#cracks tbody tr").first).to_be_visible()
    expect(page.locator("#canvas")).to_have_attribute("aria-busy", "false")


def show_photo(page: Page) -> None:
    choose(page, photo())
    shown(page)


def painted(page: Page, colour: tuple[int, int, int] = RED, canvas: str = "#canvas") -> np.ndarray:
    """Where the canvas has exactly that colour, bool `[H, W]`, once it has been drawn."""
    width, height, data = page.evaluate(
        """async (name) => {
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            const canvas = document.querySelector(name);
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let binary = "";
            for (let i = 0; i < data.length; i += 30000)
                binary += String.fromCharCode(...data.subarray(i, i + 30000));
            return [canvas.width, canvas.height, btoa(binary)];
        }""",
        canvas,
    )
    pixels = np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)
    return (pixels[..., :3] == colour).all(axis=2)


def slide(page: Page, name: str, value: float) -> None:
    """Move a slider as a drag ends."""
    page.locator(name).evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input', {bubbles: true})); }",
        value,
    )


def save(page: Page, act: Callable[[], None]) -> tuple[str, bytes]:
    with page.expect_download() as waited:
        act()
    download: Download = waited.value
    return download.suggested_filename, Path(download.path()).read_bytes()


def figures(page: Page) -> dict[str, str]:
    texts = page.locator("#figures > div").all_inner_texts()
    return {name: value for name, _, value in (text.partition("\n") for text in texts)}


def test_a_photo_its_cracks_and_their_figures(service: Service, open_page: Open) -> None:
    page = open_page(service)
    show_photo(page)
    assert figures(page)["Cracks"] == "1"
    assert page.inner_text("#queue li .state") == "1 crack"
    row = page.locator("#cracks tbody tr").first.inner_text().split()
    measured = service.post("/v1/segment", photo()["buffer"]).json()["cracks"][0]
    assert row[:2] == ["1", f"{measured['length_px']:.0f}"]
    expect(page.locator("#first-caption")).to_have_text("darkness 1.0.0")


def test_the_overlay_is_the_mask_pixel_by_pixel(service: Service, open_page: Open) -> None:
    page = open_page(service)
    show_photo(page)
    slide(page, "#opacity", 1)
    page.click("#actual")
    red = painted(page)
    mask = decode(service.post("/v1/segment?format=mask", photo()["buffer"]).body) > 0
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    found = red[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    np.testing.assert_array_equal(found, mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def test_zoom_and_pan_by_pointer_and_keys(service: Service, open_page: Open) -> None:
    page = open_page(service)
    show_photo(page)
    slide(page, "#opacity", 1)
    page.click("#actual")
    before = painted(page)
    page.focus("#canvas")
    page.keyboard.press("ArrowRight")  # looks 60 px to the right: the picture moves left
    np.testing.assert_array_equal(painted(page)[:, :-60], before[:, 60:])
    page.keyboard.press("+")
    page.keyboard.press("+")
    assert painted(page).sum() == pytest.approx(400 * 1.5**4, rel=0.05)
    page.keyboard.press("1")
    assert painted(page).sum() == 400
    box = page.locator("#canvas").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.wheel(0, -400)  # e times as large
    assert painted(page).sum() > 400 * 4
    page.keyboard.press("1")
    at_rest = painted(page)
    page.mouse.down()
    page.mouse.move(middle[0] + 30, middle[1] + 20, steps=5)
    page.mouse.up()
    moved = np.argwhere(painted(page)).mean(axis=0) - np.argwhere(at_rest).mean(axis=0)
    np.testing.assert_allclose(moved, (20, 30), atol=1)


def test_ways_to_show_a_crack(service: Service, open_page: Open) -> None:
    page = open_page(service)
    choose(page, photo(pixels=thick_photo()))
    shown(page)
    slide(page, "#opacity", 1)
    mask = painted(page).sum()
    page.check("input[value=outline]", force=True)
    outline = painted(page).sum()
    assert 0 < outline < mask / 2
    page.check("input[value=centerline]", force=True)
    assert 0 < painted(page).sum() < outline
    page.check("input[value=width]", force=True)
    assert painted(page).sum() == 0
    assert painted(page, (253, 231, 37)).sum() > 0  # the widest there is
    assert page.locator("#legend > span").count() == 6
    page.check("input[value=mask]", force=True)
    expect(page.locator("#legend")).to_be_hidden()
    slide(page, "#split", 1)
    assert painted(page).sum() == 0  # all of it is before
    slide(page, "#split", 0.5)
    assert 0 < painted(page).sum() < mask


def thick_photo() -> np.ndarray:
    pixels = np.full((300, 400, 3), 200, np.uint8)
    pixels[100:130, 50:350] = 10
    return pixels


def test_the_threshold_redraws_at_once_and_measures_without_the_network(
    service: Service, open_page: Open
) -> None:
    pixels = crack_photo()
    pixels[80:90, 20:60] = 110  # probability 0.57
    page = open_page(service)
    choose(page, photo(pixels=pixels))
    shown(page)
    assert figures(page)["Cracks"] == "2"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    slide(page, "#opacity", 1)
    page.click("#actual")
    slide(page, "#threshold", 0.7)
    assert painted(page).sum() == 400  # drawn before any answer
    expect(page.locator("#figures dd").first).to_have_text("1")
    assert [url.split("?")[0].removeprefix(service.url) for url in asked] == ["/v1/measure"]
    assert "threshold=0.7" in asked[0]
    slide(page, "#threshold", 0.5)
    expect(page.locator("#figures dd").first).to_have_text("2")


def test_millimetres_by_typing_and_limits(service: Service, open_page: Open) -> None:
    page = open_page(service)
    show_photo(page)
    page.select_option("#scale-kind", "mm_per_px")
    page.click("#apply-scale")
    expect(page.locator("#scale-said")).to_have_text("Millimetres a pixel: type a number above 0.")
    page.fill("#scale-value", "0.5")
    page.select_option("#limits", "en-1992-1-1-2004")
    page.click("#apply-scale")
    expect(page.locator("#scale-said")).to_contain_text("0.5000 mm a pixel, given by you")
    length = service.post("/v1/segment?mm_per_px=0.5", photo()["buffer"]).json()
    assert figures(page)["Total length"] == f"{length['statistics']['total_length_mm']:.3g} mm"
    assert "exceeds" in page.locator("#cracks tbody tr").first.inner_text()


def test_millimetres_by_a_line_of_known_length(service: Service, open_page: Open) -> None:
    page = open_page(service)
    show_photo(page)
    page.select_option("#scale-kind", "line")
    page.fill("#scale-value", "50")
    page.click("#apply-scale")
    expect(page.locator("#scale-said")).to_contain_text("Draw the line first")
    page.click("#draw-line")
    page.click("#actual")
    box = page.locator("#canvas").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.click(middle[0] - 50, middle[1])
    page.mouse.click(middle[0] + 50, middle[1])
    expect(page.locator("#scale-said")).to_contain_text(
        re.compile(r"The line is (99\.9|100\.\d) px long")
    )
    page.fill("#scale-value", "50")
    page.click("#apply-scale")
    expect(page.locator("#scale-said")).to_contain_text(
        re.compile(r"0\.[45]\d+ mm a pixel, from the line")
    )


def test_a_marker_that_is_not_there_is_told(service: Service, open_page: Open) -> None:
    page = open_page(service, allow="422")
    show_photo(page)
    page.select_option("#scale-kind", "marker")
    page.fill("#scale-value", "50")
    page.click("#apply-scale")
    expect(page.locator("#scale-said")).to_contain_text("marker")
    assert figures(page)["Cracks"] == "1"  # what was there stays


def test_the_table_sorts_filters_and_lights_up(service: Service, open_page: Open) -> None:
    pixels = crack_photo()
    pixels[80:90, 20:140] = 10
    pixels[20:22, 20:60] = 10
    page = open_page(service)
    choose(page, photo(pixels=pixels))
    shown(page)
    ids = page.locator("#cracks tbody td:first-child")
    by_width = ids.all_inner_texts()
    page.click("#cracks th button:has-text('Length')")
    longest = ids.all_inner_texts()
    page.click("#cracks th button:has-text('Length')")
    assert ids.all_inner_texts() == longest[::-1]
    assert page.get_attribute("#cracks th:nth-child(2)", "aria-sort") == "ascending"
    assert len(by_width) == 3
    page.fill("#least-length", "60")
    assert page.inner_text("#shown") == "2 of 3"
    page.fill("#least-width", "7")
    assert page.inner_text("#shown") == "1 of 3"
    page.fill("#least-length", "")
    page.fill("#least-width", "")
    row = page.locator("#cracks tbody tr").first
    row.hover()
    expect(row).to_have_class("lit")
    assert painted(page, (0, 80, 216)).sum() > 0
    # And the other way round: over the picture of the thickest one.
    page.click("#fit")
    slide(page, "#opacity", 1)
    red = painted(page)
    y, x = np.argwhere(red)[-1]
    box = page.locator("#canvas").bounding_box()
    page.mouse.move(box["x"] + x - 30, box["y"] + y - 5)
    expect(page.locator("#cracks tbody tr.lit")).to_have_count(1)
    page.locator("#cracks tbody .go").first.click()
    assert painted(page, (0, 80, 216)).sum() > 0


def test_downloads_are_what_the_service_gives(service: Service, open_page: Open) -> None:
    page = open_page(service)
    page.click("#how summary")
    page.fill("#asset", "pier B-12")
    show_photo(page)
    slide(page, "#threshold", 0.6)
    expect(page.locator("#threshold-value")).to_have_text("0.60")
    name, content = save(page, lambda: page.click("[data-format=mask]"))
    assert name == "wall.mask.png"
    assert (decode(content) > 0).sum() == 400
    name, content = save(page, lambda: page.click("[data-format=csv]"))
    assert name == "wall.csv"
    (row,) = csv.DictReader(io.StringIO(content.decode()))
    assert row["asset_id"] == "pier B-12"
    name, content = save(page, lambda: page.click("[data-format=json]"))
    said = json.loads(content)
    assert said["model"]["threshold"] == 0.6
    assert said["mask"]["encoding"] == "rle"
    name, content = save(page, lambda: page.click("[data-format=pdf]"))
    assert name == "wall.pdf"
    assert content.startswith(b"%PDF-")
    name, content = save(page, lambda: page.click("[data-format=overlay]"))
    assert decode(content).shape == (120, 160, 3)
    expect(page.locator("#download-said")).to_contain_text("saved")


def test_every_other_form_can_be_taken_away(service: Service, open_page: Open) -> None:
    page = open_page(service)
    show_photo(page)
    options = page.locator("#more option").evaluate_all("all => all.map(one => one.value)")
    assert len(options) == 8  # Chromium lets a page save ten files without a hand on the mouse
    for value in options:
        page.select_option("#more", value)
        name, content = save(page, lambda: page.click("#save-more"))
        assert name.startswith("wall.")
        assert len(content) > 100


def test_many_photos_one_of_which_is_none(service: Service, open_page: Open) -> None:
    page = open_page(service, allow="415")
    pdf = {"name": "plan.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 no photo at all"}
    choose(page, *(photo(f"photo {number}.png") for number in range(12)), pdf)
    expect(page.locator("#queue li.done")).to_have_count(12)
    failed = page.locator("#queue li.failed")
    expect(failed).to_have_count(1)
    expect(failed.locator(".state")).to_contain_text("no photo that can be read; send JPEG")
    page.click("#queue li:nth-child(7) .name")
    expect(page.locator("#queue li:nth-child(7)")).to_have_class("done chosen")
    expect(page.locator("#canvas")).to_have_attribute(
        "aria-label", re.compile("photo 6.png, 160 by")
    )


def test_pictures_that_browsers_cannot_show_are_shown(service: Service, open_page: Open) -> None:
    page = open_page(service)
    file = {"name": "scan.tif", "mimeType": "image/tiff", "buffer": encode(crack_photo(), "TIFF")}
    choose(page, file)
    shown(page)
    expect(page.locator("#canvas")).to_have_attribute("aria-label", "scan.tif, 160 by 120 pixels")


def test_a_file_over_the_limit_is_not_sent(start: Start, open_page: Open) -> None:
    service = start(max_upload_mb=1)
    page = open_page(service)
    show_photo(page)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    large = {"name": "large.png", "mimeType": "image/png", "buffer": bytes(1_500_000)}
    choose(page, large)
    expect(page.locator("#queue li.failed .state")).to_have_text(
        "The file has 2 MB, this service takes 1 MB: send the photo smaller."
    )
    assert sent == []
    assert figures(page)["Cracks"] == "1"


def test_a_service_that_stops_loses_no_earlier_result(start: Start, open_page: Open) -> None:
    service = start()
    page = open_page(service, allow="ERR_|Failed to load")
    show_photo(page)
    service.server.should_exit = True
    wait_until(lambda: not is_up(service))
    choose(page, photo("second.png"))
    expect(page.locator("#queue li.failed .state")).to_contain_text("did not answer")
    assert figures(page)["Cracks"] == "1"
    assert page.locator("#queue li.failed .act").inner_text() == "Again"
    slide(page, "#opacity", 1)
    assert painted(page).sum() > 0


def test_a_service_that_is_killed_in_the_middle_of_an_upload(
    models_dir: Path, browser: Browser
) -> None:
    flags = ["--port", "0", "--models-dir", str(models_dir), "--default-model", "darkness"]
    process = subprocess.Popen(
        [*HAIRLINE, "serve", *flags, "--device", "cpu"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    context = browser.new_context(viewport=WIDE)
    try:
        said = next(line for line in process.stdout if line.startswith("Hairline: "))
        page = context.new_page()
        page.goto(said.removeprefix("Hairline: ").strip())
        show_photo(page)
        slow = {"offline": False, "latency": 0, "downloadThroughput": -1}
        context.new_cdp_session(page).send(
            "Network.emulateNetworkConditions", slow | {"uploadThroughput": 200_000}
        )
        noise = np.random.default_rng(0).integers(0, 256, (800, 1000, 3), np.uint8)  # 2.4 MB
        choose(page, photo("noise.png", noise))
        expect(page.locator("#queue li.uploading .state")).to_have_text(
            re.compile("Is sent: [1-9][0-9]? %"), timeout=20_000
        )
        process.kill()
        expect(page.locator("#queue li.failed .state")).to_contain_text("did not answer")
        assert figures(page)["Cracks"] == "1"
    finally:
        process.kill()
        process.communicate()
        context.close()


def is_up(service: Service) -> bool:
    try:
        service.get("/healthz")
    except OSError:
        return False
    return True


def test_a_photo_can_be_cancelled_and_taken_again(
    service: Service, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()
    predictions = Engine.predictions

    def when_it_may(
        engine: Engine, tiles: Sequence[np.ndarray], check: Callable[[], None]
    ) -> Iterator[Prediction]:
        while not goes_on.wait(0.02):
            check()
        return predictions(engine, tiles, check)

    monkeypatch.setattr(Engine, "predictions", when_it_may)
    page = open_page(service)
    choose(page, photo())
    expect(page.locator("#queue li.looking .state")).to_contain_text("Cracks are looked for")
    page.click("#queue li .act")
    expect(page.locator("#queue li.cancelled .state")).to_have_text("Cancelled.")
    goes_on.set()
    page.click("#queue li .act")
    shown(page)


def test_a_busy_service_is_asked_again(start: Start, open_page: Open) -> None:
    service = start(max_queued_pixels=1)
    page = open_page(service, allow="503")
    with service.state.admission.photo(10):  # as if another photo were in work
        choose(page, photo())
        expect(page.locator("#queue li .state")).to_contain_text("busy; trying again in")
    shown(page)


def test_a_key_is_asked_for_where_one_is_wanted(
    start: Start, open_page: Open, browser: Browser, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"inspector:{sha256(b'the-right-one').hexdigest()}\n")
    service = start(api_keys_file=keys)
    context = browser.new_context(viewport=WIDE)
    page = context.new_page()
    page.goto(service.url)
    expect(page.locator("#key-dialog")).to_be_visible()
    page.fill("#key", "not “a key”")
    page.click("#key-dialog button.primary")
    assert page.evaluate("document.querySelector('#key').validationMessage").startswith("A key has")
    page.fill("#key", "a-wrong-one")
    page.click("#key-dialog button.primary")
    expect(page.locator("#key-reason")).to_contain_text("key")
    page.fill("#key", "the-right-one")
    page.click("#key-dialog button.primary")
    expect(page.locator("#model option")).to_have_count(1)
    show_photo(page)
    context.close()


def test_two_models_side_by_side(start: Start, two_models: Path, open_page: Open) -> None:
    pixels = crack_photo()
    pixels[80:90, 20:60] = 150  # probability 0.41: bold alone calls it
    page = open_page(start(models_dir=two_models))
    assert page.locator("#model option").all_text_contents() == ["bold 2.0.0", "darkness 1.0.0"]
    assert page.input_value("#model") == "darkness"
    choose(page, photo(pixels=pixels))
    shown(page)
    page.select_option("#compare", "bold")
    page.click("#show-compare")
    expect(page.locator("#second-caption")).to_contain_text("bold:")
    heights = []
    for _ in range(2):
        ground = [painted(page, (200, 200, 200), name) for name in ("#canvas", "#canvas-second")]
        heights.append([each.any(axis=1).sum() for each in ground])
        assert heights[-1][0] == pytest.approx(heights[-1][1], abs=2)
        page.focus("#canvas")
        page.keyboard.press("-")  # both become smaller
    assert heights[1][0] < 0.8 * heights[0][0]
    slide(page, "#opacity", 1)
    page.select_option("#compare", "")
    page.click("#show-compare")
    expect(page.locator("#second")).to_be_hidden()


def test_a_comparison_that_fails_shows_no_cracks(
    start: Start, two_models: Path, open_page: Open
) -> None:
    page = open_page(start(models_dir=two_models), allow="ERR_")
    show_photo(page)
    page.select_option("#compare", "bold")
    page.click("#show-compare")
    expect(page.locator("#second-caption")).to_contain_text("bold:")
    assert painted(page, blended(0.8), "#canvas-second").sum() > 0
    page.route("**/v1/segment*", lambda route: route.abort())
    page.click("#show-compare")
    expect(page.locator("#second-caption")).to_contain_text("did not answer")
    assert painted(page, blended(0.8), "#canvas-second").sum() == 0


def blended(opacity: float, ground: int = 10) -> tuple[int, int, int]:
    """The overlay's red over the crack's dark, as the canvas rounds it."""
    return tuple(round(opacity * red + (1 - opacity) * ground) for red in RED)


def test_each_photo_keeps_its_scale_and_threshold(service: Service, open_page: Open) -> None:
    page = open_page(service)
    choose(page, photo("a.png"), photo("b.png"))
    shown(page, 2)
    page.click("#queue li:nth-child(1) .name")
    page.select_option("#scale-kind", "mm_per_px")
    page.fill("#scale-value", "0.5")
    page.click("#apply-scale")
    expect(page.locator("#scale-said")).to_contain_text("given by you")
    page.click("#queue li:nth-child(2) .name")
    expect(page.locator("#scale-said")).to_have_text("No scale, so no millimetres.")
    assert page.input_value("#scale-kind") == ""
    slide(page, "#threshold", 0.7)
    expect(page.locator("#measuring")).to_have_text("")
    assert figures(page)["Total length"].endswith("px")
    page.click("#queue li:nth-child(1) .name")
    assert page.input_value("#scale-value") == "0.5"
    assert page.input_value("#threshold") == "0.5"
    assert figures(page)["Total length"].endswith("mm")


def test_figures_follow_a_threshold_that_was_left_behind(service: Service, open_page: Open) -> None:
    """Another photo is chosen before the first was measured again."""
    pixels = crack_photo()
    pixels[80:90, 20:60] = 110
    page = open_page(service)
    choose(page, photo("a.png", pixels), photo("b.png"))
    shown(page, 2)
    page.click("#queue li:nth-child(1) .name")
    assert figures(page)["Cracks"] == "2"
    slide(page, "#threshold", 0.7)
    page.click("#queue li:nth-child(2) .name")
    page.click("#queue li:nth-child(1) .name")
    expect(page.locator("#figures dd").first).to_have_text("1")
    expect(page.locator("#queue li:nth-child(1) .state")).to_have_text("1 crack")


def test_figures_of_before_are_marked(service: Service, open_page: Open) -> None:
    page = open_page(service, allow="ERR_")
    show_photo(page)
    page.route("**/v1/measure*", lambda route: route.abort())
    slide(page, "#threshold", 0.7)
    expect(page.locator("#measuring")).to_contain_text("These figures are of before")
    expect(page.locator("#found")).to_have_class("stale")
    page.unroute("**/v1/measure*")
    slide(page, "#threshold", 0.6)
    expect(page.locator("#found")).not_to_have_class("stale")


def test_a_scale_that_fails_blocks_no_download(service: Service, open_page: Open) -> None:
    page = open_page(service, allow="422")
    show_photo(page)
    page.select_option("#scale-kind", "marker")
    page.fill("#scale-value", "50")
    page.click("#apply-scale")
    expect(page.locator("#scale-said")).to_contain_text("marker")
    name, _ = save(page, lambda: page.click("[data-format=mask]"))
    assert name == "wall.mask.png"


def test_specks_can_be_left_out(service: Service, open_page: Open) -> None:
    pixels = crack_photo()
    pixels[80:83, 20:23] = 10
    page = open_page(service)
    choose(page, photo(pixels=pixels))
    shown(page)
    assert figures(page)["Cracks"] == "2"
    page.fill("#least-area", "10")
    expect(page.locator("#figures dd").first).to_have_text("1")
    _, content = save(page, lambda: page.click("[data-format=csv]"))
    assert len(content.splitlines()) == 2


def test_the_picture_stays_where_it_is_while_the_pointer_moves_over_it(
    service: Service, open_page: Open
) -> None:
    page = open_page(service, viewport={"width": 1000, "height": 800})
    show_photo(page)
    slide(page, "#opacity", 1)
    y, x = np.argwhere(painted(page))[0]
    box = page.locator("#canvas").bounding_box()
    page.mouse.move(box["x"] + x + 5, box["y"] + y + 5)
    expect(page.locator("#cracks tbody tr.lit")).to_have_count(1)
    assert page.evaluate("window.scrollY") == 0


def test_a_line_is_drawn_by_keys(service: Service, open_page: Open) -> None:
    page = open_page(service)
    show_photo(page)
    page.select_option("#scale-kind", "line")
    page.click("#actual")
    page.click("#draw-line")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#scale-said")).to_contain_text("The line is 60.0 px long")


def test_the_zoom_stays_while_the_window_changes(service: Service, open_page: Open) -> None:
    page = open_page(service)
    show_photo(page)
    slide(page, "#opacity", 1)
    page.click("#actual")
    page.set_viewport_size({"width": 1200, "height": 800})
    page.wait_for_timeout(200)
    assert painted(page).sum() == 400


def test_a_photo_of_24_megapixels(service: Service, open_page: Open) -> None:
    pixels = np.full((4000, 6000, 3), 200, np.uint8)
    pixels[2000:2004, 1000:5000] = 10
    page = open_page(service)
    choose(page, photo(pixels=pixels))
    expect(page.locator("#queue li.done")).to_have_count(1, timeout=120_000)
    expect(page.locator("#canvas")).to_have_attribute("aria-busy", "false", timeout=60_000)
    slide(page, "#opacity", 1)
    # Made seven times smaller, a crack of 4 px is half a pixel wide, and still there from end to end.
    columns = np.flatnonzero(painted(page).any(axis=0))
    assert len(columns) == columns[-1] - columns[0] + 1
    page.click("#cracks tbody .go")
    page.click("#actual")
    assert painted(page).any(axis=1).sum() == 4
    page.focus("#canvas")
    for _ in range(12):
        page.keyboard.press("+")
    assert painted(page).any(axis=1).sum() == 4 * 32  # single pixels, 32 screen pixels each


@pytest.mark.parametrize(
    "options",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark"},
        {"viewport": PHONE, "has_touch": True, "is_mobile": True},
    ],
)
def test_axe_finds_nothing(service: Service, open_page: Open, options: dict) -> None:
    page = open_page(service, **options)
    assert violations(page) == []
    show_photo(page)
    page.select_option("#scale-kind", "mm_per_px")
    page.click("#how summary")
    page.check("input[value=width]", force=True)
    assert violations(page) == []


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("width", [320, 390, 760, 1024, 1440])
def test_no_width_makes_the_page_scroll_sideways(
    service: Service, open_page: Open, width: int
) -> None:
    page = open_page(service, viewport={"width": width, "height": 800})
    show_photo(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_dark_mode(service: Service, open_page: Open) -> None:
    light = open_page(service, color_scheme="light")
    dark = open_page(service, color_scheme="dark")
    grounds = [
        page.evaluate("getComputedStyle(document.body).backgroundColor") for page in (light, dark)
    ]
    brightness = [sum(map(int, re.findall(r"\d+", ground)[:3])) for ground in grounds]
    assert brightness[0] > 600
    assert brightness[1] < 150


def test_a_service_without_models_is_told(service: Service, browser: Browser) -> None:
    context = browser.new_context(viewport=WIDE)
    page = context.new_page()
    page.route("**/v1/models", lambda route: route.fulfill(json={"models": []}))
    page.goto(service.url)
    expect(page.locator("#notice")).to_contain_text("This service has no model")
    context.close()


def test_by_keys_alone(service: Service, open_page: Open) -> None:
    page = open_page(service)
    show_photo(page)
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "go":
            break
    else:
        pytest.fail("the table is out of reach")
    page.keyboard.press("Enter")
    expect(page.locator("#cracks tbody tr.lit")).to_have_count(1)


def test_dropped_and_pasted_photos(service: Service, open_page: Open) -> None:
    page = open_page(service)
    data = list(photo()["buffer"])
    for kind in ("drop", "paste"):
        page.evaluate(
            """([kind, data]) => {
                const carried = new DataTransfer();
                carried.items.add(new File([new Uint8Array(data)], kind + ".png", {type: "image/png"}));
                const event = kind === "drop"
                    ? new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true})
                    : new ClipboardEvent("paste", {clipboardData: carried, bubbles: true});
                document.body.dispatchEvent(event);
            }""",
            [kind, data],
        )
    shown(page, 2)
    assert page.locator("#queue .name").all_inner_texts() == ["drop.png", "paste.png"]


def test_a_service_that_warms_up_says_so(
    start: Start, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm = threading.Event()
    warm_up = Registry.warm_up
    monkeypatch.setattr(Registry, "warm_up", lambda self: (warm.wait(30), warm_up(self))[1])
    page = open_page(start(wait=False), allow="503")
    expect(page.locator("#notice")).to_contain_text("getting ready")
    warm.set()
    expect(page.locator("#notice")).to_be_hidden()
    time.sleep(0.1)
    show_photo(page)
