"""Centrelines of cracks: a labelled mask becomes smooth polylines, one a branch.

Thinning keeps one pixel across a crack; pixels with three or more neighbours are junctions, and
the chains between junctions and free ends are the branches. A chain of pixels climbs in steps
and is up to 8.2 % longer than the line it stands for (at 22.5 degrees), so it is smoothed.
"""

from array import array
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.morphology import skeletonize

from app.errors import InvalidParameter

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Thinning takes one pass over the map for each pixel of half width. Wider components are thinned
# on a coarser grid, which also keeps a mask that is crack all over from taking minutes.
WIDEST_THINNED_PX = 16
# A photo of 120 megapixels crossed by cracks a hundred times has a skeleton of a million pixels; noise has more.
MAX_SKELETON_PX = 2_000_000
# Each pass adds half a pixel squared of variance; eight make a Gaussian of sigma 2 px, which
# leaves at most 0.4 % of a staircase's length and shortens an arc of radius 20 px by 0.5 %.
SMOOTHING_PASSES = 8
# Points each way of the chord that stands for a tangent.
TANGENT_POINTS = 3

# East, south-east, south, south-west, then their opposites, as (row, column).
_STEPS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
_FREE = -1


@dataclass(frozen=True)
class Centerlines:
    """Branches of all cracks, laid end to end.

    Attributes:
        points: [N, 2] (x, y), pixels; the centre of the top left pixel is (0, 0).
        first: [B] index of each branch's first point.
        last: [B] index of each branch's last point.
        crack: [B] label of the component each branch belongs to.
        free: [B, 2] whether the branch's first and last point is a free end of the crack.
        ring: [B] whether the branch is a closed loop without a junction; its last point
            repeats its first.
    """

    points: Floats
    first: Integers
    last: Integers
    crack: Integers
    free: NDArray[np.bool_]
    ring: NDArray[np.bool_]

    @property
    def branch(self) -> Integers:
        """[N] branch of each point."""
        return np.repeat(np.arange(len(self.first)), self.last - self.first + 1)

    def arc(self) -> Floats:
        """[N] distance of each point from the first point of its branch, along the branch."""
        steps = np.hypot(*np.diff(self.points, axis=0, prepend=self.points[:1]).T)
        steps[self.first] = 0.0
        total: Floats = np.cumsum(steps)
        arc: Floats = total - total[self.first][self.branch]
        return arc

    def neighbours(self) -> tuple[Integers, Integers]:
        """[N] index of the point behind and ahead; an end is its own, a ring goes round."""
        indices = np.arange(len(self.points))
        behind, ahead = indices - 1, indices + 1
        behind[self.first] = np.where(self.ring, self.last - 1, self.first)
        ahead[self.last] = np.where(self.ring, self.first + 1, self.last)
        return behind, ahead

    def tangents(self) -> Floats:
        """[N, 2] direction along the branch, of length 1; (0, 0) where all points coincide."""
        behind, ahead = self.neighbours()
        before, after = behind, ahead
        for _ in range(TANGENT_POINTS - 1):
            before, after = behind[before], ahead[after]
        return unit(self.points[after] - self.points[before])

    def smoothed(self) -> "Centerlines":
        """Average neighbours along each branch; free ends and junctions stay where they are."""
        behind, ahead = self.neighbours()
        open_ends = np.concatenate([self.first[~self.ring], self.last[~self.ring]])
        points = self.points
        for _ in range(SMOOTHING_PASSES):
            points = 0.25 * points[behind] + 0.5 * points + 0.25 * points[ahead]
            points[open_ends] = self.points[open_ends]
        return replace(self, points=points)

    def shifted(self, shifts: Floats) -> "Centerlines":
        """Move points by [N, 2] and smooth again; junctions stay where they are."""
        points = self.points + shifts
        for side, ends in enumerate((self.first, self.last)):
            junctions = ends[~self.free[:, side] & ~self.ring]
            points[junctions] = self.points[junctions]
        return replace(self, points=points).smoothed()


def unit(vectors: Floats) -> Floats:
    """Scale [N, 2] vectors to length 1; zero stays zero."""
    lengths = np.hypot(vectors[:, 0], vectors[:, 1])[:, None]
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def trace(labels: NDArray[np.int32], distance: NDArray[np.float32], boxes: Integers) -> Centerlines:
    """Find the smoothed centrelines of every labelled component.

    Args:
        labels: [H, W], 0 for background, components not touching one another.
        distance: [H, W] distance of each pixel to the nearest outside its component, pixels.
        boxes: [n, 4] (x, y, width, height) of components 1 to n.

    Returns:
        At least one branch for each component, its free ends still on the skeleton, which stops
        short of the crack's own ends.
    """
    wide = np.zeros(int(labels.max(initial=0)) + 1, dtype=bool)
    wide[labels[distance > WIDEST_THINNED_PX]] = True
    narrow = labels > 0
    if wide.any():
        narrow &= ~wide[labels]
    parts = [_trace_narrow(narrow, labels)]
    for label in np.flatnonzero(wide):
        left, top, width, height = boxes[label - 1]
        inside = np.s_[top : top + height, left : left + width]
        lines = _trace_wide(labels[inside] == label, distance[inside])
        parts.append(
            replace(
                lines,
                points=lines.points + np.array([left, top]),
                crack=np.full(len(lines.first), label),
            )
        )
    return _concatenate(parts).smoothed()


def _trace_narrow(mask: NDArray[np.bool_], labels: NDArray[np.int32]) -> Centerlines:
    lines = _branches(mask)
    # The second point of a branch is always one of its own pixels, the first may be a junction.
    columns, rows = lines.points[lines.first + 1].astype(np.int64).T
    return replace(lines, crack=labels[rows, columns].astype(np.int64))


def _trace_wide(mask: NDArray[np.bool_], distance: NDArray[np.float32]) -> Centerlines:
    """Trace one component on a grid coarse enough for WIDEST_THINNED_PX.

    A coarse cell belongs to the component where any of its pixels does, so thin arms of a wide
    component stay connected.
    """
    cell = int(np.ceil(distance[mask].max() / WIDEST_THINNED_PX))
    mask = np.pad(mask, ((0, -mask.shape[0] % cell), (0, -mask.shape[1] % cell)))
    coarse = np.asarray(mask.reshape(mask.shape[0] // cell, cell, -1, cell).any(axis=(1, 3)))
    lines = _branches(coarse)
    return replace(lines, points=(lines.points + 0.5) * cell - 0.5)


def _branches(mask: NDArray[np.bool_]) -> Centerlines:
    """Thin a mask and cut its skeleton into unsmoothed branches, labels all 0."""
    # "lee", because the default (Zhang) erases straight bars at 45 degrees.
    skeleton = skeletonize(mask, method="lee") > 0  # type: ignore[no-untyped-call]
    rows, columns = np.nonzero(skeleton)
    if len(rows) > MAX_SKELETON_PX:
        raise InvalidParameter(
            f"the centrelines of the mask are {len(rows)} pixels long, {MAX_SKELETON_PX} can be followed; "
            "raise threshold or min_area_px"
        )
    links = _links(skeleton, rows, columns)
    degree = np.count_nonzero(links >= 0, axis=1)
    is_junction = degree > 2
    node, centers = _junctions(skeleton.shape, rows, columns, is_junction)
    table = np.vstack([np.column_stack([columns, rows]).astype(np.float64), centers])
    # Links of a chain pixel: at most two, those to a junction standing for the junction itself.
    last_two = np.sort(links, axis=1)[:, -2:]
    ends: Integers = np.where(last_two >= 0, node[last_two], _FREE)
    order, first, free, ring = _walk(ends, ~is_junction)
    last = np.append(first[1:], len(order)) - 1
    return Centerlines(
        table[order], first, last[: len(first)], np.zeros(len(first), np.int64), free, ring
    )


def _links(skeleton: NDArray[np.bool_], rows: Integers, columns: Integers) -> NDArray[np.int32]:
    """[N, 8] index of each skeleton pixel's neighbours, -1 where there is none.

    A diagonal step counts only where no step along the axes leads the same way, so that the
    corner of a staircase is no junction.
    """
    index = np.full((skeleton.shape[0] + 2, skeleton.shape[1] + 2), -1, dtype=np.int32)
    index[rows + 1, columns + 1] = np.arange(len(rows), dtype=np.int32)
    links = np.stack([index[rows + 1 + r, columns + 1 + c] for r, c in _STEPS], axis=1)
    present = links >= 0
    for diagonal in range(1, 8, 2):
        bypassed = present[:, diagonal - 1] | present[:, (diagonal + 1) % 8]
        links[bypassed, diagonal] = -1
    return links


def _junctions(
    shape: tuple[int, ...], rows: Integers, columns: Integers, is_junction: NDArray[np.bool_]
) -> tuple[Integers, Floats]:
    """Merge touching junction pixels: node [N] of each pixel, its own or N + junction, and the
    centres [J, 2] of the junctions."""
    node = np.arange(len(rows), dtype=np.int64)
    image = np.zeros(shape, dtype=np.uint8)
    image[rows[is_junction], columns[is_junction]] = 1
    _, clusters, _, centers = cv2.connectedComponentsWithStats(image, connectivity=8)
    node[is_junction] = len(rows) + clusters[rows[is_junction], columns[is_junction]] - 1
    return node, centers[1:].astype(np.float64)


def _walk(
    ends: Integers, in_chain: NDArray[np.bool_]
) -> tuple[Integers, Integers, NDArray[np.bool_], NDArray[np.bool_]]:
    """Order the chain pixels into branches, each with a node before and after it.

    Args:
        ends: [N, 2] what each pixel links to: a chain pixel below N, a junction from N, or _FREE.
        in_chain: [N] false for junction pixels, whose links are not followed.

    Returns:
        order (points of all branches; at a free end the last pixel stands twice, as chain and as
        node), first [B], free [B, 2], ring [B].
    """
    count = len(ends)
    # Views and packed arrays: a list of ten million Python integers would take 360 MB.
    ones, others = ends[:, 0].copy().data, ends[:, 1].copy().data
    seen = bytearray(count)
    order = array("q")
    first: list[int] = []
    free: list[tuple[bool, bool]] = []

    def follow(start: int, following: int) -> tuple[int, int]:
        """Append the chain after start; its last pixel and what stands beyond."""
        seen[start] = 1
        previous, current = start, following
        while 0 <= current < count and current != start:
            seen[current] = 1
            order.append(current)
            one = ones[current]
            previous, current = current, others[current] if one == previous else one
        return previous, current

    leads_on = (ends >= 0) & (ends < count)
    for start in np.flatnonzero(in_chain & ~leads_on.all(axis=1)).data:
        if seen[start]:
            continue
        head, following = ones[start], others[start]
        if 0 <= head < count:
            head, following = following, head
        first.append(len(order))
        order.extend((start if head == _FREE else head, start))
        last, tail = follow(start, following)
        order.append(last if tail == _FREE else tail)
        free.append((head == _FREE, tail == _FREE))
    chains = len(first)
    for start in np.flatnonzero(in_chain & (np.frombuffer(seen, np.uint8) == 0)).data:
        if seen[start]:
            continue
        first.append(len(order))
        order.append(start)
        follow(start, ones[start])
        order.append(start)
        free.append((False, False))
    return (
        np.array(order, dtype=np.int64),
        np.array(first, dtype=np.int64),
        np.array(free, dtype=bool).reshape(-1, 2),
        np.arange(len(first)) >= chains,
    )


def _concatenate(parts: list[Centerlines]) -> Centerlines:
    offsets = np.cumsum([0] + [len(part.points) for part in parts[:-1]])

    return Centerlines(
        points=np.concatenate([part.points for part in parts]),
        first=np.concatenate([part.first + o for part, o in zip(parts, offsets, strict=True)]),
        last=np.concatenate([part.last + o for part, o in zip(parts, offsets, strict=True)]),
        crack=np.concatenate([part.crack for part in parts]),
        free=np.concatenate([part.free for part in parts]),
        ring=np.concatenate([part.ring for part in parts]),
    )
