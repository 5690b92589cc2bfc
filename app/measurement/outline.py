"""Outlines of cracks: polygons along the edges of their pixels, holes included.

Along pixel edges, and not through pixel centres, so that a crack one pixel wide has an area: before
simplification the signed areas of a crack's polygons add up to its number of pixels.
"""

import cv2
import numpy as np

from app.errors import InvalidParameter
from app.measurement.arrays import Floats, Integers
from app.measurement.regions import Regions, spread

# Of all components together: at the bound the edges take half a gigabyte and some seconds.
MAX_OUTLINED_PX = 8_000_000


def outlines(regions: Regions) -> list[list[Floats]]:
    """Closed polygons [N, 2] (x, y) of each component, every corner of the edge, the first point not repeated.

    The interior lies to the left of the way as seen on the photo. Raises InvalidParameter for more than
    MAX_OUTLINED_PX pixels.
    """
    pixels = int(regions.areas_px.sum())
    if pixels > MAX_OUTLINED_PX:
        raise InvalidParameter(
            f"outlines: {pixels} pixels are crack, {MAX_OUTLINED_PX} can be outlined; raise threshold, or ask for "
            "neither outlines nor a form that draws them"
        )
    starts, ends, component = _edges(regions)
    following = _following(starts, ends, regions.mask.shape[1])
    polygons: list[list[Floats]] = [[] for _ in range(len(regions.areas_px))]
    for cycle in _cycles(following):
        corners = starts[cycle]
        rows, columns = np.divmod(corners, regions.mask.shape[1])
        # The corner of a framed pixel at its upper left lies half a pixel up and left of its centre.
        polygon = _without_straight_points(np.column_stack([columns, rows]) - 1.5)
        polygons[component[cycle[0]]].append(polygon)
    return polygons


def smoothed(polygon: Floats, tolerance_px: float) -> Floats:
    """A closed polygon [N, 2] of fewer corners, within `tolerance_px` of itself."""
    # Half pixels are whole numbers of the doubled grid, exact in float32 on every photo taken.
    simple = cv2.approxPolyDP(polygon.astype(np.float32), tolerance_px, True)[:, 0]
    return simple.astype(np.float64) if len(simple) > 2 else polygon


def _edges(regions: Regions) -> tuple[Integers, Integers, Integers]:
    """Unit edges between crack and background: from corner, to corner, component.

    A corner has the flat index of the framed pixel to its lower right.
    """
    stride = regions.mask.shape[1]
    flat = regions.mask.ravel()
    pixels = spread(regions.starts, regions.stops)
    component = np.repeat(regions.region, regions.stops - regions.starts)
    top = ~flat[pixels - stride]
    bottom = ~flat[pixels + stride]
    starts, ends, owner = [], [], []
    # On the photo y points down: with the interior to the left, tops run west and bottoms east.
    for pixel, own, start, end in (
        (pixels[top], component[top], 1, 0),
        (pixels[bottom], component[bottom], stride, stride + 1),
        (regions.starts, regions.region, 0, stride),
        (regions.stops - 1, regions.region, stride + 1, 1),
    ):
        starts.append(pixel + start)
        ends.append(pixel + end)
        owner.append(own)
    return np.concatenate(starts), np.concatenate(ends), np.concatenate(owner)


def _following(starts: Integers, ends: Integers, stride: int) -> Integers:
    """Index of the edge that goes on where each edge ends.

    Where two pixels touch by a corner alone two edges go on; turning right there keeps the pixels,
    which are one crack, in one polygon.
    """
    order = np.argsort(starts, kind="stable")
    first = np.searchsorted(starts[order], ends)
    following = order[first]
    another = order[np.minimum(first + 1, len(order) - 1)]
    is_crossing = (starts[another] == ends) & (another != following)
    # A right turn, with y down: the direction (dx, dy) becomes (-dy, dx).
    ways = {1: stride, stride: -1, -1: -stride, -stride: 1}
    turned = np.zeros(len(ends), np.int64)
    for way, right in ways.items():
        turned[ends - starts == way] = right
    takes_other = is_crossing & ((ends - starts)[another] == turned)
    return np.where(takes_other, another, following)


def _cycles(following: Integers) -> list[Integers]:
    """The closed ways of a permutation."""
    after, seen = following.tolist(), bytearray(len(following))
    cycles = []
    for start in range(len(after)):
        if seen[start]:
            continue
        cycle, edge = [], start
        while not seen[edge]:
            seen[edge] = 1
            cycle.append(edge)
            edge = after[edge]
        cycles.append(np.array(cycle))
    return cycles


def _without_straight_points(polygon: Floats) -> Floats:
    before, after = np.roll(polygon, 1, axis=0), np.roll(polygon, -1, axis=0)
    turns = ((polygon - before) != (after - polygon)).any(axis=1)
    return np.asarray(polygon[turns], np.float64)
