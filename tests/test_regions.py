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
    columns, rows = regions.points(spread(regions.starts, regions.stops)).astype(int).T
    owners = regions.region_of(spread(regions.starts, regions.stops))
    pairs = {(int(a), int(b)) for a, b in zip(owners, labels[rows, columns], strict=True)}
    assert len(pairs) == count - 1  # each of ours is one of theirs


@given(masks)
def test_every_pixel_stands_in_one_run(mask):
    regions, _ = find_regions(mask.astype(np.float32), 0.5, 0)
    columns, rows = regions.points(spread(regions.starts, regions.stops)).astype(int).T
    assert list(zip(rows, columns, strict=True)) == list(zip(*np.nonzero(mask), strict=True))


@settings(max_examples=200, deadline=None)
@given(masks)
def test_pinholes_are_the_small_holes_of_one_component(mask):
    """Against OpenCV: background components that do not reach the frame, and touch one component alone."""
    framed = np.pad(mask, 1)
    _, cracks = cv2.connectedComponents(framed.astype(np.uint8), connectivity=8)
    count, holes, sizes, _ = cv2.connectedComponentsWithStats(
        (~framed).astype(np.uint8), connectivity=4
    )
    expected = np.zeros_like(framed)
    for hole in range(1, count):
        inside = holes == hole
        beside = cv2.dilate(
            inside.astype(np.uint8), np.array([[0, 0, 0], [1, 1, 1], [0, 0, 0]], np.uint8)
        )
        owners = set(cracks[beside.astype(bool) & ~inside].tolist())
        if not inside[0, 0] and sizes[hole, cv2.CC_STAT_AREA] <= 16 and len(owners) == 1:
            expected |= inside
    regions, _ = find_regions(mask.astype(np.float32), 0.5, 0)
    found = np.zeros(framed.size, bool)
    found[regions.pinholes] = True
    np.testing.assert_array_equal(found.reshape(framed.shape), expected)


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
