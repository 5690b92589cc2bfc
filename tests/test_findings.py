"""What a scale's doubt does to millimetres: into the uncertainties, and away with them where it is too large."""

import json

import numpy as np
import pytest

from app.findings import LARGEST_SCALE_DOUBT, Findings
from app.measurement import measure
from app.parameters import MeasureParameters
from app.plane import Plane
from app.scale import Scale

HORIZON_AT_100 = Plane(np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 0.01, -1.0]]))


def findings(probability: np.ndarray, scale: Scale | None) -> Findings:
    measured = measure(probability, 0.5, plane=scale.plane if scale else None)
    return Findings(measured, *probability.shape, scale, None, MeasureParameters())


def arch() -> np.ndarray:
    """A crack whose ends lie at y = 260 and whose top at y = 80 is beyond the horizon at y = 100."""
    y, x = np.mgrid[:300, :400]
    return (np.abs(y - (80 + 180 * ((x - 200) / 150.0) ** 2)) < 3).astype(np.float32) * (y <= 260)


def scale_with(doubt: float) -> Scale:
    """A plane that faces the camera and an alternative that is off by `doubt`."""
    plane = Plane.facing(0.2)
    return Scale(plane, 0.2, "marker", doubt, (Plane.facing(0.2 * (1 + doubt)),))


def test_a_crack_that_crosses_the_horizon_has_no_millimetres():
    scale = Scale.of_plane(HORIZON_AT_100, "marker", np.array([200.0, 250.0]), (HORIZON_AT_100,))
    found = findings(arch().astype(np.float32), scale)
    (crack,) = found.cracks()
    assert (crack.length_mm, crack.width_mm, crack.area_mm2) == (None, None, None)
    assert found.warnings() == ["scale-too-unsure"]
    assert found.statistics().total_length_mm is None
    json.dumps(found.density().model_dump(), allow_nan=False)


@pytest.mark.parametrize("doubt", [0.01, 0.2, 0.24])
def test_the_doubt_is_in_every_uncertainty(doubt):
    probability = np.zeros((60, 200), np.float32)
    probability[20:28, 10:190] = 1
    found = findings(probability, scale_with(doubt))
    (crack,) = found.cracks()
    assert crack.scale_uncertainty == pytest.approx(doubt)
    own = 0.2 * crack.width_px.uncertainty
    assert crack.width_mm.uncertainty == pytest.approx(np.hypot(own, 1.6 * doubt), rel=1e-3)
    assert found.warnings() == []
    assert found.statistics().mean_width_mm == pytest.approx(1.6, rel=0.01)


def test_too_much_doubt_leaves_no_millimetres():
    probability = np.zeros((60, 200), np.float32)
    probability[20:28, 10:190] = 1
    found = findings(probability, scale_with(LARGEST_SCALE_DOUBT + 0.01))
    assert found.cracks()[0].width_mm is None
    assert found.warnings() == ["scale-too-unsure"]
