"""Means and variances of batch normalization, measured anew as they are when the network predicts."""

from collections.abc import Iterable

import keras
import numpy as np

from training.normalization import without_gradients

BATCHES = 16  # ten were enough where it was measured


def recalibrate(network: keras.Model, batches: Iterable[np.ndarray]) -> None:
    """Replace every moving mean and variance by its plain average over `batches`, without dropout.

    Those of training lag behind the weights, and dropout swells the variances that they hold (Li et al., CVPR 2019,
    "Understanding the Disharmony between Dropout and Batch Normalization"): on 40 validation crops of 256 px a
    DeepLabV3+ midway in its training had an F1 of 0.11, after this with ten batches 0.56. A network without
    normalization stays as it is, and draws no batch.
    """
    if not _normalizations(network):
        return
    # Without loss and metrics, which could not be cloned.
    bare = keras.Model(network.input, network.output)
    twin = keras.models.clone_model(bare, clone_function=_without_dropout)
    twin.set_weights(network.get_weights())
    for number, photos in enumerate(batches, start=1):
        for layer in _normalizations(twin):
            layer.momentum = 1 - 1 / number
        with (
            without_gradients()
        ):  # batches of 8 photos of 256 px in float32 are 5 GB each otherwise
            twin(photos, training=True)
    for own, measured in zip(_normalizations(network), _normalizations(twin), strict=True):
        own.moving_mean.assign(measured.moving_mean)
        own.moving_variance.assign(measured.moving_variance)


def _normalizations(network: keras.Model) -> list[keras.layers.BatchNormalization]:
    return [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]


def _without_dropout(operation):
    if not isinstance(operation, keras.layers.Layer):  # a sum or so: it has no configuration
        return operation
    if isinstance(operation, keras.layers.Dropout):
        return keras.layers.Dropout(0.0, name=operation.name)
    return type(operation).from_config(operation.get_config())


class RecalibrateNormalization(keras.callbacks.Callback):
    """Recalibrates on the epoch's own crops before each validation, so that what is kept predicts as it was judged."""

    def __init__(self, dataset):
        super().__init__()
        self._dataset = dataset

    def on_test_begin(self, logs=None):
        batches = range(min(BATCHES, len(self._dataset)))
        recalibrate(self.model, (self._dataset[number][0] for number in batches))
