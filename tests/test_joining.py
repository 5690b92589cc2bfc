"""Fragments of one crack are one crack where direction and probability bridge the gap, and nowhere else."""

import numpy as np
import pytest

from app.measurement import measure


def broken(gap: int, probability_in_gap: float, drop: int = 0) -> np.ndarray:
    """A horizontal crack of 3 px with a gap in it; the right half lies `drop` px lower."""
    probability = np.zeros((80, 220), np.float32)
    probability[30:33, 10 : 110 - gap // 2] = 0.95
    probability[30 + drop : 33 + drop, 110 + gap - gap // 2 : 210] = 0.95
    probability[30 : 33 + drop, 110 - gap // 2 : 110 + gap - gap // 2] = probability_in_gap
    return probability


@pytest.mark.parametrize("gap", [2, 8, 20])
def test_a_faint_stretch_is_bridged_and_said(gap):
    result = measure(broken(gap, 0.3), 0.5)
    (crack,) = result.cracks
    (found,) = crack.gaps
    (x1, y1), (x2, y2) = sorted([found.start_px, found.end_px])
    # Where the fade begins nobody knows; the flank of the fragments counts as crack, up to 4 px on each side.
    assert gap - 8 <= x2 - x1 <= gap + 0.5
    assert y1 == pytest.approx(y2, abs=0.5)
    assert crack.area_px == result.crack_pixels
    assert crack.bbox_px == (10, 30, 200, 3)
    assert len(crack.centerlines_px) == 2
    assert crack.tortuosity == pytest.approx(1, abs=0.01)
    assert crack.length_px + (x2 - x1) == pytest.approx(200, abs=1)


@pytest.mark.parametrize(
    ("gap", "in_gap", "drop", "why"),
    [
        (1, 0.0, 0, "a mask with one pixel between them"),
        (2, 0.0, 0, "a mask with two pixels between them"),
        (8, 0.0, 0, "sound concrete between them, as in every mask"),
        (60, 0.3, 0, "too far"),
        (8, 0.3, 20, "not in line"),
    ],
)
def test_what_is_no_continuation_stays_apart(gap, in_gap, drop, why):
    result = measure(broken(gap, in_gap, drop), 0.5)
    assert result.crack_count == 2, why
    assert all(crack.gaps == () for crack in result.cracks)


def test_parallel_cracks_are_not_joined():
    probability = np.full((60, 120), 0.3, np.float32)
    probability[20:23, 10:110] = probability[30:33, 10:110] = 0.9
    assert measure(probability, 0.5).crack_count == 2


def test_specks_are_not_joined():
    probability = np.full((60, 60), 0.3, np.float32)
    probability[::4, ::4] = 0.9
    assert measure(probability, 0.5).crack_count == 15 * 15


def test_an_end_goes_on_in_the_nearest_fragment_alone():
    probability = broken(6, 0.3)
    probability[37:40, 118:210] = 0.9  # a second candidate, a little aside
    result = measure(probability, 0.5)
    assert result.crack_count == 2
    assert result.cracks[0].bbox_px == (10, 30, 200, 3)
    assert [crack.id for crack in result.cracks] == [1, 2]
    assert result.cracks[0].area_px > result.cracks[1].area_px


@pytest.mark.parametrize("gap", [1, 2, 3])
@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_a_gap_in_a_mask_counts_for_neither_side(gap, width):
    mask = np.zeros((40, 300), np.float32)
    mask[20 : 20 + width, 20:280] = 1
    mask[:, 150 : 150 + gap] = 0
    assert measure(mask, 0.5).total_length_px == pytest.approx(260 - gap, abs=0.5)
