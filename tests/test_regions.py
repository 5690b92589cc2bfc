"""Components as runs, against OpenCV's own labels."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.errors import InvalidParameter
from app.measurement import regions as module
from app.measurement.regions import find_regions, spread

masks = arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12)))


@settings(max_examples=200, deadline=None)
@given(masks)
def test_components_are_those_of_opencv(mask):
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8
    )
    regions, pixels = find_regions(mask.astype(np.float32), 0.5, 0)
    assert pixels == mask.sum()
    assert len(regions.areas_px) == count - 1
    assert sorted(regions.areas_px.tolist(), reverse=True) == regions.areas_px.tolist()
    expected = {tuple(row[[0, 1, 2, 3, 4]].tolist()) for row in statistics[1:]}
    found = zip(regions.boxes_px.tolist(), regions.areas_px.tolist(), strict=True)
    assert {(*box, area) for box, area in found} == expected
    for number in range(count - 1):
        left, top, width, height = regions.boxes_px[number]
        crop = regions.crop(number)
        assert crop.sum() == regions.areas_px[number]
        seen = labels[top : top + height, left : left + width][crop]
        assert (seen == seen[0]).all()


@given(masks)
def test_every_pixel_stands_in_one_run(mask):
    regions, _ = find_regions(mask.astype(np.float32), 0.5, 0)
    pixels, _ = regions.pixels(np.ones(len(regions.areas_px), np.bool_))
    columns, rows = regions.points(pixels).astype(int).T
    assert list(zip(rows, columns, strict=True)) == list(zip(*np.nonzero(mask), strict=True))


def test_small_components_are_left_out_and_surplus_ones_counted(monkeypatch):
    monkeypatch.setattr(module, "MAX_REGIONS", 2)
    probability = np.zeros((9, 30), np.float32)
    for number, length in enumerate((9, 7, 5, 3)):
        probability[2 * number, :length] = 1
    regions, pixels = find_regions(probability, 0.5, 4)
    assert regions.areas_px.tolist() == [9, 7]
    assert regions.left_out == 1
    assert pixels == 24


def test_noise_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(module, "MAX_RUNS", 10)
    with pytest.raises(InvalidParameter, match="raise threshold"):
        find_regions(np.tile(np.float32([1, 0]), (3, 4)), 0.5, 0)


def test_spread():
    assert spread(np.array([3, 10, 20]), np.array([5, 10, 23])).tolist() == [3, 4, 20, 21, 22]
