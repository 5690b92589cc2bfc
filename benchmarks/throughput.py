"""What does the service cost beyond the network? `python -m benchmarks.throughput [--model deeplabv3plus]`

For each size of photo and number of clients at once: tiles a second through the service, over HTTP with JSON and mask,
beside tiles a second of the bare session on the same tiles. Both run in turn on the same machine; the ratio is what
counts, 1 is the most that can be had. Prints a table and writes JSON.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from app import tiling
from app.image import encode_overlay
from app.processor import usable_cores
from app.registry import Model, load
from app.tile_queue import Stop
from benchmarks.serving import serving
from training.synthetic import SceneRecipe, draw_scene

ROUNDS = 3  # of either, in turn; medians are taken
DRAWN_PX = 1024  # a larger photo is this one, repeated: its drawing would take longer than its segmentation


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--models-dir", type=Path, default=Path("models"))
    parser.add_argument("--model", default="unet")
    parser.add_argument("--device", choices=("auto", "cuda", "cpu"), default="auto")
    parser.add_argument("--sides", default="256x256,1632x1224,4000x3000,6000x4000")
    parser.add_argument("--clients", default="1,4,16")
    parser.add_argument(
        "--photos",
        type=int,
        default=16,
        help="a round, of one tile each; fewer where larger, one a client at least",
    )
    parser.add_argument("--output", type=Path, help="JSON file")
    args = parser.parse_args()
    model = load(args.models_dir, args.model, args.device).get(args.model)
    cells = []
    with serving(args.model, args.device, args.models_dir) as (url, process):
        for sides in args.sides.split(","):
            width, height = map(int, sides.split("x"))
            photo = drawn(height, width)
            tiles = list(tiling.cut(photo, _grid(model, photo)))
            for clients in map(int, args.clients.split(",")):
                photos = max(clients, round(args.photos / len(tiles)))
                cells.append(cell(url, model, photo, tiles, clients, photos))
                print(line(cells[-1]), flush=True)
        peak = memory_mb(process)
    result = {"machine": machine(model), "cells": cells, "peak_resident_mb": peak}
    print(json.dumps(result["machine"]), f"peak resident {peak} MB")
    if args.output:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        args.output.write_text(json.dumps(result, indent=1) + "\n")


def cell(
    url: str,
    model: Model,
    photo: np.ndarray,
    tiles: list[np.ndarray],
    clients: int,
    photos: int,
) -> dict:
    """Tiles a second of both ways, medians over the rounds, and the service's times of a photo."""
    body = encode_overlay(photo, np.zeros(photo.shape[:2], bool))  # a JPEG
    bare, served, stages = [], [], []
    for _ in range(ROUNDS):
        bare.append(len(tiles) * photos / seconds_of_session(model, tiles * photos))
        began = time.perf_counter()
        with ThreadPoolExecutor(clients) as pool:
            answers = list(pool.map(lambda _: ask(url, model.name, body), range(photos)))
        served.append(len(tiles) * photos / (time.perf_counter() - began))
        stages += [answer["timing_ms"] for answer in answers]
    one, other = statistics.median(bare), statistics.median(served)
    return {
        "height": photo.shape[0],
        "width": photo.shape[1],
        "tiles": len(tiles),
        "clients": clients,
        "photos": photos,
        "bare_tiles_per_s": one,
        "service_tiles_per_s": other,
        "ratio": other / one,
        "stages_ms": {name: statistics.median(each[name] for each in stages) for name in stages[0]},
    }


def seconds_of_session(model: Model, tiles: list[np.ndarray]) -> float:
    size, stop = model.engine.batch_size, Stop()
    began = time.perf_counter()
    for first in range(0, len(tiles), size):
        model.engine.run(tiles[first : first + size], stop)
    return time.perf_counter() - began


def ask(url: str, model: str, body: bytes) -> dict:
    request = urllib.request.Request(f"{url}/v1/segment?model={model}", body)  # noqa: S310  (our own service)
    with urllib.request.urlopen(request, timeout=3600) as answer:  # noqa: S310
        return json.load(answer)


def drawn(height: int, width: int) -> np.ndarray:
    side = min(DRAWN_PX, max(height, width))
    part = draw_scene(SceneRecipe(side, side), seed=2**31).photo
    times = (-(-height // side), -(-width // side), 1)
    return np.ascontiguousarray(np.tile(part, times)[:height, :width])


def _grid(model: Model, photo: np.ndarray) -> tiling.Grid:
    said = model.contract
    return tiling.grid(*photo.shape[:2], said.tile_size, said.overlap)


def memory_mb(process: "subprocess.Popen[str]") -> int | None:
    """The most memory that the service held so far; None where the system does not tell."""
    status = Path(f"/proc/{process.pid}/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) // 1000 if found else None


def machine(model: Model) -> dict[str, str | int]:
    cpu = re.search(r"model name\s*: (.*)", _text(Path("/proc/cpuinfo")))
    return {
        "processor": cpu[1] if cpu else platform.processor(),
        "cores": usable_cores(),
        "load_before": round(os.getloadavg()[0], 1),
        "model": model.name,
        "version": model.contract.version,
        "device": model.device,
        "precision": model.precision,
        "runtime": "OpenVINO" if model.engine.runs_by_openvino else "ONNX Runtime",
    }


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def line(cell: dict) -> str:
    return (
        f"{cell['width']}x{cell['height']} ({cell['tiles']} tiles), {cell['clients']} clients: "
        f"service {cell['service_tiles_per_s']:.2f}, bare {cell['bare_tiles_per_s']:.2f} tiles/s, "
        f"ratio {cell['ratio']:.3f}"
    )


if __name__ == "__main__":
    main()
