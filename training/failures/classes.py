"""Classes of width, contrast and radius, and shares with their interval."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WIDTHS_PX = (0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 40.0)
CONTRASTS = (0.0, 0.3, 0.45, 0.6, 0.75)
RADII_PX = (0.0, 1.5, 3.0, 6.0)
REDRAWS = 1000
LEAST_RANKED_PX = 100  # with fewer pixels to judge by, a photo is not ranked for the pictures

Row = dict[str, str | int | float | None]


def class_of(values: NDArray[np.floating], bounds: Sequence[float]) -> NDArray[np.int64]:
    """Index of the class of each value: class k lies above bounds[k], up to and with bounds[k + 1].

    The last class has no upper bound; what is not above the first bound belongs to the first class.
    """
    return np.maximum(np.searchsorted(bounds, values, side="left") - 1, 0)


def limits(bounds: Sequence[float], index: int) -> tuple[float, float | None]:
    """Lower and upper bound of a class; None for the class that has no upper one."""
    return bounds[index], bounds[index + 1] if index + 1 < len(bounds) else None


def interval(parts: NDArray[np.int64], wholes: NDArray[np.int64]) -> tuple[float, float]:
    """95 % interval of sum(parts) / sum(wholes), by redrawing the photos [P]; every whole is above 0."""
    drawn = np.random.default_rng(0).integers(len(wholes), size=(REDRAWS, len(wholes)))
    low, high = np.percentile(parts[drawn].sum(axis=1) / wholes[drawn].sum(axis=1), (2.5, 97.5))
    return float(low), float(high)
