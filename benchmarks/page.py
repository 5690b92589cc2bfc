"""`python -m benchmarks.page docs/page`: the web page in a real browser, as pictures and in milliseconds.

Pictures of its states on a photo drawn by program; and, on a drawn photo of 24 megapixels, how long a frame takes while
it is zoomed and moved and the threshold slides. A browser without a GPU: what a desktop draws, it draws faster.
"""

import argparse
import json
import platform
import shutil
import statistics
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.serving import serving
from training.synthetic import SceneRecipe, draw_scene

WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
SEED = 2**31 + 504  # of no training photo
LARGE = (4000, 6000)
# Each act is repeated, and a frame is asked for after it: from the act until the frame has been drawn.
FRAMES = """async ([acts, times]) => {
  const canvas = document.querySelector("#canvas");
  const slider = document.querySelector("#threshold");
  const key = (name) => canvas.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
  const slide = (value) => {
    slider.value = value;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const drawn = () => new Promise((done) => requestAnimationFrame(() => {
    canvas.getContext("2d").getImageData(0, 0, 1, 1); // waits until the canvas is painted
    done();
  }));
  const milliseconds = {};
  for (const [name, keys] of Object.entries(acts)) {
    const taken = [];
    for (let i = 0; i < times; i++) {
      await drawn();
      const before = performance.now();
      if (name === "threshold") slide(0.3 + 0.4 * (i / times));
      else key(keys[i % keys.length]);
      await drawn();
      taken.push(performance.now() - before);
    }
    milliseconds[name] = taken;
  }
  return milliseconds;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, help="folder for pictures and frames.json")
    parser.add_argument("--model", default="unet")
    parser.add_argument("--only-frames", action="store_true", help="no pictures")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    with serving(args.model) as (url, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        if not args.only_frames:
            for name, options in (
                ("light", {"viewport": WIDE, "color_scheme": "light"}),
                ("dark", {"viewport": WIDE, "color_scheme": "dark"}),
                ("phone", {"viewport": PHONE, "has_touch": True, "is_mobile": True}),
            ):
                take_pictures(browser.new_page(**options), url, args.output, name)
        record = frames(browser.new_page(viewport=WIDE), url)
        record["browser"] = f"Chromium {browser.version}, headless, without a GPU"
        record["machine"] = f"{platform.machine()}, Python {platform.python_version()}"
        browser.close()
    (args.output / "frames.json").write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps(record, indent=1))


def take_pictures(page: Page, url: str, folder: Path, name: str) -> None:
    """The page empty, with a result, and with widths in millimetres."""
    page.goto(url)
    page.wait_for_selector("#model option", state="attached")
    page.screenshot(path=folder / f"{name}-empty.png")
    page.click("#sample")
    page.wait_for_selector("#cracks tbody tr", timeout=120_000)
    page.wait_for_timeout(500)  # the last frame
    page.screenshot(path=folder / f"{name}-result.png", full_page=name == "phone")
    page.check("input[value=width]", force=True)
    page.select_option("#scale-kind", "mm_per_px")
    page.fill("#scale-value", "0.25")
    page.select_option("#limits", "en-1992-1-1-2004")
    page.click("#apply-scale")
    page.wait_for_selector("#scale-said:has-text('given by you')")
    page.hover("#cracks tbody tr")
    page.wait_for_timeout(500)
    page.screenshot(path=folder / f"{name}-millimetres.png", full_page=name == "phone")


def frames(page: Page, url: str) -> dict[str, object]:
    """Milliseconds a frame on 24 megapixels."""
    height, width = LARGE
    scene = draw_scene(SceneRecipe(1000, 1500), SEED).photo
    large = cv2.resize(np.ascontiguousarray(scene[..., ::-1]), (width, height))
    _, encoded = cv2.imencode(".jpg", large, [cv2.IMWRITE_JPEG_QUALITY, 90])
    page.goto(url)
    page.wait_for_selector("#model option", state="attached")
    page.evaluate("document.querySelector('#how').open = true")
    page.select_option("#mode", "resize")  # the map is as large, and the network sees one tile
    page.set_input_files(
        "#files", [{"name": "large.jpg", "mimeType": "image/jpeg", "buffer": encoded.tobytes()}]
    )
    page.wait_for_selector("#queue li.done", timeout=300_000)
    page.wait_for_selector("#found", timeout=60_000)
    page.wait_for_selector("#tools:not([hidden])", timeout=60_000)
    page.wait_for_timeout(3000)
    acts = {
        "move": ["ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"],
        "zoom": ["+", "+", "+", "+", "-", "-", "-", "-"],
        "threshold": [],
    }
    taken = page.evaluate(FRAMES, [acts, 40])
    return {
        "photo": f"{width}x{height}",
        "canvas": page.evaluate(
            "[document.querySelector('#canvas').width, document.querySelector('#canvas').height]"
        ),
        "milliseconds": {
            act: {
                "median": round(statistics.median(values), 1),
                "p95": round(sorted(values)[int(0.95 * len(values))], 1),
            }
            for act, values in taken.items()
        },
    }


if __name__ == "__main__":
    main()
