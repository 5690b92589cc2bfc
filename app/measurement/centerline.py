"""Smooth centrelines: branches of all cracks as polylines with sub-pixel points.

A chain of pixels climbs in steps and is up to 8.2 % longer than the line it stands for (at 22.5
degrees), so it is smoothed.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.measurement.arrays import Floats, Integers

# Each pass adds half a pixel squared of variance; eight make a Gaussian of sigma 2 px, which
# leaves at most 0.4 % of a staircase's length and shortens an arc of radius 20 px by 0.5 %.
SMOOTHING_PASSES = 8
# Points each way of the chord that stands for a tangent.
TANGENT_POINTS = 3


@dataclass(frozen=True)
class Centerlines:
    """Branches of all cracks, laid end to end.

    Attributes:
        points: [N, 2] (x, y), pixels; the centre of the top left pixel is (0, 0).
        first: [B] index of each branch's first point.
        last: [B] index of each branch's last point.
        crack: [B] component each branch belongs to, 0 for the largest.
        nodes: [B, 2] junction at the branch's two ends; -1 at a free end and of a ring.
        ring: [B] whether the branch is a closed loop without a junction; its last point
            repeats its first.
    """

    points: Floats
    first: Integers
    last: Integers
    crack: Integers
    nodes: Integers
    ring: NDArray[np.bool_]

    @property
    def free(self) -> NDArray[np.bool_]:
        """[B, 2] whether the branch's first and last point is a free end of the crack."""
        return np.asarray((self.nodes < 0) & ~self.ring[:, None], np.bool_)

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
            junctions = ends[self.nodes[:, side] >= 0]
            points[junctions] = self.points[junctions]
        return replace(self, points=points).smoothed()


def unit(vectors: Floats) -> Floats:
    """Scale [N, 2] vectors to length 1; zero stays zero."""
    lengths = np.hypot(vectors[:, 0], vectors[:, 1])[:, None]
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
