"""From the components of a mask to the centrelines of cracks: thin, cut into branches, prune the spurs."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from app.errors import InvalidParameter
from app.measurement.arrays import Floats, Integers
from app.measurement.centerline import Centerlines, concatenate
from app.measurement.graph import Graph, branches_of
from app.measurement.regions import Regions
from app.measurement.thinning import thin

# Thinning takes one pass over a component for each pixel of half width. Wider components are thinned
# on a coarser grid, which also keeps a mask that is crack all over from taking minutes.
WIDEST_THINNED_PX = 16
# A photo of 120 megapixels crossed by cracks a hundred times has a skeleton of a million pixels; noise has more.
MAX_SKELETON_PX = 2_000_000
# Rough edges leave spurs on spurs; what is left after that many rounds is smaller than a width matters.
MAX_PRUNINGS = 4

Radius = Callable[[Floats], Floats]


def trace(regions: Regions, distance: NDArray[np.float32]) -> Centerlines:
    """Find the centrelines of every component, spurs shorter than the local width left out.

    Args:
        regions: components not touching one another.
        distance: [H + 2, W + 2] distance of each pixel of the framed mask to its background, pixels.

    Returns:
        At least one branch for each component, its free ends still on the skeleton, which stops
        short of the crack's own ends.
    """
    wide = _wide(regions, distance)
    parts = [_trace_narrow(regions, ~wide, distance)]
    for number in np.flatnonzero(wide).tolist():
        left, top, width, height = regions.boxes_px[number].tolist()
        inside = np.s_[top + 1 : top + 1 + height, left + 1 : left + 1 + width]
        parts.append(_trace_wide(regions.crop(number), distance[inside], number, (left, top)))
    return concatenate(parts).smoothed()


def radius_at(distance: NDArray[np.float32], points: Floats) -> Floats:
    """Half width [N] of the mask at points [N, 2] in it, pixels."""
    columns, rows = np.rint(points).astype(np.int64).T + 1
    return np.asarray(distance[rows, columns], np.float64)


def distance_to_background(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Distance of each pixel of a framed mask, [H + 2, W + 2], to the nearest pixel of background."""
    distance = cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.asarray(distance, np.float32)


def _wide(regions: Regions, distance: NDArray[np.float32]) -> NDArray[np.bool_]:
    """[n] components wider than WIDEST_THINNED_PX each way, to within a quarter of that."""
    step = WIDEST_THINNED_PX // 4
    flat = distance.ravel()
    wide = np.zeros(len(regions.areas_px), np.bool_)
    rows = regions.starts // regions.mask.shape[1]
    long = (regions.stops - regions.starts > 2 * WIDEST_THINNED_PX) & (rows % step == 0)
    starts, counts = regions.starts[long], (regions.stops - regions.starts)[long] // step
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    samples = np.repeat(starts, counts) + step * number
    wide[np.repeat(regions.region[long], counts)[flat[samples] > WIDEST_THINNED_PX]] = True
    return wide


def _trace_narrow(
    regions: Regions, chosen: NDArray[np.bool_], distance: NDArray[np.float32]
) -> Centerlines:
    pixels, region = regions.pixels(chosen)
    flat = distance.ravel()
    stride = regions.mask.shape[1]

    def radius(points: Floats) -> Floats:
        columns, rows = np.rint(points).astype(np.int64).T
        return np.asarray(flat[rows * stride + columns], np.float64)

    return _branches(pixels, region, regions.mask.size, stride, radius)


def _trace_wide(
    mask: NDArray[np.bool_],
    distance: NDArray[np.float32],
    number: int,
    corner: tuple[int, int],
) -> Centerlines:
    """Trace one component on a grid coarse enough for WIDEST_THINNED_PX.

    A coarse cell belongs to the component where any of its pixels does, so thin arms of a wide
    component stay connected.
    """
    cell = int(np.ceil(distance[mask].max() / WIDEST_THINNED_PX))
    mask = np.pad(mask, ((0, -mask.shape[0] % cell), (0, -mask.shape[1] % cell)))
    coarse = mask.reshape(mask.shape[0] // cell, cell, -1, cell).any(axis=(1, 3))
    framed = np.pad(coarse, 1)
    inner = distance_to_background(framed)
    pixels = np.flatnonzero(framed)
    lines = _branches(
        pixels,
        np.full(len(pixels), number),
        framed.size,
        framed.shape[1],
        lambda points: radius_at(inner, points - 1),
    )
    return Centerlines(
        (lines.points + 0.5) * cell - 0.5 + np.array(corner),
        lines.first,
        lines.last,
        lines.crack,
        lines.nodes,
        lines.ring,
    )


def _branches(
    pixels: Integers, region: Integers, size: int, stride: int, radius: Radius
) -> Centerlines:
    """Thin pixels (ascending flat indices of a framed mask, and the component of each) to pruned branches."""
    skeleton = thin(pixels, size, stride)
    if len(skeleton) > MAX_SKELETON_PX:
        raise InvalidParameter(
            f"the centrelines of the mask are {len(skeleton)} pixels long, {MAX_SKELETON_PX} can be followed; "
            "raise threshold or min_area_px"
        )
    for _ in range(MAX_PRUNINGS):
        graph = branches_of(skeleton, size, stride)
        crack = _crack(graph, skeleton, pixels, region)
        spurs = _spurs(graph, crack, radius)
        if not spurs.any():
            break
        of_spur = graph.order[np.repeat(spurs, graph.last - graph.first + 1)]
        pruned = np.delete(skeleton, of_spur[of_spur < graph.count])
        skeleton = thin(pruned, size, stride)
    else:
        graph = branches_of(skeleton, size, stride)
        crack = _crack(graph, skeleton, pixels, region)
    return Centerlines(graph.points - 1, graph.first, graph.last, crack, graph.nodes, graph.ring)


def _crack(graph: Graph, skeleton: Integers, pixels: Integers, region: Integers) -> Integers:
    """[B] component of each branch; its second point is always a pixel of its own, the first may be a junction."""
    return region[np.searchsorted(pixels, skeleton[graph.order[graph.first + 1]])]


def _spurs(graph: Graph, crack: Integers, radius: Radius) -> NDArray[np.bool_]:
    """[B] whether a branch ends free and is no longer than the crack is wide at its junction.

    The longest branch of a component is none, so that a round spot keeps a centreline.
    """
    first, last = graph.points[graph.first], graph.points[graph.last]
    ends_free = graph.free
    from_junction = ends_free.sum(axis=1) == 1
    steps = np.hypot(*np.diff(graph.points, axis=0, prepend=graph.points[:1]).T)
    steps[graph.first] = 0
    lengths = np.add.reduceat(steps, graph.first) if len(graph.first) else steps
    junctions = np.where(ends_free[:, :1], last, first)
    spurs = np.zeros(len(graph.first), np.bool_)
    spurs[from_junction] = lengths[from_junction] <= 2 * radius(junctions[from_junction])
    order = np.lexsort((lengths, crack))
    is_longest = np.ones(len(order), np.bool_)
    is_longest[:-1] = crack[order][1:] != crack[order][:-1]
    spurs[order[is_longest]] = False
    return spurs
