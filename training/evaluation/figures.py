"""From photos compared with their masks to the figures of a source and of a split: pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.data import Row
from training.evaluation.centerlines import Skeletons, Traced, compare_skeletons
from training.evaluation.scoring import LARGE_DETECTION_PX, Counts, count, largest_detection

BOOTSTRAP_DRAWS = 1000

Figures = dict[str, float]


@dataclass(frozen=True)
class Compared:
    """One photo, predicted against true.

    Attributes:
        group: the photograph or site that it is of.
        counts: pixels.
        skeletons: pixels of the skeletons.
        lengths_px: predicted and true crack length; None where either cannot be measured.
        largest_px: area of the largest detection.
    """

    group: str
    counts: Counts
    skeletons: Skeletons
    lengths_px: tuple[float, float] | None
    largest_px: int

    @property
    def has_cracks(self) -> bool:
        return self.counts.true_pixels > 0


def compare(group: str, predicted: Traced, true: Traced) -> Compared:
    """Everything that the figures of a photo are made from."""
    lengths = None
    if predicted.length_px is not None and true.length_px is not None:
        lengths = predicted.length_px, true.length_px
    return Compared(
        group,
        count(predicted.mask, true.mask),
        compare_skeletons(predicted, true),
        lengths,
        largest_detection(predicted.mask),
    )


def by_source(
    photos: Iterable[tuple[Row, Compared]], straddling: frozenset[tuple[str, str]]
) -> dict[str, Figures]:
    """Figures by `source/split`; where groups straddle a split, `... without straddling groups` beside it."""
    places: dict[str, list[Compared]] = defaultdict(list)
    unseen: dict[str, list[Compared]] = defaultdict(list)
    for row, compared in photos:
        place = f"{row.source}/{row.split}"
        places[place].append(compared)
        if (row.source, row.group) not in straddling:
            unseen[place].append(compared)
    figures = {}
    for place in sorted(places):
        figures[place] = summarise(places[place])
        if 0 < len(unseen[place]) < len(places[place]):
            figures[f"{place} without straddling groups"] = summarise(unseen[place])
    return figures


def by_split(photos: Iterable[tuple[Row, Compared]]) -> dict[str, Figures]:
    """Figures of all sources of each split together."""
    splits: dict[str, dict[str, list[Compared]]] = defaultdict(lambda: defaultdict(list))
    for row, compared in photos:
        splits[row.split][row.source].append(compared)
    return {split: overall(list(splits[split].values())) for split in sorted(splits)}


def summarise(photos: Sequence[Compared]) -> Figures:
    """The figures of one source, shares from 0 to 1; those of cracks and those of crack-free photos where it has any.

    `f1` and its like are of all pixels pooled; `f1_photo_mean`, `_low`, `_high` (95 % bootstrap interval of the
    mean, over groups) and `_median` are over the photos. `area_error` and `length_error` are
    (predicted - true) / true of totals; `photos_without_length` could not be measured and are in neither total.
    """
    figures: Figures = {"photos": len(photos)}
    if any(photo.has_cracks for photo in photos):
        counts = sum((photo.counts for photo in photos), Counts())
        skeletons = sum((photo.skeletons for photo in photos), Skeletons())
        figures |= _agreement(counts, skeletons) | {"area_error": counts.area_error()}
        figures |= _length_figures(photos) | _photo_figures(photos)
    return figures | _crack_free_figures(photos)


def overall(sources: Sequence[Sequence[Compared]]) -> Figures:
    """Means over the sources with cracks, each counting alike, and all crack-free photos pooled."""
    cracked = [summarise(photos) for photos in sources if any(photo.has_cracks for photo in photos)]
    figures: Figures = {"sources_with_cracks": len(cracked)}
    if cracked:
        figures |= {
            name: float(np.mean([source[name] for source in cracked]))
            for name in ("f1", "f1_within_2px", "cldice")
        }
    return figures | _crack_free_figures([photo for photos in sources for photo in photos])


def _agreement(counts: Counts, skeletons: Skeletons) -> Figures:
    return {
        "accuracy": counts.accuracy(),
        "precision": counts.precision(),
        "recall": counts.recall(),
        "f1": counts.f1(),
        "iou": counts.iou(),
        "f1_within_2px": counts.f1_within_2px(),
        "cldice": skeletons.cldice(),
    }


def _photo_figures(photos: Sequence[Compared]) -> Figures:
    by_photo = [_agreement(photo.counts, photo.skeletons) for photo in photos]
    groups = [photo.group for photo in photos]
    figures: Figures = {}
    for name in by_photo[0]:
        values = np.array([photo[name] for photo in by_photo])
        low, high = bootstrap(values, groups)
        figures |= {
            f"{name}_photo_mean": float(values.mean()),
            f"{name}_photo_mean_low": low,
            f"{name}_photo_mean_high": high,
            f"{name}_photo_median": float(np.median(values)),
        }
    return figures


def _length_figures(photos: Sequence[Compared]) -> Figures:
    measured = [photo.lengths_px for photo in photos if photo.lengths_px is not None]
    figures: Figures = {"photos_without_length": len(photos) - len(measured)}
    predicted, true = (sum(side) for side in zip(*measured, strict=True)) if measured else (0, 0)
    if true:
        figures["length_error"] = (predicted - true) / true
    return figures


def _crack_free_figures(photos: Sequence[Compared]) -> Figures:
    crack_free = [photo for photo in photos if not photo.has_cracks]
    if not crack_free:
        return {}
    counts = sum((photo.counts for photo in crack_free), Counts())
    return {
        "crack_free_photos": len(crack_free),
        "false_pixels": counts.fp / counts.pixels,
        "photos_with_detection": float(np.mean([photo.counts.fp > 0 for photo in crack_free])),
        "photos_with_large_detection": float(
            np.mean([photo.largest_px > LARGE_DETECTION_PX for photo in crack_free])
        ),
    }


def bootstrap(
    values: NDArray[np.float64], groups: Sequence[str], seed: int = 0
) -> tuple[float, float]:
    """95 % interval of the mean of values `[N]`, by redrawing whole groups.

    Tiles of one photograph are alike: redrawn one by one, 77 tiles of five photographs would look like 77 photographs.
    """
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    sums, counts = np.bincount(group, values), np.bincount(group)
    drawn = np.random.default_rng(seed).integers(len(sums), size=(BOOTSTRAP_DRAWS, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)
