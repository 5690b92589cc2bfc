"""Figures as a reader wants them: no digit beyond what a photo can show. Pure."""

import math
from dataclasses import dataclass

from app.schemas import Crack, Widths

# More would not fit the columns; they are needed where a pixel is less than a tenth of a micrometre.
MOST_PLACES = 5


@dataclass(frozen=True)
class Unit:
    """A unit of length, and how much of it a pixel is; the last digit of a width is about a tenth of a pixel."""

    name: str
    per_px: float

    def width(self, value: float) -> str:
        return self._rounded(value, 0.1)

    def length(self, value: float) -> str:
        return self._rounded(value, 1)

    def _rounded(self, value: float, pixels: float) -> str:
        # A little less than the logarithm: 0.1 must not need two places because it is 0.0999999999.
        places = max(0, math.ceil(-math.log10(self.per_px * pixels) - 1e-6))
        return f"{value:.{places}f}" if places <= MOST_PLACES else f"{value:.2g}"


PIXELS = Unit("px", 1.0)


@dataclass(frozen=True)
class Sizes:
    """Length and widths of a crack in one unit."""

    unit: Unit
    length: float
    width: Widths

    @classmethod
    def of(cls, crack: Crack, unit: Unit) -> "Sizes":
        """In the unit; in pixels where the crack has no millimetres."""
        if unit == PIXELS or crack.length_mm is None or crack.width_mm is None:
            return cls(PIXELS, crack.length_px, crack.width_px)
        return cls(unit, crack.length_mm, crack.width_mm)


def significant(value: float, digits: int = 3) -> str:
    """The value to some significant digits, never as a power of ten where six places say it: 0.00265, 1240."""
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:.0f}" if rounded >= 10 ** (digits - 1) else f"{rounded:g}"
