"""FCN-8s, the network that the paper's two are held against: 41,457,219 parameters, after Long et al. (2015).

It is trained and compared, never shipped. What was read how, and why its head has 1024 channels instead of 4096:
docs/decisions/0002-networks.md.
"""

import keras
from keras import layers

ENCODER = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))  # convolutions and filters: VGG-16
HEAD_FILTERS = 1024  # of fc6 and fc7, a quarter of VGG-16's
HEAD_DROPOUT = 0.5
SIDE_STEP = 32  # pixels; five poolings


def _convolve(x, filters: int, kernel: int, name: str):
    return layers.Conv2D(
        filters,
        kernel,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        name=name,
    )(x)


def _score(x, name: str):
    """One logit a position, in float32 under any precision policy."""
    return layers.Conv2D(1, 1, kernel_initializer="he_normal", dtype="float32", name=name)(x)


def _upsample(x, factor: int, name: str):
    return layers.UpSampling2D(factor, interpolation="bilinear", dtype="float32", name=name)(x)


def _vgg16(x) -> list:
    """The maps behind each of the five poolings: a half to a thirty-second of the photo's sides."""
    pooled = []
    for number, (convolutions, filters) in enumerate(ENCODER, start=1):
        for i in range(convolutions):
            x = _convolve(x, filters, 3, f"conv{number}_{i + 1}")
        x = layers.MaxPooling2D(2, name=f"pool{number}")(x)
        pooled.append(x)
    return pooled


def _head(x):
    """The fully connected layers of VGG-16 as convolutions over the coarsest map."""
    for name, kernel in (("fc6", 7), ("fc7", 1)):
        x = _convolve(x, HEAD_FILTERS, kernel, name)
        x = layers.Dropout(HEAD_DROPOUT, name=f"{name}_dropout")(x)
    return x


def fcn_8s(tile_size: int | None = None) -> keras.Model:
    """Build FCN-8s.

    Input `image`: RGB `[batch, H, W, 3]` with values 0 to 255, scaled to 0..1 by the first layer.
    H and W are multiples of 32; `tile_size` fixes both, which an export needs.
    Output `probability`: float32 `[batch, H, W, 1]`, 0 to 1, whatever the compute precision.
    """
    image = keras.Input((tile_size, tile_size, 3), name="image")
    x = layers.Rescaling(1 / 255, name="scale")(image)

    _, _, pool3, pool4, pool5 = _vgg16(x)
    x = _upsample(_score(_head(pool5), "score_fc7"), 2, "score_fc7_up")
    x = layers.Add(dtype="float32", name="fuse_pool4")([x, _score(pool4, "score_pool4")])
    x = _upsample(x, 2, "fuse_pool4_up")
    x = layers.Add(dtype="float32", name="fuse_pool3")([x, _score(pool3, "score_pool3")])
    x = _upsample(x, 8, "logits")
    probability = layers.Activation("sigmoid", dtype="float32", name="probability")(x)
    return keras.Model(image, probability, name="fcn_8s")
