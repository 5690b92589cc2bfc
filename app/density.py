"""How much crack lies where: length per area on a grid of square cells, as numbers and as a picture. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from app.errors import InvalidParameter
from app.plane import Plane

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# A twentieth of the longer side: 20 x 15 numbers for a photo of 4000 x 3000, each still visible on a thumbnail.
CELLS_ALONG_LONGER_SIDE = 20
# A smaller cell holds one crack or none, and says where it runs, not how dense cracks are.
SMALLEST_DEFAULT_CELL_PX = 32
# What a finer grid would cost: 200 x 200 numbers are some 300 kB of JSON.
MAX_CELLS = 40_000
# Viridis begins at a dark purple, which is hard to tell from the black of no crack; an eighth of the way up it is blue.
FIRST_COLOUR = 32
MM_PER_M = 1000.0


@dataclass(frozen=True, eq=False)
class Density:
    """Crack length per area. Cell (0, 0) begins at the photo's top left corner.

    Attributes:
        height, width: of the photo, pixels.
        cell_px: side of a cell; cells of the last row and column end with the photo and may be smaller.
        px_per_px2: [rows, columns] pixels of crack length per square pixel of the cell.
        m_per_m2: [rows, columns] metres of crack per square metre of the cell; None without a plane, and where
            the plane's horizon runs through the photo, so that a part of it shows no surface.
    """

    height: int
    width: int
    cell_px: int
    px_per_px2: Floats
    m_per_m2: Floats | None


def default_cell_px(height: int, width: int) -> int:
    """A twentieth of the photo's longer side, rounded up, and at least SMALLEST_DEFAULT_CELL_PX."""
    return max(-(-max(height, width) // CELLS_ALONG_LONGER_SIDE), SMALLEST_DEFAULT_CELL_PX)


def grid(height: int, width: int, cell_px: int) -> tuple[int, int]:
    """Rows and columns of the cells. Raises as `density` does."""
    if min(height, width, cell_px) < 1:
        raise ValueError(f"no grid of {cell_px} px cells on {width}x{height} px")
    rows, columns = -(-height // cell_px), -(-width // cell_px)
    if rows * columns > MAX_CELLS:
        raise InvalidParameter(
            f"cells of {cell_px} px divide the photo into {rows * columns}, {MAX_CELLS} are the limit; "
            f"ask for larger ones, as the default of {default_cell_px(height, width)} px"
        )
    return rows, columns


def density(
    centerlines: Sequence[Floats], height: int, width: int, plane: Plane | None, cell_px: int
) -> Density:
    """Sum up crack length in the cells of a grid.

    Polylines are cut exactly where they cross a border, so that values times areas add up to the total length.
    What reaches beyond the photo, as the last half width of a crack may, counts for the nearest cell.

    Args:
        centerlines: [N, 2] (x, y) each, pixels; the centre of the top left pixel is (0, 0).
        height, width: of the photo, pixels.
        plane: gives metres; None for pixels alone.
        cell_px: side of a cell.

    Raises:
        InvalidParameter: cells so small that they are more than MAX_CELLS.
        ValueError: a size below 1.
    """
    rows, columns = grid(height, width, cell_px)
    y = np.minimum(np.arange(rows + 1) * cell_px, height) - 0.5
    x = np.minimum(np.arange(columns + 1) * cell_px, width) - 0.5
    start, end = _cut(*_cut(*_segments(centerlines), 0, cell_px), 1, cell_px)
    column, row = np.floor(((start + end) / 2 + 0.5) / cell_px).astype(np.int64).T
    cell = row.clip(0, rows - 1) * columns + column.clip(0, columns - 1)

    def summed(lengths: Floats) -> Floats:
        total = np.bincount(cell, lengths, rows * columns)
        return np.asarray(total, np.float64).reshape(rows, columns)

    px_per_px2 = summed(np.hypot(*(end - start).T)) / np.outer(np.diff(y), np.diff(x))
    if plane is None or _horizon_is_in_sight(plane, x[[0, -1]], y[[0, -1]]):
        return Density(height, width, cell_px, px_per_px2, None)
    length_mm = summed(np.hypot(*(plane.mm(end) - plane.mm(start)).T))
    m_per_m2 = MM_PER_M * length_mm / _cell_areas_mm2(plane, x, y)
    return Density(height, width, cell_px, px_per_px2, m_per_m2)


def heat_map(density: Density, height: int, width: int) -> NDArray[np.uint8]:
    """The grid as a picture, RGB `[height, width, 3]`, of the photo's size or any other.

    Black where there is no crack, then from blue over green to the yellow of the densest cell of this photo
    (viridis: https://bids.github.io/colormap/, lightness rises evenly, also for colour-blind readers).
    """
    share = density.px_per_px2 / max(float(density.px_per_px2.max()), np.finfo(np.float64).tiny)
    place = np.rint(FIRST_COLOUR + (255 - FIRST_COLOUR) * share).astype(np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(place, cv2.COLORMAP_VIRIDIS), cv2.COLOR_BGR2RGB)
    colours[share == 0] = 0
    rows = (np.arange(height) + 0.5) * (density.height / height) // density.cell_px
    columns = (np.arange(width) + 0.5) * (density.width / width) // density.cell_px
    # `take` copies whole rows, 12 megapixels in 3 ms on one core; indexing by both arrays takes 140 ms.
    drawn = np.take(colours.astype(np.uint8), columns.astype(np.int64), axis=1)
    return np.take(drawn, rows.astype(np.int64), axis=0)


def _segments(centerlines: Sequence[Floats]) -> tuple[Floats, Floats]:
    """First and last points, [N, 2] each, of the straight pieces of all polylines."""
    nothing = np.empty((0, 2))
    start = np.concatenate([nothing, *(line[:-1] for line in centerlines)])
    end = np.concatenate([nothing, *(line[1:] for line in centerlines)])
    return start, end


def _cut(start: Floats, end: Floats, axis: int, cell_px: int) -> tuple[Floats, Floats]:
    """Cut segments at the borders between columns (axis 0) or rows (axis 1); their sense may turn round."""
    falls = (start[:, axis] > end[:, axis])[:, None]
    start, end = np.where(falls, end, start), np.where(falls, start, end)
    low, high = (start[:, axis] + 0.5) / cell_px, (end[:, axis] + 0.5) / cell_px
    first = np.floor(low).astype(np.int64)
    pieces: Integers = np.maximum(np.ceil(high).astype(np.int64) - first, 1)
    segment = np.repeat(np.arange(len(start)), pieces)
    piece = np.arange(len(segment)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    is_cut = piece < pieces[segment] - 1
    cut = segment[is_cut]
    until = np.ones(len(segment))
    until[is_cut] = (first[cut] + piece[is_cut] + 1 - low[cut]) / (high[cut] - low[cut])
    since = np.where(piece == 0, 0.0, np.roll(until, 1))
    step = (end - start)[segment]
    return start[segment] + since[:, None] * step, start[segment] + until[:, None] * step


def _horizon_is_in_sight(plane: Plane, x: Floats, y: Floats) -> bool:
    """Whether the depth, linear over the photo, changes its sign between the corners."""
    a, b, c = plane.to_mm[2]
    depth = a * x[None, :] + b * y[:, None] + c
    return bool(depth.min() <= 0 <= depth.max())


def _cell_areas_mm2(plane: Plane, x: Floats, y: Floats) -> Floats:
    """[rows, columns] area of each cell on the surface: half the cross product of its diagonals."""
    corners = np.stack(np.meshgrid(x, y), axis=-1)
    on_surface = plane.mm(corners.reshape(-1, 2)).reshape(corners.shape)
    falling = on_surface[1:, 1:] - on_surface[:-1, :-1]
    rising = on_surface[:-1, 1:] - on_surface[1:, :-1]
    cross = falling[..., 0] * rising[..., 1] - falling[..., 1] * rising[..., 0]
    return np.asarray(np.abs(cross) / 2, np.float64)
