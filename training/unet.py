"""The paper's U-Net: 31,031,745 parameters, after Ronneberger et al. (2015) and Hadinata et al. (2021)."""

import keras
from keras import layers

ENCODER_FILTERS = (64, 128, 256, 512)
ENCODER_DROPOUT = (0.1, 0.1, 0.2, 0.2)  # section 2.7 of the paper; mirrored in the decoder
BOTTLENECK_FILTERS = 1024
BOTTLENECK_DROPOUT = 0.3


def _convolve(x, filters: int, name: str):
    return layers.Conv2D(
        filters, 3, padding="same", activation="relu", kernel_initializer="he_normal", name=name
    )(x)


def _block(x, filters: int, dropout: float, name: str):
    """Convolution, dropout, convolution: one rate a block, as section 2.7 of the paper lists them."""
    x = _convolve(x, filters, f"{name}_conv1")
    x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return _convolve(x, filters, f"{name}_conv2")


def unet(tile_size: int | None = None) -> keras.Model:
    """Build the U-Net.

    Input `image`: RGB `[batch, H, W, 3]` with values 0 to 255, scaled to 0..1 by the first layer, so that
    nothing has to be kept in step outside the graph. H and W are multiples of 16; `tile_size` fixes both.
    Output `probability`: float32 `[batch, H, W, 1]`, 0 to 1, whatever the compute precision.
    """
    image = keras.Input((tile_size, tile_size, 3), name="image")
    x = layers.Rescaling(1 / 255, name="scale")(image)

    skips = []
    for level, (filters, dropout) in enumerate(zip(ENCODER_FILTERS, ENCODER_DROPOUT, strict=True)):
        x = _block(x, filters, dropout, f"encoder{level + 1}")
        skips.append(x)
        x = layers.MaxPooling2D(2, name=f"encoder{level + 1}_pool")(x)

    x = _block(x, BOTTLENECK_FILTERS, BOTTLENECK_DROPOUT, "bottleneck")

    for level in reversed(range(len(ENCODER_FILTERS))):
        name, filters = f"decoder{level + 1}", ENCODER_FILTERS[level]
        x = layers.Conv2DTranspose(
            filters, 2, strides=2, padding="same", kernel_initializer="he_normal", name=f"{name}_up"
        )(x)
        x = layers.Concatenate(name=f"{name}_concat")([skips[level], x])
        x = _block(x, filters, ENCODER_DROPOUT[level], name)

    logits = layers.Conv2D(1, 1, kernel_initializer="he_normal", dtype="float32", name="logits")(x)
    probability = layers.Activation("sigmoid", dtype="float32", name="probability")(logits)
    return keras.Model(image, probability, name="unet")
