"""What does a precision save on this machine? `python -m benchmarks.precisions MODEL...`

One tile at a time, the files in turn, so that whatever else the machine does meets them alike. Prints the median
seconds a tile of each file and how many times as fast as the first it is: give `models/unet.onnx` first, then
`models/unet.int8.onnx`; with `--float16` the first runs in float16, too, as GPUs run it, with `--openvino` each runs
by OpenVINO, too.
"""

import argparse
import statistics
import time
from pathlib import Path

import numpy as np

from app.registry import Model, load_model


def tile_seconds(models: list[Model], tiles: int) -> list[list[float]]:
    """Seconds of each tile, by model; the first run of each is left out."""
    rng = np.random.default_rng(0)
    seconds: list[list[float]] = [[] for _ in models]
    for model in models:
        model.engine.warm_up()
    for _ in range(tiles):
        for model, taken in zip(models, seconds, strict=True):
            side = model.contract.tile_size
            tile = rng.integers(0, 256, (1, side, side, 3), np.uint8)
            began = time.perf_counter()
            model.engine.predict(tile)
            taken.append(time.perf_counter() - began)
    return seconds


def runtime(model: Model) -> str:
    return " by OpenVINO" if model.engine.runs_by_openvino else ""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("models", type=Path, nargs="+", help=".onnx files with tiles of one size")
    parser.add_argument("--tiles", type=int, default=10, help="of each file")
    parser.add_argument("--float16", action="store_true", help="the first file in float16, too")
    parser.add_argument("--openvino", action="store_true", help="each by OpenVINO, too")
    parser.add_argument("--device", choices=("auto", "cuda", "cpu"), default="auto")
    args = parser.parse_args()
    models = [load_model(file, args.device) for file in args.models]
    if args.float16:
        models.append(load_model(args.models[0], args.device, float16_on=("cpu", "cuda")))
    if args.openvino:
        models += [load_model(file, "cpu", with_openvino=True) for file in args.models]
    medians = [statistics.median(taken) for taken in tile_seconds(models, args.tiles)]
    for model, median in zip(models, medians, strict=True):
        print(
            f"{model.name} {model.contract.version}: {model.precision} on {model.device}{runtime(model)}, "
            f"{median:.3f} s a tile of {model.contract.tile_size} px, "
            f"{medians[0] / median:.2f} times as fast as the first"
        )


if __name__ == "__main__":
    main()
