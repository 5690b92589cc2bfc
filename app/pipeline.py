"""From a photo to its cracks, on one page. Knows nothing of HTTP: service, command line and evaluation call it."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from app import tiling
from app.deadline import go_on
from app.measurement import Calibration, Measurement, measure
from app.plane import Plane
from app.registry import Model
from app.telemetry import Stopwatch

Pixels = NDArray[np.uint8]
Probability = NDArray[np.float32]


@dataclass(frozen=True)
class Options:
    """How a photo is looked at. `threshold` None is the model's own."""

    mode: Literal["tile", "resize"] = "tile"
    threshold: float | None = None
    resolution_scale: float = 1.0
    min_area_px: int = 0
    plane: Plane | None = None
    """The surface in the photo, for millimetres."""
    with_outlines: bool = False


@dataclass(frozen=True)
class Segmentation:
    """A photo's probabilities, float32 `[H, W]` in 0 to 1, its mask, bool `[H, W]`, and what was measured."""

    probability: Probability
    mask: NDArray[np.bool_]
    threshold: float
    measurement: Measurement


def segment(
    photo: Pixels,
    model: Model,
    options: Options,
    watch: Stopwatch,
    check: Callable[[], None] = go_on,
    given: Probability | None = None,
) -> Segmentation:
    """Find the cracks of a photo, uint8 `[H, W, 3]` RGB, upright.

    `given` are the photo's probabilities, float32 `[H, W]` in 0 to 1, where they are known: no network runs then.
    `check` is called many times a second while the network runs and between the steps of measuring, and may raise,
    to stop a photo whose time is up.
    """
    probability = predict(photo, model, options, watch, check) if given is None else given
    threshold = model.contract.threshold if options.threshold is None else options.threshold
    check()
    with watch.stage("measure"):
        measurement = measure(
            probability,
            threshold,
            min_area_px=options.min_area_px,
            plane=options.plane,
            calibration=_calibration(model, options),
            with_outlines=options.with_outlines,
            check=check,
        )
    return Segmentation(probability, probability >= threshold, threshold, measurement)


def _calibration(model: Model, options: Options) -> Calibration | None:
    """The model's, in pixels of the photo. Resized photos are squashed: nothing was calibrated on such."""
    if options.mode == "resize":
        return None
    return Calibration.of(model.contract.width_calibration, 1 / options.resolution_scale)


def predict(
    photo: Pixels,
    model: Model,
    options: Options,
    watch: Stopwatch,
    check: Callable[[], None] = go_on,
) -> Probability:
    """The probability of crack at each pixel, float32 `[H, W]`, at the photo's own size."""
    height, width = photo.shape[:2]
    tile, overlap = model.contract.tile_size, model.contract.overlap
    if options.mode == "resize":
        seen = cv2.resize(photo, (tile, tile), interpolation=cv2.INTER_LINEAR)  # as the paper does
    elif options.resolution_scale < 1:
        size = (
            max(1, round(width * options.resolution_scale)),
            max(1, round(height * options.resolution_scale)),
        )
        seen = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    else:
        seen = photo
    grid = tiling.grid(seen.shape[0], seen.shape[1], tile, overlap)
    with watch.stage("stitch"):
        tiles = list(tiling.cut(np.asarray(seen, np.uint8), grid))
        probability = tiling.stitch(run(tiles, model, watch, check), grid)
        if probability.shape != (height, width):
            scaled = cv2.resize(probability, (width, height), interpolation=cv2.INTER_LINEAR)
            probability = np.asarray(scaled, np.float32)
    return probability


def run(
    tiles: Sequence[Pixels], model: Model, watch: Stopwatch, check: Callable[[], None]
) -> Iterator[Probability]:
    """Predictions, float32 `[T, T]`, in the order of the tiles; they are blended while the device goes on.

    Waiting for the device counts as `queue`, not as `inference`.
    """
    predictions = model.engine.predictions(tiles, check)
    while True:
        with watch.stage("inference"):
            asked = time.perf_counter()
            prediction = next(predictions, None)
            waited_s = time.perf_counter() - asked
        if prediction is None:
            return
        watch.move("inference", "queue", max(waited_s - prediction.ran_s, 0.0))
        yield from prediction.probability
