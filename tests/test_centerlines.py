"""Agreement along the cracks, against masks whose skeletons and lengths are known by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays

from training.evaluation.centerlines import Skeletons, compare_skeletons, traced


def bar(rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros((30, 60), bool)
    mask[rows, columns] = True
    return mask


LINE = bar(slice(15, 16), slice(5, 55))
WIDE = bar(slice(13, 18), slice(5, 55))
HALF = bar(slice(15, 16), slice(5, 30))
FORK = LINE | bar(slice(5, 16), slice(30, 31))
ASIDE = bar(slice(20, 21), slice(5, 55))
EMPTY = np.zeros((30, 60), bool)


@pytest.mark.parametrize(
    ("predicted", "true", "cldice"),
    [
        (EMPTY, EMPTY, 1),
        (LINE, EMPTY, 0),
        (EMPTY, LINE, 0),
        (LINE, LINE, 1),
        (WIDE, LINE, 1),  # five times as wide, along the same line
        (LINE, WIDE, 1),
        (HALF, LINE, 2 * 1 * 0.5 / 1.5),  # precise, half of the line found
        (LINE, HALF, 2 * 1 * 0.5 / 1.5),
        (FORK, LINE, 2 * 49 / (49 + 59)),  # a false branch of 10 px; the pixel below it is thinned
        (ASIDE, LINE, 0),
    ],
)
def test_cldice(predicted, true, cldice):
    found = compare_skeletons(traced(predicted), traced(true))
    assert found.cldice() == pytest.approx(cldice)


@given(arrays.arrays(bool, (12, 9)))
def test_a_mask_agrees_with_itself_whatever_its_holes(mask):
    found = compare_skeletons(traced(mask), traced(mask))
    assert found.cldice() == 1
    assert (found.predicted > 0) == mask.any()


def test_skeletons_of_photos_are_pooled_by_their_pixels():
    pooled = Skeletons(10, 10, 30, 15) + Skeletons(30, 10, 10, 5)
    assert pooled.cldice() == pytest.approx(0.5)


def test_length_is_that_of_the_measurement():
    assert traced(EMPTY).length_px == 0
    assert traced(WIDE).length_px == pytest.approx(50, abs=1)
    assert traced(FORK).length_px == pytest.approx(60, abs=2)


@pytest.mark.parametrize(
    "limit", ["regions.MAX_RUNS", "regions.MAX_REGIONS", "tracing.MAX_SKELETON_PX"]
)
def test_a_mask_beyond_a_limit_has_no_length(limit, monkeypatch):
    monkeypatch.setattr(f"app.measurement.{limit}", 1)
    assert traced(LINE | bar(slice(25, 26), slice(0, 5))).length_px is None
