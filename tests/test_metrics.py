"""The paper's metrics against counts by hand."""

import keras
import numpy as np
import pytest
from keras import ops

from training.metrics import DiceSoftBatch, paper_metrics


def by_name() -> dict[str, keras.metrics.Metric]:
    return {metric.name: metric for metric in paper_metrics()}


def value(metric: keras.metrics.Metric) -> float:
    return float(ops.convert_to_numpy(metric.result()))


def random_batches(count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Targets with shares of crack and unknown pixels, and probabilities; batches of different sizes."""
    rng = np.random.default_rng(0)
    batches = []
    for number in range(count):
        shape = (number + 1, 8, 8, 1)
        target = rng.random(shape)
        target[rng.random(shape) < 0.3] = -1
        batches.append((target.astype(np.float32), rng.random(shape).astype(np.float32)))
    return batches


def test_pooled_over_all_pixels_that_are_known():
    metrics = by_name()
    batches = random_batches(4)
    for target, probability in batches:
        for metric in metrics.values():
            metric.update_state(target, probability)

    target = np.concatenate([t.ravel() for t, _ in batches])
    probability = np.concatenate([p.ravel() for _, p in batches])
    label, called = target[target >= 0] >= 0.5, probability[target >= 0] >= 0.5
    tp, fp = (label & called).sum(), (~label & called).sum()
    fn, tn = (label & ~called).sum(), (~label & ~called).sum()
    assert value(metrics["accuracy"]) == pytest.approx((tp + tn) / len(label))
    assert value(metrics["precision"]) == pytest.approx(tp / (tp + fp))
    assert value(metrics["recall"]) == pytest.approx(tp / (tp + fn))
    assert value(metrics["f1"]) == pytest.approx(2 * tp / (2 * tp + fp + fn))


def test_half_counts_as_crack_on_both_sides():
    metrics = by_name()
    edge = np.array([0.5, 0.499], np.float32).reshape(1, 1, 2, 1)
    for metric in metrics.values():
        metric.update_state(edge, edge)
    assert value(metrics["precision"]) == value(metrics["recall"]) == pytest.approx(1)
    assert value(metrics["accuracy"]) == pytest.approx(1)


def test_dice_is_a_mean_over_batches():
    metric = DiceSoftBatch()
    perfect, empty = np.ones((1, 2, 2, 1), np.float32), np.zeros((3, 2, 2, 1), np.float32)
    metric.update_state(perfect, perfect)  # 1
    metric.update_state(perfect, perfect * 0)  # 1 / 5
    metric.update_state(empty, empty)  # 1, and weighs no more for its three photos
    assert value(metric) == pytest.approx((1 + 0.2 + 1) / 3)


def test_without_cracks_nothing_is_divided_by_zero():
    metrics = by_name()
    for metric in metrics.values():
        metric.update_state(np.zeros((1, 4, 4, 1)), np.zeros((1, 4, 4, 1)))
    assert {name: value(metric) for name, metric in metrics.items()} == pytest.approx(
        {"accuracy": 1, "f1": 0, "precision": 0, "recall": 0, "dice_soft_batch": 1}
    )


def test_reset_between_epochs():
    for metric in paper_metrics():
        metric.update_state(np.ones((1, 2, 2, 1)), np.ones((1, 2, 2, 1)))
        metric.reset_state()
        assert value(metric) == 0


def test_float32_from_half_precision():
    for metric in paper_metrics():
        ones = ops.cast(np.ones((1, 64, 65, 1), np.float32), "bfloat16")
        metric.update_state(ones, ones)
        assert keras.backend.standardize_dtype(metric.result().dtype) == "float32"
        assert value(metric) == pytest.approx(1)
