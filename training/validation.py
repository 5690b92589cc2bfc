"""What is looked at after each epoch of the field recipe: fixed crops at native resolution."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from training.config import Recipe
from training.crops import PairCache, window
from training.data import Row

CROP_SIZE = 256  # pixels; of the fixed crops, whatever the training crops measure


def fixed_crops(
    rows: Sequence[Row], recipe: Recipe, cache: PairCache
) -> tuple[np.ndarray, np.ndarray]:
    """`recipe.validation_crops` native crops, sources in turn, the same at every call.

    Half of the crops of a photo with cracks are centred on one. Photos float32 `[N, S, S, 3]` (0 to 255),
    targets float32 `[N, S, S, 1]`.
    """
    rng = np.random.default_rng(recipe.seed)
    by_source: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_source[row.source].append(row)
    photos, targets = [], []
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
    return np.stack(photos).astype(np.float32), np.stack(targets)[..., None].astype(np.float32)
