"""Probability map to cracks: how many, how long, how wide, which way. Pure; `measure` is the way in."""

from app.measurement.calibration import Calibration
from app.measurement.measure import measure
from app.measurement.result import Crack, Gap, Measurement, Millimetres, Widths

__all__ = ["Calibration", "Crack", "Gap", "Measurement", "Millimetres", "Widths", "measure"]
