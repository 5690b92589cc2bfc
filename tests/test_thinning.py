"""Thinning keeps what it must: connections, holes, diagonal bars, ends."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.measurement.thinning import thin

masks = arrays(np.bool_, st.tuples(st.integers(1, 14), st.integers(1, 14)))


def thinned(mask: np.ndarray) -> np.ndarray:
    framed = np.pad(mask, 1)
    result = framed.ravel().copy()
    thin(result, np.flatnonzero(framed), framed.shape[1])
    return result.reshape(framed.shape)


def components(mask: np.ndarray, connectivity: int) -> int:
    return cv2.connectedComponents(mask.astype(np.uint8), connectivity=connectivity)[0]


@settings(max_examples=300, deadline=None)
@given(masks)
def test_components_and_holes_stay(mask):
    skeleton = thinned(mask)
    framed = np.pad(mask, 1)
    assert not (skeleton & ~framed).any()
    assert components(skeleton, 8) == components(framed, 8)
    assert components(~skeleton, 4) == components(~framed, 4)


@settings(max_examples=100, deadline=None)
@given(masks)
def test_no_square_of_four_is_left(mask):
    skeleton = thinned(mask).astype(int)
    np.testing.assert_array_equal(thinned(skeleton[1:-1, 1:-1].astype(bool)), skeleton)
    squares = skeleton[1:, 1:] + skeleton[1:, :-1] + skeleton[:-1, 1:] + skeleton[:-1, :-1]
    # Four pixels in a square stay only where each of them is the only link to something else.
    for row, column in np.argwhere(squares == 4):
        block = skeleton[max(row - 1, 0) : row + 3, max(column - 1, 0) : column + 3]
        assert block.sum() >= 8


@pytest.mark.parametrize("width", [1, 2, 3, 4, 6, 8, 12])
@pytest.mark.parametrize("degrees", [*range(0, 180, 15), 44, 46])
def test_a_bar_becomes_a_line_of_its_length(width, degrees):
    """The default of a common library erases straight bars at 45 degrees."""
    bar = np.zeros((140, 140), np.uint8)
    way = 50 * np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])
    ends = np.rint([(70 - way) * 16, (70 + way) * 16]).astype(int).tolist()
    cv2.line(bar, ends[0], ends[1], 1, width, cv2.LINE_8, 4)
    rows, columns = np.nonzero(thinned(bar.astype(bool)))
    length = np.hypot(rows.max() - rows.min(), columns.max() - columns.min())
    assert 100 - 1.5 * width - 4 <= length <= 100 + width + 2
