"""Fragments of one crack: which components a gap joins that both direction and probability bridge."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from app.measurement import width
from app.measurement.arrays import Floats, Integers
from app.measurement.centerline import Centerlines, unit
from app.measurement.width import Probability

# A gap is bridged up to this length, and up to half the length of the shorter fragment.
MAX_GAP_PX = 40.0
FRAGMENT_LENGTHS = 2.0
# A speck has no direction, and neither has a tooth of a comb.
MIN_FRAGMENT_PX = 8.0
# Of an end, the nearest few other ends are looked at, whatever the mask.
_NEIGHBOURS = 8
# Largest angle between a fragment's end and the way across the gap, degrees; wandering cracks turn that much.
MAX_TURN_DEG = 30.0
# Mean probability over the middle third of the gap, as a share of the threshold; sound concrete stays below a tenth.
LEAST_BRIDGE = 0.25
_SAMPLES = 33


def join(
    probability: Probability,
    threshold: float,
    lines: Centerlines,
    outwards: Floats,
    areas_px: Integers,
) -> tuple[Integers, Integers]:
    """Which components are one crack, and the gaps between them.

    Args:
        probability: [H, W], 0 to 1.
        threshold: from which probability a pixel belongs to the mask.
        lines: branches of all components, out to their ends.
        outwards: [B, 2, 2] direction, of length 1, in which each branch's first and last point ends.
        areas_px: [n] of the components.

    Returns:
        The crack [n] of each component, 0 for the one of the largest area, and [G, 2] the two ends of each
        gap: twice the number of a branch for its first point, one more for its last.
    """
    count = len(areas_px)
    arcs = lines.arc()[lines.last]
    lengths = np.bincount(lines.crack, weights=arcs, minlength=count).astype(np.float64)
    branch_is_long = lines.arc()[lines.last] >= MIN_FRAGMENT_PX
    ends = np.flatnonzero(lines.free & branch_is_long[:, None])
    at = lines.points[np.column_stack([lines.first, lines.last]).ravel()[ends]]
    facing, component = outwards.reshape(-1, 2)[ends], lines.crack[ends // 2]
    pairs = _pairs(at, facing, component, lengths)
    pairs = pairs[_is_bridged(probability, threshold, at[pairs[:, 0]], at[pairs[:, 1]])]
    pairs = _nearest_alone(pairs, at)
    links = coo_array((np.ones(len(pairs), np.int8), component[pairs].T), (count, count))
    together = connected_components(links, directed=False)[1]
    order = np.argsort(-np.bincount(together, weights=areas_px), kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank[together], ends[pairs]


def _pairs(at: Floats, facing: Floats, component: Integers, lengths: Floats) -> Integers:
    """[P, 2] ends of different components that face one another across a short gap."""
    if len(at) < 2:
        return np.zeros((0, 2), np.int64)
    reach = min(MAX_GAP_PX, lengths.max() / FRAGMENT_LENGTHS)
    _, near = KDTree(at).query(at, k=min(_NEIGHBOURS + 1, len(at)), distance_upper_bound=reach)
    one, place = np.nonzero(near < len(at))
    pairs = np.column_stack([one, near[one, place]])
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    one, other = pairs.T
    across = at[other] - at[one]
    shorter = np.minimum(lengths[component[one]], lengths[component[other]])
    way = unit(across)
    least = np.cos(np.deg2rad(MAX_TURN_DEG))
    faces = ((facing[one] * way).sum(axis=1) >= least) & (
        (facing[other] * -way).sum(axis=1) >= least
    )
    fits = (component[one] != component[other]) & (
        FRAGMENT_LENGTHS * np.hypot(*across.T) <= shorter
    )
    return np.asarray(pairs[faces & fits], np.int64)


def _is_bridged(
    probability: Probability, threshold: float, starts: Floats, ends: Floats
) -> NDArray[np.bool_]:
    shares = np.linspace(1 / 3, 2 / 3, _SAMPLES)[:, None]
    way = starts[:, None] * (1 - shares) + ends[:, None] * shares
    mean = width.sample(probability, way).mean(axis=1)
    return np.asarray(mean >= LEAST_BRIDGE * threshold, np.bool_)


def _nearest_alone(pairs: Integers, at: Floats) -> Integers:
    """Each end goes on in one fragment at most, the nearest."""
    order = np.argsort(np.hypot(*(at[pairs[:, 0]] - at[pairs[:, 1]]).T), kind="stable")
    taken: set[int] = set()
    kept = []
    for one, other in pairs[order].tolist():
        if one not in taken and other not in taken:
            taken |= {one, other}
            kept.append((one, other))
    return np.array(kept, np.int64).reshape(-1, 2)
