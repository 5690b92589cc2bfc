"""What was found at the points of the centrelines becomes one plain value a crack."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from app.measurement import shape
from app.measurement.arrays import Floats, Integers
from app.measurement.centerline import Centerlines
from app.measurement.on_surface import across_scale, branch_lengths, component_areas
from app.measurement.outline import smoothed
from app.measurement.regions import Regions
from app.measurement.result import Crack, Gap, Millimetres
from app.measurement.summary import Stretches
from app.plane import Plane

# What a polyline or polygon handed out may deviate from what was measured.
SIMPLIFICATION_PX = 0.5


@dataclass(frozen=True)
class Found:
    """Components, their centrelines, and which of them are one crack.

    Attributes:
        regions: the components of the mask.
        lines: their branches, out to the ends.
        widths_px: [N] at the points of the branches.
        chosen: [N] whether a point's width stands for its crack.
        mass: [n] sum of the probability over each component.
        crack: [n] crack of each component, 0 for the largest.
        gaps: [G, 2] as `joining.join` returns them.
        outlines: every corner of the polygons of each component; None where they were not asked for.
    """

    regions: Regions
    lines: Centerlines
    widths_px: Floats
    chosen: NDArray[np.bool_]
    mass: Floats
    crack: Integers
    gaps: Integers
    outlines: list[list[Floats]] | None

    def cracks(self, plane: Plane | None) -> tuple[Crack, ...]:
        """Every crack, by falling area."""
        count = int(self.crack.max()) + 1
        mass = self._of_components(self.mass, count)
        areas = self._of_components(self.regions.areas_px, count)
        lengths = self._of_branches(self.lines.arc()[self.lines.last], count)
        stretches = self._stretches(count)
        widths = stretches.widths(self.widths_px, self.widths_px, np.ones(count))
        places = self.lines.points[stretches.widest(self.widths_px)].tolist()
        # Photo coordinates point down, so the sense of the angle turns round.
        angles = shape.orientations(self.lines, self.crack, count)
        degrees = np.mod(-np.degrees(angles), 180.0) % 180.0
        turns = shape.tortuosity(self.lines, self.crack, self.gaps, count)
        in_mm = self._in_mm(plane, stretches) if plane else [None] * count
        junctions, gaps, boxes = self._junctions(count), self._gaps(), self._boxes(count)
        polylines, edges = self._polylines(), self._edges()
        return tuple(
            Crack(
                id=i + 1,
                area_px=int(areas[i]),
                bbox_px=boxes[i],
                length_px=float(lengths[i]),
                width_px=widths[i],
                max_width_at_px=(places[i][0], places[i][1]),
                orientation_deg=float(degrees[i]),
                mean_probability=float(mass[i] / areas[i]),
                centerlines_px=tuple(line for line, _ in polylines[i]),
                centerline_widths_px=tuple(own for _, own in polylines[i]),
                junction_count=int(junctions[i]),
                tortuosity=None if np.isnan(turns[i]) else float(turns[i]),
                gaps=tuple(gaps[i]),
                edges_px=None if edges is None else tuple(edges[i]),
                outline_px=None
                if edges is None
                else tuple(smoothed(each, SIMPLIFICATION_PX) for each in edges[i]),
                in_mm=in_mm[i],
            )
            for i in range(count)
        )

    def _in_mm(self, plane: Plane, stretches: Stretches) -> Sequence[Millimetres | None]:
        lengths = self._of_branches(branch_lengths(plane, self.lines), stretches.count)
        areas = self._of_components(component_areas(plane, self.regions), stretches.count)
        scale = across_scale(plane, self.lines.points, self.lines.tangents())
        widths = stretches.widths(self.widths_px * scale, self.widths_px, stretches.mean(scale))
        figures = zip(lengths.tolist(), widths, areas.tolist(), strict=True)
        return [Millimetres(*each) for each in figures]

    def _of_components(self, values: Floats | Integers, count: int) -> Floats:
        return np.bincount(self.crack, weights=values, minlength=count).astype(np.float64)

    def _of_branches(self, values: Floats, count: int) -> Floats:
        owners = self.crack[self.lines.crack]
        return np.bincount(owners, weights=values, minlength=count).astype(np.float64)

    def _stretches(self, count: int) -> Stretches:
        point = np.flatnonzero(self.chosen)
        return Stretches(point, self.crack[self.lines.crack[self.lines.branch[point]]], count)

    def _boxes(self, count: int) -> list[tuple[int, int, int, int]]:
        left, top, width, height = self.regions.boxes_px.T
        low, high = np.full((count, 2), np.iinfo(np.int64).max), np.zeros((count, 2), np.int64)
        np.minimum.at(low, self.crack, np.column_stack([left, top]))
        np.maximum.at(high, self.crack, np.column_stack([left + width, top + height]))
        return [
            (x, y, right - x, bottom - y)
            for (x, y), (right, bottom) in zip(low.tolist(), high.tolist(), strict=True)
        ]

    def _junctions(self, count: int) -> Integers:
        """[count] nodes where three branches or more meet."""
        branch, side = np.nonzero(self.lines.nodes >= 0)
        nodes, at = np.unique(self.lines.nodes[branch, side], return_index=True)
        arms = np.bincount(self.lines.nodes[branch, side])[nodes]
        owner = self.crack[self.lines.crack[branch[at]]]
        return np.bincount(owner[arms > 2], minlength=count)

    def _gaps(self) -> dict[int, list[Gap]]:
        ends = self.lines.points[np.column_stack([self.lines.first, self.lines.last]).ravel()]
        gaps: dict[int, list[Gap]] = defaultdict(list)
        for one, other in self.gaps.tolist():
            start, end = ends[one].tolist(), ends[other].tolist()
            owner = int(self.crack[self.lines.crack[one // 2]])
            gaps[owner].append(Gap((start[0], start[1]), (end[0], end[1])))
        return gaps

    def _polylines(self) -> dict[int, list[tuple[Floats, Floats]]]:
        """Simplified branches of each crack, and the widths at their points."""
        polylines: dict[int, list[tuple[Floats, Floats]]] = defaultdict(list)
        points = self.lines.points.astype(np.float32)
        owners = self.crack[self.lines.crack].tolist()
        branches = zip(owners, self.lines.first.tolist(), self.lines.last.tolist(), strict=True)
        for owner, first, last in branches:
            kept = first + simplified(points[first : last + 1])
            polylines[owner].append((points[kept].astype(np.float64), self.widths_px[kept]))
        return polylines

    def _edges(self) -> dict[int, list[Floats]] | None:
        if self.outlines is None:
            return None
        edges: dict[int, list[Floats]] = defaultdict(list)
        for component, polygons in enumerate(self.outlines):
            edges[int(self.crack[component])] += polygons
        return edges


def simplified(branch: NDArray[np.float32]) -> Integers:
    """Which points [N, 2] of a polyline, or ring, keep it within SIMPLIFICATION_PX of itself."""
    if len(branch) <= 3:  # of a speck, which there may be thousands of; its points lie in a line
        return np.array([0, len(branch) - 1])
    closed = bool((branch[0] == branch[-1]).all())
    simple = cv2.approxPolyDP(branch[: len(branch) - closed], SIMPLIFICATION_PX, closed)[:, 0]
    # The points kept are points given, bit by bit.
    keys = branch.view(np.int64)[:, 0]
    kept = np.flatnonzero(np.isin(keys, np.ascontiguousarray(simple).view(np.int64)[:, 0]))
    if closed and kept[0] != 0:
        return np.append(kept, kept[0])
    return kept
