import math

import keras
import pytest

from training.unet import unet


@pytest.fixture(scope="module")
def model():
    """One network for all sizes: nothing here changes its weights."""
    return unet()


def test_has_the_parameters_of_the_paper(model):
    assert model.count_params() == 31_031_745
    assert sum(math.prod(weight.shape) for weight in model.trainable_weights) == 31_031_745


def test_sides_that_are_no_multiple_of_16_are_refused():
    with pytest.raises(ValueError, match="matching shapes"):
        unet(tile_size=100)


def test_dropout_rises_to_the_bottleneck_and_falls_again(model):
    rates = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.1, 0.1, 0.2, 0.2, 0.3, 0.2, 0.2, 0.1, 0.1]


def test_every_kernel_starts_he_normal(model):
    initializers = [
        layer.kernel_initializer for layer in model.layers if hasattr(layer, "kernel_initializer")
    ]
    assert len(initializers) == 18 + 4 + 1  # 3x3 convolutions, up-convolutions, the last 1x1
    assert all(isinstance(each, keras.initializers.HeNormal) for each in initializers)
