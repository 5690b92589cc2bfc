"""A model on a device: tiles in, probabilities out, one batch at a time."""

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app import contract
from app.contract import Contract, Precision
from app.session import BATCH_SIZE, Device, DevicePreference, open_session, refuse_two_runtimes


@dataclass(frozen=True)
class Prediction:
    """float32 `[n, T, T]` in 0 to 1, and the seconds that the tiles waited for the device."""

    probability: NDArray[np.float32]
    waited_s: float


class Engine:
    """A model file on a device. `predict` may be called from many threads; the device takes one batch at a time.

    The turn is asked for anew for every batch, so that a small photo does not wait for a large one to end.
    """

    def __init__(
        self,
        file: Path,
        preference: DevicePreference,
        turn: "threading.Lock | None" = None,
        float16_on: Collection[Device] = (),
    ):
        """Load the file, to run in float16 on the devices that are named. Engines on one device share `turn`.

        Raises ContractError for a file to refuse, StartupError where the device cannot run it.
        """
        refuse_two_runtimes()
        opened = open_session(file, preference, float16_on)
        self._session, self.device = opened.session, opened.device
        self.contract: Contract = contract.read(
            self._session.get_modelmeta().custom_metadata_map, file.name
        )
        contract.check_graph(
            self.contract,
            file.name,
            inputs={
                tensor.name: (tensor.type, tuple(tensor.shape))
                for tensor in self._session.get_inputs()
            },
            outputs={
                tensor.name: (tensor.type, tuple(tensor.shape))
                for tensor in self._session.get_outputs()
            },
        )
        self.precision: Precision = "float16" if opened.is_float16 else self.contract.precision
        self.batch_size = BATCH_SIZE[self.device]
        self.has_failed = False
        self._turn = turn or threading.Lock()

    def warm_up(self) -> None:
        """Run the one shape that `predict` ever runs: the first run chooses algorithms and takes memory."""
        tile = self.contract.tile_size
        self.predict(np.zeros((1, tile, tile, 3), np.uint8))

    def predict(self, tiles: NDArray[np.uint8]) -> Prediction:
        """Probabilities of up to `batch_size` tiles, uint8 `[n, T, T, 3]`.

        On a GPU a short batch is filled up, so that one static shape is all the device ever sees: its memory
        stays flat and its algorithms are chosen once.
        """
        count = len(tiles)
        if self.device == "cuda" and count < self.batch_size:
            tiles = np.concatenate(
                [tiles, np.zeros((self.batch_size - count, *tiles.shape[1:]), np.uint8)]
            )
        asked = time.perf_counter()
        with self._turn:
            waited_s = time.perf_counter() - asked
            try:
                (probability,) = self._session.run(["probability"], {"image": tiles})
            except Exception:
                self.has_failed = True
                raise
            self.has_failed = False
        return Prediction(probability[:count, :, :, 0], waited_s)
