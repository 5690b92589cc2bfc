"""The only door to ONNX Runtime: one session on one device, tiles in, probabilities out."""

import io
import logging
import threading
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from app import contract
from app.contract import Contract
from app.errors import StartupError
from app.processor import usable_cores

Device = Literal["cuda", "cpu"]
DevicePreference = Literal["auto", "cuda", "cpu"]

logger = logging.getLogger(__name__)

# One tile at a time keeps all cores busy and memory low; a GPU wants several.
BATCH_SIZE: dict[Device, int] = {"cpu": 1, "cuda": 8}
# Distributions that all install the package `onnxruntime`.
RUNTIMES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-directml")
# The exhaustive search takes minutes of warm-up and finds no better for one fixed shape.
CUDA_OPTIONS = {"cudnn_conv_algo_search": "HEURISTIC"}
# ONNX Runtime's severities. Fatal alone where an attempt at CUDA may fail: that is told by us, in one sentence.
ERRORS, FATAL = 3, 4


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
        self, file: Path, preference: DevicePreference, turn: "threading.Lock | None" = None
    ):
        """Load the file. Engines on one device share `turn`.

        Raises ContractError for a file to refuse, StartupError where the device cannot run it.
        """
        refuse_two_runtimes()
        self._session, self.device = open_session(file, preference)
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


def open_session(file: Path, preference: DevicePreference) -> tuple[Any, Device]:
    """A session on the preferred device. `auto` takes CUDA where it works and says which device it took."""
    if preference == "cpu":
        return _session(file, ["CPUExecutionProvider"]), "cpu"
    session, reason = _try_cuda(file)
    if session is not None:
        return session, "cuda"
    if preference == "cuda":
        raise StartupError(
            f"HAIRLINE_DEVICE is cuda, but CUDA cannot run {file.name}: {reason}; mend it or set cpu"
        )
    logger.warning("no CUDA: %s; %s runs on the CPU", reason, file.name)
    return _session(file, ["CPUExecutionProvider"]), "cpu"


def _try_cuda(file: Path) -> tuple[Any | None, str]:
    """A session on CUDA, or None and the reason why there is none."""
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return None, "this ONNX Runtime was built without CUDA"
    # What the runtime prints of each library that it misses, some of it on standard output, is told in one
    # sentence instead.
    with redirect_stdout(io.StringIO()) as printed:
        onnxruntime.preload_dlls(directory="")
    logger.debug("preload_dlls: %s", printed.getvalue())
    onnxruntime.set_default_logger_severity(FATAL)
    try:
        session = _session(file, [("CUDAExecutionProvider", CUDA_OPTIONS)], FATAL)
        # The runtime falls back to the CPU silently: what counts is what the session took, not what is listed,
        # and whether it runs.
        if session.get_providers()[0] != "CUDAExecutionProvider":
            return (
                None,
                "the CUDA provider did not load (driver 580 or newer? extra `cuda` installed?)",
            )
        shape = [BATCH_SIZE["cuda"], *session.get_inputs()[0].shape[1:]]
        session.run(None, {session.get_inputs()[0].name: np.zeros(shape, np.uint8)})
    except Exception as error:  # a class of its own for each way of failing
        return None, f"a first batch failed there ({str(error).splitlines()[0]})"
    finally:
        onnxruntime.set_default_logger_severity(ERRORS)
    return session, ""


def _session(file: Path, providers: list[Any], severity: int = ERRORS) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = usable_cores()
    options.log_severity_level = severity
    try:
        # Without the runtime's own fallback, which would go on on a CPU after a GPU failed, and print about it.
        return onnxruntime.InferenceSession(file, options, providers=providers, enable_fallback=0)
    except Exception as error:  # a class of its own for each way of being unreadable
        reason = str(error).splitlines()[0]
        raise StartupError(
            f"{file.name} cannot be loaded ({reason}); export it again or restore it"
        ) from None


def _is_installed(distribution: str) -> bool:
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True


def refuse_two_runtimes(is_installed: Callable[[str], bool] = _is_installed) -> None:
    """The builds of ONNX Runtime overwrite each other's files; which one is left then is chance.

    Raises StartupError where more than one is installed.
    """
    found = [name for name in RUNTIMES if is_installed(name)]
    if len(found) > 1:
        raise StartupError(
            f"{' and '.join(found)} are both installed; uninstall both, then install one of them"
        )
