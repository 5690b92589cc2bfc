"""The paper's DeepLabV3+: a modified aligned Xception-65, atrous pyramid pooling, a small decoder.

After Chen et al. (2018) and Hadinata et al. (2021): 41,050,273 trainable of 41,253,073 parameters.
Why that is not the paper's 47 million, and how many stand in each stage:
docs/decisions/0002-networks.md.
"""

from dataclasses import dataclass

import keras
from keras import layers, ops

from training.normalization import BatchNormalization

MIDDLE_BLOCKS = 16
LOW_LEVEL_FILTERS = 48
HEAD_FILTERS = 256
BACKBONE_EPSILON = 1e-3
HEAD_EPSILON = 1e-5
ENCODER_DROPOUT = 0.3  # section 2.7 of the paper
DECODER_DROPOUT = 0.2


@dataclass(frozen=True)
class _AtrousPlan:
    """Where strides give way to atrous rates, in the order in which the photo meets them."""

    entry3_stride: int
    middle_rate: int
    exit_rates: tuple[int, int]
    pyramid_rates: tuple[int, int, int]


# By output stride. Each stride given up doubles every rate behind it, so that a kernel's taps reach
# equally far in the photo: rate 12 on a map of stride 8 is rate 6 on one of stride 16, 96 pixels.
_ATROUS_PLANS = {
    16: _AtrousPlan(2, 1, (1, 2), (6, 12, 18)),
    8: _AtrousPlan(1, 2, (2, 4), (12, 24, 36)),
}


def _relu(x, name: str):
    return layers.ReLU(name=f"{name}_relu")(x)


def _normalize(x, epsilon: float, name: str):
    return BatchNormalization(epsilon=epsilon, name=f"{name}_bn")(x)


def _conv(x, filters: int, kernel: int, name: str, stride: int = 1, epsilon: float = HEAD_EPSILON):
    """Convolution without bias, then batch normalization."""
    x = layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)
    return _normalize(x, epsilon, name)


def _depthwise_conv(x, name: str, stride: int, rate: int, epsilon: float):
    """One 3x3 kernel a channel, without bias, then batch normalization.

    Keras's "same" padding stays as it is where the stride is 2: on an even side it pads right and
    bottom only, so output i is centred on input 2i + 1, in every block and on every backend.
    """
    x = layers.DepthwiseConv2D(
        3,
        strides=stride,
        dilation_rate=rate,
        padding="same",
        use_bias=False,
        depthwise_initializer="he_normal",
        name=name,
    )(x)
    return _normalize(x, epsilon, name)


def _separable_conv(x, filters: int, name: str, rate: int = 1, epsilon: float = HEAD_EPSILON):
    """Depthwise 3x3, then pointwise 1x1; normalization and ReLU after each."""
    x = _depthwise_conv(x, f"{name}_depthwise", 1, rate, epsilon)
    x = _relu(x, f"{name}_depthwise")
    x = _conv(x, filters, 1, f"{name}_pointwise", epsilon=epsilon)
    return _relu(x, f"{name}_pointwise")


def _residual_separable_conv(x, filters: int, name: str, stride: int, rate: int):
    """ReLU, depthwise 3x3, pointwise 1x1; the result stays unrectified for the sum it goes to."""
    x = _relu(x, name)
    x = _depthwise_conv(x, f"{name}_depthwise", stride, rate, BACKBONE_EPSILON)
    return _conv(x, filters, 1, f"{name}_pointwise", epsilon=BACKBONE_EPSILON)


def _xception_block(x, filters: tuple[int, int, int], name: str, stride: int = 1, rate: int = 1):
    """Three separable convolutions, the last one strided, and a shortcut added to them.

    The shortcut is the input itself where the shape stays, a strided 1x1 convolution where it
    changes. Returns the sum, and the features just before the stride.
    """
    first, second, third = filters
    fine = _residual_separable_conv(x, first, f"{name}_sep1", 1, rate)
    fine = _residual_separable_conv(fine, second, f"{name}_sep2", 1, rate)
    residual = _residual_separable_conv(fine, third, f"{name}_sep3", stride, rate)
    if stride != 1 or x.shape[-1] != third:
        x = _conv(x, third, 1, f"{name}_shortcut", stride, BACKBONE_EPSILON)
    return layers.Add(name=f"{name}_sum")([residual, x]), fine


def _xception_65(x, plan: _AtrousPlan):
    """Entry, middle and exit flow.

    Returns the features `[H / output stride, W / output stride, 2048]` and, for the decoder, the
    low-level features `[H / 4, W / 4, 256]`.
    """
    x = _relu(_conv(x, 32, 3, "stem1", 2, BACKBONE_EPSILON), "stem1")
    x = _relu(_conv(x, 64, 3, "stem2", 1, BACKBONE_EPSILON), "stem2")

    x, _ = _xception_block(x, (128, 128, 128), "entry1", stride=2)
    x, low_level = _xception_block(x, (256, 256, 256), "entry2", stride=2)
    x, _ = _xception_block(x, (728, 728, 728), "entry3", stride=plan.entry3_stride)

    for i in range(MIDDLE_BLOCKS):
        x, _ = _xception_block(x, (728, 728, 728), f"middle{i + 1}", rate=plan.middle_rate)

    exit1_rate, exit2_rate = plan.exit_rates
    x, _ = _xception_block(x, (728, 1024, 1024), "exit1", rate=exit1_rate)
    for i, filters in enumerate((1536, 1536, 2048)):
        x = _separable_conv(x, filters, f"exit2_sep{i + 1}", exit2_rate, BACKBONE_EPSILON)
    return layers.Dropout(ENCODER_DROPOUT, name="encoder_dropout")(x), low_level


def _aspp(x, rates: tuple[int, int, int]):
    """Atrous spatial pyramid pooling: 1x1, three atrous branches and the image's mean, merged."""
    local = _relu(_conv(x, HEAD_FILTERS, 1, "aspp_local"), "aspp_local")
    atrous = [
        _separable_conv(x, HEAD_FILTERS, f"aspp_atrous{i + 1}", rate)
        for i, rate in enumerate(rates)
    ]
    mean = layers.GlobalAveragePooling2D(keepdims=True, name="aspp_mean")(x)
    mean = _relu(_conv(mean, HEAD_FILTERS, 1, "aspp_image"), "aspp_image")
    mean = mean + ops.zeros_like(local)  # spread over the map, whatever its size
    x = layers.Concatenate(name="aspp_concat")([local, *atrous, mean])
    return _relu(_conv(x, HEAD_FILTERS, 1, "aspp_project"), "aspp_project")


def _decoder(x, low_level, upsampling: int):
    """Sharpen the pyramid with the low-level features, at a quarter of the photo's size."""
    x = layers.UpSampling2D(upsampling, interpolation="bilinear", name="decoder_up")(x)
    skip = _relu(_conv(low_level, LOW_LEVEL_FILTERS, 1, "decoder_skip"), "decoder_skip")
    x = layers.Concatenate(name="decoder_concat")([x, skip])
    x = _separable_conv(x, HEAD_FILTERS, "decoder_sep1")
    x = _separable_conv(x, HEAD_FILTERS, "decoder_sep2")
    return layers.Dropout(DECODER_DROPOUT, name="decoder_dropout")(x)


def deeplab_v3_plus(tile_size: int | None = None, output_stride: int = 16) -> keras.Model:
    """Build DeepLabV3+.

    Input `image`: RGB `[batch, H, W, 3]` with values 0 to 255, scaled to 0..1 by the first layer.
    H and W are multiples of 16; `tile_size` fixes both, which an export needs.
    Output `probability`: float32 `[batch, H, W, 1]`, 0 to 1, whatever the compute precision.
    `output_stride` is 16, as in the paper, or 8: the pyramid on a map twice as fine, with the
    same weights at 3.4 times the multiplications. Raises ValueError for other values of either.
    """
    if tile_size is not None and tile_size % 16:
        raise ValueError(f"tile_size {tile_size} is not a multiple of 16; choose one, say 256")
    if output_stride not in _ATROUS_PLANS:
        raise ValueError(f"output_stride {output_stride} is not known; choose 16 or 8")
    plan = _ATROUS_PLANS[output_stride]

    image = keras.Input((tile_size, tile_size, 3), name="image")
    x = layers.Rescaling(1 / 255, name="scale")(image)

    x, low_level = _xception_65(x, plan)
    x = _aspp(x, plan.pyramid_rates)
    x = _decoder(x, low_level, output_stride // 4)

    x = layers.Conv2D(1, 1, kernel_initializer="he_normal", dtype="float32", name="logits")(x)
    x = layers.UpSampling2D(4, interpolation="bilinear", dtype="float32", name="logits_up")(x)
    probability = layers.Activation("sigmoid", dtype="float32", name="probability")(x)
    return keras.Model(image, probability, name="deeplab_v3_plus")
