"""From pixels to millimetres on a plane, straight on and at an angle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.measurement import measure
from app.plane import Plane

OBLIQUE = Plane(np.array([[0.21, 0.01, -3.0], [-0.02, 0.3, 5.0], [1e-4, 4e-4, 1.0]]))
coordinates = st.floats(0, 400)


def test_facing_the_camera_every_place_and_direction_has_the_same_scale():
    plane = Plane.facing(0.2)
    points = np.array([[0.0, 0.0], [100.0, 7.5]])
    directions = np.array([[1.0, 0.0], [np.sqrt(0.5), -np.sqrt(0.5)]])
    assert plane.mm(points).tolist() == [[0, 0], [20, 1.5]]
    assert plane.mm_per_px(points, directions) == pytest.approx([0.2, 0.2])
    assert plane.mm2_per_px(points) == pytest.approx([0.04, 0.04])


@given(coordinates, coordinates, st.floats(0, np.pi))
def test_the_local_scale_is_what_a_small_step_covers(x, y, angle):
    point, way = np.array([[x, y]]), np.array([[np.cos(angle), np.sin(angle)]])
    ends = OBLIQUE.mm(np.vstack([point - 0.005 * way, point + 0.005 * way]))
    step = np.hypot(*(ends[1] - ends[0])) / 0.01
    assert OBLIQUE.mm_per_px(point, way)[0] == pytest.approx(step, rel=1e-5)


@given(coordinates, coordinates)
def test_the_area_of_a_pixel_is_that_of_its_four_corners(x, y):
    corners = OBLIQUE.mm(np.array([[x, y]]) + 0.01 * np.array([[0, 0], [1, 0], [1, 1], [0, 1]]))
    (ax, ay), (bx, by) = corners[2] - corners[0], corners[3] - corners[1]
    area = abs(ax * by - ay * bx) / 2 / 1e-4
    assert OBLIQUE.mm2_per_px(np.array([[x, y]]))[0] == pytest.approx(area, rel=1e-3)


def widths_of_strip(middles: np.ndarray, half_px: float) -> list[float]:
    """Distances on the surface from the strip's upper edge to the straight line that its lower edge is."""
    upper, lower = (OBLIQUE.mm(middles + np.array([0, sign * half_px])) for sign in (-1, 1))
    (dx, dy), (x, y) = lower[-1] - lower[0], lower[0]
    return [abs(dx * (v - y) - dy * (u - x)) / np.hypot(dx, dy) for u, v in upper.tolist()]


def test_a_crack_is_as_long_as_its_ends_are_apart_on_the_surface():
    probability = np.zeros((300, 400), np.float32)
    probability[148:152, 50:350] = 1
    (crack,) = measure(probability, 0.5, plane=OBLIQUE).cracks
    ends = OBLIQUE.mm(np.array([[49.5, 149.5], [349.5, 149.5]]))
    assert crack.in_mm.length == pytest.approx(np.hypot(*(ends[1] - ends[0])), rel=0.002)
    middles = np.column_stack([np.arange(50.0, 350), np.full(300, 149.5)])
    assert crack.in_mm.width.max == pytest.approx(max(widths_of_strip(middles, 2.0)), rel=0.01)
    assert crack.in_mm.width.mean == pytest.approx(np.mean(widths_of_strip(middles, 2.0)), rel=0.01)
    assert crack.in_mm.area_mm2 == pytest.approx((4 * OBLIQUE.mm2_per_px(middles)).sum(), rel=0.002)


def test_straight_on_millimetres_are_pixels_times_the_scale():
    probability = np.zeros((60, 90), np.float32)
    probability[20:23, 10:80] = 0.9
    (crack,) = measure(probability, 0.5, plane=Plane.facing(0.25)).cracks
    assert crack.in_mm.length == pytest.approx(0.25 * crack.length_px)
    for name in ("mean", "median", "p95", "max", "uncertainty", "p95_uncertainty"):
        in_px = getattr(crack.width_px, name)
        assert getattr(crack.in_mm.width, name) == pytest.approx(0.25 * in_px)
    assert crack.in_mm.area_mm2 == pytest.approx(crack.area_px / 16)
    assert measure(probability, 0.5).cracks[0].in_mm is None
