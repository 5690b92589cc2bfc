"""A photo cut into overlapping square tiles, and their predictions blended back: pure.

Tiles start evenly spread, so that all overlap by at least what was asked for. In an overlap the weights of
two neighbours are linear ramps that add up to one: at a tile's edge, where its network sees least context,
its word counts least.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Photo = NDArray[np.uint8]
Map = NDArray[np.float32]


@dataclass(frozen=True)
class Grid:
    """Where the tiles of a photo of `height` x `width` pixels start; `tile` and starts in pixels.

    A photo smaller than a tile is extended to one by mirroring, on its right and lower side.
    """

    height: int
    width: int
    tile: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.rows) * len(self.columns)

    def corners(self) -> Iterator[tuple[int, int]]:
        """Top left corners (row, column) in reading order."""
        return ((row, column) for row in self.rows for column in self.columns)


def grid(height: int, width: int, tile: int, overlap: int) -> Grid:
    """Tiles that cover the photo and overlap by at least `overlap` pixels (0 to tile - 1).

    Raises ValueError where a size is below 1 or the overlap leaves no step.
    """
    if min(height, width, tile) < 1 or not 0 <= overlap < tile:
        raise ValueError(
            f"no grid of {tile} px tiles with overlap {overlap} on {width}x{height} px"
        )
    return Grid(height, width, tile, _starts(height, tile, overlap), _starts(width, tile, overlap))


def _starts(length: int, tile: int, overlap: int) -> tuple[int, ...]:
    """Evenly spread starts: length 1000, tile 256, overlap 64 gives 0, 186, 372, 558, 744."""
    if length <= tile:
        return (0,)
    gaps = -(-(length - tile) // (tile - overlap))
    return tuple(round(i * (length - tile) / gaps) for i in range(gaps + 1))


def cut(photo: Photo, grid: Grid) -> Iterator[Photo]:
    """The tiles, uint8 `[tile, tile, 3]`, in the order of `grid.corners()`; views where no pixel is made up."""
    short = (max(grid.tile - grid.height, 0), max(grid.tile - grid.width, 0))
    if any(short):
        photo = np.pad(photo, ((0, short[0]), (0, short[1]), (0, 0)), mode="reflect")
    for row, column in grid.corners():
        yield photo[row : row + grid.tile, column : column + grid.tile]


def stitch(predictions: Iterable[Map], grid: Grid) -> Map:
    """Blend probabilities, float32 `[tile, tile]`, in the order of `grid.corners()`, into one `[height, width]`.

    The weights add up to one at every pixel, so equal predictions come back as they were, and the result
    stays within the predictions' range.
    """
    blended = np.zeros((max(grid.height, grid.tile), max(grid.width, grid.tile)), np.float32)
    row_weights, column_weights = _weights(grid.rows, grid.tile), _weights(grid.columns, grid.tile)
    remaining = iter(predictions)
    for row, down in zip(grid.rows, row_weights, strict=True):
        for column, across in zip(grid.columns, column_weights, strict=True):
            part = blended[row : row + grid.tile, column : column + grid.tile]
            part += next(remaining) * down[:, None] * across[None, :]
    np.minimum(blended, 1, out=blended)  # rounding lifts a sum of weights to 1.0000001
    return blended[: grid.height, : grid.width]


def _weights(starts: tuple[int, ...], tile: int) -> list[Map]:
    """Weights of each tile along one axis: ramps over the overlaps, one elsewhere, normalised to sum to one."""
    ramps = [np.ones(tile, np.float64) for _ in starts]
    for (left, start), (right, following) in pairwise(zip(ramps, starts, strict=True)):
        overlap = start + tile - following
        rise = (np.arange(overlap) + 0.5) / overlap  # 2 px: 0.25, 0.75
        right[:overlap] *= rise
        left[tile - overlap :] *= rise[::-1]
    # Where an overlap is wider than half a tile, three tiles meet and the products do not add up by themselves.
    total = np.zeros(starts[-1] + tile)
    for ramp, start in zip(ramps, starts, strict=True):
        total[start : start + tile] += ramp
    return [
        (ramp / total[start : start + tile]).astype(np.float32)
        for ramp, start in zip(ramps, starts, strict=True)
    ]
