"""How the cracks of a photo run together: singly, in parallel, branching or as a map. Pure.

The cause of cracks shows in their pattern before it shows in any one of them. `pattern` says what it sees by a
fixed rule and hands out the figures that the rule looked at; it names no cause.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from app.measurement import Crack

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Kind = Literal["none", "single", "parallel", "branching", "map"]

# Shorter cracks are specks of the mask: no direction can be read off them, and a lone one is no pattern.
SPECK_PX = 16.0
# So is what is this small beside the longest crack.
SPECK_SHARE = 0.1
# Cracks at least this long beside the longest count as its peers.
PEER_SHARE = 1 / 3
# Thinning leaves spurs and links about as long as half the local width; at twice the width they are branches.
SHORT_BRANCH_PX, SHORT_BRANCH_WIDTHS = 8.0, 2.0
# No direction at all is 40.5 degrees. Of drawn cracks nine of ten branching ones stay below 33, since the main crack
# is most of their length, and all of 45 maps are above 35.
MAP_SPREAD_DEG = 34.0
# Two cells may close where a branch meets its crack again, but hardly ever without a common direction; a map that
# shows no cell, because the photo cuts them or hairlines are missing, still has its junctions or its pieces.
MAP_CELLS, MAP_JUNCTIONS_AND_PEERS = 2, 7
# Axes of drawn parallel cracks that scatter by 5 degrees spread by 6 (95 %); two at a right angle by 40.
PARALLEL_SPREAD_DEG = 15.0
# 1 is end to end, 2 two cracks side by side over their full length; two that overlap by half give 1.33.
PARALLEL_ABREAST = 1.3
# Below a thirtieth of the length, side branches are frayed edges of one crack.
BRANCHING_SHARE = 0.03


@dataclass(frozen=True)
class Pattern:
    """A verdict and what it was decided by; specks are left out of every figure.

    Attributes:
        kind: see `pattern`.
        peer_count: cracks at least PEER_SHARE as long as the longest.
        axial_spread_deg: spread of direction over all crack length, 0 (straight and parallel) to 40.5 (no
            direction). Half the mean angular deviation of the doubled angles, sqrt(2 (1 - R)) with R the length
            of their mean vector (Batschelet 1981, Circular Statistics in Biology; Zar, Biostatistical Analysis).
        peer_spread_deg: the same over the main axes of the peers, so that a crack's own windings do not count.
        mean_abreast: how many peers run side by side on average, projected on their common axis.
        junction_count: places where three or more branches meet.
        junctions_per_1000_px: of crack length.
        side_branch_share: share of the length in branches that are not among the two longest at a junction.
        closed_cells: areas that cracks enclose, by Euler's formula: branches - nodes + components.
    """

    kind: Kind
    peer_count: int = 0
    axial_spread_deg: float = 0.0
    peer_spread_deg: float = 0.0
    mean_abreast: float = 0.0
    junction_count: int = 0
    junctions_per_1000_px: float = 0.0
    side_branch_share: float = 0.0
    closed_cells: int = 0


def pattern(cracks: Sequence[Crack]) -> Pattern:
    """Name the pattern of the cracks of one photo. The first of these that holds:

    1. `none`: no crack of SPECK_PX or longer.
    2. `map`: the cracks have no common direction (axial spread at least MAP_SPREAD_DEG), and they enclose MAP_CELLS
       cells or more, or junctions and peers together are MAP_JUNCTIONS_AND_PEERS or more.
    3. `parallel`: two or more peers whose axes spread by at most PARALLEL_SPREAD_DEG and which run side by side,
       not end to end (PARALLEL_ABREAST).
    4. `branching`: at least one junction, and side branches of BRANCHING_SHARE of the length or more.
    5. `single`: what remains. One crack, its fragments end to end, or a few cracks that neither meet nor run the
       same way: each is to be judged by itself.

    The rule sees one photo: a map whose cells are larger than the photo reads as branching or single.
    """
    longest = max((crack.length_px for crack in cracks), default=0.0)
    cracks = [c for c in cracks if c.length_px >= max(SPECK_PX, SPECK_SHARE * longest)]
    if not cracks:
        return Pattern("none")
    steps = [np.concatenate([np.diff(line, axis=0) for line in c.centerlines_px]) for c in cracks]
    axes = np.array([_doubled(each) for each in steps])
    lengths = np.array([float(np.hypot(*each.T).sum()) for each in steps])
    peers = np.flatnonzero(lengths >= PEER_SHARE * lengths.max())
    peer_axes = lengths[peers] * np.exp(1j * np.angle(axes[peers]))
    junctions, side_length, cells = _network(cracks)
    total = float(lengths.sum())
    figures = Pattern(
        kind="single",
        peer_count=len(peers),
        axial_spread_deg=_spread_deg(axes.sum(), total),
        peer_spread_deg=_spread_deg(peer_axes.sum(), float(lengths[peers].sum())),
        mean_abreast=_mean_abreast([cracks[i] for i in peers], np.angle(peer_axes.sum()) / 2),
        junction_count=junctions,
        junctions_per_1000_px=1000 * junctions / total,
        side_branch_share=side_length / total,
        closed_cells=cells,
    )
    return replace(figures, kind=_kind(figures))


def _kind(figures: Pattern) -> Kind:
    if figures.axial_spread_deg >= MAP_SPREAD_DEG and (
        figures.closed_cells >= MAP_CELLS
        or figures.junction_count + figures.peer_count >= MAP_JUNCTIONS_AND_PEERS
    ):
        return "map"
    if (
        figures.peer_count > 1
        and figures.peer_spread_deg <= PARALLEL_SPREAD_DEG
        and figures.mean_abreast >= PARALLEL_ABREAST
    ):
        return "parallel"
    if figures.junction_count and figures.side_branch_share >= BRANCHING_SHARE:
        return "branching"
    return "single"


def _doubled(steps: Floats) -> complex:
    """Sum of the steps with their angles doubled, so that a direction and its opposite are one axis."""
    vectors = steps[:, 0] + 1j * steps[:, 1]
    lengths = np.abs(vectors)
    return complex((vectors[lengths > 0] ** 2 / lengths[lengths > 0]).sum())


def _spread_deg(vector: complex, total: float) -> float:
    return float(np.degrees(np.sqrt(2 * max(1 - abs(vector) / total, 0.0)) / 2))


def _mean_abreast(cracks: Sequence[Crack], axis: float) -> float:
    """Length of the cracks' shadows on the axis, over the length of what the shadows cover together."""
    along = np.array([np.cos(axis), np.sin(axis)])
    shadows = [np.concatenate(crack.centerlines_px) @ along for crack in cracks]
    begin, end = np.array(sorted((each.min(), each.max()) for each in shadows)).T
    covered = np.maximum.accumulate(np.append(begin[0], end[:-1]))
    union = np.maximum(end - np.maximum(begin, covered), 0).sum()
    return float((end - begin).sum() / union)


def _network(cracks: Sequence[Crack]) -> tuple[int, float, int]:
    """Junctions, length of side branches and closed cells of the graph that the branches make.

    Short branches are drawn together into one node first: a crossing, which thinning makes two junctions of, becomes
    one, a spur none, and a hole in the mask that is smaller than a short branch no cell.
    """
    lines = [line for crack in cracks for line in crack.centerlines_px]
    widths = np.array([crack.width_px.mean for crack in cracks for _ in crack.centerlines_px])
    lengths = np.array([np.hypot(*np.diff(line, axis=0).T).sum() for line in lines])
    ends = np.array([(line[0], line[-1]) for line in lines]).reshape(-1, 2)
    nodes = np.unique(ends, axis=0, return_inverse=True)[1].reshape(-1, 2)
    is_short = lengths < np.maximum(SHORT_BRANCH_PX, SHORT_BRANCH_WIDTHS * widths)
    branches, lengths = _joined(nodes, nodes[is_short])[~is_short], lengths[~is_short]
    if not len(branches):
        return 0, 0.0, 0
    components = len(np.unique(_joined(branches, branches)))
    cells = len(branches) - len(np.unique(branches)) + components
    # Both ends of every branch, those at one node together and the longest first.
    node, length = branches.ravel(), np.repeat(lengths, 2)
    order = np.lexsort((-length, node))
    _, first, degree = np.unique(node[order], return_index=True, return_counts=True)
    is_side = np.arange(len(node)) - np.repeat(first, degree) >= 2
    side = np.unique(order[is_side] // 2)
    return int(np.count_nonzero(degree > 2)), float(lengths[side].sum()), cells


def _joined(branches: Integers, links: Integers) -> Integers:
    """The branches [B, 2] with one number for all nodes that links [L, 2] lead between."""
    size = int(branches.max()) + 1
    graph = coo_array((np.ones(len(links), np.int8), links.T), (size, size))
    groups = connected_components(graph, directed=False)[1]
    return np.asarray(groups[branches], np.int64)
