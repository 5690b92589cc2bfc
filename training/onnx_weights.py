"""The weights of an .onnx file, back in a Keras network: the way of `training export`, backwards."""

from pathlib import Path

import keras
import numpy as np

from app.engine import Engine
from training.data import DataError
from training.onnx_file import stored_weights
from training.synthetic import SceneRecipe, draw_scene

CALIBRATION_PHOTOS = 8
LARGEST_DIFFERENCE = 1e-3  # of a probability, network against file, both in float32


def load_from_onnx(network: keras.Model, file: Path) -> None:
    """Give the network the weights of a file that `training export` wrote.

    Raises DataError where the file holds another network: what was loaded has to predict as the file does.
    """
    exact = keras.models.clone_model(network, clone_function=_in_float32)
    stored = stored_weights(file)
    engine = Engine(file, "cpu")
    side = engine.contract.tile_size
    photos = np.stack(
        [draw_scene(SceneRecipe(side, side), seed).photo for seed in range(CALIBRATION_PHOTOS)]
    )
    for layer in exact.layers:
        if layer.weights and not isinstance(layer, keras.layers.BatchNormalization):
            _load_convolution(layer, stored, file)
    _restore_normalization(exact, stored, photos)
    expected = engine.predict(photos[:2])
    found = keras.ops.convert_to_numpy(exact(photos[:2].astype(np.float32)))[..., 0]
    difference = float(np.abs(found - expected).max())
    if not difference <= LARGEST_DIFFERENCE:
        raise DataError(
            f"loaded from {file}, the network differs from it by {difference:.1e}; "
            f"{LARGEST_DIFFERENCE:g} is allowed"
        )
    network.set_weights(exact.get_weights())


def _in_float32(operation):
    if not isinstance(operation, keras.layers.Layer):  # a sum or so: it has no type of its own
        return operation
    return type(operation).from_config(operation.get_config() | {"dtype": "float32"})


def _load_convolution(layer: keras.layers.Layer, stored: dict[str, np.ndarray], file: Path) -> None:
    own = _of_layer(stored, layer.name)
    kernels = [values for values in own.values() if values.ndim == 4]
    if len(kernels) != 1:
        raise DataError(f"{file} has no layer {layer.name}; it holds another network")
    biases = [values for values in own.values() if values.ndim == 1]
    try:
        layer.set_weights([_to_keras(layer, kernels[0]), *biases[: layer.use_bias]])
    except ValueError as error:
        raise DataError(f"{file}, layer {layer.name}: {error}") from None


def _of_layer(stored: dict[str, np.ndarray], layer: str) -> dict[str, np.ndarray]:
    return {
        name: values for name, values in stored.items() if name.split("/")[1:2] == [f"{layer}_1"]
    }


def _to_keras(layer: keras.layers.Layer, kernel: np.ndarray) -> np.ndarray:
    """ONNX has channels first; Keras has them last, and a transposed convolution's inputs behind its outputs."""
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return kernel.transpose(2, 3, 0, 1)
    return kernel.transpose(2, 3, 1, 0)


def _restore_normalization(
    network: keras.Model, stored: dict[str, np.ndarray], photos: np.ndarray
) -> None:
    """Put batch normalization back, which an export folds into the convolution before it.

    The folded layers compute `scale * x + shift`, from which mean and variance cannot be told. They are measured on
    drawn photos, and gamma and beta follow: the prediction stays exactly, and training goes on from sane statistics.
    """
    layers = [
        layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)
    ]
    if not layers:
        return
    for layer in layers:  # until measured: scale * x + shift
        scale, shift = _folded(stored, layer)
        zeros, variance = np.zeros_like(scale), np.full_like(scale, 1.0 - layer.epsilon)
        layer.set_weights([scale, shift, zeros, variance])
    inner = keras.Model(network.input, [layer.input for layer in layers])
    statistics = [_moments(inner, photo) for photo in photos]
    for layer, moments in zip(layers, zip(*statistics, strict=True), strict=True):
        means = np.stack([mean for mean, _ in moments])
        squares = np.stack([square for _, square in moments])
        mean = means.mean(axis=0)
        variance = squares.mean(axis=0) - mean**2
        scale, shift = _folded(stored, layer)
        gamma = scale * np.sqrt(variance + layer.epsilon)
        layer.set_weights([gamma, shift + scale * mean, mean, variance])


def _moments(inner: keras.Model, photo: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Mean and mean square of each channel of each map, in float64: a variance is a small difference of the two."""
    maps = [
        np.asarray(keras.ops.convert_to_numpy(values), np.float64)
        for values in inner(photo[None].astype(np.float32))
    ]
    return [(m.mean(axis=(0, 1, 2)), (m**2).mean(axis=(0, 1, 2))) for m in maps]


def _folded(
    stored: dict[str, np.ndarray], layer: keras.layers.Layer
) -> tuple[np.ndarray, np.ndarray]:
    """Scale and shift, `[channels]`, that are left of a normalization."""
    own = _of_layer(stored, layer.name)
    scale = [values for name, values in own.items() if name.endswith("/mul")]
    shift = [values for name, values in own.items() if name.endswith(("/sub", "/add_1"))]
    channels = layer.gamma.shape[0]
    return (
        scale[0].reshape(channels) if scale else np.ones(channels, np.float32),
        shift[0].reshape(channels) if shift else np.zeros(channels, np.float32),
    )
