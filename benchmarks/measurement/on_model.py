"""Lengths and widths off a network's own output, where the truth is known: drawn photos, and masks of real ones."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.spatial import KDTree

from app.measurement import Calibration, Crack, measure
from app.pipeline import Options, predict
from app.registry import Model
from app.telemetry import Stopwatch
from training.data import read_pair, read_rows, select
from training.synthetic import SceneRecipe, draw_scene

# Training draws its scenes from seeds below 2^31: these were never seen.
FIRST_UNSEEN_SEED = 2**31
SIDE_PX = 512
# A crack of the network's that runs this close to a true one is that one.
MATCH_PX = 4.0


@dataclass(frozen=True)
class Comparison:
    """One photo. Widths are means weighted by length, over the cracks that were found where there is one."""

    true_length_px: float
    length_px: float
    true_width_px: float
    width_px: float


def on_drawn_photos(model: Model, count: int) -> list[Comparison]:
    """`count` drawn photos of one crack, with its branches, each."""
    found = []
    for seed in range(FIRST_UNSEEN_SEED, FIRST_UNSEEN_SEED + count):
        scene = draw_scene(SceneRecipe(SIDE_PX, SIDE_PX, crack_count=(1, 1)), seed)
        lengths = np.array([truth.length_px for truth in scene.cracks])
        widths = np.array([truth.width_px.mean() for truth in scene.cracks])
        line = np.vstack([_dense(truth.centerline_px) for truth in scene.cracks])
        found.append(
            _compared(scene.photo, model, line, lengths.sum(), lengths @ widths / lengths.sum())
        )
    return found


def on_masks(model: Model, index: Path, source: str, split: str) -> list[Comparison]:
    """Photos with cracks of a source, against their masks measured the same way."""
    found = []
    for row in select(read_rows(index), split, sources=[source], without=()):
        photo, mask = read_pair(row)
        truth = measure(mask.astype(np.float32), 0.5)
        if truth.crack_count:
            line = np.vstack(
                [_dense(line) for crack in truth.cracks for line in crack.centerlines_px]
            )
            found.append(_compared(photo, model, line, truth.total_length_px, truth.mean_width_px))
    return found


def _compared(
    photo: np.ndarray, model: Model, line: np.ndarray, true_length: float, true_width: float
) -> Comparison:
    probability, said = predict(photo, model, Options(), Stopwatch()), model.contract
    calibration = Calibration.of(said.width_calibration)
    near = KDTree(line)
    cracks = [
        crack
        for crack in measure(probability, said.threshold, calibration=calibration).cracks
        if np.median(near.query(np.vstack([_dense(c) for c in crack.centerlines_px]))[0])
        <= MATCH_PX
    ]
    length = sum(crack.length_px for crack in cracks)
    return Comparison(true_length, length, true_width, _mean_width(cracks, length))


def _mean_width(cracks: list[Crack], length: float) -> float:
    if not cracks:
        return float("nan")
    return sum(crack.length_px * crack.width_px.mean for crack in cracks) / length


def _dense(line: np.ndarray) -> np.ndarray:
    """Points no farther than a pixel apart along a polyline."""
    pieces = [
        start
        + np.linspace(0, 1, int(np.ceil(np.hypot(*(end - start)))) + 1)[:, None] * (end - start)
        for start, end in pairwise(line)
    ]
    return np.vstack(pieces)
