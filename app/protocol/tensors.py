"""Tensors read and written: little-endian, row-major, no padding; BYTES with four bytes of length before each value."""

import math
import struct
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import BadRequest
from app.protocol.body import HEADER_LENGTH, Inference
from app.protocol.messages import Datatype, InputTensor

LENGTH = struct.Struct("<I")


@dataclass(frozen=True)
class Tensor:
    """An output: numbers, or for BYTES one text."""

    datatype: Datatype
    shape: tuple[int, ...]
    values: NDArray[Any] | str

    @classmethod
    def text(cls, text: str) -> "Tensor":
        """BYTES `[1]`."""
        return cls("BYTES", (1,), text)

    @classmethod
    def mask(cls, mask: NDArray[np.bool_]) -> "Tensor":
        """UINT8, 0 and 255, of the mask's own shape."""
        return cls("UINT8", mask.shape, mask.astype(np.uint8) * np.uint8(255))

    @classmethod
    def probability(cls, probability: NDArray[np.float32]) -> "Tensor":
        """FP32 in 0 to 1, of the map's own shape."""
        return cls("FP32", probability.shape, probability.astype("<f4", copy=False))

    def binary(self) -> bytes:
        """As the extension has it."""
        if isinstance(self.values, str):
            data = self.values.encode()
            return LENGTH.pack(len(data)) + data
        return self.values.tobytes()

    def listed(self) -> list[Any]:
        """As JSON has it, flat."""
        if isinstance(self.values, str):
            return [self.values]
        listed: list[Any] = self.values.ravel().tolist()
        return listed


def read_photo(asked: Inference) -> bytes:
    """The file in `photo`, BYTES `[1]`. Raises BadRequest."""
    _require(asked.input, "BYTES", [1], "[1]")
    if asked.binary is None:
        raise BadRequest(
            "photo: BYTES in JSON are text, and a photo is none; send it as binary data, its size in "
            f"binary_data_size and the length of the JSON in {HEADER_LENGTH}"
        )
    if len(asked.binary) < LENGTH.size:
        raise BadRequest("photo: a value of BYTES begins with four bytes that say its length")
    (length,) = LENGTH.unpack_from(asked.binary)
    found = len(asked.binary) - LENGTH.size
    if length != found:
        raise BadRequest(
            f"photo: its length says {length} bytes, and {found} follow; send one photo"
        )
    return bytes(asked.binary[LENGTH.size :])


def read_tiles(asked: Inference, tile: int) -> NDArray[np.uint8]:
    """The tiles in `image`, uint8 `[n, T, T, 3]`, n at least 1. Raises BadRequest."""
    tensor = asked.input
    _require(tensor, "UINT8", [*tensor.shape[:1], tile, tile, 3], f"[n, {tile}, {tile}, 3]")
    if not tensor.shape[0]:
        raise BadRequest("image: it holds no tile; send one or more")
    size = math.prod(tensor.shape)
    if asked.binary is not None:
        if len(asked.binary) != size:
            raise BadRequest(
                f"image: its shape asks for {size} bytes, and {len(asked.binary)} came"
            )
        return np.frombuffer(asked.binary, np.uint8).reshape(tensor.shape)
    return _listed(tensor, size)


def _require(tensor: InputTensor, datatype: str, shape: list[int], shown: str) -> None:
    if tensor.datatype != datatype:
        raise BadRequest(f"{tensor.name}: it is {datatype}, not {tensor.datatype[:20]}")
    if tensor.shape != shape:
        raise BadRequest(f"{tensor.name}: its shape is {shown}, not {tensor.shape}")


def _listed(tensor: InputTensor, size: int) -> NDArray[np.uint8]:
    values, shape = _flat(tensor.data or [], len(tensor.shape))
    if shape not in ([size], tensor.shape):
        raise BadRequest(
            f"image: `data` holds {len(values)} values in shape {shape}; "
            f"give {size}, flat or nested as {tensor.shape}"
        )
    # By type first: numpy would give every text of a list the room of its longest.
    if set(map(type, values)) != {int} or min(values) < 0 or max(values) > 255:
        raise BadRequest("image: UINT8 takes whole numbers from 0 to 255")
    return np.array(values, np.uint8).reshape(tensor.shape)


def _flat(values: list[Any], rank: int) -> tuple[list[Any], list[int]]:
    """The values of lists nested `rank` deep at most, and their shape; none where lists are of unlike lengths."""
    shape = [len(values)]
    while len(shape) < rank and values and isinstance(values[0], list):
        lengths = {len(value) if isinstance(value, list) else None for value in values}
        if len(lengths) > 1:
            return [], [0]
        shape.append(len(values[0]))
        values = list(chain.from_iterable(values))
    return values, shape
