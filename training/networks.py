"""The networks by name."""

import keras

from training import fcn
from training.channels_last import keep_channels_last
from training.data import DataError
from training.deeplab import deeplab_v3_plus
from training.unet import unet

_BUILDERS = {"unet": unet, "deeplabv3plus": deeplab_v3_plus, "fcn8s": fcn.fcn_8s}
ARCHITECTURES = tuple(_BUILDERS)


def side_step(architecture: str) -> int:
    """Pixels that the sides of a crop or tile must be a multiple of: one halving a pooling or stride."""
    return fcn.SIDE_STEP if architecture == "fcn8s" else 16


def build(architecture: str, tile_size: int | None = None) -> keras.Model:
    """The untrained network; `tile_size` in pixels fixes its input, None leaves it free.

    Raises DataError for a tile size that the network does not divide.
    """
    step = side_step(architecture)
    if tile_size is not None and tile_size % step:
        raise DataError(
            f"{architecture} takes tiles of a multiple of {step} px; {tile_size} is none"
        )
    keep_channels_last()
    return _BUILDERS[architecture](tile_size)


def switch_off_dropout(network: keras.Model) -> None:
    """From now on; the layers stay, so that the weights fit the network that is exported."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
