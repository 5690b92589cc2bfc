"""Losses by hand, and what is unknown neither rewarded nor punished."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from training.losses import LOSSES, bce_dice_loss, dice_coefficient, dice_loss, known_pixels


def batch(*values: float) -> np.ndarray:
    return np.array(values, np.float32).reshape(1, 1, -1, 1)


def number(scalar: object) -> float:
    return float(ops.convert_to_numpy(scalar))


TARGET = batch(1, 1, 0, 0)
PROBABILITY = batch(0.9, 0.4, 0.2, 0.0)


def test_known_pixels():
    known = known_pixels(batch(0, 0.3, 1, -1))
    np.testing.assert_array_equal(ops.convert_to_numpy(known), batch(1, 1, 1, 0))


def test_dice_by_hand():
    # TP = 0.9 + 0.4, target 2, probability 1.5: (2 * 1.3 + 1) / (2 + 1.5 + 1) = 0.8
    assert number(dice_coefficient(TARGET, PROBABILITY)) == pytest.approx(0.8)
    assert number(dice_loss(TARGET, PROBABILITY)) == pytest.approx(0.2)


def test_dice_is_of_the_whole_batch():
    target, probability = np.zeros((2, 4, 4, 1)), np.zeros((2, 4, 4, 1))
    target[0, :2], probability[0, :1] = 1, 1
    assert number(dice_coefficient(target, probability)) == pytest.approx((2 * 4 + 1) / (8 + 4 + 1))


@pytest.mark.parametrize(
    ("target", "probability", "expected"),
    [
        (batch(0, 0, 0), batch(0, 0, 0), 1.0),  # nothing there, nothing called
        (batch(0, 0, 0), batch(1, 1, 1), 1 / 4),
        (batch(1, 1, 1), batch(0, 0, 0), 1 / 4),
        (batch(1, 1, 1), batch(1, 1, 1), 1.0),
    ],
)
def test_smoothing_of_one(target, probability, expected):
    assert number(dice_coefficient(target, probability)) == pytest.approx(expected)


def test_cross_entropy_and_dice_by_hand():
    entropy = -(math.log(0.9) + math.log(0.4) + math.log(0.8) + math.log(1 - 1e-6)) / 4
    assert number(bce_dice_loss(TARGET, PROBABILITY)) == pytest.approx(entropy + 0.2, rel=1e-5)


def test_a_share_of_crack_is_met_best_by_its_own_probability():
    losses = [number(bce_dice_loss(batch(0.3, 0), batch(p, 0))) for p in (0.1, 0.3, 0.9)]
    assert min(losses) == losses[1]


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("wrong", [0.0, 0.5, 1.0])
def test_unknown_pixels_change_nothing(name, wrong):
    target = batch(*TARGET.ravel(), -1, -1)
    probability = batch(*PROBABILITY.ravel(), wrong, 1 - wrong)
    expected = number(LOSSES[name](TARGET, PROBABILITY))
    assert number(LOSSES[name](target, probability)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_of_unknown_pixels_costs_nothing(name):
    assert number(LOSSES[name](batch(-1, -1), batch(0.2, 0.9))) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("certain", [batch(0, 0, 1, 1), batch(1, 1, 0, 0)])
def test_certainty_stays_finite(name, certain):
    assert np.isfinite(number(LOSSES[name](TARGET, certain)))


@pytest.mark.parametrize("name", LOSSES)
def test_float32_from_half_precision(name):
    """Thin cracks: 4 in 40,000 pixels, whose sums bfloat16 with its 8 bits would round away."""
    target = np.zeros((1, 200, 200, 1), np.float32)
    target[0, :2, :2] = 1
    probability = np.full((1, 200, 200, 1), 0.25, np.float32)
    loss = LOSSES[name](ops.cast(target, "bfloat16"), ops.cast(probability, "bfloat16"))
    assert keras.backend.standardize_dtype(loss.dtype) == "float32"
    assert number(loss) == pytest.approx(number(LOSSES[name](target, probability)), rel=1e-5)
