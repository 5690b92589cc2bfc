"""Losses over pixels whose label is known. A target below 0 means "unknown": it neither rewards nor punishes."""

import keras
from keras import ops

SMOOTHING = 1.0  # gamma of the paper's equation 13


def known_pixels(target):
    """1.0 where the target is a label, 0.0 where it is unknown; float32, the target's shape."""
    return ops.cast(ops.greater_equal(target, 0.0), "float32")


def dice_coefficient(target, probability):
    """Soft Dice over the whole batch, `(2 TP + 1) / (2 TP + FP + FN + 1)` (paper, equation 12); a scalar.

    Computed in float32: sums of half-precision products underflow on thin cracks.
    """
    known = known_pixels(target)
    target = ops.cast(target, "float32") * known
    probability = ops.cast(probability, "float32") * known
    overlap = ops.sum(target * probability)
    return (2.0 * overlap + SMOOTHING) / (ops.sum(target) + ops.sum(probability) + SMOOTHING)


@keras.saving.register_keras_serializable(package="hairline")
def dice_loss(target, probability):
    """The paper's loss: 1 - soft Dice of the batch."""
    return 1.0 - dice_coefficient(target, probability)


@keras.saving.register_keras_serializable(package="hairline")
def bce_dice_loss(target, probability):
    """Mean binary cross-entropy over the known pixels, plus the Dice loss.

    Cross-entropy keeps the probabilities calibrated and has a gradient on crack-free crops; Dice keeps
    thin cracks from being outvoted by the background.
    """
    known = known_pixels(target)
    label = ops.cast(target, "float32") * known
    p = ops.clip(ops.cast(probability, "float32"), 1e-6, 1.0 - 1e-6)
    entropy = -(label * ops.log(p) + (1.0 - label) * ops.log(1.0 - p))
    mean_entropy = ops.sum(entropy * known) / ops.maximum(ops.sum(known), 1.0)
    return mean_entropy + dice_loss(target, probability)


LOSSES = {"dice": dice_loss, "bce_dice": bce_dice_loss}
