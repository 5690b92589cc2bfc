"""Agreement of two masks, against masks whose figures are known by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays

from training.evaluation.scoring import Counts, count, largest_detection

MASKS = arrays.arrays(bool, (12, 9))


def mask(*rows: str) -> np.ndarray:
    return np.array([[cell == "#" for cell in row] for row in rows])


@given(MASKS, MASKS)
def test_counts_are_those_of_the_definition(predicted, true):
    found = count(predicted, true)
    assert found.tp == (predicted & true).sum()
    assert found.fp == (predicted & ~true).sum()
    assert found.fn == (~predicted & true).sum()
    assert found.pixels == true.size


@given(MASKS, MASKS)
def test_slack_of_two_pixels_is_euclidean_between_centres(predicted, true):
    rows, columns = np.nonzero(true)
    near = sum(
        bool(len(rows)) and min((rows - r) ** 2 + (columns - c) ** 2) <= 4
        for r, c in zip(*np.nonzero(predicted), strict=True)
    )
    assert count(predicted, true).predicted_near == near


@given(MASKS)
def test_a_mask_agrees_with_itself(true):
    found = count(true, true)
    assert found.f1() == found.iou() == found.f1_within_2px() == found.accuracy() == 1


def test_a_line_one_pixel_aside_is_strictly_wrong_and_right_within_two():
    true, aside = np.zeros((9, 20), bool), np.zeros((9, 20), bool)
    true[4], aside[5] = True, True
    found = count(aside, true)
    assert found.f1() == 0
    assert found.f1_within_2px() == 1


@pytest.mark.parametrize(
    ("counts", "f1", "iou", "precision", "recall"),
    [
        (Counts(tp=6, fp=2, fn=4, tn=88), 12 / 18, 6 / 12, 6 / 8, 6 / 10),
        (Counts(tn=100), 1, 1, 1, 1),  # nothing there, nothing found
        (Counts(fp=3, tn=97), 0, 0, 0, 0),
        (Counts(fn=3, tn=97), 0, 0, 0, 0),  # nothing found where something is: not precise, either
    ],
)
def test_ratios(counts, f1, iou, precision, recall):
    assert counts.f1() == pytest.approx(f1)
    assert counts.iou() == pytest.approx(iou)
    assert counts.precision() == pytest.approx(precision)
    assert counts.recall() == pytest.approx(recall)


def test_area_error_is_signed():
    assert Counts(tp=8, fp=4, fn=2, tn=0).area_error() == pytest.approx(0.2)


def test_largest_detection_joins_diagonal_neighbours():
    assert largest_detection(mask("#..#", ".#.#", "...#")) == 3
    assert largest_detection(np.zeros((3, 3), bool)) == 0
