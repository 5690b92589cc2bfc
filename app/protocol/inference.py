"""An inference made ready and run: what it takes is known before the device is asked."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from app import answers, image, pipeline
from app.deadline import Deadline
from app.errors import BadRequest, ImageTooLarge
from app.inspection import inspect
from app.protocol.body import Inference, read_inference
from app.protocol.tensors import Tensor, read_photo, read_tiles
from app.registry import Model
from app.state import State
from app.telemetry import Stopwatch

# As many values as four tiles of 512 pixels have: written out, a photo's would be gigabytes.
MAX_JSON_VALUES = 1_048_576


@dataclass(frozen=True)
class Call:
    """One request, and what serves it."""

    id: str
    model: Model
    state: State
    deadline: Deadline
    watch: Stopwatch


@dataclass(frozen=True)
class Prepared:
    """What is left to do. It holds of the body no more than that needs."""

    id: str | None
    """The caller's own."""
    outputs: Mapping[str, bool]
    """Those asked for, each with whether it comes as binary data."""
    pixels: int
    """What admission counts."""
    run: Callable[[], Mapping[str, Tensor]]
    """Blocks, and gives the outputs."""


def prepare(call: Call, body: bytes, json_length: int | None) -> Prepared:
    """Read the request, of a photo the header alone; blocks. Arguments and errors as those of `read_inference`.

    Raises the errors of `image.identify` and ImageTooLarge for too many tiles as well.
    """
    asked = read_inference(body, json_length)
    pixels, work = (_photo if asked.input.name == "photo" else _tiles)(call, asked)
    listed = [name for name, binary in asked.outputs.items() if not binary and name != "statistics"]
    if pixels > MAX_JSON_VALUES and listed:
        raise BadRequest(
            f"{', '.join(listed)}: {pixels} values are too many for JSON; ask for binary_data"
        )
    arrived = time.perf_counter()

    def run() -> Mapping[str, Tensor]:
        call.watch.add("queue", time.perf_counter() - arrived)
        return work()

    return Prepared(asked.id, asked.outputs, pixels, run)


def _photo(call: Call, asked: Inference) -> tuple[int, Callable[[], Mapping[str, Tensor]]]:
    parameters, outputs, state = asked.parameters, asked.outputs, call.state
    table = state.limits.get(parameters.limits) if parameters.limits is not None else None
    encoded = image.identify(read_photo(asked), state.settings.max_pixels)

    def run() -> Mapping[str, Tensor]:
        result = inspect(
            call.id, encoded, call.model, table, parameters, call.watch, call.deadline.check
        )
        found = result.segmentation
        make: Mapping[str, Callable[[], Tensor]] = {
            "mask": lambda: Tensor.mask(found.mask[None, :, :, None]),
            "probability": lambda: Tensor.probability(found.probability[None, :, :, None]),
            "statistics": lambda: Tensor.text(answers.as_json(result).model_dump_json()),
        }
        return {name: make[name]() for name in outputs}

    return encoded.width * encoded.height, run


def _tiles(call: Call, asked: Inference) -> tuple[int, Callable[[], Mapping[str, Tensor]]]:
    said = asked.parameters.model_fields_set - {"binary_data_output"}
    if said:
        raise BadRequest(f"{', '.join(sorted(said))}: that is for the input `photo`; leave it out")
    tiles = read_tiles(asked, call.model.contract.tile_size)
    pixels, limit = math.prod(tiles.shape[:3]), call.state.settings.max_pixels
    if pixels > limit:
        raise ImageTooLarge(f"the tiles have {pixels} pixels, {limit} are the limit; send fewer")

    def run() -> Mapping[str, Tensor]:
        found = pipeline.run(list(tiles), call.model, call.watch, call.deadline.check)
        probability = np.stack(list(found))
        return {"probability": Tensor.probability(probability[:, :, :, None])}

    return pixels, run
