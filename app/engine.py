"""A model file on a device: tiles in, probabilities out."""

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app import contract
from app.contract import Contract, Precision
from app.deadline import go_on
from app.openvino_session import OpenvinoSession
from app.runner import Runner
from app.session import (
    BATCH_SIZE,
    Device,
    DevicePreference,
    open_session,
    refuse_two_runtimes,
)
from app.tile_queue import Prediction, Probability, Stop, Tile


class Engine:
    """A model file on a device. `predictions` may be called from many threads; they share the device's batches."""

    def __init__(
        self,
        file: Path,
        preference: DevicePreference,
        runner: Runner | None = None,
        float16_on: Collection[Device] = (),
        with_openvino: bool = False,
    ):
        """Load the file; `float16_on` and `with_openvino` as for `open_session`. Engines on one device share `runner`.

        Raises ContractError for a file to refuse, StartupError where the device cannot run it.
        """
        refuse_two_runtimes()
        opened = open_session(file, preference, float16_on, with_openvino)
        self._session, self.device = opened.session, opened.device
        self.contract: Contract = contract.read(opened.metadata, file.name)
        contract.check_graph(self.contract, file.name, inputs=opened.inputs, outputs=opened.outputs)
        stored: Precision = self.contract.precision
        self.precision = (opened.precision or stored) if stored == "float32" else stored
        self.runs_by_openvino = isinstance(opened.session, OpenvinoSession)
        self.batch_size = BATCH_SIZE[self.device]
        self.has_failed = False
        self._runner = runner or Runner()

    def warm_up(self) -> None:
        """Run the one shape that is ever run: the first run chooses algorithms and takes memory."""
        tile = self.contract.tile_size
        self.predict(np.zeros((1, tile, tile, 3), np.uint8))

    def predict(self, tiles: Sequence[Tile] | NDArray[np.uint8]) -> Probability:
        """Probabilities, float32 `[n, T, T]` in 0 to 1, of one tile or more, uint8 `[T, T, 3]` each."""
        return np.concatenate([part.probability for part in self.predictions(list(tiles))])

    def predictions(
        self, tiles: Sequence[Tile], check: Callable[[], None] = go_on
    ) -> Iterator[Prediction]:
        """Probabilities of a photo's tiles as they come; `check` as for `Runner.predictions`."""
        return self._runner.predictions(self, tiles, check)

    def run(self, tiles: Sequence[Tile], stop: Stop) -> Probability:
        """Run one batch of up to `batch_size` tiles at once, in the runner's thread.

        On a GPU a short batch is filled up, so that one static shape is all the device ever sees: its memory
        stays flat and its algorithms are chosen once.
        """
        count = self.batch_size if self.device == "cuda" else len(tiles)
        batch = np.zeros((count, *tiles[0].shape), np.uint8)
        np.stack(tiles, out=batch[: len(tiles)])
        try:
            probability = self._session.run(batch, stop)
        except Exception:
            if not stop.was_called:  # a run that was stopped says nothing of the device
                self.has_failed = True
            raise
        self.has_failed = False
        found: Probability = probability[: len(tiles), :, :, 0]
        return found
