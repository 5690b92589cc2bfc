"""Probability map to cracks: how many, how long, how wide, which way. Pure; `measure` is the way in."""

from app.measurement.measure import MAX_CRACKS, measure
from app.measurement.result import Crack, Measurement, Widths

__all__ = ["MAX_CRACKS", "Crack", "Measurement", "Widths", "measure"]
