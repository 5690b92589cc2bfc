"""Surface voids taken for cracks: how much of each void is called crack."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.evaluation.scoring import Mask
from training.failures.classes import RADII_PX, Row, class_of, limits
from training.failures.truth import Distance
from training.synthetic import VoidTruth

TAKEN_SHARE = 0.5
CLEAR_PX = 10.0  # a void this near a crack may be called crack for the crack's sake


@dataclass(frozen=True)
class VoidCounts:
    """The voids of one photo: radius in pixels and the share of its pixels called crack, [V] each."""

    radius_px: NDArray[np.float64]
    called: NDArray[np.float64]


def pixels_of(
    void: VoidTruth, shape: tuple[int, int], margin_px: float = 0.0
) -> tuple[slice, NDArray[np.bool_], slice]:
    """The pixels whose centre lies within radius + margin of the void's: rows, which of them, columns.

    The pixel that holds the void's centre always counts, however small the void is.
    """
    reach = void.radius_px + margin_px
    top, left = (max(0, int(np.floor(at - reach))) for at in (void.y_px, void.x_px))
    bottom, right = (int(np.ceil(at + reach)) + 1 for at in (void.y_px, void.x_px))
    rows, columns = slice(top, min(bottom, shape[0])), slice(left, min(right, shape[1]))
    y = np.arange(rows.start, rows.stop)[:, None] - void.y_px
    x = np.arange(columns.start, columns.stop) - void.x_px
    holds_centre = (np.abs(y) <= 0.5) & (np.abs(x) <= 0.5)
    return rows, (np.hypot(y, x) <= reach) | holds_centre, columns


def count_voids(
    predicted: Mask, voids: Iterable[VoidTruth], crack_distance: Distance
) -> VoidCounts:
    """Look at every void with no true crack within CLEAR_PX; distances [H, W] as `truth.distance_to` gives them."""
    radii, called = [], []
    for void in voids:
        rows, inside, columns = pixels_of(void, predicted.shape)
        if crack_distance[rows, columns][inside].min() > CLEAR_PX:
            radii.append(void.radius_px)
            called.append(float(predicted[rows, columns][inside].mean()))
    return VoidCounts(np.array(radii, np.float64), np.array(called, np.float64))


def region_of(voids: Iterable[VoidTruth], shape: tuple[int, int], margin_px: float) -> Mask:
    """Pixels within `margin_px` of a void, bool [H, W]."""
    region = np.zeros(shape, bool)
    for void in voids:
        rows, inside, columns = pixels_of(void, shape, margin_px)
        region[rows, columns] |= inside
    return region


def void_rows(photos: str, counts: Sequence[VoidCounts]) -> list[Row]:
    """The rows `voids` of the JSON file, one a class of radius that has any void."""
    radii = np.concatenate([each.radius_px for each in counts])
    called = np.concatenate([each.called for each in counts])
    classes = class_of(radii, RADII_PX)
    rows: list[Row] = []
    for index in np.unique(classes).tolist():
        own = called[classes == index]
        low, high = limits(RADII_PX, index)
        rows.append(
            {
                "photos": photos,
                "from_px": low,
                "to_px": high,
                "voids": len(own),
                "touched": float((own > 0).mean()),
                "taken": float((own >= TAKEN_SHARE).mean()),
            }
        )
    return rows
