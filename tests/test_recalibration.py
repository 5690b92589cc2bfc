"""Means and variances of normalization as they are when the network predicts."""

import keras
import numpy as np
import pytest

from training.metrics import paper_metrics
from training.normalization import BatchNormalization
from training.recalibration import recalibrate


def network(dropout: float) -> keras.Model:
    image = keras.Input((None, None, 3))
    x = keras.layers.Dropout(dropout)(image)
    x = BatchNormalization(name="bn")(x)
    return keras.Model(image, keras.layers.Conv2D(1, 1)(x))


@pytest.fixture
def batches():
    rng = np.random.default_rng(0)
    return [rng.normal(3.0, 2.0, (4, 8, 8, 3)).astype(np.float32) for _ in range(5)]


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_mean_and_variance_are_those_of_the_batches_without_dropout(batches, dropout):
    model = network(dropout)
    model.compile("adam", "mse", metrics=paper_metrics())
    model.get_layer("bn").moving_mean.assign([9.0, 9.0, 9.0])
    recalibrate(model, batches)
    means = np.mean([each.mean(axis=(0, 1, 2)) for each in batches], axis=0)
    variances = np.mean([each.var(axis=(0, 1, 2)) for each in batches], axis=0)
    mean, variance = model.get_layer("bn").get_weights()[2:]
    assert mean == pytest.approx(means, abs=1e-4)
    assert variance == pytest.approx(variances, rel=1e-2)


def test_all_else_stays(batches):
    model = network(0.5)
    before = [
        np.array(weight) for weight in (*model.layers[-1].get_weights(), model.layers[2].gamma)
    ]
    recalibrate(model, batches)
    after = [
        np.array(weight) for weight in (*model.layers[-1].get_weights(), model.layers[2].gamma)
    ]
    assert all((a == b).all() for a, b in zip(before, after, strict=True))
    assert model.layers[1].rate == 0.5
