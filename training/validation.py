"""What is looked at after each epoch of the field recipe: fixed crops at native resolution."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np

from training.config import Recipe
from training.crops import PairCache, window
from training.data import DataError, Row
from training.evaluation.scoring import Counts, count
from training.metrics import CRACK_THRESHOLD

CROP_SIZE = 256  # pixels; of the fixed crops, whatever the training crops measure
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)  # coarse: the file's own is chosen on whole photos
BATCH_SIZE = 8


class FixedCrops(NamedTuple):
    """Crops that every epoch is judged by.

    Attributes:
        photos: float32 `[N, S, S, 3]`, 0 to 255.
        targets: float32 `[N, S, S, 1]`.
        sources: the N names.
    """

    photos: np.ndarray
    targets: np.ndarray
    sources: list[str]


def fixed_crops(rows: Sequence[Row], recipe: Recipe, cache: PairCache) -> FixedCrops:
    """`recipe.validation_crops` native crops, sources in turn, the same at every call.

    Half of the crops of a photo with cracks are centred on one.
    """
    rng = np.random.default_rng(recipe.seed)
    by_source: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_source[row.source].append(row)
    photos, targets, sources = [], [], []
    for number in range(recipe.validation_crops):
        source = sorted(by_source)[number % len(by_source)]
        photo, mask, cracks = cache.pair(by_source[source][rng.integers(len(by_source[source]))])
        height, width = mask.shape
        row, column = rng.integers(height), rng.integers(width)
        if len(cracks) and rng.random() < 0.5:
            row, column = divmod(int(cracks[rng.integers(len(cracks))]), width)
        top = int(np.clip(row - CROP_SIZE // 2, 0, max(height - CROP_SIZE, 0)))
        left = int(np.clip(column - CROP_SIZE // 2, 0, max(width - CROP_SIZE, 0)))
        photos.append(window(photo, top, left, (CROP_SIZE, CROP_SIZE)))
        targets.append(window(mask, top, left, (CROP_SIZE, CROP_SIZE)))
        sources.append(source)
    return FixedCrops(
        np.stack(photos).astype(np.float32),
        np.stack(targets)[..., None].astype(np.float32),
        sources,
    )


def mean_f1_within_2px(probabilities: np.ndarray, crops: FixedCrops) -> float:
    """The mean over the sources with cracks of F1 within 2 px, at the best of THRESHOLDS: 0 to 1.

    As a shipped file's threshold is chosen (docs/decisions/0009): each source weighs alike, and a rim of 2 px
    nothing. F1 over the pixels of all crops picked the worst epoch of a run by this measure (docs/decisions/0005).
    `probabilities` float `[N, S, S, 1]`; a crop at least has a crack.
    """
    cracks = crops.targets >= CRACK_THRESHOLD
    means = []
    for threshold in THRESHOLDS:
        pooled: dict[str, Counts] = defaultdict(Counts)
        for source, probability, crack in zip(crops.sources, probabilities, cracks, strict=True):
            pooled[source] += count(probability[..., 0] >= threshold, crack[..., 0])
        cracked = [counts for counts in pooled.values() if counts.true_pixels]
        means.append(float(np.mean([counts.f1_within_2px() for counts in cracked])))
    return max(means)


class ScoreSources(keras.callbacks.Callback):
    """Adds `val_mean_f1_within_2px` to the figures of each epoch. Raises DataError where no crop has a crack."""

    def __init__(self, crops: FixedCrops):
        super().__init__()
        if not (crops.targets >= CRACK_THRESHOLD).any():
            raise DataError(
                f"none of the {len(crops.sources)} validation crops has a crack, so no epoch can be told from "
                "another; add photos with cracks to the val rows"
            )
        self._crops = crops

    def on_epoch_end(self, epoch, logs=None):
        probabilities = self.model.predict(self._crops.photos, batch_size=BATCH_SIZE, verbose=0)
        logs["val_mean_f1_within_2px"] = mean_f1_within_2px(probabilities, self._crops)
