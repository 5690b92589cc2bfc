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
        left_out: components of enough area beyond MAX_REGIONS.
    """

    mask: NDArray[np.bool_]
    starts: Integers
    stops: Integers
    region: Integers
    areas_px: Integers
    boxes_px: Integers
    left_out: int

    def pixels(self, chosen: NDArray[np.bool_]) -> tuple[Integers, Integers]:
        """Flat indices, ascending, of the pixels of the chosen [n] components, and their components."""
        kept = chosen[self.region]
        return spread(self.starts[kept], self.stops[kept]), np.repeat(
            self.region[kept], (self.stops - self.starts)[kept]
        )

    def points(self, pixels: Integers) -> Floats:
        """[N, 2] (x, y) of flat indices."""
        rows, columns = np.divmod(pixels, self.mask.shape[1])
        return np.column_stack([columns, rows]).astype(np.float64) - 1

    def crop(self, number: int) -> NDArray[np.bool_]:
        """One component alone, [height, width] of its box."""
        left, top, width, height = self.boxes_px[number].tolist()
        own = self.region == number
        rows, columns = np.divmod(self.starts[own], self.mask.shape[1])
        change = np.zeros((height, width + 1), np.int8)
        change[rows - 1 - top, columns - 1 - left] = 1
        change[rows - 1 - top, columns - 1 - left + (self.stops - self.starts)[own]] = -1
        inside: NDArray[np.bool_] = np.cumsum(change, axis=1, dtype=np.int8)[:, :-1].astype(bool)
        return inside


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
    kept = region >= 0
    regions = Regions(
        mask, starts[kept], stops[kept], region[kept], areas[order], boxes[order], left_out
    )
    return regions, int((stops - starts).sum())


def _touching(starts: Integers, stops: Integers, stride: int) -> Integers:
    """[R] component of each run: runs of neighbouring rows that touch, by a corner at least, are one."""
    first = np.searchsorted(stops, starts + stride)
    last = np.maximum(np.searchsorted(starts, stops + stride, side="right"), first)
    above = np.repeat(np.arange(len(starts)), last - first)
    links = coo_array(
        (np.ones(len(above), np.int8), (above, spread(first, last))), (len(starts), len(starts))
    )
    return np.asarray(connected_components(links, directed=False)[1], np.int64)


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
