"""From a skeleton, one pixel thick, to its branches: chains of pixels between junctions and free ends."""

from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from app.measurement.arrays import Floats, Integers
from app.measurement.thinning import offsets

_FREE = -1


@dataclass(frozen=True)
class Graph:
    """Branches of a skeleton, laid end to end.

    Attributes:
        order: [P] what each point is: a skeleton pixel (index below `count`) or a junction (from `count`). At
            a free end the last pixel stands twice, as point and as end; a ring ends with its first pixel.
        first: [B] index of each branch's first point.
        nodes: [B, 2] junction at the branch's two ends (from 0), or -1 at a free end; of a ring, -1.
        ring: [B] whether the branch is a closed loop without a junction.
        points: [P, 2] (x, y) in the framed mask's own pixels; a junction lies amid its pixels.
        count: pixels of the skeleton.
    """

    order: Integers
    first: Integers
    nodes: Integers
    ring: NDArray[np.bool_]
    points: Floats
    count: int

    @property
    def last(self) -> Integers:
        """[B] index of each branch's last point."""
        return np.append(self.first[1:], len(self.order))[: len(self.first)] - 1

    @property
    def free(self) -> NDArray[np.bool_]:
        """[B, 2] whether the branch's first and last point is a free end."""
        return np.asarray((self.nodes == _FREE) & ~self.ring[:, None], np.bool_)


def branches_of(skeleton: Integers, size: int, stride: int) -> Graph:
    """The graph of a skeleton, given as ascending flat indices of a framed mask of `size` pixels."""
    links = _links(skeleton, size, stride)
    is_junction = np.count_nonzero(links >= 0, axis=1) > 2
    place = np.column_stack([skeleton % stride, skeleton // stride]).astype(np.float64)
    node, centres = _junctions(links, is_junction, place)
    # Links of a chain pixel: at most two, those to a junction standing for the junction itself.
    last_two = np.sort(links, axis=1)[:, -2:]
    ends = np.where(last_two >= 0, node[last_two], _FREE)
    order, first, nodes, chains = _walk(ends, ~is_junction)
    return Graph(
        order,
        first,
        np.where(nodes >= 0, nodes - len(skeleton), _FREE),
        np.arange(len(first)) >= chains,
        np.vstack([place, centres])[order],
        len(skeleton),
    )


def _links(skeleton: Integers, size: int, stride: int) -> Integers:
    """[N, 8] index of each pixel's neighbours in the order of thinning.STEPS, -1 where there is none.

    A diagonal step counts only where no step along the axes leads the same way, so that the
    corner of a staircase is no junction.
    """
    present = np.zeros(size, np.bool_)
    present[skeleton] = True
    beside = skeleton[:, None] + offsets(stride)
    linked = present[beside]
    for diagonal in range(1, 8, 2):
        linked[:, diagonal] &= ~(linked[:, diagonal - 1] | linked[:, (diagonal + 1) % 8])
    links = np.full(beside.shape, -1)
    links[linked] = np.searchsorted(skeleton, beside[linked])
    return links


def _junctions(
    links: Integers, is_junction: NDArray[np.bool_], place: Floats
) -> tuple[Integers, Floats]:
    """Merge linked junction pixels: node [N] of each pixel, its own or N + junction, and the
    centres [J, 2] of the junctions."""
    count = len(links)
    node = np.arange(count)
    among = (links >= 0) & is_junction[:, None] & is_junction[links]
    pixel, _ = np.nonzero(among)
    pairs = coo_array((np.ones(len(pixel), np.int8), (pixel, links[among])), (count, count))
    clusters = connected_components(pairs, directed=False)[1][is_junction]
    _, clusters = np.unique(clusters, return_inverse=True)
    node[is_junction] = count + clusters
    sizes = np.bincount(clusters)
    sums = [np.bincount(clusters, weights=axis) for axis in place[is_junction].T]
    return node, np.column_stack(sums) / np.maximum(sizes, 1)[:, None]


def _walk(ends: Integers, in_chain: NDArray[np.bool_]) -> tuple[Integers, Integers, Integers, int]:
    """Order the chain pixels into branches, each with a node before and after it.

    Args:
        ends: [N, 2] what each pixel links to: a chain pixel below N, a junction from N, or _FREE.
        in_chain: [N] false for junction pixels, whose links are not followed.

    Returns:
        order [P] as in Graph, first [B], nodes [B, 2] (junction from N, or _FREE), and how many of
        the branches are open chains; the rings follow them.
    """
    trail = _Trail(ends)
    count = len(ends)
    first: list[int] = []
    nodes: list[tuple[int, int]] = []
    leads_on = (ends >= 0) & (ends < count)
    for start in np.flatnonzero(in_chain & ~leads_on.all(axis=1)).data:
        if trail.seen[start]:
            continue
        head, following = trail.ones[start], trail.others[start]
        if 0 <= head < count:
            head, following = following, head
        first.append(len(trail.order))
        trail.order.extend((start if head == _FREE else head, start))
        last, tail = trail.follow(start, following)
        trail.order.append(last if tail == _FREE else tail)
        nodes.append((head, tail))
    chains = len(first)
    for start in np.flatnonzero(in_chain & (np.frombuffer(trail.seen, np.uint8) == 0)).data:
        if trail.seen[start]:
            continue
        first.append(len(trail.order))
        trail.order.append(start)
        trail.follow(start, trail.ones[start])
        trail.order.append(start)
        nodes.append((_FREE, _FREE))
    return (
        np.array(trail.order, dtype=np.int64),
        np.array(first, dtype=np.int64),
        np.array(nodes, dtype=np.int64).reshape(-1, 2),
        chains,
    )


class _Trail:
    """Chain pixels in the order in which they are walked."""

    def __init__(self, ends: Integers):
        # Views and packed arrays: a list of ten million Python integers would take 360 MB.
        self.ones, self.others = ends[:, 0].copy().data, ends[:, 1].copy().data
        self.seen = bytearray(len(ends))
        self.order = array("q")

    def follow(self, start: int, following: int) -> tuple[int, int]:
        """Append the chain after start; returns its last pixel and what stands beyond."""
        ones, others, seen, order = self.ones, self.others, self.seen, self.order
        count = len(seen)
        seen[start] = 1
        previous, current = start, following
        while 0 <= current < count and current != start:
            seen[current] = 1
            order.append(current)
            one = ones[current]
            previous, current = current, others[current] if one == previous else one
        return previous, current
