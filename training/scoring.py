"""Figures of accuracy (EVALUATION: strict and within 2 px, pooled and by photo): pure."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

TOLERANCE_PX = 2.0
LARGE_DETECTION_PX = 50  # area of a detection on a crack-free photo that an inspector would notice
BOOTSTRAP_DRAWS = 1000

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Counts:
    """Pixels of one photo, or of many pooled. The `near` counts are within TOLERANCE_PX of the other mask."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0
    predicted_near: int = 0
    true_near: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def pixels(self) -> int:
        return self.tp + self.fp + self.fn + self.tn

    def accuracy(self) -> float:
        return _ratio(self.tp + self.tn, self.pixels)

    def precision(self) -> float:
        return _ratio(self.tp, self.tp + self.fp)

    def recall(self) -> float:
        return _ratio(self.tp, self.tp + self.fn)

    def f1(self) -> float:
        """F1 = Dice; an empty prediction on an empty mask counts 1."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    def iou(self) -> float:
        return _ratio(self.tp, self.tp + self.fp + self.fn)

    def f1_within_2px(self) -> float:
        """Precision and recall with Euclidean slack, counts pooled; 1 where both masks are empty."""
        precision = _ratio(self.predicted_near, self.tp + self.fp)
        recall = _ratio(self.true_near, self.tp + self.fn)
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0

    def area_error(self) -> float:
        """(predicted - true) / true crack area; NaN without true cracks."""
        true = self.tp + self.fn
        return (self.fp - self.fn) / true if true else float("nan")


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def count(predicted: Mask, true: Mask) -> Counts:
    """Compare two masks, bool `[H, W]`."""
    tp = int(np.count_nonzero(predicted & true))
    fp = int(np.count_nonzero(predicted)) - tp
    fn = int(np.count_nonzero(true)) - tp
    return Counts(
        tp, fp, fn, predicted.size - tp - fp - fn, _near(predicted, true), _near(true, predicted)
    )


def _near(mask: Mask, other: Mask) -> int:
    """Pixels of `mask` within TOLERANCE_PX (Euclidean, centre to centre) of a pixel of `other`."""
    if not mask.any() or not other.any():
        return 0
    distance = cv2.distanceTransform((~other).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return int(np.count_nonzero(distance[mask] <= TOLERANCE_PX))


def largest_detection(predicted: Mask) -> int:
    """Area of the largest 8-connected component, pixels; 0 for none."""
    _, _, figures, _ = cv2.connectedComponentsWithStats(predicted.astype(np.uint8), connectivity=8)
    return int(figures[1:, cv2.CC_STAT_AREA].max(initial=0))


def summarise(photos: Sequence[Counts], largest: Sequence[int]) -> dict[str, float]:
    """The figures of one source: pooled, by photo with a 95 % bootstrap interval, and on its crack-free photos."""
    pooled = sum(photos, Counts())
    with_cracks = [c for c in photos if c.tp + c.fn]
    figures: dict[str, float] = {"photos": len(photos)}
    if with_cracks:
        f1s = np.array([c.f1() for c in photos])
        low, high = bootstrap(f1s)
        figures |= {
            "accuracy": pooled.accuracy(),
            "precision": pooled.precision(),
            "recall": pooled.recall(),
            "f1": pooled.f1(),
            "iou": pooled.iou(),
            "f1_within_2px": pooled.f1_within_2px(),
            "area_error": pooled.area_error(),
            "f1_photo_mean": float(f1s.mean()),
            "f1_photo_mean_low": low,
            "f1_photo_mean_high": high,
            "f1_photo_median": float(np.median(f1s)),
        }
    crack_free = [(c, area) for c, area in zip(photos, largest, strict=True) if not c.tp + c.fn]
    if crack_free:
        figures |= {
            "crack_free_photos": len(crack_free),
            "false_pixels": sum(c.fp for c, _ in crack_free) / sum(c.pixels for c, _ in crack_free),
            "photos_with_detection": float(np.mean([c.fp > 0 for c, _ in crack_free])),
            "photos_with_large_detection": float(
                np.mean([area > LARGE_DETECTION_PX for _, area in crack_free])
            ),
        }
    return figures


def bootstrap(values: NDArray[np.float64], seed: int = 0) -> tuple[float, float]:
    """95 % interval of the mean, by redrawing the photos."""
    rng = np.random.default_rng(seed)
    means = rng.choice(values, (BOOTSTRAP_DRAWS, len(values))).mean(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)
