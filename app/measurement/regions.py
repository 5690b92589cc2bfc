"""The connected components of a mask, as runs of pixels: what is no crack, most of a photo, costs one pass.

All flat indices are of the framed mask, which has one row and column of background on every side, so that
every pixel has eight neighbours.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from app.errors import InvalidParameter
from app.measurement.arrays import Floats, Integers

# 20,000 cracks are measured in seconds and make some megabytes of JSON.
MAX_REGIONS = 20_000
# A photo of 120 megapixels crossed by cracks a hundred times has a million runs; noise has more.
MAX_RUNS = 4_000_000
# A hole of 4 x 4 pixels is a grain or a wrong pixel; a centreline that went round it on both sides would be
# longer by its girth.
MAX_PINHOLE_PX = 16


@dataclass(frozen=True)
class Regions:
    """8-connected components of a mask by falling area, then by place.

    Attributes:
        mask: [H + 2, W + 2], the framed mask, with what was left out still in it.
        starts: [R] flat index of each run's first pixel, ascending.
        stops: [R] flat index behind each run's last pixel.
        region: [R] component of each run, 0 for the largest.
        areas_px: [n] pixels of each component.
        boxes_px: [n, 4] (x, y, width, height) of each component.
        pinholes: flat indices of what is no crack but holes of at most MAX_PINHOLE_PX in one.
        left_out: components of enough area beyond MAX_REGIONS.
    """

    mask: NDArray[np.bool_]
    starts: Integers
    stops: Integers
    region: Integers
    areas_px: Integers
    boxes_px: Integers
    pinholes: Integers
    left_out: int

    def points(self, pixels: Integers) -> Floats:
        """[N, 2] (x, y) of flat indices."""
        rows, columns = np.divmod(pixels, self.mask.shape[1])
        return np.column_stack([columns, rows]).astype(np.float64) - 1

    def region_of(self, pixels: Integers) -> Integers:
        """Component of each flat index, of a pixel of the crack or of a pinhole in it."""
        return self.region[np.searchsorted(self.starts, pixels, side="right") - 1]


def spread(starts: Integers, stops: Integers) -> Integers:
    """All whole numbers from each start up to its stop, end to end."""
    lengths = stops - starts
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(lengths.sum())


def find_regions(
    probability: NDArray[np.float32], threshold: float, min_area_px: int
) -> tuple[Regions, int]:
    """The components of the mask (probability >= threshold) and the mask's number of pixels.

    Raises InvalidParameter where the mask is noise, of more than MAX_RUNS runs.
    """
    height, width = probability.shape
    mask = np.zeros((height + 2, width + 2), np.bool_)
    np.greater_equal(probability, threshold, out=mask[1:-1, 1:-1])
    flat = mask.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    starts, stops = changes[::2], changes[1::2]
    if len(starts) > MAX_RUNS:
        raise InvalidParameter(
            f"the mask is noise: it crosses the rows of the photo {len(starts)} times, {MAX_RUNS} can be "
            "followed; raise threshold"
        )
    region = _touching(starts, stops, width + 2)
    areas, boxes = _sizes(starts, stops, region, width + 2)
    order = np.lexsort((boxes[:, 0], boxes[:, 1], -areas))
    order = order[areas[order] >= min_area_px]
    left_out = max(len(order) - MAX_REGIONS, 0)
    order = order[:MAX_REGIONS]
    rank = np.full(len(areas), -1)
    rank[order] = np.arange(len(order))
    region = rank[region]
    pinholes = _pinholes(starts, stops, region, mask.size, width + 2)
    kept = region >= 0
    regions = Regions(
        mask,
        starts[kept],
        stops[kept],
        region[kept],
        areas[order],
        boxes[order],
        pinholes,
        left_out,
    )
    return regions, int((stops - starts).sum())


def _touching(starts: Integers, stops: Integers, stride: int) -> Integers:
    """[R] component of each run: runs of neighbouring rows that touch, by a corner at least, are one."""
    first = np.searchsorted(stops, starts + stride)
    last = np.searchsorted(starts, stops + stride, side="right")
    return _linked(first, last)


def _linked(first: Integers, last: Integers) -> Integers:
    """[R] component of each run, where run r touches the runs first[r] to last[r] - 1 of the next row."""
    last = np.maximum(first, last)
    above = np.repeat(np.arange(len(first)), last - first)
    links = coo_array(
        (np.ones(len(above), np.int8), (above, spread(first, last))), (len(first), len(first))
    )
    return np.asarray(connected_components(links, directed=False)[1], np.int64)


def _pinholes(
    starts: Integers, stops: Integers, region: Integers, size: int, stride: int
) -> Integers:
    """Flat indices of the holes of at most MAX_PINHOLE_PX within one component (-1: left out)."""
    if not len(starts):
        return starts
    # Background runs; one from row to row crosses the frame, and so is no hole.
    begins, ends = np.append(0, stops), np.append(starts, size)
    hole = _linked(
        np.searchsorted(ends, begins + stride, side="right"),
        np.searchsorted(begins, ends + stride, side="left"),
    )
    areas = np.bincount(hole, weights=ends - begins)
    is_open = np.zeros(len(areas), np.bool_)
    is_open[hole[begins // stride != (ends - 1) // stride]] = True
    is_open |= areas > MAX_PINHOLE_PX
    left, right = np.append(-1, region), np.append(region, -1)
    # A component inside the hole of another would melt into it.
    is_open[hole[(left != right) | (left < 0)]] = True
    filled = ~is_open[hole]
    return spread(begins[filled], ends[filled])


def _sizes(
    starts: Integers, stops: Integers, region: Integers, stride: int
) -> tuple[Integers, Integers]:
    """Areas [n] and boxes [n, 4] of the components."""
    count = int(region.max(initial=-1)) + 1
    rows, columns = np.divmod(starts, stride)
    lengths = stops - starts
    areas = np.bincount(region, weights=lengths, minlength=count).astype(np.int64)
    low = np.full((count, 2), np.iinfo(np.int64).max)
    high = np.zeros((count, 2), np.int64)
    np.minimum.at(low[:, 0], region, columns)
    np.minimum.at(low[:, 1], region, rows)
    np.maximum.at(high[:, 0], region, columns + lengths)
    np.maximum.at(high[:, 1], region, rows + 1)
    return areas, np.column_stack([low - 1, high - low])
