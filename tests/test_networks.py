"""What every network keeps to, so that one pipeline trains, exports and serves them all."""

import keras
import numpy as np
import pytest
from networks import layers_of, probability, random_photos

from training import fcn
from training.data import DataError
from training.networks import ARCHITECTURES, build, side_step, switch_off_dropout


@pytest.fixture(scope="module", autouse=True)
def _narrow():
    """Nothing here depends on the 1024 channels of the FCN's head, which take a second to draw."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fcn, "HEAD_FILTERS", 8)
        yield


@pytest.fixture(scope="module", params=ARCHITECTURES)
def architecture(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def model(architecture):
    """For photos of any size: nothing here changes its weights."""
    return build(architecture)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (96, 160)])
def test_gives_one_probability_a_pixel(model, height, width):
    result = probability(model, random_photos(1, height, width))
    assert result.shape == (1, height, width, 1)
    assert result.dtype == np.float32
    assert 0 <= result.min() < result.max() <= 1


def test_fixed_tile_size_stands_in_the_shapes(architecture):
    model = build(architecture, 64)
    assert model.input.shape == (None, 64, 64, 3)
    assert model.output.shape == (None, 64, 64, 1)
    assert (model.input.name, model.output_names) == ("image", ["probability"])


def test_tiles_that_are_not_halved_evenly_are_refused(architecture):
    with pytest.raises(DataError, match=f"a multiple of {side_step(architecture)} px; 40 is none"):
        build(architecture, 40)


def test_scales_inside_the_graph(model):
    scaled = keras.Model(model.input, model.get_layer("scale").output)
    white = np.full((1, 32, 32, 3), 255, dtype=np.uint8)
    np.testing.assert_allclose(probability(scaled, white), 1.0)


def test_reads_bytes_and_floats_alike(model):
    photo = random_photos(1, 64, 64)
    np.testing.assert_array_equal(
        probability(model, photo), probability(model, photo.astype(np.float32))
    )


def test_dropout_is_off_outside_training(model):
    photo = random_photos(1, 64, 64)
    np.testing.assert_array_equal(probability(model, photo), probability(model, photo))


def test_dropout_can_be_switched_off_and_the_weights_still_fit(architecture):
    model = build(architecture, 32)
    switch_off_dropout(model)
    assert {layer.rate for layer in layers_of(model, keras.layers.Dropout)} == {0.0}
    photo = random_photos(1, 32, 32)
    first, second = (keras.ops.convert_to_numpy(model(photo, training=True)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    build(architecture, 32).set_weights(model.get_weights())


def test_one_step_changes_every_weight_that_is_trained(architecture):
    model = build(architecture, 32)
    model.compile("sgd", "binary_crossentropy", run_eagerly=True)
    before = [weight.numpy() for weight in model.trainable_weights]
    target = np.ones((2, 32, 32, 1), dtype=np.float32)
    model.train_on_batch(random_photos(2, 32, 32), target)
    after = [weight.numpy() for weight in model.trainable_weights]
    assert all(np.any(old != new) for old, new in zip(before, after, strict=True))


def test_answers_in_float32_when_it_computes_in_bfloat16(architecture):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build(architecture, 32)
    finally:
        keras.config.set_dtype_policy(policy)
    assert layers_of(model, keras.layers.Conv2D)[0].compute_dtype == "bfloat16"
    assert model.output.dtype == "float32"
