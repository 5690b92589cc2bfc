"""The only door to ONNX Runtime: a file becomes a session on a device, tried before it is trusted."""

import io
import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from app.contract import Precision
from app.errors import StartupError
from app.half import in_float16
from app.openvino_session import OpenvinoSession, reason
from app.processor import usable_cores
from app.tile_queue import Stop

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
# Of bytes, rounded elsewhere on the way, a few pixels differ by more: the shipped files by 0.07 at most, but by 0.00006
# in the mean, where a crack that one misses would show (0.5 to 2 % of the pattern).
LARGEST_MEAN_DIFFERENCE = 0.001


class Session(Protocol):
    """A file that is ready to run on a device."""

    def run(self, batch: NDArray[np.uint8], stop: Stop) -> NDArray[np.float32]:
        """Probabilities `[n, T, T, 1]` of tiles `[n, T, T, 3]`. Raises whatever goes wrong, or that it was stopped."""


class OnnxSession:
    """A session of ONNX Runtime; `inside` is the runtime's own."""

    def __init__(self, inside: Any):
        self.inside = inside

    def run(self, batch: NDArray[np.uint8], stop: Stop) -> NDArray[np.float32]:
        options = onnxruntime.RunOptions()
        stop.ends_by(lambda: setattr(options, "terminate", True))  # looked at between two nodes
        found: NDArray[np.float32] = self.inside.run(["probability"], {"image": batch}, options)[0]
        return found


@dataclass(frozen=True)
class Opened:
    """A session, where it runs, and what the file says of itself."""

    session: Session
    device: Device
    metadata: Mapping[str, str]
    inputs: Mapping[str, tuple[str, tuple[int | str, ...]]]
    """Type and shape by name, as ONNX Runtime spells them."""
    outputs: Mapping[str, tuple[str, tuple[int | str, ...]]]
    precision: Precision | None = None
    """What a float32 file is computed in, where not in float32."""


def _opened(inside: Any, device: Device, precision: Precision | None = None) -> Opened:
    inputs, outputs = (
        {tensor.name: (tensor.type, tuple(tensor.shape)) for tensor in tensors}
        for tensors in (inside.get_inputs(), inside.get_outputs())
    )
    metadata = inside.get_modelmeta().custom_metadata_map
    return Opened(OnnxSession(inside), device, metadata, inputs, outputs, precision)


def open_session(
    file: Path,
    preference: DevicePreference,
    float16_on: Collection[Device] = (),
    with_openvino: bool = False,
) -> Opened:
    """A session on the preferred device. `auto` takes CUDA where it works and says which device it took.

    On the devices of `float16_on` it runs in float16; on CUDA only if it then agrees with the file as it is. On a CPU
    it runs by OpenVINO where that is wanted, installed, and agrees as well.
    Raises StartupError where the file cannot be loaded, or CUDA is asked for and cannot run it.
    """
    if preference == "cpu":
        return _on_cpu(file, float16_on, with_openvino)
    opened, reason = _try_cuda(file, float16_on)
    if opened is not None:
        return opened
    if preference == "cuda":
        raise StartupError(
            f"HAIRLINE_DEVICE is cuda, but CUDA cannot run {file.name}: {reason}; mend it or set cpu"
        )
    logger.warning("no CUDA: %s; %s runs on the CPU", reason, file.name)
    return _on_cpu(file, float16_on, with_openvino)


def _on_cpu(file: Path, float16_on: Collection[Device], with_openvino: bool) -> Opened:
    halves = "cpu" in float16_on
    model = in_float16(file) if halves else file
    inside = _session(model, file.name, ["CPUExecutionProvider"])
    opened = _opened(inside, "cpu", "float16" if halves else None)
    return _by_openvino(file, opened) if with_openvino and not halves else opened


def _by_openvino(file: Path, opened: Opened) -> Opened:
    """The same by OpenVINO, which is faster; as it is, and a word in the log, where that cannot be or disagrees."""
    try:
        session = OpenvinoSession(file)
        _, (_, height, width, channels) = opened.inputs["image"]
        batch = pattern((BATCH_SIZE["cpu"], int(height), int(width), int(channels)))
        found, expected = session.run(batch, Stop()), opened.session.run(batch, Stop())
    except ImportError:
        logger.info("%s runs by ONNX Runtime: the extra `openvino` is not installed", file.name)
        return opened
    except Exception as error:  # as on CUDA
        logger.warning("%s runs by ONNX Runtime: %s", file.name, reason(error))
        return opened
    difference = float(np.abs(found - expected).mean())
    if not difference <= LARGEST_MEAN_DIFFERENCE:
        logger.warning("%s runs by ONNX Runtime: OpenVINO is off by %.2g", file.name, difference)
        return opened
    logger.info("%s runs by OpenVINO", file.name)
    computes_in: Precision | None = "bfloat16" if session.computes_in_bfloat16 else None
    return replace(opened, session=session, precision=computes_in)


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
            return _opened(session, "cuda"), ""
        halved = _in_float16_on_cuda(file, exact)
        if halved is None:
            return _opened(session, "cuda"), ""
        return _opened(halved, "cuda", "float16"), ""
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
    # Where no instruction multiplies bytes and adds up in 32 bits, 16 would overflow: exact sums instead, slower ones.
    options.add_session_config_entry("session.x64quantprecision", "1")
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
