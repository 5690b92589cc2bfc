"""From the components of a mask to the centrelines of cracks: thin, cut into branches, prune the spurs."""

import cv2
import numpy as np
from numpy.typing import NDArray

from app.errors import InvalidParameter
from app.measurement.arrays import Floats, Integers
from app.measurement.centerline import Centerlines
from app.measurement.graph import Graph, branches_of
from app.measurement.regions import Regions, spread
from app.measurement.thinning import thin

# A photo of 120 megapixels crossed by cracks a hundred times has a skeleton of a million pixels; noise has more.
MAX_SKELETON_PX = 2_000_000
# Rough edges leave spurs on spurs; what is left after that many rounds is smaller than a width matters.
MAX_PRUNINGS = 4


def trace(regions: Regions, distance: NDArray[np.float32]) -> Centerlines:
    """Find the centrelines of every component, spurs shorter than the local width left out.

    Args:
        regions: components not touching one another.
        distance: [H + 2, W + 2] as `distance_to_background` gives it.

    Returns:
        At least one branch for each component, its free ends still on the skeleton, which stops
        short of the crack's own ends.
    """
    stride, size = regions.mask.shape[1], regions.mask.size
    present = np.zeros(size, np.bool_)
    skeleton = _skeleton(regions, present)
    for _ in range(MAX_PRUNINGS):
        graph = branches_of(skeleton, size, stride)
        crack = _crack(graph, skeleton, regions)
        spurs = _spurs(graph, crack, distance)
        if not spurs.any():
            break
        of_spur = graph.order[np.repeat(spurs, graph.last - graph.first + 1)]
        present[skeleton[of_spur[of_spur < graph.count]]] = False
        skeleton = skeleton[present[skeleton]]
        thin(present, skeleton, stride)
        skeleton = skeleton[present[skeleton]]
    else:
        graph = branches_of(skeleton, size, stride)
        crack = _crack(graph, skeleton, regions)
    lines = Centerlines(graph.points - 1, graph.first, graph.last, crack, graph.nodes, graph.ring)
    return lines.smoothed()


def radius_at(distance: NDArray[np.float32], points: Floats) -> Floats:
    """Half width [N] of the mask at points [N, 2] in it, pixels."""
    columns, rows = np.rint(points).astype(np.int64).T + 1
    return np.asarray(distance[rows, columns], np.float64)


def distance_to_background(regions: Regions) -> NDArray[np.float32]:
    """Distance of each pixel of the framed mask, [H + 2, W + 2], to the nearest pixel of background.

    Pinholes are none.
    """
    mask = regions.mask
    if len(regions.pinholes):
        mask = mask.copy()
        mask.ravel()[regions.pinholes] = True
    distance = cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.asarray(distance, np.float32)


def _skeleton(regions: Regions, present: NDArray[np.bool_]) -> Integers:
    """Thin the components, drawn into the empty `present`; ascending flat indices of what is left."""
    stride = regions.mask.shape[1]
    solid = regions.areas_px == regions.boxes_px[:, 2] * regions.boxes_px[:, 3]
    cores = _cores(regions.boxes_px[solid], stride)
    runs = ~solid[regions.region]
    pixels = np.concatenate([spread(regions.starts[runs], regions.stops[runs]), regions.pinholes])
    present[pixels] = True
    thin(present, pixels, stride)
    present[cores] = True
    skeleton = np.sort(np.concatenate([pixels[present[pixels]], cores]))
    if len(skeleton) > MAX_SKELETON_PX:
        raise InvalidParameter(
            f"the centrelines of the mask are {len(skeleton)} pixels long, {MAX_SKELETON_PX} can be followed; "
            "raise threshold or min_area_px"
        )
    return skeleton


def _cores(boxes: Integers, stride: int) -> Integers:
    """Skeletons of solid rectangles [n, 4] (x, y, width, height): the middle line, half a width short of the ends.

    Known without thinning, which takes a round for each pixel of half width: a mask that is crack all over
    is a rectangle, and so are a joint across the photo and a single pixel.
    """
    left, top, width, height = boxes.T
    lies = width >= height
    short, long = np.minimum(width, height), np.maximum(width, height)
    inset = (short - 1) // 2
    count = long - 2 * inset
    corner = (top + 1 + inset) * stride + left + 1 + inset
    step = np.where(lies, 1, stride)
    number = spread(np.zeros_like(count), count)
    return np.asarray(np.repeat(corner, count) + np.repeat(step, count) * number, np.int64)


def _crack(graph: Graph, skeleton: Integers, regions: Regions) -> Integers:
    """[B] component of each branch; its second point is always a pixel of its own, the first may be a junction."""
    return regions.region_of(skeleton[graph.order[graph.first + 1]])


def _spurs(graph: Graph, crack: Integers, distance: NDArray[np.float32]) -> NDArray[np.bool_]:
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
    spurs[from_junction] = lengths[from_junction] <= 2 * radius_at(
        distance, junctions[from_junction] - 1
    )
    order = np.lexsort((lengths, crack))
    is_longest = np.ones(len(order), np.bool_)
    is_longest[:-1] = crack[order][1:] != crack[order][:-1]
    spurs[order[is_longest]] = False
    return spurs
