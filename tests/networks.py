"""What the tests of the networks share."""

import keras
import numpy as np


def random_photos(count: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def probability(model: keras.Model, photos: np.ndarray) -> np.ndarray:
    return keras.ops.convert_to_numpy(model(photos))


def layers_of(model: keras.Model, kind: type) -> list[keras.Layer]:
    return [layer for layer in model.layers if type(layer) is kind]
