"""Rows of an index through the code that serves requests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from app import image
from app.errors import HairlineError
from app.pipeline import Options, predict
from app.registry import Model
from app.telemetry import Stopwatch
from training.data import DataError, Row, read_pair

MAX_PIXELS = 120_000_000


@dataclass(frozen=True)
class Prediction:
    """A row with what was predicted and what is true: float32 and bool, `[H, W]`."""

    row: Row
    probability: NDArray[np.float32]
    true: NDArray[np.bool_]


def read_as_served(path: Path) -> NDArray[np.uint8]:
    """uint8 `[H, W, 3]` RGB, upright, as the service decodes it. Raises DataError, which names the file."""
    try:
        return image.decode(image.identify(path.read_bytes(), MAX_PIXELS)).pixels
    except HairlineError as error:
        raise DataError(f"{path}: {error}") from None


def predict_rows(rows: Sequence[Row], model: Model) -> Iterator[Prediction]:
    """Decode, tile, run and stitch each row as the service does."""
    for row in tqdm(rows, unit="photo", disable=None):
        photo, mask = read_pair(row, read_as_served)
        yield Prediction(row, predict(photo, model, Options(), Stopwatch()), mask > 0)
