"""`python -m training synthesize OUT`: photos, masks and truths as a folder to train on."""

import argparse
import csv
import json
import re
import sys
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from training.synthetic.recipe import Scene, SceneRecipe
from training.synthetic.scene import draw_scene

COLUMNS = (
    "source",
    "image",
    "mask",
    "width",
    "height",
    "crack_fraction",
    "surface",
    "group",
    "split",
    "licence",
)
VAL_EVERY = 10
"""One scene in ten goes to the split `val`, the others to `train`."""
JPEG_QUALITY = 95
ROUNDING = 4
"""Decimals of a pixel kept in the truth files."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add OUT, --count, --size, --seed and --crack-free to `parser`."""
    parser.add_argument("out", metavar="OUT", type=Path, help="new or empty folder to write to")
    parser.add_argument("--count", type=_count, default=100, help="number of scenes")
    parser.add_argument(
        "--size", type=_size, default="256x256", metavar="WxH", help="width x height in pixels"
    )
    parser.add_argument("--seed", type=_seed, default=0, help="scene i is drawn from seed + i")
    parser.add_argument(
        "--crack-free",
        type=_share,
        default=0.2,
        metavar="SHARE",
        help="share of scenes without a crack, 0 to 1",
    )


def run(args: argparse.Namespace) -> int:
    """Write the scenes; 0 when all are written, 2 when OUT is not empty or the request is bad."""
    out: Path = args.out
    width, height = args.size
    try:
        cracked = SceneRecipe(height, width)
        crack_free = SceneRecipe(height, width, crack_count=(0, 0))
        _prepare(out)
    except (ValueError, OSError) as error:
        print(f"synthesize: {error}", file=sys.stderr)
        return 2
    with (out / "index.csv").open("w", newline="", encoding="utf-8") as file:
        index = csv.writer(file, lineterminator="\n")
        index.writerow(COLUMNS)
        for number in tqdm(range(args.count), unit="scene", desc="synthesize"):
            is_crack_free = _is_chosen(number, args.crack_free)
            seed = args.seed + number
            scene = draw_scene(crack_free if is_crack_free else cracked, seed)
            index.writerow(_write(out, number, seed, scene))
    return 0


def _is_chosen(number: int, share: float) -> bool:
    """True for `share` of all numbers, spread evenly."""
    return int((number + 1) * share) > int(number * share)


def _prepare(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out} is not an empty folder; name a new one, or empty it first")
    for name in ("images", "masks", "truth"):
        (out / name).mkdir(parents=True)


def _write(out: Path, number: int, seed: int, scene: Scene) -> list[object]:
    """Write one scene's three files and return its row of the index."""
    image, mask = f"images/{number:05d}.jpg", f"masks/{number:05d}.png"
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    _write_image(out / image, scene.photo[..., ::-1], quality)
    _write_image(out / mask, scene.mask.astype(np.uint8) * 255, [])
    truth = json.dumps(_truth(seed, scene))
    (out / f"truth/{number:05d}.json").write_text(truth + "\n", encoding="utf-8")
    height, width = scene.mask.shape
    fraction = f"{scene.mask.mean():.6f}"
    split = "val" if seed % VAL_EVERY == VAL_EVERY - 1 else "train"
    name = f"synthetic_{seed}"
    return [
        "synthetic", image, mask, width, height, fraction, "concrete", name, split, "generated",
    ]  # fmt: skip


def _write_image(path: Path, pixels: np.ndarray, flags: list[int]) -> None:
    if not cv2.imwrite(str(path), pixels, flags):
        raise OSError(f"could not write {path}; is there room on the disk?")


def _truth(seed: int, scene: Scene) -> dict[str, object]:
    """Everything known about the scene, in pixels, for JSON."""
    height, width = scene.mask.shape
    cracks = [
        {
            "centerline_px": crack.centerline_px.round(ROUNDING).tolist(),
            "width_px": crack.width_px.round(ROUNDING).tolist(),
            "length_px": round(crack.length_px, ROUNDING),
            "mean_width_px": round(crack.mean_width_px, ROUNDING),
            "contrast": round(crack.contrast, ROUNDING),
        }
        for crack in scene.cracks
    ]
    voids = [
        {
            "x_px": round(void.x_px, ROUNDING),
            "y_px": round(void.y_px, ROUNDING),
            "radius_px": round(void.radius_px, ROUNDING),
        }
        for void in scene.voids
    ]
    return {"seed": seed, "width": width, "height": height, "cracks": cracks, "voids": voids}


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {value}")
    return value


def _seed(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"must not be below 0, got {value}")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"must be from 0 to 1, got {value}")
    return value


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"must look like 256x256 (width x height), got {text!r}")
    return int(match[1]), int(match[2])
