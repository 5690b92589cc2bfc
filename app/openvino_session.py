"""The only door to OpenVINO, Intel's runtime for CPUs of every make: the extra `openvino`."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.processor import usable_cores
from app.tile_queue import Stop


class OpenvinoSession:
    """A file compiled for this CPU. Float32 files compute in bfloat16 where the processor multiplies that."""

    def __init__(self, file: Path):
        """Raises ImportError where OpenVINO is not installed, RuntimeError where it cannot take the file."""
        import openvino

        core = openvino.Core()
        settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": usable_cores()}
        compiled = core.compile_model(core.read_model(file), "CPU", settings)
        self.computes_in_bfloat16 = (
            compiled.get_property("INFERENCE_PRECISION_HINT") == openvino.Type.bf16
        )
        self._request: Any = compiled.create_infer_request()

    def run(self, batch: NDArray[np.uint8], stop: Stop) -> NDArray[np.float32]:
        """Probabilities `[n, T, T, 1]`; as `Session.run`."""
        self._request.start_async({"image": batch}, share_inputs=True)
        stop.ends_by(self._request.cancel)  # of what has begun: before, it does nothing
        self._request.wait()
        # A copy: the next run writes into the same memory.
        return np.array(self._request.get_tensor("probability").data, np.float32)


def reason(error: Exception) -> str:
    """What went wrong, in one line: OpenVINO says first in which of its source files."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith("Exception from ")]
    return (telling or lines or [type(error).__name__])[0]
