"""Masks as run lengths, made from the edges of what they show; the only door to pycocotools.

Where an edge is crossed, background becomes crack or crack background: the crossings, sorted, are the run lengths
summed up. So what a crack costs grows with its edges, and no photo-sized array is made for each of thousands.

COCO's run lengths count down the columns, CVAT's along the rows of a box; both begin with the background, which may
be 0 pixels long (https://github.com/cocodataset/cocoapi, PythonAPI/pycocotools/mask.py).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

from app.measurement.arrays import Floats, Integers
from app.measurement.regions import spread


def compressed(mask: NDArray[np.bool_]) -> str:
    """A mask [H, W] as COCO's compressed `counts`."""
    counts: bytes = coco.encode(np.asfortranarray(mask, np.uint8))["counts"]
    return counts.decode()


def compressed_edges(edges: Sequence[Floats], height: int, width: int) -> str:
    """The pixels within `edges`, as `Crack.edges_px`, on a photo of that size, as COCO's compressed `counts`."""
    columns, crossings = _crossings(edges, along=0)
    counts = _counts(columns * height + crossings, height * width)
    encoded = coco.frPyObjects({"counts": counts, "size": [height, width]}, height, width)
    text: bytes = encoded["counts"]
    return text.decode()


def counts_by_rows(edges: Sequence[Floats], box_px: tuple[int, int, int, int]) -> list[int]:
    """The pixels within `edges`, as `Crack.edges_px`, row by row of the box (x, y, width, height) that holds them."""
    left, top, width, height = box_px
    rows, crossings = _crossings(edges, along=1)
    return _counts((rows - top) * width + crossings - left, height * width)


def runs(edges: Sequence[Floats]) -> Integers:
    """[R, 3] the pixels within `edges` as (row, first column, column behind the last), in reading order."""
    rows, crossings = _crossings(edges, along=1)
    order = np.lexsort((crossings, rows))
    starts, stops = order[::2], order[1::2]
    return np.column_stack([rows[starts], crossings[starts], crossings[stops]])


def _crossings(edges: Sequence[Floats], along: int) -> tuple[Integers, Integers]:
    """Where columns (`along` 0) or rows (1) of pixels cross an edge: their numbers, and the pixel behind the edge."""
    across = 1 - along
    corners = np.concatenate([*edges, np.empty((0, 2))])
    following = np.concatenate([*(np.roll(each, -1, axis=0) for each in edges), np.empty((0, 2))])
    side = corners[:, across] == following[:, across]
    ends = np.sort(np.column_stack([corners[side, along], following[side, along]]), axis=1)
    # Edges lie half a pixel before the centre of the pixel behind them.
    starts, stops = (ends + 0.5).astype(np.int64).T
    behind = (corners[side, across] + 0.5).astype(np.int64)
    return spread(starts, stops), np.repeat(behind, stops - starts)


def _counts(changes: Integers, size: int) -> list[int]:
    """Run lengths, background first, of `size` pixels that change at these flat indices.

    A change that is there twice is none: a run that ends with its line and one that begins the next are one.
    """
    places, times = np.unique(changes, return_counts=True)
    bounds = np.concatenate([[0], places[(times % 2 == 1) & (places < size)], [size]])
    lengths: list[int] = np.diff(bounds).tolist()
    return lengths
