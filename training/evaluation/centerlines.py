"""Agreement of two masks along their cracks: clDice of the skeletons, and lengths as the service measures them."""

from dataclasses import dataclass

import numpy as np

from app.errors import InvalidParameter
from app.measurement import measure
from training.evaluation.scoring import Mask, Sums, harmonic_mean, share
from training.evaluation.skeleton import skeleton_of


@dataclass(frozen=True)
class Traced:
    """A mask with what lies along its cracks.

    Attributes:
        mask: bool `[H, W]`.
        skeleton: bool `[H, W]`, the mask thinned to lines.
        length_px: of all cracks together; None where the mask is beyond what can be measured.
    """

    mask: Mask
    skeleton: Mask
    length_px: float | None


@dataclass(frozen=True)
class Skeletons(Sums):
    """Pixels of the skeletons of one photo, or of many pooled; `inside` counts those within the other mask."""

    predicted: int = 0
    predicted_inside: int = 0
    true: int = 0
    true_inside: int = 0

    def cldice(self) -> float:
        """Harmonic mean of topology precision and topology sensitivity (Shit et al., clDice, CVPR 2021)."""
        return harmonic_mean(
            share(self.predicted_inside, self.predicted, self.true),
            share(self.true_inside, self.true, self.predicted),
        )


def traced(mask: Mask) -> Traced:
    """Thin and measure a mask, bool `[H, W]`.

    Pinholes, which measurement fills, stay open in the skeleton: filled, it would leave the mask there, and a mask
    would not agree with itself.
    """
    return Traced(mask, skeleton_of(mask), length_px(mask))


def length_px(mask: Mask) -> float | None:
    """Length of all cracks together as `/v1/measure` tells it of a mask; None where cracks must be left out."""
    try:
        measured = measure(mask.astype(np.float32), 0.5)
    except InvalidParameter:
        return None
    return None if measured.left_out else measured.total_length_px


def compare_skeletons(predicted: Traced, true: Traced) -> Skeletons:
    """How much of each mask's skeleton lies in the other mask."""
    return Skeletons(
        int(np.count_nonzero(predicted.skeleton)),
        int(np.count_nonzero(predicted.skeleton & true.mask)),
        int(np.count_nonzero(true.skeleton)),
        int(np.count_nonzero(true.skeleton & predicted.mask)),
    )
