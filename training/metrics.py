"""The paper's four metrics, and the F1 as two readings of it, over pixels whose label is known."""

from collections.abc import Callable

import keras
from keras import ops

from training.losses import dice_coefficient, known_pixels

CRACK_THRESHOLD = 0.5


class PixelMetric(keras.metrics.Metric):
    """A ratio of pooled pixel counts (micro average): every pixel of every batch weighs the same."""

    def __init__(self, name: str, ratio: Callable):
        super().__init__(name=name)
        self.ratio = ratio
        self.counts = self.add_weight(shape=(4,), initializer="zeros", name="tp_fp_fn_tn")

    def update_state(self, target, probability, sample_weight=None):
        known = known_pixels(target)
        label = ops.cast(ops.greater_equal(target, CRACK_THRESHOLD), "float32")
        called = ops.cast(ops.greater_equal(probability, CRACK_THRESHOLD), "float32")
        cells = [
            label * called,
            (1.0 - label) * called,
            label * (1.0 - called),
            (1.0 - label) * (1.0 - called),
        ]
        self.counts.assign_add(ops.stack([ops.sum(cell * known) for cell in cells]))

    def result(self):
        return self.ratio(*(self.counts[cell] for cell in range(4)))


class DiceSoftBatch(keras.metrics.Mean):
    """Mean over batches of the soft Dice: most likely what the paper prints as F1."""

    def __init__(self, name: str = "dice_soft_batch"):
        super().__init__(name=name)

    def update_state(self, target, probability, sample_weight=None):
        super().update_state(dice_coefficient(target, probability))


def paper_metrics() -> list[keras.metrics.Metric]:
    """Accuracy, F1, precision and recall at 0.5, pooled over pixels, and the soft batch Dice."""
    tiny = keras.config.epsilon()
    return [
        PixelMetric("accuracy", lambda tp, fp, fn, tn: (tp + tn) / (tp + fp + fn + tn + tiny)),
        PixelMetric("f1", lambda tp, fp, fn, tn: 2 * tp / (2 * tp + fp + fn + tiny)),
        PixelMetric("precision", lambda tp, fp, fn, tn: tp / (tp + fp + tiny)),
        PixelMetric("recall", lambda tp, fp, fn, tn: tp / (tp + fn + tiny)),
        DiceSoftBatch(),
    ]
