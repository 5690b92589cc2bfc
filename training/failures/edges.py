"""Coarse edges: how far area, contour and width of what was found are off the true crack."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from app.errors import InvalidParameter
from app.measurement import Calibration, Crack, measure
from training.evaluation.scoring import TOLERANCE_PX, Mask, Sums, distance_to
from training.failures.classes import LEAST_RANKED_PX, WIDTHS_PX, Row, class_of, limits
from training.failures.truth import Truth
from training.synthetic.geometry import polyline_length

REACH_PX = 10.0  # farther from the true crack a predicted pixel is a false alarm, no edge

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class EdgeSums(Sums):
    """Of one photo, or several: [widths] each, sums over the pixels of the class."""

    true: Floats
    predicted: Floats
    contour: Floats
    """Distance between the contours, pixels, and how many distances that are."""
    contours: Floats
    width_error: Floats
    """Measured less drawn width, pixels, its absolute, and at how many points."""
    width_absolute: Floats
    widths: Floats


def sum_edges(
    probability: NDArray[np.float32],
    threshold: float,
    truth: Truth,
    calibration: Calibration | None = None,
) -> EdgeSums:
    """Compare a prediction, float32 [H, W], with the truth where the crack was found.

    Each pixel is of the nearest pixel of the true skeleton; that is found where a predicted pixel lies within
    TOLERANCE_PX.
    """
    predicted = probability >= threshold
    found = (distance_to(predicted)[truth.skeleton] <= TOLERANCE_PX)[truth.nearest]
    reached = found & (truth.distance <= REACH_PX)
    classes = class_of(truth.width_px, WIDTHS_PX)[truth.nearest]
    true_contour, contour = contour_of(truth.mask), contour_of(predicted)
    here, there = true_contour & found, contour & reached
    apart = np.concatenate([distance_to(contour)[here], distance_to(true_contour)[there]])
    apart = np.minimum(apart, REACH_PX)  # a photo that is predicted all over has no contour
    own = np.concatenate([classes[here], classes[there]])
    return EdgeSums(
        _sums(classes[truth.mask & found]),
        _sums(classes[predicted & reached]),
        _sums(own, apart),
        _sums(own),
        *_width_sums(probability, threshold, truth, calibration),
    )


def contour_of(mask: Mask) -> Mask:
    """Pixels of the mask beside the background; the photo's edge is no contour."""
    inner = cv2.erode(mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))
    return np.asarray(mask & (inner == 0))


def mean_distance(sums: EdgeSums) -> float:
    """Mean distance between the contours, pixels, all classes together; NaN with fewer than LEAST_RANKED_PX."""
    count = float(sums.contours.sum())
    return float(sums.contour.sum()) / count if count >= LEAST_RANKED_PX else float("nan")


def edge_rows(photos: str, counts: Sequence[EdgeSums]) -> list[Row]:
    """The rows `edges` of the JSON file, one a class of width in which anything was found."""
    pooled = counts[0]
    for each in counts[1:]:
        pooled += each
    rows = [_row(photos, "all", (None, None), pooled, slice(None))]
    for k in range(len(WIDTHS_PX)):
        rows.append(_row(photos, "width", limits(WIDTHS_PX, k), pooled, slice(k, k + 1)))
    return [row for row in rows if row["pixels"]]


def _row(
    photos: str, by: str, width: tuple[float | None, float | None], sums: EdgeSums, own: slice
) -> Row:
    of = {f.name: float(getattr(sums, f.name)[own].sum()) for f in fields(sums)}
    return {
        "photos": photos,
        "by": by,
        "width_from_px": width[0],
        "width_to_px": width[1],
        "pixels": int(of["true"]),
        "area_error": of["predicted"] / of["true"] - 1 if of["true"] else None,
        "contour_px": of["contour"] / of["contours"] if of["contours"] else None,
        "width_error_px": of["width_absolute"] / of["widths"] if of["widths"] else None,
        "width_bias_px": of["width_error"] / of["widths"] if of["widths"] else None,
    }


def _sums(classes: NDArray[np.int64], weights: NDArray[np.floating] | None = None) -> Floats:
    return np.bincount(classes, weights, minlength=len(WIDTHS_PX)).astype(np.float64)


def _width_sums(
    probability: NDArray[np.float32],
    threshold: float,
    truth: Truth,
    calibration: Calibration | None,
) -> tuple[Floats, Floats, Floats]:
    """Error, absolute error and count of the measured widths."""
    try:
        found = measure(probability, threshold, calibration=calibration)
        cracks = found.cracks if truth.alone.any() else ()
    except InvalidParameter:  # refused as noise: no width was measured
        cracks = ()
    widths, true = paired_widths(cracks, truth)
    classes = class_of(true, WIDTHS_PX)
    error = widths - true
    return _sums(classes, error), _sums(classes, np.abs(error)), _sums(classes)


def paired_widths(cracks: Sequence[Crack], truth: Truth) -> tuple[Floats, Floats]:
    """Measured and true width, pixels, at the measured points that lie on a true crack, none other close by."""
    x, y, widths = np.vstack([np.zeros((0, 3)), *(_points(crack) for crack in cracks)]).T
    rows, columns = (
        np.clip(np.rint(at).astype(np.int64), 0, size - 1)
        for at, size in zip((y, x), truth.mask.shape, strict=True)
    )
    own = truth.nearest[rows, columns]
    kept = truth.alone[own] & (truth.distance[rows, columns] <= TOLERANCE_PX)
    return widths[kept], truth.width_px[own[kept]]


def _points(crack: Crack) -> NDArray[np.float64]:
    """Points (x, y, width) about a pixel apart along the centrelines of a measured crack, [N, 3]."""
    points = [np.zeros((0, 3))]
    for line, widths in zip(crack.centerlines_px, crack.centerline_widths_px, strict=True):
        arc = np.insert(np.cumsum(polyline_length(line)), 0, 0)
        places = np.arange(0, arc[-1] + 1)
        table = np.column_stack([line, widths])
        points.append(np.column_stack([np.interp(places, arc, column) for column in table.T]))
    return np.vstack(points)
