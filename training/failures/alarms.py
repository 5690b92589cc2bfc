"""False alarms: pixels called crack where no crack is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.evaluation.scoring import LARGE_DETECTION_PX, TOLERANCE_PX, Mask, largest_detection
from training.failures.classes import Row
from training.failures.truth import Distance
from training.failures.voids import CLEAR_PX, region_of
from training.synthetic import Scene


@dataclass(frozen=True)
class AlarmCounts:
    """Pixels of one photo: those without a crack near, those of them called crack, those near a void."""

    clear: int
    false: int
    largest: int
    near_void: int
    false_near_void: int


def count_alarms(predicted: Mask, scene: Scene, crack_distance: Distance) -> AlarmCounts:
    """Count the pixels more than CLEAR_PX from a true crack; distances [H, W] as `truth.distance_to` gives them."""
    clear = crack_distance > CLEAR_PX
    false = predicted & clear
    near_void = region_of(scene.voids, predicted.shape, TOLERANCE_PX) & clear
    return AlarmCounts(
        int(clear.sum()),
        int(false.sum()),
        largest_detection(false),
        int(near_void.sum()),
        int((false & near_void).sum()),
    )


def alarm_row(photos: str, counts: Sequence[AlarmCounts]) -> Row:
    """A row of `false_alarms` of the JSON file."""
    clear, false = sum(c.clear for c in counts), sum(c.false for c in counts)
    return {
        "photos": photos,
        "count": len(counts),
        "false_pixels": false / clear,
        "photos_with_detection": float(np.mean([c.false > 0 for c in counts])),
        "photos_with_large_detection": float(
            np.mean([c.largest > LARGE_DETECTION_PX for c in counts])
        ),
        "on_voids": sum(c.false_near_void for c in counts) / false if false else None,
        "void_area": sum(c.near_void for c in counts) / clear,
    }
