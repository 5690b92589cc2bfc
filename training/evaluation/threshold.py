"""The threshold of a model, chosen on validation photos (docs/decisions/0009-threshold.md)."""

from collections.abc import Iterable, Sequence

import numpy as np

from training.data import DataError
from training.evaluation.prediction import Prediction
from training.evaluation.scoring import Counts, count

AS_GOOD = 0.005  # of F1: what a precision may cost counts as no loss here either
CANDIDATES = tuple(round(0.02 * step, 2) for step in range(1, 50))


def choose_threshold(predictions: Iterable[Prediction]) -> dict:
    """The highest threshold whose mean over sources of F1 within 2 px is as good as the best.

    Over a flat stretch of the curve a lower one only trades missed pixels for false ones, and calls more on
    walls without a crack. Sources without cracks have no say.
    Raises DataError where no row has a crack.
    """
    counts: dict[str, list[Counts]] = {}
    for prediction in predictions:
        found = [count(prediction.probability >= level, prediction.true) for level in CANDIDATES]
        before = counts.setdefault(prediction.row.source, [Counts()] * len(CANDIDATES))
        counts[prediction.row.source] = [a + b for a, b in zip(before, found, strict=True)]
    cracked = {source: pooled for source, pooled in counts.items() if pooled[0].true_pixels}
    if not cracked:
        raise DataError("no row has a crack; a threshold cannot be chosen")
    means = [
        float(np.mean([pooled[i].f1_within_2px() for pooled in cracked.values()]))
        for i in range(len(CANDIDATES))
    ]
    best = highest_as_good(means)
    return {
        "threshold": CANDIDATES[best],
        "sources": _figures(cracked, best),
        "sources_at_half": _figures(cracked, CANDIDATES.index(0.5)),
        "curve": dict(zip(map(str, CANDIDATES), means, strict=True)),
    }


def _figures(cracked: dict[str, list[Counts]], number: int) -> dict[str, dict[str, float]]:
    return {
        source: {"f1": pooled[number].f1(), "f1_within_2px": pooled[number].f1_within_2px()}
        for source, pooled in cracked.items()
    }


def highest_as_good(means: Sequence[float]) -> int:
    """Index of the last of the values, thresholds rising, that lie within AS_GOOD of the largest."""
    return int(np.flatnonzero(np.array(means) >= max(means) - AS_GOOD)[-1])
