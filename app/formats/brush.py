"""Label Studio's run lengths, which are not COCO's.

A stream of bits, as the decoder reads it that stands at the top of label_studio_sdk/converter/brush.py (from the
package rle-pack of github.com/thi-ng/umbrella): 32 bits the number of values; 5 the bits of a value, less 1; four
times 4 the bits of a run's length, less 1; then the runs. A run: 1 bit, set where one value is repeated; 2 bits, which
of the four sizes its length has; the length less 1; the value. The values are those of an RGBA picture.
"""

import numpy as np
from numpy.typing import NDArray

from app.measurement.arrays import Integers

VALUE_BITS = 8
LENGTH_BITS = np.array([3, 4, 8, 16])
LONGEST = 1 << 16
CHANNELS = 4
HEADER_BITS = 32 + 5 + 4 * 4


def brush(mask: NDArray[np.bool_]) -> bytes:
    """A mask [H, W] as Label Studio's brush has it: crack is 255 in all four channels."""
    lengths, is_crack = _runs(mask)
    size = np.searchsorted([1 << bits for bits in LENGTH_BITS[:-1].tolist()], lengths)
    bits = LENGTH_BITS[size]
    code = (0b100 | size) << bits | (lengths - 1)
    code = code << VALUE_BITS | np.where(is_crack, 255, 0)
    count = 3 + bits + VALUE_BITS
    begins = HEADER_BITS + np.cumsum(count) - count
    stream = np.zeros(HEADER_BITS + int(count.sum()), np.bool_)
    stream[:HEADER_BITS] = [digit == "1" for digit in _header(mask.size * CHANNELS)]
    for place in range(int(count.max())):
        long = np.flatnonzero(count > place)
        stream[begins[long] + place] = code[long] >> (count[long] - 1 - place) & 1
    return np.packbits(stream).tobytes()


def _header(values: int) -> str:
    lengths = "".join(f"{bits - 1:04b}" for bits in LENGTH_BITS.tolist())
    return f"{values:032b}{VALUE_BITS - 1:05b}{lengths}"


def _runs(mask: NDArray[np.bool_]) -> tuple[Integers, NDArray[np.bool_]]:
    """Lengths in values, none above LONGEST, and whether each run is crack."""
    flat = mask.ravel()
    bounds = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1, [flat.size]])
    whole = np.diff(bounds) * CHANNELS
    parts = -(-whole // LONGEST)
    lengths = np.full(int(parts.sum()), LONGEST)
    lengths[np.cumsum(parts) - 1] = whole - (parts - 1) * LONGEST
    return lengths, np.repeat(flat[bounds[:-1]], parts)
