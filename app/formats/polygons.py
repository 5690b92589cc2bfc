"""Outlines of a crack as polygons with holes, each ring without a place that it passes twice."""

from collections.abc import Sequence

import numpy as np

from app.measurement.arrays import Floats, Integers

Point = tuple[float, float]
Polygon = list[Floats]
"""The outer ring and then its holes, `[N, 2]` (x, y) each, the first point not repeated."""


def polygons(outlines: Sequence[Floats]) -> list[Polygon]:
    """Outlines `[N, 2]`, interior to the left as seen with y pointing down, holes the other way round.

    Corners lie at half pixels, as those of `measurement.outline` do. Pixels that touch by a corner alone are in one
    outline, but polygons (OGC 06-103r4, 6.1.11.1) have an interior in one piece and rings that pass no place twice:
    there they are cut into polygons and rings that touch.
    """
    rings = [ring for outline in _parted(outlines) for ring in _simple_rings(outline)]
    areas = [signed_area(ring) for ring in rings]
    found = {number: [ring] for number, ring in enumerate(rings) if areas[number] < 0}
    holes = [number for number, area in enumerate(areas) if area > 0]
    for hole, outer in _owners(rings, holes).items():
        if outer in found:  # else simplified until nothing was round it
            found[outer].append(rings[hole])
    return list(found.values())


def signed_area(ring: Floats) -> float:
    """Of a ring `[N, 2]`, by its coordinates: positive where x turns towards y, counterclockwise with y up."""
    x, y = (ring - ring[0]).T  # near the origin, for the sake of digits
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def _parted(outlines: Sequence[Floats]) -> list[list[Point]]:
    """The same edges, joined the other way wherever two of their ways meet at a corner.

    They went on round both pixels that touch there; now each goes on round its own. That also joins holes that
    touch there, into ways that `_simple_rings` cuts.
    """
    corners: list[Point] = []
    following: list[int] = []
    for outline in outlines:
        first = len(corners)
        corners += [(x, y) for x, y in outline.tolist()]
        following += [*range(first + 1, len(corners)), first]
    passed: dict[Point, int] = {}
    for one, corner in enumerate(corners):
        other = passed.setdefault(corner, one)
        following[one], following[other] = following[other], following[one]
    ways, seen = [], [False] * len(corners)
    for start in range(len(corners)):
        way, place = [], start
        while not seen[place]:
            seen[place] = True
            way.append(corners[place])
            place = following[place]
        if way:
            ways.append(way)
    return ways


def _simple_rings(way: list[Point]) -> list[Floats]:
    """The way cut wherever it comes back to a corner; what is less than a triangle goes."""
    rings: list[list[Point]] = []
    ring: list[Point] = []
    place: dict[Point, int] = {}
    for corner in way:
        if corner in place:
            closed = ring[place[corner] :]
            rings.append(closed)
            for each in closed:
                del place[each]
            del ring[-len(closed) :]
        place[corner] = len(ring)
        ring.append(corner)
    return [np.array(each) for each in (*rings, ring) if len(each) > 2]


def _owners(rings: list[Floats], holes: list[int]) -> dict[int, int]:
    """The outer ring that each hole is in; -1 where there is none.

    To the left of a hole's uppermost row is crack, and where that begins is a ring of the same polygon: the outer
    one, or another hole, which itself begins higher up or further left and so was told before. All rows at once,
    because noise has a hundred thousand rings.
    """
    if not holes:
        return {}
    row, x, ring = _crossings(rings)
    order = np.lexsort((x, row))
    row, ring = row[order], ring[order]
    by_ring = np.argsort(ring, kind="stable")
    first = by_ring[np.searchsorted(ring[by_ring], holes)]  # of each hole, in its uppermost row
    left = np.maximum(first - 1, 0)
    before = np.where((first > 0) & (row[left] == row[first]), ring[left], -1)
    owners: dict[int, int] = {}
    for place in np.argsort(first).tolist():
        owners[holes[place]] = owners.get(int(before[place]), int(before[place]))
    return owners


def _crossings(rings: list[Floats]) -> tuple[Integers, Floats, Integers]:
    """Where rings cross the middles of pixel rows, on which no corner lies: row, x and ring."""
    starts = np.concatenate(rings)
    ends = np.concatenate([np.roll(ring, -1, axis=0) for ring in rings])
    number = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    lowest = np.ceil(np.minimum(starts[:, 1], ends[:, 1])).astype(np.int64)
    count = np.floor(np.maximum(starts[:, 1], ends[:, 1])).astype(np.int64) - lowest + 1
    edge = np.repeat(np.arange(len(count)), count)
    row = lowest[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    along = (row - starts[edge, 1]) / (ends[edge, 1] - starts[edge, 1])
    x = starts[edge, 0] + along * (ends[edge, 0] - starts[edge, 0])
    return row, x, number[edge]
