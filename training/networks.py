"""The networks by name."""

import keras

from training.deeplab import deeplab_v3_plus
from training.unet import unet

_BUILDERS = {"unet": unet, "deeplabv3plus": deeplab_v3_plus}
ARCHITECTURES = tuple(_BUILDERS)


def build(architecture: str, tile_size: int | None = None) -> keras.Model:
    """The untrained network; `tile_size` in pixels fixes its input, None leaves it free."""
    return _BUILDERS[architecture](tile_size)
