"""Cutting and blending: nothing is lost, nothing is made up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.tiling import Grid, cut, grid, stitch


@st.composite
def grids(draw: st.DrawFn) -> tuple[Grid, int]:
    """Any grid of a small photo, and the overlap that was asked for."""
    tile = draw(st.integers(1, 24))
    overlap = draw(st.integers(0, tile - 1))
    return grid(draw(st.integers(1, 60)), draw(st.integers(1, 60)), tile, overlap), overlap


def photo_of(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def red(tile: np.ndarray) -> np.ndarray:
    """What a network would say whose probability is the red channel."""
    return tile[:, :, 0].astype(np.float32) / 255


def starts_of(each: Grid) -> list[tuple[int, tuple[int, ...]]]:
    return [(each.height, each.rows), (each.width, each.columns)]


@settings(max_examples=150, deadline=None)
@given(grids(), st.integers(0, 2**32 - 1))
def test_stitching_what_was_cut_gives_the_photo_back(case, seed):
    each, _ = case
    photo = photo_of(each.height, each.width, seed)
    blended = stitch(map(red, cut(photo, each)), each)
    assert blended.shape == (each.height, each.width)
    assert blended.dtype == np.float32
    np.testing.assert_allclose(blended, red(photo), atol=1e-6)


@settings(max_examples=100, deadline=None)
@given(grids(), st.floats(0, 1, width=32))
def test_equal_predictions_come_back_as_they_were(case, value):
    each, _ = case
    equal = np.full((each.tile, each.tile), value, np.float32)
    np.testing.assert_allclose(stitch([equal] * len(each), each), value, rtol=1e-5, atol=1e-9)


@settings(max_examples=100, deadline=None)
@given(grids(), st.integers(0, 2**32 - 1))
def test_blend_stays_within_the_range_of_the_predictions(case, seed):
    each, _ = case
    rng = np.random.default_rng(seed)
    predictions = rng.random((len(each), each.tile, each.tile)).astype(np.float32)
    blended = stitch(predictions, each)
    assert blended.min() >= predictions.min() - 1e-6
    assert blended.max() <= predictions.max() + 1e-6


@settings(max_examples=50, deadline=None)
@given(grids())
def test_certainty_stays_certainty(case):
    """A probability above 1 would be refused by whoever reads the answer."""
    each, _ = case
    blended = stitch([np.ones((each.tile, each.tile), np.float32)] * len(each), each)
    assert blended.max() <= 1


@settings(max_examples=200)
@given(grids())
def test_tiles_cover_the_photo_and_overlap_by_what_was_asked(case):
    each, overlap = case
    for length, starts in starts_of(each):
        assert starts[0] == 0
        assert starts[-1] + each.tile == max(length, each.tile)
        steps = np.diff(starts)
        assert (steps > 0).all()
        assert (steps <= each.tile - overlap).all()


@settings(max_examples=200)
@given(grids())
def test_no_tile_could_be_left_out(case):
    each, overlap = case
    step = each.tile - overlap
    for length, starts in starts_of(each):
        assert len(starts) == 1 or (len(starts) - 2) * step + each.tile < length


def test_starts_are_spread_evenly():
    assert grid(1000, 256, 256, 64).rows == (0, 186, 372, 558, 744)
    assert grid(1000, 256, 256, 64).columns == (0,)


def test_corners_in_reading_order():
    each = grid(6, 10, 4, 1)
    assert list(each.corners()) == [(0, 0), (0, 3), (0, 6), (2, 0), (2, 3), (2, 6)]
    assert len(each) == 6


def test_an_edge_counts_least_where_tiles_overlap():
    """Tiles 0..3 and 2..5: over the two shared columns the word passes from the left to the right."""
    left, right = np.zeros((4, 4), np.float32), np.ones((4, 4), np.float32)
    blended = stitch([left, right], grid(4, 6, 4, 2))
    np.testing.assert_allclose(blended, [[0, 0, 0.25, 0.75, 1, 1]] * 4)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 7), (5, 3), (7, 1), (2, 40), (8, 8)])
def test_a_small_photo_is_extended_by_mirroring(height, width):
    photo = photo_of(height, width)
    each = grid(height, width, 8, 3)
    tiles = list(cut(photo, each))
    assert all(tile.shape == (8, 8, 3) for tile in tiles)
    below = np.concatenate([photo, photo[-2::-1] if height > 1 else photo])[:8]  # 0 1 2 1 0
    np.testing.assert_array_equal(tiles[0][: len(below), : min(width, 8)], below[:, :8])
    np.testing.assert_allclose(stitch(map(red, tiles), each), red(photo), atol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(3, 20_000), (20_000, 3), (1, 5_001)])
def test_very_long_thin_photos(height, width):
    photo = photo_of(height, width)
    each = grid(height, width, 16, 5)
    np.testing.assert_allclose(stitch(map(red, cut(photo, each)), each), red(photo), atol=1e-6)


def test_tiles_are_views_of_the_photo():
    photo = photo_of(20, 20)
    assert all(np.shares_memory(tile, photo) for tile in cut(photo, grid(20, 20, 8, 2)))


@pytest.mark.parametrize(
    ("height", "width", "tile", "overlap"),
    [(0, 5, 4, 1), (5, 0, 4, 1), (5, 5, 0, 0), (5, 5, 4, 4), (5, 5, 4, 5), (5, 5, 4, -1)],
)
def test_impossible_grids_are_refused(height, width, tile, overlap):
    with pytest.raises(ValueError, match=f"no grid of {tile} px tiles with overlap {overlap}"):
        grid(height, width, tile, overlap)
