"""Brush strokes read back: by a decoder written from the published format, and by Label Studio's own SDK."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from app.label_studio.brush import encode

ROOT = Path(__file__).parent.parent
READER = ROOT / ".venv-readers" / "bin" / "python"


class Bits:
    """A stream of bits, the highest of each byte first."""

    def __init__(self, data: bytes):
        self._bits = "".join(f"{byte:08b}" for byte in data)
        self._place = 0

    def read(self, count: int) -> int:
        self._place += count
        return int(self._bits[self._place - count : self._place], 2)


def decode(data: bytes) -> list[int]:
    """thi.ng/rle-pack's `decode`, from its README."""
    bits = Bits(data)
    count = bits.read(32)
    value_bits = bits.read(5) + 1
    sizes = [bits.read(4) + 1 for _ in range(4)]
    values: list[int] = []
    while len(values) < count:
        is_run = bits.read(1)
        length = bits.read(sizes[bits.read(2)]) + 1
        if is_run:
            values += [bits.read(value_bits)] * length
        else:
            values += [bits.read(value_bits) for _ in range(length)]
    assert len(values) == count
    return values


def assert_reads_back(mask: np.ndarray) -> None:
    encoded = encode(mask)
    assert all(type(byte) is int and 0 <= byte < 256 for byte in encoded)
    expected = np.repeat(mask.ravel() * np.uint8(255), 4)
    np.testing.assert_array_equal(decode(bytes(encoded)), expected)


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_any_mask(mask: np.ndarray) -> None:
    assert_reads_back(mask)


@given(st.lists(st.integers(1, 40_000), min_size=1, max_size=6), st.booleans())
def test_long_runs(lengths: list[int], first: bool) -> None:
    values = [first ^ bool(place % 2) for place in range(len(lengths))]
    assert_reads_back(np.repeat(values, lengths)[None])


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 63, 64, 65, 16383, 16384, 16385, 32768, 32769])
def test_runs_at_the_edges_of_the_classes(length: int) -> None:
    """Four values a pixel: 2 and 4 pixels, 64, and 16384 fill a class."""
    assert_reads_back(np.arange(length + 1)[None] < length)


def test_the_bytes_of_a_small_mask() -> None:
    """Worked by hand: 8 values; 8 bits each; classes 3, 4, 8, 16; four of 0, four of 255."""
    bits = f"{8:032b}" + "00111" + "0010001101111111"
    bits += "10001100000000" + "10001111111111"
    expected = int(bits.ljust(88, "0"), 2).to_bytes(11, "big")
    assert bytes(encode(np.array([[False, True]]))) == expected


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_label_studio_s_own_sdk_reads_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    masks = [rng.random((90, 130)) < share for share in (0.003, 0.5)]
    masks.append(np.zeros((400, 300), bool))
    masks[-1][200:203, 20:280] = True
    given = [
        {"rle": encode(mask), "size": mask.shape, "mask": mask.astype(int).tolist()}
        for mask in masks
    ]
    (tmp_path / "masks.json").write_text(json.dumps(given))
    script = """
import json, sys
import numpy as np
from label_studio_sdk.converter.brush import decode_from_annotation
for one in json.load(open(sys.argv[1])):
    height, width = one["size"]
    region = {"type": "brushlabels", "rle": one["rle"], "original_width": width,
              "original_height": height, "brushlabels": ["Crack"]}
    (layer,) = decode_from_annotation("tag", [region]).values()
    assert (layer == 255 * np.array(one["mask"])).all()
print("read")
"""
    done = subprocess.run(
        [READER, "-c", script, tmp_path / "masks.json"], capture_output=True, text=True, timeout=240
    )
    assert done.stdout == "read\n", done.stderr
