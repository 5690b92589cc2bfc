"""Thin cracks missed: the share of true crack pixels found, by the width and the contrast of the crack."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.evaluation.scoring import TOLERANCE_PX, Mask, distance_to
from training.failures.classes import (
    CONTRASTS,
    LEAST_RANKED_PX,
    WIDTHS_PX,
    Row,
    class_of,
    interval,
    limits,
)
from training.failures.truth import Truth

SHAPE = (2, len(WIDTHS_PX), len(CONTRASTS) + 1)
THIN_PX = 3.0

Counts = NDArray[np.int64]
"""Of one photo: [2, widths, contrasts], true pixels that were found and all; the last contrast is the unknown."""


def count_found(predicted: Mask, truth: Truth) -> Counts:
    """Count true pixels, and those within TOLERANCE_PX of a predicted one; a pixel is of its nearest skeleton pixel."""
    contrast = np.where(
        np.isnan(truth.contrast), len(CONTRASTS), class_of(truth.contrast, CONTRASTS)
    )
    classes = class_of(truth.width_px, WIDTHS_PX) * SHAPE[2] + contrast
    own = classes[truth.nearest[truth.mask]]
    found = distance_to(predicted)[truth.mask] <= TOLERANCE_PX
    cells = SHAPE[1] * SHAPE[2]
    counts = [np.bincount(own[found], minlength=cells), np.bincount(own, minlength=cells)]
    return np.array(counts, np.int64).reshape(SHAPE)


def thin_recall(counts: Counts) -> float:
    """Share found of the pixels of cracks up to THIN_PX wide; NaN with fewer than LEAST_RANKED_PX."""
    thin = [k for k, low in enumerate(WIDTHS_PX) if low < THIN_PX]
    found, true = counts[:, thin].sum(axis=(1, 2))
    return float(found / true) if true >= LEAST_RANKED_PX else float("nan")


def recall_rows(photos: str, counts: Sequence[Counts]) -> list[Row]:
    """The rows `recall` of the JSON file, one a class that has any true pixel."""
    pooled = np.array(counts)
    known = pooled[..., : len(CONTRASTS)]
    rows = [_row(photos, "all", None, None, pooled.sum(axis=(2, 3)))]
    for w in range(len(WIDTHS_PX)):
        rows.append(_row(photos, "width", w, None, pooled[:, :, w].sum(axis=2)))
    for c in range(len(CONTRASTS)):
        rows.append(_row(photos, "contrast", None, c, known[..., c].sum(axis=2)))
    for w in range(len(WIDTHS_PX)):
        for c in range(len(CONTRASTS)):
            rows.append(_row(photos, "width and contrast", w, c, known[:, :, w, c]))
    return [row for row in rows if row["pixels"]]


def _row(
    photos: str, by: str, width: int | None, contrast: int | None, counts: NDArray[np.int64]
) -> Row:
    """A row from counts [P, 2] by photo."""
    found, true = counts[counts[:, 1] > 0].T
    width_from, width_to = (None, None) if width is None else limits(WIDTHS_PX, width)
    contrast_from, contrast_to = (None, None) if contrast is None else limits(CONTRASTS, contrast)
    low, high = interval(found, true) if len(true) else (None, None)
    return {
        "photos": photos,
        "by": by,
        "width_from_px": width_from,
        "width_to_px": width_to,
        "contrast_from": contrast_from,
        "contrast_to": contrast_to,
        "pixels": int(true.sum()),
        "count": len(true),
        "recall": float(found.sum() / true.sum()) if len(true) else None,
        "low": low,
        "high": high,
    }
