"""Does a shipped file keep its promises on photos of your own? `python -m benchmarks.fidelity MODEL PHOTO...`

Prints, for each photo: `seams`, the mean difference of probability between two runs, one with tiles midway
between those of the other, over the pixels that either calls crack; with `--exact FILE` (the same weights,
exported with `--weights float32`) also `storage`, the largest difference anywhere, and the F1 of one mask against
the other.
"""

import argparse
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from app import image, tiling
from app.pipeline import Options, predict
from app.registry import Model, load_model
from app.telemetry import Stopwatch
from training.evaluation.scoring import count


def probability(photo: np.ndarray, model: Model) -> np.ndarray:
    return predict(photo, model, Options(), Stopwatch())


def seam_difference(photo: np.ndarray, model: Model) -> float:
    """Mean difference to a run whose tiles begin midway between the usual ones, half a tile on in a large photo.

    The first and the last tile stay at the photo's edges: mirroring the photo to move them, too, would change what
    the network sees there, which is no seam.
    """
    said = model.contract
    height, width = photo.shape[:2]
    usual = tiling.grid(height, width, said.tile_size, said.overlap)
    moved = replace(
        usual,
        rows=_moved(usual.rows),
        columns=_moved(usual.columns),
    )
    here, there = stitched(photo, usual, model), stitched(photo, moved, model)
    called = (here >= said.threshold) | (there >= said.threshold)
    return float(np.abs(here - there)[called].mean()) if called.any() else 0.0


def _moved(starts: tuple[int, ...]) -> tuple[int, ...]:
    """0, 256, 512 becomes 0, 128, 384, 512."""
    between = [(one + other) // 2 for one, other in pairwise(starts)]
    return tuple(dict.fromkeys((starts[0], *between, starts[-1])))


def stitched(photo: np.ndarray, grid: tiling.Grid, model: Model) -> np.ndarray:
    return tiling.stitch(model.engine.predict(list(tiling.cut(photo, grid))), grid)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--exact", type=Path, help="the same weights, stored as float32")
    args = parser.parse_args()
    model, exact = (
        load_model(args.model, "auto"),
        load_model(args.exact, "auto") if args.exact else None,
    )
    for path in args.photos:
        photo = image.decode(image.identify(path.read_bytes(), 120_000_000)).pixels
        seams = seam_difference(photo, model)
        line = f"{path.name} {photo.shape[1]}x{photo.shape[0]} seams {seams:.4f}"
        if exact:
            a, b = probability(photo, model), probability(photo, exact)
            level = model.contract.threshold
            line += (
                f" storage {np.abs(a - b).max():.4f} f1 {count(a >= level, b >= level).f1():.4f}"
            )
        print(line, flush=True)


if __name__ == "__main__":
    main()
