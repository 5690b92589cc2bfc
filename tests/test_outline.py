"""Outlines: polygons along pixel edges whose areas are the crack's own."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.measurement import measure
from app.measurement.outline import outlines
from app.measurement.regions import find_regions

masks = arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def area(polygon: np.ndarray) -> float:
    """Signed: positive where the interior lies to the left as seen, with y pointing down."""
    x, y = polygon.T
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / -2)


@settings(max_examples=200, deadline=None)
@given(masks)
def test_areas_add_up_to_the_pixels_of_each_component(mask):
    regions, _ = find_regions(mask.astype(np.float32), 0.5, 0)
    found = outlines(regions)
    assert len(found) == len(regions.areas_px)
    for polygons, pixels in zip(found, regions.areas_px.tolist(), strict=True):
        areas = [area(polygon) for polygon in polygons]
        assert sum(areas) == pixels
        assert sum(each > 0 for each in areas) == 1  # one outer polygon, the others are holes
        for polygon in polygons:
            steps = np.abs(np.diff(polygon, axis=0, append=polygon[:1]))
            assert ((steps > 0).sum(axis=1) == 1).all()  # along the axes, no point twice


def test_a_ring_has_a_hole():
    ring = np.zeros((7, 8), np.float32)
    ring[1:6, 1:7] = 1
    ring[3, 3:5] = 0
    regions, _ = find_regions(ring, 0.5, 0)
    ((outer, hole),) = outlines(regions)
    assert sorted(outer.tolist()) == [[0.5, 0.5], [0.5, 5.5], [6.5, 0.5], [6.5, 5.5]]
    assert sorted(hole.tolist()) == [[2.5, 2.5], [2.5, 3.5], [4.5, 2.5], [4.5, 3.5]]


def test_pixels_that_touch_by_a_corner_are_in_one_polygon():
    regions, _ = find_regions(np.eye(4, dtype=np.float32), 0.5, 0)
    ((polygon,),) = outlines(regions)
    assert area(polygon) == 4


def test_simplified_it_stays_within_half_a_pixel():
    y, x = np.mgrid[:80, :80]
    disk = (np.hypot(x - 40.3, y - 38.8) < 25).astype(np.float32)
    (crack,) = measure(disk, 0.5, with_outlines=True).cracks
    (polygon,) = crack.outline_px
    assert len(polygon) < 100  # of some 140 corners
    assert abs(area(polygon) / crack.area_px - 1) < 0.02
    assert np.abs(np.hypot(*(polygon - [40.3, 38.8]).T) - 25).max() < 1.3
