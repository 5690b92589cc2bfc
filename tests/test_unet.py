import math

import keras
import numpy as np
import pytest

from training.unet import unet


@pytest.fixture(scope="module")
def model():
    """One network for all sizes: nothing here changes its weights."""
    return unet()


def random_photos(count: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def probability(model: keras.Model, photos: np.ndarray) -> np.ndarray:
    return keras.ops.convert_to_numpy(model(photos))


def test_has_the_parameters_of_the_paper(model):
    assert model.count_params() == 31_031_745
    assert sum(math.prod(weight.shape) for weight in model.trainable_weights) == 31_031_745


@pytest.mark.parametrize(("height", "width"), [(64, 64), (96, 160), (256, 256)])
def test_gives_one_probability_a_pixel(model, height, width):
    result = probability(model, random_photos(1, height, width))
    assert result.shape == (1, height, width, 1)
    assert result.dtype == np.float32
    assert 0 <= result.min() < result.max() <= 1


def test_fixed_tile_size_stands_in_the_shapes():
    model = unet(tile_size=64)
    assert model.input.shape == (None, 64, 64, 3)
    assert model.output.shape == (None, 64, 64, 1)
    assert (model.input.name, model.output_names) == ("image", ["probability"])


def test_sides_that_are_no_multiple_of_16_are_refused():
    with pytest.raises(ValueError, match="matching shapes"):
        unet(tile_size=100)


def test_scales_inside_the_graph(model):
    scaled = keras.Model(model.input, model.get_layer("scale").output)
    white = np.full((1, 16, 16, 3), 255, dtype=np.uint8)
    np.testing.assert_allclose(probability(scaled, white), 1.0)


def test_reads_bytes_and_floats_alike(model):
    photo = random_photos(1, 64, 64)
    np.testing.assert_array_equal(
        probability(model, photo), probability(model, photo.astype(np.float32))
    )


def test_dropout_rises_to_the_bottleneck_and_falls_again(model):
    rates = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.1, 0.1, 0.2, 0.2, 0.3, 0.2, 0.2, 0.1, 0.1]


def test_dropout_is_off_outside_training(model):
    photo = random_photos(1, 64, 64)
    np.testing.assert_array_equal(probability(model, photo), probability(model, photo))


def test_every_kernel_starts_he_normal(model):
    initializers = [
        layer.kernel_initializer for layer in model.layers if hasattr(layer, "kernel_initializer")
    ]
    assert len(initializers) == 18 + 4 + 1  # 3x3 convolutions, up-convolutions, the last 1x1
    assert all(isinstance(each, keras.initializers.HeNormal) for each in initializers)


def test_one_step_changes_every_weight():
    model = unet(tile_size=32)
    model.compile("sgd", "binary_crossentropy", run_eagerly=True)
    before = model.get_weights()
    target = np.ones((1, 32, 32, 1), dtype=np.float32)
    model.train_on_batch(random_photos(1, 32, 32), target)
    after = model.get_weights()
    assert all(np.any(old != new) for old, new in zip(before, after, strict=True))


def test_answers_in_float32_when_it_computes_in_bfloat16():
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = unet(tile_size=32)
    finally:
        keras.config.set_dtype_policy(policy)
    assert model.get_layer("encoder1_conv1").compute_dtype == "bfloat16"
    assert probability(model, random_photos(1, 32, 32)).dtype == np.float32
