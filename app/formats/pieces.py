"""A region with holes, cut into polygons without."""

import numpy as np

from app.measurement.arrays import Integers


def pieces(runs: Integers) -> list[list[float]]:
    """Polygons, flat [x, y, x, y, ...], that together cover `runs` once, on pixel corners: pixel (0, 0) ends at (1, 1).

    `runs` [R, 3] are (row, first column, column behind the last) in reading order. A piece ends where its run of
    pixels splits, or meets another, so no piece can close round a hole.
    """
    following = _following(runs)
    rows, starts, stops = runs.T.tolist()
    begins = np.ones(len(runs), np.bool_)
    begins[following[following >= 0]] = False
    after = following.tolist()
    polygons = []
    for run in np.flatnonzero(begins).tolist():
        down: list[float] = [starts[run], rows[run]]
        up: list[float] = [rows[run], stops[run]]  # from the end: y, x, y, x, ...
        last, following_run = run, after[run]
        while following_run >= 0:
            y = rows[following_run]
            if starts[following_run] != starts[last]:
                down += [starts[last], y, starts[following_run], y]
            if stops[following_run] != stops[last]:
                up += [y, stops[last], y, stops[following_run]]
            last, following_run = following_run, after[following_run]
        end = rows[last] + 1
        polygons.append([*down, starts[last], end, *reversed([*up, end, stops[last]])])
    return polygons


def _following(runs: Integers) -> Integers:
    """[R] the run below that a run shares an edge with, where it has no other and that one has none; else -1."""
    rows, starts, stops = runs.T
    stride = (
        int(stops.max(initial=0)) + 1
    )  # keeps the last run of a row apart from the first of the next
    starts, stops = rows * stride + starts, rows * stride + stops
    first = np.searchsorted(stops, starts + stride, side="right")
    below = np.searchsorted(starts, stops + stride, side="left") - first
    above = np.searchsorted(starts, stops - stride, side="left") - np.searchsorted(
        stops, starts - stride, side="right"
    )
    following = np.full(len(runs), -1)
    alone = np.flatnonzero(below == 1)
    alone = alone[above[first[alone]] == 1]
    following[alone] = first[alone]
    return following
