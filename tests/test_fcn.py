import math

import keras
import numpy as np
import pytest

from training import fcn
from training.data import DataError
from training.fcn import fcn_8s
from training.networks import build


@pytest.fixture(scope="module")
def model():
    """The network in full, for photos of any size: nothing here changes its weights."""
    return fcn_8s()


@pytest.fixture
def narrow(monkeypatch):
    """For what does not depend on the head's 1024 channels, which take a second to draw."""
    monkeypatch.setattr(fcn, "HEAD_FILTERS", 8)


def random_photos(count: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def probability(model: keras.Model, photos: np.ndarray) -> np.ndarray:
    return keras.ops.convert_to_numpy(model(photos))


def layers_of(model: keras.Model, kind: type) -> list[keras.Layer]:
    return [layer for layer in model.layers if type(layer) is kind]


def test_has_the_parameters_of_vgg_16_and_a_narrower_head(model):
    convolutions = 14_714_688  # VGG-16 without its top
    head = (7 * 7 * 512 + 1) * 1024 + (1024 + 1) * 1024
    scores = 1024 + 512 + 256 + 3
    assert model.count_params() == convolutions + head + scores == 41_457_219
    assert sum(math.prod(weight.shape) for weight in model.trainable_weights) == 41_457_219


@pytest.mark.parametrize(("height", "width"), [(64, 64), (96, 160)])
def test_gives_one_probability_a_pixel(model, height, width):
    result = probability(model, random_photos(1, height, width))
    assert result.shape == (1, height, width, 1)
    assert result.dtype == np.float32
    assert 0 <= result.min() < result.max() <= 1


def test_fixed_tile_size_stands_in_the_shapes(narrow):
    model = fcn_8s(tile_size=256)
    assert model.input.shape == (None, 256, 256, 3)
    assert model.output.shape == (None, 256, 256, 1)
    assert (model.input.name, model.output_names) == ("image", ["probability"])
    sides = {name: model.get_layer(name).output.shape[1] for name in ("pool3", "pool4", "fc6")}
    assert sides == {"pool3": 32, "pool4": 16, "fc6": 8}


def test_sides_that_are_no_multiple_of_32_are_refused():
    with pytest.raises(ValueError, match="48 is not a multiple of 32"):
        fcn_8s(tile_size=48)
    with pytest.raises(DataError, match="fcn8s takes tiles of a multiple of 32 px; 48 is none"):
        build("fcn8s", 48)
    with pytest.raises(DataError, match="unet takes tiles of a multiple of 16 px; 40 is none"):
        build("unet", 40)


def test_scales_inside_the_graph(model):
    scaled = keras.Model(model.input, model.get_layer("scale").output)
    white = np.full((1, 32, 32, 3), 255, dtype=np.uint8)
    np.testing.assert_allclose(probability(scaled, white), 1.0)


def test_reads_bytes_and_floats_alike(model):
    photo = random_photos(1, 64, 64)
    np.testing.assert_array_equal(
        probability(model, photo), probability(model, photo.astype(np.float32))
    )


def test_scores_of_three_scales_are_summed_and_spread(narrow):
    """Bilinear, so that constant scores stay constant at every pixel."""
    model = fcn_8s(tile_size=64)
    for name, logit in (("score_fc7", 0.5), ("score_pool4", -2.0), ("score_pool3", 0.25)):
        kernel, _ = model.get_layer(name).get_weights()
        model.get_layer(name).set_weights([0 * kernel, np.array([logit], np.float32)])
    expected = 1 / (1 + math.exp(1.25))
    np.testing.assert_allclose(probability(model, random_photos(1, 64, 64)), expected, atol=1e-6)


def test_dropout_follows_both_layers_of_the_head(model):
    dropouts = layers_of(model, keras.layers.Dropout)
    assert [(layer.name, layer.rate) for layer in dropouts] == [
        ("fc6_dropout", 0.5),
        ("fc7_dropout", 0.5),
    ]


def test_every_kernel_starts_he_normal(model):
    convolutions = layers_of(model, keras.layers.Conv2D)
    assert len(convolutions) == 13 + 2 + 3
    assert all(
        isinstance(layer.kernel_initializer, keras.initializers.HeNormal) for layer in convolutions
    )


def test_one_step_changes_the_weights(narrow):
    model = fcn_8s(tile_size=32)
    model.compile("sgd", "binary_crossentropy", run_eagerly=True)
    before = model.get_weights()
    target = np.ones((2, 32, 32, 1), dtype=np.float32)
    model.train_on_batch(random_photos(2, 32, 32), target)
    after = model.get_weights()
    assert all(np.any(old != new) for old, new in zip(before, after, strict=True))


def test_answers_in_float32_when_it_computes_in_bfloat16(narrow):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = fcn_8s(tile_size=32)
    finally:
        keras.config.set_dtype_policy(policy)
    assert model.get_layer("conv1_1").compute_dtype == "bfloat16"
    assert model.get_layer("score_pool3").compute_dtype == "float32"
    assert probability(model, random_photos(1, 32, 32)).dtype == np.float32
