"""Back from an .onnx file into Keras: what was exported is what training goes on from."""

import json

import keras
import numpy as np
import pytest

from training import networks
from training.__main__ import main
from training.data import DataError
from training.export import check_tiles
from training.initial_weights import inherited_sources, load_initial_weights
from training.normalization import BatchNormalization

TILE = 32


def network(tile_size: int | None = None, filters: int = 8) -> keras.Model:
    """Every kind of layer that the real ones have, normalized as they are."""
    image = keras.Input((tile_size, tile_size, 3), name="image")
    x = keras.layers.Rescaling(1 / 255, name="scale")(image)
    x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False, name="stem")(x)
    x = keras.layers.ReLU(name="stem_relu")(BatchNormalization(name="stem_bn")(x))
    skip = x
    x = keras.layers.MaxPooling2D(2, name="pool")(x)
    x = keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise")(x)
    x = keras.layers.ReLU(name="depthwise_relu")(BatchNormalization(name="depthwise_bn")(x))
    x = keras.layers.Conv2DTranspose(filters // 2, 2, strides=2, padding="same", name="up")(x)
    x = keras.layers.Concatenate(name="both")([skip, x])
    x = keras.layers.Conv2D(1, 1, name="logits")(x)
    return keras.Model(image, keras.layers.Activation("sigmoid", name="probability")(x), name="toy")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A network whose normalization has seen something, and the file made of it."""
    folder = tmp_path_factory.mktemp("run")
    keras.utils.set_random_seed(0)
    trained = network()
    trained.compile("adam", "binary_crossentropy")
    photos = check_tiles(TILE).astype(np.float32)
    trained.fit(photos, photos[..., :1] < 90, epochs=3, verbose=0)
    trained.save_weights(folder / "best.weights.h5")
    record = {
        "architecture": "toy",
        "data": {"trained_on": ["synthetic", "walls"]},
        "made_with": {"commit": "c" * 40},
    }
    (folder / "run.json").write_text(json.dumps(record))
    file = folder / "toy.onnx"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(networks._BUILDERS, "toy", network)
        words = ["export", folder, "-o", file, "--tile", TILE, "--overlap", 16]
        assert main([str(word) for word in words]) == 0
    return trained, file


def test_the_network_predicts_as_before(exported):
    trained, file = exported
    loaded = network()
    load_initial_weights(loaded, file)
    photos = check_tiles(TILE).astype(np.float32)
    before, after = (keras.ops.convert_to_numpy(each(photos)) for each in (trained, loaded))
    assert np.abs(before - after).max() < 1e-4


def test_normalization_goes_on_from_sane_statistics(exported):
    """In training a batch is normalized by its own mean and variance: those that were kept have to be near them."""
    _, file = exported
    loaded = network()
    load_initial_weights(loaded, file)
    photos = check_tiles(TILE).astype(np.float32)
    calm, training = (
        keras.ops.convert_to_numpy(loaded(photos, training=is_training))
        for is_training in (False, True)
    )
    assert np.abs(calm - training).mean() < 0.05


def test_what_the_file_was_trained_on_is_inherited(exported):
    _, file = exported
    assert inherited_sources(file) == {"synthetic", "walls"}


def test_a_file_of_another_network_is_refused(exported):
    _, file = exported
    with pytest.raises(DataError, match="layer stem"):
        load_initial_weights(network(filters=16), file)
    image = keras.Input((None, None, 3))
    other = keras.Model(image, keras.layers.Conv2D(1, 1, name="elsewhere")(image))
    with pytest.raises(DataError, match="has no layer elsewhere; it holds another network"):
        load_initial_weights(other, file)
