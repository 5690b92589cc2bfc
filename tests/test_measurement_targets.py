"""The fast form of `python -m benchmarks.measurement`: the same drawn cracks, in fewer directions."""

from itertools import product

import numpy as np
import pytest

from app.measurement import measure
from benchmarks.measurement.cracks import SHAPES, WIDTHS_PX, Drawn, drawn
from benchmarks.measurement.others import (
    area_width,
    chain_length,
    crossing_width,
    distance_width,
    pixel_length,
)

DIRECTIONS = (0, 20, 45, 110)


@pytest.fixture(scope="module", params=SHAPES)
def cracks(request: pytest.FixtureRequest) -> list[Drawn]:
    return [drawn(request.param, width, way, 7) for width, way in product(WIDTHS_PX, DIRECTIONS)]


def test_targets_on_exact_maps(cracks: list[Drawn]):
    widths, lengths = [], []
    for crack in cracks:
        measured = measure(crack.probability, 0.5)
        assert measured.crack_count == 1
        (found,) = measured.cracks
        turn = abs((found.orientation_deg - crack.orientation_deg + 90) % 180 - 90)
        assert turn < 1
        widths.append(abs(found.width_px.mean - crack.width_px))
        lengths.append(abs(found.length_px / crack.length_px - 1))
    assert np.mean(widths) <= 0.05
    assert max(widths) <= 0.25
    assert np.mean(lengths) <= 0.01
    assert max(lengths) <= 0.03


def test_a_turned_photo_has_the_same_cracks(cracks: list[Drawn]):
    for crack in cracks[::3]:
        one = measure(crack.probability, 0.5)
        other = measure(np.rot90(crack.probability).copy(), 0.5)
        assert (other.crack_pixels, other.crack_count) == (one.crack_pixels, one.crack_count)
        assert other.total_length_px == pytest.approx(one.total_length_px, rel=0.005)
        assert other.mean_width_px == pytest.approx(one.mean_width_px, rel=0.005)


def test_what_others_do_is_what_it_is_said_to_be():
    """A bar of 5 x 100 pixels along the axes, on which every estimator has a known answer."""
    mask = np.zeros((40, 140), bool)
    mask[10:15, 20:120] = True
    assert distance_width(mask) == pytest.approx(6, abs=0.1)  # pixels to the next pixel outside
    assert crossing_width(mask) == pytest.approx(5, abs=0.3)
    assert pixel_length(mask) == pytest.approx(96, abs=3)
    assert chain_length(mask) == pytest.approx(pixel_length(mask) - 1, abs=0.1)
    assert area_width(mask) == pytest.approx(500 / chain_length(mask))
    diagonal = np.eye(60, dtype=bool)
    assert chain_length(diagonal) == pytest.approx(59 * 2**0.5)
    thin = np.zeros((9, 60), bool)
    thin[4, 5:55] = True
    assert distance_width(thin) == pytest.approx(2)
