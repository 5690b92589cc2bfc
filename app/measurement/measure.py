"""Probability map to cracks: how many, how long, how wide, which way. Pure.

A crack is an 8-connected component of the mask (probability >= threshold).
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from app.measurement import width
from app.measurement.centerline import Centerlines, Floats, Integers, trace, unit
from app.measurement.result import Crack, Measurement, Widths

# What a polyline handed out may deviate from the centreline that was measured.
SIMPLIFICATION_PX = 0.5
# Where the two edges together lie is uncertain by half a pixel, whatever the map.
EDGE_DOUBT_PX = 0.5
# Points, besides a width's worth, of the chord that gives the direction of a free end; a pixel of
# the skeleton lies up to half a pixel aside, which turns a chord of 8 by 4 degrees.
END_CHORD_POINTS = 8
# Bounds on what noise can cost: 20,000 cracks are measured in seconds and make some megabytes of JSON.
MAX_CRACKS = 20_000
# Rows worked on at once where a pass over the map needs float64 copies of it.
_STRIP_ROWS = 256


def measure(
    probability: NDArray[np.float32], threshold: float, *, min_area_px: int = 0
) -> Measurement:
    """Measure every crack of a probability map.

    Args:
        probability: [H, W], 0 to 1; a binary mask as 0 and 1 will do.
        threshold: probability from which a pixel counts as crack, above 0 and at most 1.
        min_area_px: components of fewer pixels are left out of the cracks, the count and the
            totals of length and width, not out of the figures of the mask.

    Raises:
        InvalidParameter: the mask is noise, whose centrelines would take minutes to follow.
        ValueError: the map is not [H, W] or the threshold not above 0 and at most 1.
    """
    if probability.ndim != 2:
        raise ValueError(f"probability must be [H, W], got shape {probability.shape}")
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold must be above 0 and at most 1, got {threshold}")
    mask = (probability >= threshold).astype(np.uint8)
    labels, areas, boxes, left_out = _components(mask, min_area_px)
    cracks = _cracks(probability, threshold, labels, areas, boxes) if len(areas) else ()
    crack_pixels = int(np.count_nonzero(mask))
    total_length = sum(crack.length_px for crack in cracks)
    weighted_width = sum(crack.length_px * crack.width_px.mean for crack in cracks)
    return Measurement(
        total_pixels=mask.size,
        crack_pixels=crack_pixels,
        crack_ratio=crack_pixels / mask.size,
        crack_count=len(cracks),
        total_length_px=total_length,
        mean_width_px=weighted_width / total_length if cracks else 0.0,
        max_width_px=max((crack.width_px.max for crack in cracks), default=0.0),
        cracks=cracks,
        left_out=left_out,
    )


def _components(
    mask: NDArray[np.uint8], min_area_px: int
) -> tuple[NDArray[np.int32], Integers, Integers, int]:
    """Label the MAX_CRACKS largest components by falling area.

    Returns labels [H, W] (0 background), areas [n], boxes [n, 4] and how many components were left out.
    """
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    areas = statistics[1:, cv2.CC_STAT_AREA].astype(np.int64)
    boxes = statistics[1:, : cv2.CC_STAT_AREA].astype(np.int64)
    order = np.lexsort((boxes[:, 0], boxes[:, 1], -areas))
    order = order[areas[order] >= min_area_px]
    left_out = max(len(order) - MAX_CRACKS, 0)
    order = order[:MAX_CRACKS]
    renamed = np.zeros(len(areas) + 1, dtype=np.int32)
    renamed[order + 1] = np.arange(1, len(order) + 1)
    return renamed[labels], areas[order], boxes[order], left_out


def _cracks(
    probability: NDArray[np.float32],
    threshold: float,
    labels: NDArray[np.int32],
    areas: Integers,
    boxes: Integers,
) -> tuple[Crack, ...]:
    mean_probability, angles = _moments(probability, labels, areas)
    distance = _distance_to_background(labels)
    lines = trace(labels, distance, boxes)
    columns, rows = np.rint(lines.points).astype(np.int64).T
    radii = distance[rows, columns].astype(np.float64)
    widths_at_points, lines = width.across(probability, threshold, lines, radii)
    widths = _widths(widths_at_points, lines, radii, len(areas))
    lines = _extended(probability, threshold, lines, radii, angles)
    lengths = np.bincount(lines.crack - 1, weights=lines.arc()[lines.last], minlength=len(areas))
    polylines = _polylines(lines, len(areas))
    # Photo coordinates point down, so the sense of the angle turns round.
    degrees = np.mod(-np.degrees(angles), 180.0) % 180.0
    return tuple(
        Crack(
            id=i + 1,
            area_px=area,
            bbox_px=tuple(box),
            length_px=length,
            width_px=Widths(*figures),
            orientation_deg=orientation,
            mean_probability=mean,
            centerlines_px=tuple(polylines[i]),
        )
        for i, (area, box, length, figures, orientation, mean) in enumerate(
            zip(
                areas.tolist(),
                boxes.tolist(),
                lengths.tolist(),
                widths.tolist(),
                degrees.tolist(),
                mean_probability.tolist(),
                strict=True,
            )
        )
    )


def _moments(
    probability: NDArray[np.float32], labels: NDArray[np.int32], areas: Integers
) -> tuple[Floats, Floats]:
    """Mean probability [n] and direction of the main axis [n], radians, x towards y.

    Pixels weigh by their probability.
    """
    count = len(areas)
    sums = np.zeros((6, count))
    for top in range(0, len(labels), _STRIP_ROWS):
        rows, x = np.nonzero(labels[top : top + _STRIP_ROWS])
        y = rows + top
        index = labels[y, x] - 1
        p = probability[y, x].astype(np.float64)
        for k, weights in enumerate((p, p * x, p * y, p * x * x, p * x * y, p * y * y)):
            sums[k] += np.bincount(index, weights=weights, minlength=count)
    mass = sums[0]
    x, y, xx, xy, yy = sums[1:] / mass
    angles = 0.5 * np.arctan2(2 * (xy - x * y), (xx - x * x) - (yy - y * y))
    return mass / areas, angles


def _distance_to_background(labels: NDArray[np.int32]) -> NDArray[np.float32]:
    """[H, W] distance of each labelled pixel to the nearest other or the photo's edge."""
    framed = cv2.copyMakeBorder((labels > 0).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    distance = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.asarray(distance, dtype=np.float32)[1:-1, 1:-1]


def _widths(widths: Floats, lines: Centerlines, radii: Floats, count: int) -> Floats:
    """[n, 5] in the order of Widths, from the widths at the points of the centrelines."""
    chosen = width.representative(lines, radii)
    values = widths[chosen]
    index = lines.crack[lines.branch][chosen] - 1
    samples = np.bincount(index, minlength=count)
    mean = np.bincount(index, weights=values, minlength=count) / samples
    variance = np.bincount(index, weights=(values - mean[index]) ** 2, minlength=count) / samples
    independent = np.maximum(1.0, samples / np.maximum(mean, 1.0))
    median, p95, largest = (width.quantile(values, index, count, q) for q in (0.5, 0.95, 1.0))
    uncertainty = np.sqrt(EDGE_DOUBT_PX**2 + variance / independent)
    return np.column_stack([mean, median, p95, largest, uncertainty])


def _extended(
    probability: NDArray[np.float32],
    threshold: float,
    lines: Centerlines,
    radii: Floats,
    angles: Floats,
) -> Centerlines:
    """Move free ends out to the crack's own ends: thinning stops about half a width short.

    Where a crack is thinned to one point, it extends along its main axis.
    """
    points = lines.points.copy()
    axes = np.column_stack([np.cos(angles), np.sin(angles)])
    size = lines.last - lines.first
    for side, (ends, inwards) in enumerate(((lines.first, 1), (lines.last, -1))):
        branches = np.flatnonzero(lines.free[:, side])
        end = ends[branches]
        back = np.ceil(2 * radii[end]).astype(np.int64) + END_CHORD_POINTS
        inner = end + inwards * np.minimum(back, size[branches])
        outwards = unit(lines.points[end] - lines.points[inner])
        still = ~outwards.any(axis=1)
        outwards[still] = -inwards * axes[lines.crack[branches[still]] - 1]
        beyond = width.reach(probability, threshold, lines.points[end], outwards, radii[end])[:, 0]
        # A crack thinner than a pixel has a probability below 1 even on its centreline.
        level = np.maximum(threshold, width.sample(probability, lines.points[inner]))
        points[end] += outwards * (beyond / level)[:, None]
    return replace(lines, points=points)


def _polylines(lines: Centerlines, count: int) -> list[list[Floats]]:
    """Simplified branches of each crack."""
    polylines: list[list[Floats]] = [[] for _ in range(count)]
    points = lines.points.astype(np.float32)
    branches = zip(lines.crack.tolist(), lines.first.tolist(), lines.last.tolist(), strict=True)
    for crack, first, last in branches:
        branch = points[first : last + 1]
        closed = bool((branch[0] == branch[-1]).all())
        simple = cv2.approxPolyDP(branch[: len(branch) - closed], SIMPLIFICATION_PX, closed)[:, 0]
        if closed:
            simple = np.vstack([simple, simple[:1]])
        polylines[crack - 1].append(simple.astype(np.float64))
    return polylines
