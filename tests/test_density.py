"""Crack length per area: cut exactly, added up completely, drawn in order."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.density import MAX_CELLS, default_cell_px, density, heat_map
from app.errors import InvalidParameter
from app.plane import Plane

OBLIQUE = Plane(np.array([[0.3, 0.02, 5.0], [0.01, 0.4, -2.0], [2e-4, 5e-4, 1.0]]))


def length(points: np.ndarray) -> float:
    return float(np.hypot(*np.diff(points, axis=0).T).sum())


def side_lengths(total: int, cell_px: int) -> np.ndarray:
    return np.diff(np.minimum(np.arange(-(-total // cell_px) + 1) * cell_px, total))


def areas_px2(height: int, width: int, cell_px: int) -> np.ndarray:
    return np.outer(side_lengths(height, cell_px), side_lengths(width, cell_px))


def areas_mm2(height: int, width: int, cell_px: int, plane: Plane) -> np.ndarray:
    """By the local scale at every pixel, 4 x 4 samples each."""
    y, x = (np.mgrid[: 4 * height, : 4 * width] + 0.5) / 4 - 0.5
    per_px = plane.mm2_per_px(np.column_stack([x.ravel(), y.ravel()])).reshape(y.shape) / 16
    row, column = ((y + 0.5) // cell_px).astype(int), ((x + 0.5) // cell_px).astype(int)
    shape = row.max() + 1, column.max() + 1
    cells = np.ravel_multi_index((row, column), shape)
    return np.bincount(cells.ravel(), per_px.ravel()).reshape(shape)


coordinates = st.one_of(
    st.floats(-4, 130),
    st.integers(-4, 130).map(lambda whole: whole - 0.5),  # on a border between pixels
)
polylines = st.lists(
    st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=8).map(
        lambda points: np.array(points, np.float64)
    ),
    max_size=4,
)


@settings(deadline=None)
@given(
    lines=polylines, height=st.integers(1, 120), width=st.integers(1, 120), cell=st.integers(1, 130)
)
def test_values_times_areas_are_the_total_length(lines, height, width, cell):
    result = density(lines, height, width, OBLIQUE, cell)
    areas = areas_px2(height, width, cell)
    assert result.px_per_px2.shape == areas.shape
    assert (result.px_per_px2 >= 0).all()
    total = sum(length(line) for line in lines)
    assert (result.px_per_px2 * areas).sum() == pytest.approx(total, rel=1e-12, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(lines=polylines, cell=st.integers(20, 50))
def test_metres_times_square_metres_are_the_total_length_on_the_surface(lines, cell):
    result = density(lines, 60, 100, OBLIQUE, cell)
    total = sum(length(OBLIQUE.mm(line)) for line in lines)
    areas = areas_mm2(60, 100, cell, OBLIQUE)
    # mm of crack per mm2 are 1000 m per m2; the areas to compare with are sampled.
    assert (result.m_per_m2 / 1000 * areas).sum() == pytest.approx(total, rel=1e-4, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(corners=st.lists(st.tuples(st.integers(-4, 110), st.integers(-4, 70)), max_size=6))
def test_each_cell_holds_what_dense_sampling_finds_in_it(corners):
    # A quarter pixel off, so that no piece runs along a border and falls to either side.
    line = np.array(corners, np.float64).reshape(-1, 2) + 0.25
    found = density([line], 60, 100, None, 25).px_per_px2 * areas_px2(60, 100, 25)
    sampled = np.zeros(12)
    share = (np.arange(5000)[:, None] + 0.5) / 5000
    for start, end in pairwise(line):
        at = start + share * (end - start)
        column, row = np.floor((at + 0.5) / 25).astype(int).T
        cell = row.clip(0, 2) * 4 + column.clip(0, 3)
        sampled += np.bincount(cell, minlength=12) * np.hypot(*(end - start)) / 5000
    # At most 5 pieces of 137 px, half a sample at each of the two borders that one crosses.
    np.testing.assert_allclose(found.ravel(), sampled, atol=5 * 137 / 5000)


def test_a_line_through_four_cells():
    # From x = 2 to 22 in cells that end at 9.5, 19.5 and 24.5: 7.5, 10 and 2.5 px of it.
    values = density([np.array([[22.0, 3.0], [2.0, 3.0]])], 12, 25, None, 10).px_per_px2
    expected = [[7.5 / 100, 10 / 100, 2.5 / 50], [0, 0, 0]]
    np.testing.assert_allclose(values, expected, atol=1e-15)


def test_facing_plane_gives_metres_by_the_scale():
    """0.2 mm a pixel: a line of 100 px in 100 x 100 px is 20 mm in 20 x 20 mm, 50 m in a square metre."""
    result = density([np.array([[-0.5, 50.0], [99.5, 50.0]])], 100, 100, Plane.facing(0.2), 100)
    assert result.m_per_m2 == pytest.approx(np.array([[50.0]]), rel=1e-12)


def test_no_metres_without_a_plane_or_with_its_horizon_in_the_photo():
    line = [np.array([[5.0, 5.0], [50.0, 35.0]])]
    assert density(line, 100, 100, None, 50).m_per_m2 is None
    rises = Plane(np.array([[1.0, 0, 0], [0, 1.0, 0], [0, -0.02, 1.0]]))  # depth 0 in row 50
    assert density(line, 100, 100, rises, 50).m_per_m2 is None
    assert density(line, 40, 100, rises, 50).m_per_m2 is not None


def test_no_cracks_no_density():
    assert not density([], 30, 50, Plane.facing(0.1), 20).px_per_px2.any()
    assert not heat_map(density([], 30, 50, None, 20), 30, 50).any()


@pytest.mark.parametrize(
    ("height", "width", "cell"),
    [(3000, 4000, 200), (4000, 3000, 200), (512, 512, 32), (1, 1, 32), (1001, 10, 51)],
)
def test_default_cell(height, width, cell):
    assert default_cell_px(height, width) == cell


@pytest.mark.parametrize(("height", "width", "cell"), [(0, 5, 1), (5, 5, 0), (5, -1, 3)])
def test_impossible_grid_is_refused(height, width, cell):
    with pytest.raises(ValueError, match="no grid"):
        density([], height, width, None, cell)


def test_grid_too_fine_to_be_answered_is_refused():
    with pytest.raises(InvalidParameter, match="150 px"):
        density([], 2000, 3000, None, 5)
    assert density([], 200, MAX_CELLS // 200, None, 1).px_per_px2.size == MAX_CELLS


def test_heat_map_shows_each_cell_where_it_is():
    # Rows of 10 and 5 px, columns of 10, 10 and 5; a third of the picture's size.
    lines = [np.array([[12.0, 12.0], [17.0, 12.0]]), np.array([[21.0, 2.0], [23.0, 2.0]])]
    result = density(lines, 15, 25, None, 10)
    drawn = heat_map(result, 15, 25)
    assert drawn.dtype == np.uint8
    assert drawn.shape == (15, 25, 3)
    lit = np.zeros((15, 25), bool)
    lit[10:, 10:20] = True
    lit[:10, 20:] = True
    np.testing.assert_array_equal(drawn.any(axis=2), lit)
    np.testing.assert_array_equal(heat_map(result, 3, 5), drawn[2::5, 2::5])


def test_heat_map_grows_lighter_with_density():
    """Lightness by BT.709; no crack is darkest, and plainly darker than the least that there is."""
    lines = [np.array([[10.0 * i, 5.0], [10.0 * i + i * 9 / 20, 5.0]]) for i in range(20)]
    drawn = heat_map(density(lines, 10, 200, None, 10), 1, 20)[0]
    lightness = drawn @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(lightness) > 0).all()
    assert lightness[0] == 0
    assert np.abs(drawn[1].astype(int)).max() > 80
    assert drawn[-1].tolist() == [253, 231, 37]  # red, green, blue: viridis ends yellow
