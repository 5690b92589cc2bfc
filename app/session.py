"""The only door to ONNX Runtime: a file becomes a session on a device, tried before it is trusted."""

import io
import logging
from collections.abc import Callable, Collection
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from app.errors import StartupError
from app.half import in_float16
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
# Of a probability on the test pattern. The shipped files, run in float16 on a CPU, stay under 0.02 on drawn photos.
LARGEST_DIFFERENCE = 0.05


class Terminate:
    """Ends the run that it is given to, between two operations of the graph; another thread may call it."""

    def __init__(self) -> None:
        self.options = onnxruntime.RunOptions()

    def __call__(self) -> None:
        self.options.terminate = True

    @property
    def was_called(self) -> bool:
        """Whether a run that failed may have failed by this."""
        return bool(self.options.terminate)


@dataclass(frozen=True)
class Opened:
    """A session, where it runs, and whether in float16 instead of the file's own precision."""

    session: Any
    device: Device
    is_float16: bool = False


def open_session(
    file: Path, preference: DevicePreference, float16_on: Collection[Device] = ()
) -> Opened:
    """A session on the preferred device. `auto` takes CUDA where it works and says which device it took.

    On the devices of `float16_on` it runs in float16; on CUDA only if it then agrees with the file as it is.
    Raises StartupError where the file cannot be loaded, or CUDA is asked for and cannot run it.
    """
    if preference == "cpu":
        return _on_cpu(file, float16_on)
    opened, reason = _try_cuda(file, float16_on)
    if opened is not None:
        return opened
    if preference == "cuda":
        raise StartupError(
            f"HAIRLINE_DEVICE is cuda, but CUDA cannot run {file.name}: {reason}; mend it or set cpu"
        )
    logger.warning("no CUDA: %s; %s runs on the CPU", reason, file.name)
    return _on_cpu(file, float16_on)


def _on_cpu(file: Path, float16_on: Collection[Device]) -> Opened:
    halves = "cpu" in float16_on
    model = in_float16(file) if halves else file
    return Opened(_session(model, file.name, ["CPUExecutionProvider"]), "cpu", halves)


def _try_cuda(file: Path, float16_on: Collection[Device]) -> tuple[Opened | None, str]:
    """A session on CUDA that ran a batch, or None and the reason why there is none."""
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return None, "this ONNX Runtime was built without CUDA"
    # What the runtime prints of each library that it misses, some of it on standard output, is told in one
    # sentence instead.
    with redirect_stdout(io.StringIO()) as printed:
        onnxruntime.preload_dlls(directory="")
    logger.debug("preload_dlls: %s", printed.getvalue())
    onnxruntime.set_default_logger_severity(FATAL)
    try:
        session, exact = _ran_on_cuda(file, file.name)
        if "cuda" not in float16_on:
            return Opened(session, "cuda"), ""
        halved = _in_float16_on_cuda(file, exact)
        return (Opened(session, "cuda") if halved is None else Opened(halved, "cuda", True)), ""
    except StartupError as error:
        return None, str(error)
    except Exception as error:  # a class of its own for each way of failing
        return None, f"a first batch failed there ({str(error).splitlines()[0]})"
    finally:
        onnxruntime.set_default_logger_severity(ERRORS)


def _in_float16_on_cuda(file: Path, exact: NDArray[np.float32]) -> Any | None:
    """A session in float16 that agrees with what the file as it is gave; None, and a word in the log, for none."""
    try:
        session, found = _ran_on_cuda(in_float16(file), file.name)
    except Exception as error:  # as above; float32 is there to fall back on
        logger.warning("%s runs in float32: %s", file.name, str(error).splitlines()[0])
        return None
    difference = float(np.abs(found - exact).max())
    if not difference <= LARGEST_DIFFERENCE:  # NaN is no agreement
        logger.warning("%s runs in float32: float16 is off by %.2g", file.name, difference)
        return None
    return session


def _ran_on_cuda(model: Path | bytes, name: str) -> tuple[Any, NDArray[np.float32]]:
    """A session on CUDA and what it made of one batch of the test pattern."""
    session = _session(model, name, [("CUDAExecutionProvider", CUDA_OPTIONS)], FATAL)
    # The runtime falls back to the CPU silently: what counts is what the session took, not what is listed,
    # and whether it runs.
    if session.get_providers()[0] != "CUDAExecutionProvider":
        raise StartupError(
            "the CUDA provider did not load (driver 580 or newer? extra `cuda` installed?)"
        )
    image = session.get_inputs()[0]
    shape = (BATCH_SIZE["cuda"], *image.shape[1:])
    return session, session.run(None, {image.name: pattern(shape)})[0]


def pattern(shape: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Grainy walls with winding dark lines, `[n, H, W, 3]`: something to call a crack, and something not to."""
    rng = np.random.default_rng(0)
    _, height, width, _ = shape
    columns = np.arange(width)
    wall = rng.normal(170, 6, (*shape[:3], 1))
    for photo, line_width in zip(wall, np.geomspace(1, 12, len(wall)), strict=True):
        bends = sum(
            size * np.sin(columns / period + rng.uniform(0, 6))
            for size, period in ((9, 31), (4, 11), (2, 4))
        )
        away = np.abs(np.arange(height)[:, None] - height / 2 - bends)
        photo -= 110 * np.clip(line_width / 2 + 0.5 - away, 0, 1)[..., None]
    return np.clip(wall.repeat(3, axis=3), 0, 255).astype(np.uint8)


def _session(model: Path | bytes, name: str, providers: list[Any], severity: int = ERRORS) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = usable_cores()
    options.log_severity_level = severity
    try:
        # Without the runtime's own fallback, which would go on on a CPU after a GPU failed, and print about it.
        return onnxruntime.InferenceSession(model, options, providers=providers, enable_fallback=0)
    except Exception as error:  # a class of its own for each way of being unreadable
        reason = str(error).splitlines()[0]
        raise StartupError(
            f"{name} cannot be loaded ({reason}); export it again or restore it"
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
