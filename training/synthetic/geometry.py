"""Strips of known width, and the exact share of every pixel that they cover.

Pixel (row r, column c) is the unit square centred on (x, y) = (c, r), as in OpenCV and
scikit-image, so a point on a skeleton and a point on a centreline can be compared directly.

A strip is the polygon between two polylines, half the width to the left and to the right of the
centreline, with butt ends and mitred bends. Its coverage is the polygon's area inside each pixel,
found in closed form from the polygon's edges (Green's theorem, the method of font rasterisers),
not by sampling: on a strip that does not fold over itself the only error is rounding, below 1e-6
of a pixel. Where a bend is tighter than half the width the strip overlaps itself and the sum is
limited to 1, which may count a part of a pixel on the overlap's rim twice.
"""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Coverage = NDArray[np.float32]

MITRE_LIMIT = 2.0
"""The outside of a bend reaches at most this many half widths out: a turn of 120 degrees."""

CENTRELINE_SHARE_PX = 0.5
"""A pixel with this much centreline in it belongs to the mask, however thin the crack."""


def draw_line(
    height: int,
    width: int,
    start_xy: tuple[float, float],
    end_xy: tuple[float, float],
    width_px: float,
) -> Coverage:
    """Cover of a straight bar with butt ends, float32 [height, width] in [0, 1].

    Inside the frame the values add up to length times width. Raises ValueError as
    `draw_polyline` does.
    """
    return draw_polyline(height, width, np.array([start_xy, end_xy]), width_px)


def draw_polyline(
    height: int, width: int, points_xy: Points, width_px: float | NDArray[np.float64]
) -> Coverage:
    """Cover of a strip along a polyline, float32 [height, width] in [0, 1].

    `points_xy` is [N, 2] with N >= 2 and no two neighbours equal; `width_px` is one width, or one
    for each point and linear in between, measured across the strip. Raises ValueError on other
    shapes, on repeated points and on widths that are not above zero.
    """
    points, widths = _checked(height, width, points_xy, width_px)
    reach = _mitre_normals(points) * (widths / 2)[:, None]
    outline = np.concatenate([points + reach, (points - reach)[::-1]])
    coverage = np.zeros((height, width), np.float32)
    box = _pixels_around(outline, height, width)
    if box is not None:
        rows, columns = box
        corner = np.array([columns.start, rows.start]) - 0.5
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        coverage[box] = _polygon_area(outline - corner, *shape)
    return coverage


def centreline_length(height: int, width: int, points_xy: Points) -> Coverage:
    """Length in pixels of the polyline inside each pixel, float32 [height, width]."""
    start, end = _split_on_grid(points_xy[:-1] + 0.5, points_xy[1:] + 0.5)
    column, row = np.floor((start + end) / 2).astype(np.int64).T
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    length = np.hypot(*(end - start).T)
    flat = row[inside] * width + column[inside]
    total = np.bincount(flat, weights=length[inside], minlength=height * width)
    return total.reshape(height, width).astype(np.float32)


def mask_from(coverage: Coverage, centreline: Coverage) -> NDArray[np.bool_]:
    """The mask's one rule: at least half covered, or at least half a pixel of centreline inside.

    The second half keeps a hairline, which never covers half a pixel, as an unbroken 8-connected
    line: a straight one crosses each column (or row, if steep) in at most two pieces, of which one
    is half a pixel or longer.
    """
    return (coverage >= 0.5) | (centreline >= CENTRELINE_SHARE_PX)


def polyline_length(points_xy: Points) -> NDArray[np.float64]:
    """Length of each piece of the polyline, [N - 1]."""
    return np.hypot(*np.diff(points_xy, axis=0).T)


def clip_to_frame(
    points_xy: Points, widths_px: NDArray[np.float64], height: int, width: int
) -> list[tuple[Points, NDArray[np.float64]]]:
    """The pieces of a polyline inside the frame, each with its widths.

    Where the polyline leaves or enters, a point is put on the frame's edge, half a pixel outside
    the centres of the outermost pixels.
    """
    table = np.column_stack([points_xy, widths_px])
    start, step = table[:-1], np.diff(table, axis=0)
    along = np.where(step[:, :2] == 0, 1e-12, step[:, :2])
    one = (-0.5 - start[:, :2]) / along
    other = (np.array([width, height]) - 0.5 - start[:, :2]) / along
    enter = np.maximum(np.minimum(one, other).max(axis=1), 0)
    leave = np.minimum(np.maximum(one, other).min(axis=1), 1)
    seen = np.flatnonzero(leave > enter)
    if not len(seen):
        return []
    first, last = start + enter[:, None] * step, start + leave[:, None] * step
    breaks = (np.diff(seen) > 1) | (leave[seen[:-1]] < 1) | (enter[seen[1:]] > 0)
    runs = np.split(seen, np.flatnonzero(breaks) + 1)
    pieces = [np.vstack([first[run[:1]], last[run]]) for run in runs]
    return [(piece[:, :2], piece[:, 2]) for piece in pieces]


def _checked(
    height: int, width: int, points_xy: Points, width_px: float | NDArray[np.float64]
) -> tuple[Points, NDArray[np.float64]]:
    points = np.asarray(points_xy, np.float64)
    if height < 1 or width < 1:
        raise ValueError(f"a frame needs at least one pixel, got {width} x {height}")
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2:
        raise ValueError(f"a polyline is [N, 2] with N >= 2, got shape {points.shape}")
    if not polyline_length(points).all():
        raise ValueError("two neighbouring points of the polyline are equal; leave one out")
    widths = np.broadcast_to(np.asarray(width_px, np.float64), len(points))
    if not (widths > 0).all():
        raise ValueError("every width must be above zero")
    return points, widths


def _mitre_normals(points: Points) -> Points:
    """Direction across the strip at each point; longer than 1 in bends, to keep the width there."""
    along = np.diff(points, axis=0)
    normal = np.column_stack([-along[:, 1], along[:, 0]]) / np.hypot(*along.T)[:, None]
    before, after = np.vstack([normal[:1], normal]), np.vstack([normal, normal[-1:]])
    total = before + after
    square = (total**2).sum(axis=1, keepdims=True)
    mitre = 2 * total / np.maximum(square, (2 / MITRE_LIMIT) ** 2)
    return np.where(square > 1e-9, mitre, after)


def _pixels_around(outline: Points, height: int, width: int) -> tuple[slice, slice] | None:
    left, top = np.floor(outline.min(axis=0) + 0.5).astype(int)
    right, bottom = np.floor(outline.max(axis=0) + 0.5).astype(int) + 1
    rows, columns = slice(max(top, 0), min(bottom, height)), slice(max(left, 0), min(right, width))
    return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None


def _split_on_grid(start: Points, end: Points) -> tuple[Points, Points]:
    """Cut lines at every whole x and whole y, so that each piece lies in one cell of the grid."""
    lines = np.arange(len(start))
    owner, share = [lines, lines], [np.zeros(len(start)), np.ones(len(start))]
    for axis in (0, 1):
        low = np.minimum(start[:, axis], end[:, axis])
        high = np.maximum(start[:, axis], end[:, axis])
        first = np.floor(low).astype(np.int64) + 1
        count = np.maximum(np.ceil(high).astype(np.int64) - first, 0)
        line = np.repeat(lines, count)
        grid = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[line]
        owner.append(line)
        share.append((grid - start[line, axis]) / (end[line, axis] - start[line, axis]))
    all_owner, all_share = np.concatenate(owner), np.concatenate(share)
    order = np.lexsort((all_share, all_owner))
    all_owner, all_share = all_owner[order], all_share[order]
    at = start[all_owner] + all_share[:, None] * (end - start)[all_owner]
    same = all_owner[:-1] == all_owner[1:]
    return at[:-1][same], at[1:][same]


def _polygon_area(outline: Points, height: int, width: int) -> Coverage:
    """Area of the polygon in each cell of the grid [0, width] x [0, height], limited to 1.

    Each piece of an edge adds its rise times the cell's part to its right, and its whole rise to
    every cell further right: a running sum along the row. What lies left of the grid counts as if
    on its left edge.
    """
    start, end = _split_on_grid(outline, np.roll(outline, -1, axis=0))
    middle = (start + end) / 2
    row = np.floor(middle[:, 1]).astype(np.int64)
    inside = (row >= 0) & (row < height) & (middle[:, 0] < width)
    rise, x, row = (end - start)[inside, 1], np.maximum(middle[inside, 0], 0), row[inside]
    column = np.floor(x).astype(np.int64)
    into = x - column
    flat = row * (width + 1) + column
    total = np.bincount(flat, rise * (1 - into), minlength=height * (width + 1))
    total += np.bincount(flat + 1, rise * into, minlength=height * (width + 1))[: total.size]
    area = total.reshape(height, width + 1).cumsum(axis=1)[:, :width]
    return np.clip(np.abs(area), 0, 1).astype(np.float32)
