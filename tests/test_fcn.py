import math

import keras
import numpy as np
import pytest
from networks import layers_of, probability, random_photos

from training import fcn
from training.fcn import fcn_8s


@pytest.fixture(scope="module")
def model():
    """The network in full, for photos of any size: nothing here changes its weights."""
    return fcn_8s()


@pytest.fixture
def narrow(monkeypatch):
    """For what does not depend on the head's 1024 channels, which take a second to draw."""
    monkeypatch.setattr(fcn, "HEAD_FILTERS", 8)


def test_has_the_parameters_of_vgg_16_and_a_narrower_head(model):
    convolutions = 14_714_688  # VGG-16 without its top
    head = (7 * 7 * 512 + 1) * 1024 + (1024 + 1) * 1024
    scores = 1024 + 512 + 256 + 3
    assert model.count_params() == convolutions + head + scores == 41_457_219
    assert sum(math.prod(weight.shape) for weight in model.trainable_weights) == 41_457_219


def test_maps_are_an_eighth_to_a_thirty_second_of_the_tile(narrow):
    model = fcn_8s(tile_size=256)
    sides = {name: model.get_layer(name).output.shape[1] for name in ("pool3", "pool4", "fc6")}
    assert sides == {"pool3": 32, "pool4": 16, "fc6": 8}


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
