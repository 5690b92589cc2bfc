"""The shape of whole cracks: axis, mean probability, longest way through."""

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra

from app.measurement.arrays import Floats, Integers
from app.measurement.centerline import Centerlines
from app.measurement.regions import Regions, spread
from app.measurement.width import Probability

# A run of this many pixels is summed by itself, shorter ones together, pixel by pixel.
_LONG_RUN_PX = 256


def moments(regions: Regions) -> Floats:
    """[6, n] sums of 1, x, y, x x, x y and y y over each component's pixels."""
    rows, columns = np.divmod(regions.starts, regions.mask.shape[1])
    lengths = (regions.stops - regions.starts).astype(np.float64)
    y, x = rows - 1.0, columns - 1.0 + (lengths - 1) / 2
    # A run of l pixels in a row has the second moment l (l l - 1) / 12 about its middle.
    own = lengths * (lengths * lengths - 1) / 12
    terms = (
        lengths,
        lengths * x,
        lengths * y,
        lengths * x * x + own,
        lengths * x * y,
        lengths * y * y,
    )
    count = len(regions.areas_px)
    return np.array([np.bincount(regions.region, weights=t, minlength=count) for t in terms])


def probability_sums(probability: Probability, regions: Regions) -> Floats:
    """[n] sum of the probability over each component's pixels."""
    count, stride = len(regions.areas_px), regions.mask.shape[1]
    lengths = regions.stops - regions.starts
    is_long = lengths >= _LONG_RUN_PX
    short = ~is_long
    rows, columns = np.divmod(spread(regions.starts[short], regions.stops[short]), stride)
    values = probability[rows - 1, columns - 1]
    owner = np.repeat(regions.region[short], lengths[short])
    sums = np.bincount(owner, weights=values, minlength=count).astype(np.float64)
    rows, columns = np.divmod(regions.starts[is_long], stride)
    runs = zip(rows.tolist(), columns.tolist(), lengths[is_long].tolist(), strict=True)
    own = [probability[y - 1, x - 1 : x - 1 + n].sum(dtype=np.float64) for y, x, n in runs]
    sums += np.bincount(regions.region[is_long], weights=own, minlength=count)
    return sums


def axis_angles(sums: Floats) -> Floats:
    """Direction [n] of the axis of the least second moment, radians in (-pi/2, pi/2], x towards y."""
    x, y, xx, xy, yy = sums[1:] / sums[0]
    return np.asarray(0.5 * np.arctan2(2 * (xy - x * y), (xx - x * x) - (yy - y * y)), np.float64)


def orientations(lines: Centerlines, crack: Integers, count: int) -> Floats:
    """Direction [count] of the axis of the least second moment of each crack's centrelines, as `axis_angles`.

    Of the lines and not of the pixels, so that a wide or a faint stretch weighs no more or less than another of
    its length. `crack` [n] is the crack of each component.
    """
    steps = np.diff(lines.points, axis=0)
    lengths = np.hypot(*steps.T)
    lengths[lines.last[:-1]] = 0.0  # from branch to branch
    x, y = ((lines.points[1:] + lines.points[:-1]) / 2).T
    dx, dy = steps.T
    # A piece of length l has second moments about its own middle, too: l dx dx / 12 and so on.
    products = (
        np.ones(len(x)),
        x,
        y,
        x * x + dx * dx / 12,
        x * y + dx * dy / 12,
        y * y + dy * dy / 12,
    )
    owner = crack[lines.crack[lines.branch[:-1]]]
    sums = [np.bincount(owner, weights=lengths * p, minlength=count) for p in products]
    return axis_angles(np.array(sums))


def tortuosity(lines: Centerlines, crack: Integers, gaps: Integers, count: int) -> Floats:
    """[count] length of the longest way through each crack over the distance of its ends; NaN for a ring.

    The ends of the longest way are found by going twice to the point farthest away, which is exact
    without loops and a lower bound with them.

    Args:
        lines: branches of all components.
        crack: [n] crack of each component.
        gaps: [G, 2] as `joining.join` returns them; a way leads across.
        count: number of cracks.
    """
    places, nodes = _nodes(lines)
    ways, linked = _ways(lines, places, nodes, gaps)
    owner = np.full(len(places), -1)
    owner[nodes] = crack[lines.crack][:, None]
    result = np.full(count, np.nan)
    if not len(linked):
        return result
    ends = linked[np.unique(owner[linked], return_index=True)[1]]
    for _ in range(2):
        starts = ends
        away = dijkstra(ways, directed=False, indices=starts, min_only=True)
        reached = np.flatnonzero(np.isfinite(away))
        by_distance = reached[np.lexsort((away[reached], owner[reached]))]
        ends = by_distance[np.append(np.diff(owner[by_distance]) > 0, True)]
    apart = np.hypot(*(places[ends] - places[starts]).T)
    result[owner[ends]] = np.maximum(away[ends] / np.maximum(apart, 1e-9), 1.0)
    return result


def _ways(
    lines: Centerlines, places: Floats, nodes: Integers, gaps: Integers
) -> tuple[csr_array, Integers]:
    """Lengths [V, V] of the shortest branch, or gap, between two nodes, and the nodes that have one."""
    bridged = nodes.ravel()[gaps]
    pairs = np.vstack([nodes[~lines.ring], bridged])
    lengths = np.concatenate(
        [
            lines.arc()[lines.last][~lines.ring],
            np.hypot(*(places[bridged[:, 0]] - places[bridged[:, 1]]).T),
        ]
    )
    pairs.sort(axis=1)
    order = np.lexsort((lengths, pairs[:, 1], pairs[:, 0]))
    pairs, lengths = pairs[order], lengths[order]
    is_shortest = np.append(True, (np.diff(pairs, axis=0) != 0).any(axis=1))[: len(pairs)]
    kept = is_shortest & (pairs[:, 0] != pairs[:, 1])
    size = len(places)
    ways = coo_array((np.maximum(lengths[kept], 1e-9), pairs[kept].T), (size, size)).tocsr()
    return ways, np.unique(pairs[kept])


def _nodes(lines: Centerlines) -> tuple[Floats, Integers]:
    """Places [V, 2] of junctions and free ends, and the two [B, 2] of each branch."""
    junctions = int(lines.nodes.max(initial=-1)) + 1
    ends = np.column_stack([lines.first, lines.last])
    own = junctions + np.arange(ends.size).reshape(-1, 2)
    nodes = np.where(lines.nodes >= 0, lines.nodes, own)
    places = np.zeros((junctions + ends.size, 2))
    places[nodes] = lines.points[ends]
    return places, nodes
