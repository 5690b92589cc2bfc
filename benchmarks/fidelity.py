"""Does a shipped file keep its promises on photos of your own? `python -m benchmarks.fidelity MODEL PHOTO...`

Prints, for each photo: `seams`, the mean difference of probability between two runs whose tile grids lie half
a tile apart, over the pixels that either calls crack, and the same `inside`, 64 px and more from the photo's edge
(nearer to it the moved run sees mirrored surroundings, where the other sees none); with `--exact FILE` (the same
weights, exported with `--weights float32`) also `storage`, the largest difference anywhere, and the F1 of one mask
against the other.
"""

import argparse
from pathlib import Path

import numpy as np

from app import image
from app.engine import Engine
from app.pipeline import Options, predict
from app.registry import Model
from app.telemetry import Stopwatch
from training.scoring import count

EDGE_PX = 64


def load(file: Path) -> Model:
    engine = Engine(file, "auto")
    return Model(engine.contract, "", engine)


def probability(photo: np.ndarray, model: Model) -> np.ndarray:
    return predict(photo, model, Options(), Stopwatch())


def seam_differences(photo: np.ndarray, model: Model) -> tuple[float, float]:
    """Mean difference, everywhere and EDGE_PX inside, to a run whose grid is moved by half a tile.

    Mirroring the photo at its top and left moves the grid.
    """
    half = model.contract.tile_size // 2
    moved = np.pad(photo, ((half, 0), (half, 0), (0, 0)), mode="reflect")
    here, there = probability(photo, model), probability(moved, model)[half:, half:]
    called = (here >= model.contract.threshold) | (there >= model.contract.threshold)
    inside = np.zeros_like(called)
    inside[EDGE_PX:-EDGE_PX, EDGE_PX:-EDGE_PX] = True
    difference = np.abs(here - there)
    everywhere, within = (
        float(difference[place].mean()) if place.any() else 0.0
        for place in (called, called & inside)
    )
    return everywhere, within


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--exact", type=Path, help="the same weights, stored as float32")
    args = parser.parse_args()
    model, exact = load(args.model), load(args.exact) if args.exact else None
    for path in args.photos:
        photo = image.decode(image.identify(path.read_bytes(), 120_000_000)).pixels
        seams, inside = seam_differences(photo, model)
        line = (
            f"{path.name} {photo.shape[1]}x{photo.shape[0]} seams {seams:.4f} inside {inside:.4f}"
        )
        if exact:
            a, b = probability(photo, model), probability(photo, exact)
            level = model.contract.threshold
            line += (
                f" storage {np.abs(a - b).max():.4f} f1 {count(a >= level, b >= level).f1():.4f}"
            )
        print(line, flush=True)


if __name__ == "__main__":
    main()
