"""Whether a probability of 0.3 means a crack three times in ten: pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from training.evaluation.scoring import Mask, Sums

BINS = 20


@dataclass(frozen=True, eq=False)
class Bins(Sums):
    """What lies in each of the equal bins of probability, `[BINS]` each, of one photo or of many.

    Attributes:
        pixels: int64, how many.
        crack_pixels: int64, how many of them are truly crack.
        probability_sum: float64, their probabilities added up.
    """

    pixels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))
    crack_pixels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))
    probability_sum: NDArray[np.float64] = field(default_factory=lambda: np.zeros(BINS))


def count_bins(probability: NDArray[np.float32], true: Mask) -> Bins:
    """The bins of one photo, both `[H, W]`; a bin holds its lower edge, the last one 1 as well."""
    place = np.minimum((probability * BINS).astype(np.intp), BINS - 1)
    return Bins(
        np.bincount(place.ravel(), minlength=BINS),
        np.bincount(place[true], minlength=BINS),
        np.bincount(place.ravel(), weights=probability.ravel(), minlength=BINS),
    )


def calibration(sources: Mapping[str, Bins]) -> dict:
    """Reliability and expected calibration error, pooled so that each source counts alike, however large.

    A bin's `weight` is the mean over the sources of the share of a source's pixels that lie in it;
    `mean_probability` and `crack_share` (None in an empty bin) weigh pixels the same way. The expected
    calibration error is the mean of |crack_share - mean_probability|, bins by weight (Naeini et al., AAAI 2015).
    `sources` holds what was counted, unweighted.
    """
    weight, crack, probability = (
        np.mean([getattr(bins, name) / bins.pixels.sum() for bins in sources.values()], axis=0)
        for name in ("pixels", "crack_pixels", "probability_sum")
    )
    pixels = sum(sources.values(), Bins()).pixels
    return {
        "expected_calibration_error": float(np.abs(crack - probability).sum()),
        "bins": [
            {
                "from": number / BINS,
                "to": (number + 1) / BINS,
                "pixels": int(pixels[number]),
                "weight": float(weight[number]),
                "mean_probability": float(probability[number] / weight[number]) if pixels[number] else None,
                "crack_share": float(crack[number] / weight[number]) if pixels[number] else None,
            }
            for number in range(BINS)
        ],
        "sources": {
            source: {
                "pixels": bins.pixels.tolist(),
                "crack_pixels": bins.crack_pixels.tolist(),
                "probability_sum": bins.probability_sum.tolist(),
            }
            for source, bins in sorted(sources.items())
        },
    }  # fmt: skip
