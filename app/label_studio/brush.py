"""Label Studio's run lengths of brush strokes: thi.ng/rle-pack over the mask as RGBA.

Source: github.com/thi-ng/umbrella (packages/rle-pack). A stream of bits: in 32 how many values there are; in 5 the
bits of a value, less one; four times, in 4, the bits that lengths of a class have, less one. Then the runs: a bit, 1
where all values are alike, as they always are here; 2 bits of the class; the length less one; the value.
"""

import numpy as np
from numpy.typing import NDArray

CLASSES = np.array([3, 4, 8, 16])
"""Bits of a length less one, by class; those that Label Studio itself writes."""
LONGEST = 1 << int(CLASSES[-1])
VALUE_BITS = 8
CHANNELS = 4


def encode(mask: NDArray[np.bool_]) -> list[int]:
    """The bytes of the stream for a mask `[H, W]`: each pixel four values, 255 in it and 0 outside, row after row."""
    flat = mask.ravel()
    starts = np.flatnonzero(np.diff(flat, prepend=~flat[:1]))
    lengths = CHANNELS * np.diff(starts, append=flat.size)
    lengths, values = _split(lengths, flat[starts] * np.uint8(255))
    header = [(flat.size * CHANNELS, 32), (VALUE_BITS - 1, 5), *((size - 1, 4) for size in CLASSES)]
    words, widths = (np.array(column, np.int64) for column in zip(*header, strict=True))
    classes = np.searchsorted(1 << CLASSES, lengths)  # the first that is long enough
    sizes = CLASSES[classes]
    runs = 0b100 | classes
    runs = ((runs << sizes) | (lengths - 1)) << VALUE_BITS | values
    bits = np.concatenate([_bits(words, widths), _bits(runs, 3 + sizes + VALUE_BITS)])
    packed: list[int] = np.packbits(bits).tolist()
    return packed


def _split(
    lengths: NDArray[np.int64], values: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Runs over LONGEST as several: all of LONGEST but the last."""
    pieces = -(-lengths // LONGEST)
    split = np.full(pieces.sum(), LONGEST)
    split[np.cumsum(pieces) - 1] = lengths - LONGEST * (pieces - 1)
    return split, np.repeat(values, pieces)


def _bits(words: NDArray[np.int64], widths: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The lowest `widths` bits of each word, at most 32, highest first, one after the other."""
    all_bits = np.unpackbits(words.astype(">u4").view(np.uint8).reshape(-1, 4), axis=1)
    return all_bits[np.arange(32) >= 32 - widths[:, None]]
