"""What a network's widths mean: they are read off its probabilities as off a scale, and a scale is calibrated."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.measurement.arrays import Floats


@dataclass(frozen=True)
class Calibration:
    """How wide cracks truly are that read so wide, pixels; both rise strictly, from above 0."""

    read_px: tuple[float, ...]
    true_px: tuple[float, ...]

    @classmethod
    def of(
        cls, pairs: Sequence[tuple[float, float]], pixel_px: float = 1.0
    ) -> "Calibration | None":
        """From (read, true) of the network's pixels, `pixel_px` of the photo's each; None where there are none."""
        if not pairs:
            return None
        read, true = zip(*pairs, strict=True)
        return cls(tuple(pixel_px * r for r in read), tuple(pixel_px * t for t in true))

    def true(self, widths_px: Floats) -> Floats:
        """The true widths: between the pairs linear, below the first in proportion, above the last as far off as it."""
        last_read, last_true = self.read_px[-1], self.true_px[-1]
        within = np.interp(widths_px, (0.0, *self.read_px), (0.0, *self.true_px))
        return np.where(widths_px > last_read, widths_px - last_read + last_true, within)
