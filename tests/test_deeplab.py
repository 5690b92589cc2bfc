import math

import keras
import numpy as np
import pytest
from networks import layers_of, probability, random_photos

from training.deeplab import deeplab_v3_plus
from training.normalization import BatchNormalization


@pytest.fixture(scope="module")
def model():
    """One network for photos of any size: nothing here changes its weights."""
    return deeplab_v3_plus()


@pytest.fixture(scope="module")
def fixed():
    """Networks for tiles of 256 pixels, by output stride."""
    return {stride: deeplab_v3_plus(256, stride) for stride in (16, 8)}


def atrous_rates(model: keras.Model, prefix: str) -> list[int]:
    return [
        layer.dilation_rate[0]
        for layer in layers_of(model, keras.layers.DepthwiseConv2D)
        if layer.name.startswith(prefix)
    ]


@pytest.mark.parametrize("output_stride", [16, 8])
def test_parameters_do_not_depend_on_the_output_stride(fixed, output_stride):
    model = fixed[output_stride]
    assert model.count_params() == 41_253_073
    assert sum(math.prod(weight.shape) for weight in model.trainable_weights) == 41_050_273


def test_fixed_tile_size_changes_shapes_only(model, fixed):
    fixed[16].set_weights(model.get_weights())
    assert fixed[16].input.shape == (None, 256, 256, 3)
    assert fixed[16].output.shape == (None, 256, 256, 1)
    assert (fixed[16].input.name, fixed[16].output_names) == ("image", ["probability"])
    photo = random_photos(1, 256, 256)
    np.testing.assert_allclose(probability(fixed[16], photo), probability(model, photo), atol=1e-6)


def test_unusable_arguments_are_refused():
    with pytest.raises(ValueError, match="multiple of 16"):
        deeplab_v3_plus(tile_size=100)
    with pytest.raises(ValueError, match="choose 16 or 8"):
        deeplab_v3_plus(output_stride=32)


def test_dropout_ends_the_encoder_and_the_decoder(model):
    dropouts = layers_of(model, keras.layers.Dropout)
    assert [(layer.name, layer.rate) for layer in dropouts] == [
        ("encoder_dropout", 0.3),
        ("decoder_dropout", 0.2),
    ]


def test_every_kernel_starts_he_normal(model):
    depthwise = layers_of(model, keras.layers.DepthwiseConv2D)
    full = layers_of(model, keras.layers.Conv2D)
    # Three in each of 3 entry, 16 middle and 2 exit blocks, 3 in the pyramid, 2 in the decoder.
    assert len(depthwise) == 3 * (3 + 16 + 2) + 3 + 2
    # A pointwise to each, 2 in the stem, 4 shortcuts, 3 in the pyramid, the skip, the last 1x1.
    assert len(full) == len(depthwise) + 2 + 4 + 3 + 1 + 1
    initializers = [layer.depthwise_initializer for layer in depthwise]
    initializers += [layer.kernel_initializer for layer in full]
    assert all(isinstance(each, keras.initializers.HeNormal) for each in initializers)


def test_only_the_last_convolution_has_a_bias(model):
    biased = [layer.name for layer in model.layers if getattr(layer, "use_bias", False)]
    assert biased == ["logits"]


def test_normalization_is_gentler_in_the_backbone(model):
    normalizations = layers_of(model, BatchNormalization)
    head = {layer.epsilon for layer in normalizations if layer.name.startswith(("aspp", "decoder"))}
    backbone = {
        layer.epsilon for layer in normalizations if not layer.name.startswith(("aspp", "decoder"))
    }
    assert (backbone, head) == ({1e-3}, {1e-5})


@pytest.mark.parametrize(
    ("output_stride", "middle", "exit1", "exit2", "pyramid", "pyramid_side"),
    [
        (16, 1, 1, 2, [6, 12, 18], 16),
        (8, 2, 2, 4, [12, 24, 36], 32),
    ],
)
def test_atrous_rates(fixed, output_stride, middle, exit1, exit2, pyramid, pyramid_side):
    model = fixed[output_stride]
    assert atrous_rates(model, "entry") == [1] * 9
    assert atrous_rates(model, "middle") == [middle] * 48
    assert atrous_rates(model, "exit1") == [exit1] * 3
    assert atrous_rates(model, "exit2") == [exit2] * 3
    assert atrous_rates(model, "aspp") == pyramid
    assert atrous_rates(model, "decoder") == [1, 1]
    assert model.get_layer("aspp_concat").output.shape == (None, pyramid_side, pyramid_side, 1280)


@pytest.mark.parametrize("output_stride", [16, 8])
def test_low_level_features_are_a_quarter_of_the_photo(fixed, output_stride):
    skip = fixed[output_stride].get_layer("decoder_skip")
    assert skip.input.shape == (None, 64, 64, 256)
    assert skip.output.shape == (None, 64, 64, 48)


def test_image_branch_fills_the_map_with_one_value_a_channel(model):
    concat = keras.Model(model.input, model.get_layer("aspp_concat").output)
    spread = probability(concat, random_photos(1, 64, 96))[..., -256:]
    assert spread.shape == (1, 4, 6, 256)
    np.testing.assert_array_equal(spread, np.broadcast_to(spread[:, :1, :1], spread.shape))
