"""One model on all photos: what each photo adds, and the rows that come of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.contract import Contract
from app.measurement import Calibration
from app.pipeline import Options, predict
from app.registry import Model
from app.telemetry import Stopwatch
from training.data import Row as DataRow
from training.evaluation.prediction import predict_rows
from training.evaluation.scoring import Mask, distance_to
from training.failures.alarms import AlarmCounts, alarm_row, count_alarms
from training.failures.classes import Row
from training.failures.edges import EdgeSums, edge_rows, mean_distance, sum_edges
from training.failures.photos import DrawnPhoto
from training.failures.recall import Counts, count_found, recall_rows, thin_recall
from training.failures.truth import Distance, Truth, truth_of_mask, truth_of_scene
from training.failures.voids import VoidCounts, count_voids, void_rows
from training.synthetic import Scene

DRAWN = "drawn"


@dataclass
class CrackFindings:
    """What the photos with cracks of one source say, a value a photo."""

    recall: list[Counts] = field(default_factory=list)
    edges: list[EdgeSums] = field(default_factory=list)

    def add(self, probability: NDArray[np.float32], said: Contract, truth: Truth) -> None:
        """Look at one more photo, probability [H, W], of the model that says this of itself."""
        calibration = Calibration.of(said.width_calibration)
        self.recall.append(count_found(probability >= said.threshold, truth))
        self.edges.append(sum_edges(probability, said.threshold, truth, calibration))


@dataclass
class Study:
    """A model, and what was found with it so far."""

    model: Model
    voids: dict[str, list[VoidCounts]] = field(default_factory=dict)
    alarms: dict[str, list[AlarmCounts]] = field(default_factory=dict)
    cracks: dict[str, CrackFindings] = field(default_factory=dict)
    seen: dict[DrawnPhoto, Mask] = field(default_factory=dict)
    """The predicted mask of each drawn photo, for the pictures."""
    badness: dict[str, dict[DrawnPhoto, float]] = field(default_factory=dict)
    """By picture: how badly each photo went, more is worse."""

    def look_at(self, photo: DrawnPhoto, scene: Scene, truth: Truth | None) -> None:
        """Predict a drawn photo and take down how it went; `truth` is None where it shows no crack."""
        threshold = self.model.contract.threshold
        probability = predict(scene.photo, self.model, Options(), Stopwatch())
        predicted = probability >= threshold
        away = truth.distance if truth else distance_to(scene.mask)
        self.seen[photo] = predicted
        self._take_down_alarms(photo, scene, predicted, away)
        if truth:
            cracks = self.cracks.setdefault(DRAWN, CrackFindings())
            cracks.add(probability, self.model.contract, truth)
            self._rate("thin", photo, 1 - thin_recall(cracks.recall[-1]))
            self._rate("edges", photo, mean_distance(cracks.edges[-1]))

    def _take_down_alarms(
        self, photo: DrawnPhoto, scene: Scene, predicted: Mask, away: Distance
    ) -> None:
        alarms = count_alarms(predicted, scene, away)
        self.alarms.setdefault(photo.kind, []).append(alarms)
        if scene.voids:
            counts = count_voids(predicted, scene.voids, away)
            self.voids.setdefault(photo.kind, []).append(counts)
        if photo.kind != "cracks":
            picture = "voids" if photo.kind == "voids" else "lookalikes"
            self._rate(picture, photo, alarms.false)

    def _rate(self, picture: str, photo: DrawnPhoto, badness: float) -> None:
        if np.isfinite(badness):
            self.badness.setdefault(picture, {})[photo] = badness

    def look_at_masks(self, rows: Sequence[DataRow]) -> None:
        """Predict real photos, each with a crack in its mask, by source."""
        for seen in predict_rows(rows, self.model):
            cracks = self.cracks.setdefault(seen.row.source, CrackFindings())
            cracks.add(seen.probability, self.model.contract, truth_of_mask(seen.true))

    def rows(self) -> dict[str, list[Row]]:
        """The lists `voids`, `false_alarms`, `recall` and `edges` of the JSON file."""
        return {
            "voids": [
                row for kind, counts in self.voids.items() for row in void_rows(kind, counts)
            ],
            "false_alarms": [alarm_row(kind, counts) for kind, counts in self.alarms.items()],
            "recall": [row for at, c in self.cracks.items() for row in recall_rows(at, c.recall)],
            "edges": [row for at, c in self.cracks.items() for row in edge_rows(at, c.edges)],
        }


def truth_of(scene: Scene) -> Truth | None:
    """The truth of a drawn photo, None where it shows no crack."""
    return truth_of_scene(scene) if scene.mask.any() else None
