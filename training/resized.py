"""The paper's preprocessing: every photo and mask resized to a square, nothing else changed."""

from collections.abc import Sequence

import cv2
import keras
import numpy as np

from training.config import Recipe
from training.crops import PairCache
from training.data import Row


class ResizedDataset(keras.utils.PyDataset):
    """All rows, bilinearly at `crop_size`; shuffled anew each epoch where `shuffle` is set.

    The order depends on (seed, epoch) alone. The mask's grey edge values, which the resize makes, stay.
    """

    def __init__(self, rows: Sequence[Row], recipe: Recipe, cache: PairCache, *, shuffle: bool):
        super().__init__(workers=1, use_multiprocessing=False)
        self._rows = list(rows)
        self._recipe = recipe
        self._cache = cache
        self._shuffle = shuffle
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self._rows) // self._recipe.batch_size)

    def __getitem__(self, batch: int) -> tuple[np.ndarray, np.ndarray]:
        order = np.arange(len(self._rows))
        if self._shuffle:
            np.random.default_rng((self._recipe.seed, self.epoch)).shuffle(order)
        chosen = order[batch * self._recipe.batch_size :][: self._recipe.batch_size]
        pairs = [self._resized(self._rows[number]) for number in chosen]
        return np.stack([photo for photo, _ in pairs]), np.stack([mask for _, mask in pairs])[
            ..., None
        ]

    def _resized(self, row: Row) -> tuple[np.ndarray, np.ndarray]:
        photo, mask, _ = self._cache.pair(row)
        size = (self._recipe.crop_size, self._recipe.crop_size)
        return (
            cv2.resize(photo.astype(np.float32), size, interpolation=cv2.INTER_LINEAR),
            cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR),
        )
