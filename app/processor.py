"""What the processor can do, and how much of it this process may use."""

import math
import os
from collections.abc import Callable
from pathlib import Path

# Instructions that multiply bytes and add up in 32 bits. Without them ONNX Runtime adds up in 16 bits, which may
# overflow, and is slower in 8 bits than in float32 (onnxruntime.ai, "Quantize ONNX models").
BYTE_PRODUCTS = frozenset({"avx512_vnni", "avx_vnni"})


def multiplies_bytes(cpuinfo: Callable[[], str] = Path("/proc/cpuinfo").read_text) -> bool:
    """Whether 8-bit networks are fast and exact here; False where it is not known."""
    try:
        lines = cpuinfo().splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return not BYTE_PRODUCTS.isdisjoint(flags.split())


def usable_cores(cgroup: Callable[[], str] | None = None) -> int:
    """Cores that this process may use: the least of its affinity and its container's quota, at least 1.

    ONNX Runtime would count the host's cores and, in a container that may use two of them, start a thread
    for each of sixty-four.
    """
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    try:
        quota, period = (cgroup or Path("/sys/fs/cgroup/cpu.max").read_text)().split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else max(1, min(cores, math.ceil(int(quota) / int(period))))
