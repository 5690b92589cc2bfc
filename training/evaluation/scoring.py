"""Agreement of two masks (EVALUATION: strict and within 2 px), photo by photo or pooled: pure."""

from dataclasses import astuple, dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

TOLERANCE_PX = 2.0
LARGE_DETECTION_PX = 50  # area of a detection on a crack-free photo that an inspector would notice

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Sums:
    """What adds up over photos, field by field."""

    def __add__(self, other: Self) -> Self:
        return type(self)(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class Counts(Sums):
    """Pixels of one photo, or of many pooled. The `near` counts are within TOLERANCE_PX of the other mask."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0
    predicted_near: int = 0
    true_near: int = 0

    @property
    def pixels(self) -> int:
        return self.tp + self.fp + self.fn + self.tn

    @property
    def predicted_pixels(self) -> int:
        return self.tp + self.fp

    @property
    def true_pixels(self) -> int:
        return self.tp + self.fn

    def accuracy(self) -> float:
        return share(self.tp + self.tn, self.pixels)

    def precision(self) -> float:
        return share(self.tp, self.predicted_pixels, self.true_pixels)

    def recall(self) -> float:
        return share(self.tp, self.true_pixels, self.predicted_pixels)

    def f1(self) -> float:
        """F1 = Dice."""
        return share(2 * self.tp, self.predicted_pixels + self.true_pixels)

    def iou(self) -> float:
        return share(self.tp, self.tp + self.fp + self.fn)

    def f1_within_2px(self) -> float:
        """Precision and recall with Euclidean slack, counts pooled."""
        return harmonic_mean(
            share(self.predicted_near, self.predicted_pixels, self.true_pixels),
            share(self.true_near, self.true_pixels, self.predicted_pixels),
        )

    def area_error(self) -> float:
        """(predicted - true) / true crack area; NaN without true cracks."""
        return (self.fp - self.fn) / self.true_pixels if self.true_pixels else float("nan")


def share(part: int, whole: int, other: int = 0) -> float:
    """part / whole. Where the whole is empty: 1 if the `other` mask is empty as well, else 0."""
    return part / whole if whole else float(not other)


def harmonic_mean(one: float, other: float) -> float:
    """Of two shares; 0 where both are 0."""
    return 2 * one * other / (one + other) if one + other else 0.0


def count(predicted: Mask, true: Mask) -> Counts:
    """Compare two masks, bool `[H, W]`."""
    tp = int(np.count_nonzero(predicted & true))
    fp = int(np.count_nonzero(predicted)) - tp
    fn = int(np.count_nonzero(true)) - tp
    return Counts(
        tp, fp, fn, predicted.size - tp - fp - fn, _near(predicted, true), _near(true, predicted)
    )


def _near(mask: Mask, other: Mask) -> int:
    """Pixels of `mask` within TOLERANCE_PX of a pixel of `other`."""
    if not mask.any():
        return 0
    return int(np.count_nonzero(distance_to(other)[mask] <= TOLERANCE_PX))


def distance_to(mask: Mask) -> NDArray[np.float32]:
    """Pixels from each pixel to the nearest one of the mask, centre to centre; infinite where it is empty."""
    if not mask.any():
        return np.full(mask.shape, np.inf, np.float32)
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(away, np.float32)


def largest_detection(predicted: Mask) -> int:
    """Area of the largest 8-connected component, pixels; 0 for none."""
    _, _, figures, _ = cv2.connectedComponentsWithStats(predicted.astype(np.uint8), connectivity=8)
    return int(figures[1:, cv2.CC_STAT_AREA].max(initial=0))
