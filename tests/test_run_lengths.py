"""Edges to run lengths and polygons, whatever the mask: each gives back the pixels it was made from."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco

from app import run_lengths
from app.formats.brush import brush
from app.formats.pieces import pieces
from app.measurement.outline import outlines
from app.measurement.regions import find_regions

masks = arrays(np.bool_, st.tuples(st.integers(1, 14), st.integers(1, 14)))


def edges_of(mask: np.ndarray) -> list[np.ndarray]:
    """The edges of all components together, as of a crack of several fragments."""
    regions, _ = find_regions(mask.astype(np.float32), 0.5, 0)
    return [polygon for polygons in outlines(regions) for polygon in polygons]


@settings(max_examples=300, deadline=None)
@given(masks)
def test_coco_s_run_lengths_are_what_pycocotools_makes_of_the_pixels(mask: np.ndarray) -> None:
    counts = run_lengths.compressed_edges(edges_of(mask), *mask.shape)
    assert counts == run_lengths.compressed(mask)
    decoded = coco.decode({"size": list(mask.shape), "counts": counts})
    np.testing.assert_array_equal(decoded, mask)


@settings(max_examples=300, deadline=None)
@given(masks, st.integers(0, 3), st.integers(0, 3))
def test_counts_along_the_rows_of_a_box(mask: np.ndarray, left: int, top: int) -> None:
    framed = np.pad(mask, ((top, 1), (left, 2)))
    height, width = mask.shape
    counts = run_lengths.counts_by_rows(edges_of(framed), (left, top, width, height))
    assert 0 not in counts[1:]
    values = np.arange(len(counts)) % 2 == 1
    np.testing.assert_array_equal(np.repeat(values, counts).reshape(mask.shape), mask)


@settings(max_examples=300, deadline=None)
@given(masks)
def test_pieces_cover_every_pixel_once(mask: np.ndarray) -> None:
    runs = run_lengths.runs(edges_of(mask))
    assert [(row, start) for row, start, _ in runs] == sorted((r, s) for r, s, _ in runs)
    covered = np.zeros(mask.shape, int)
    for polygon in pieces(runs):
        (encoded,) = coco.frPyObjects([polygon], *mask.shape)
        covered += coco.decode(encoded)
        corners = np.array(polygon).reshape(-1, 2)
        steps = np.abs(np.diff(corners, axis=0, append=corners[:1]))
        assert ((steps > 0).sum(axis=1) == 1).all()  # along the axes, no corner twice
    np.testing.assert_array_equal(covered, mask)


def unpacked(stream: bytes) -> np.ndarray:
    """Label Studio's decoder, as its source has it."""
    bits = "".join(f"{byte:08b}" for byte in stream)
    at = 0

    def read(count: int) -> int:
        nonlocal at
        at += count
        return int(bits[at - count : at], 2)

    values = np.zeros(read(32), np.uint8)
    value_bits = read(5) + 1
    sizes = [read(4) + 1 for _ in range(4)]
    i = 0
    while i < len(values):
        is_run = read(1)
        end = i + 1 + read(sizes[read(2)])
        if is_run:
            values[i:end] = read(value_bits)
        else:
            values[i:end] = [read(value_bits) for _ in range(i, end)]
        i = end
    assert len(bits) - at < 8
    return values


@settings(max_examples=300, deadline=None)
@given(masks)
def test_label_studio_s_decoder_gives_back_the_mask(mask: np.ndarray) -> None:
    picture = unpacked(brush(mask)).reshape(*mask.shape, 4)
    assert (picture == 255 * mask[:, :, None]).all()


def test_runs_at_the_bounds_of_every_length() -> None:
    # Times four channels: 8 and 12, 16 and 20, 256 and 260, 65536 and 65540, and thrice the longest.
    lengths = [2, 3, 4, 5, 64, 65, 16384, 16385, 3 * 16384, 1]
    mask = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)[None]
    assert (unpacked(brush(mask)).reshape(-1, 4) == 255 * mask[0][:, None]).all()


def test_the_bytes_of_a_small_mask() -> None:
    """Worked by hand: 8 values; 8 bits each; lengths of 3, 4, 8 or 16 bits; four of 0, four of 255."""
    bits = f"{8:032b}" + "00111" + "0010001101111111"
    bits += "10001100000000" + "10001111111111"
    assert brush(np.array([[False, True]])) == int(bits.ljust(88, "0"), 2).to_bytes(11, "big")
