"""`python -m training export`: a run folder becomes one .onnx file that says everything about itself.

The only module that knows TensorFlow, and that because tf2onnx does.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from app.contract import Contract
from training.config import NON_COMMERCIAL_SOURCES
from training.data import DataError
from training.onnx_file import save, store_weights_as_float16, weights_hash
from training.synthetic import SceneRecipe, draw_scene

OPSET = 18  # the newest that tf2onnx 1.17 writes
KERAS_TOLERANCE = (
    1e-4  # largest difference of a probability, Keras against ONNX Runtime, both in float32
)
STORAGE_TOLERANCE = 1e-2  # the same, weights stored in half against float32
CHECKED_TILES = 4
LICENSE = "Apache-2.0"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, help="run folder of `training train`")
    parser.add_argument("-o", "--output", type=Path, required=True, help=".onnx file to write")
    parser.add_argument(
        "--name", help="name under which the service offers it; default: the architecture's"
    )
    parser.add_argument(
        "--model-version", default="1.0.0", help="version that the file gives itself"
    )
    parser.add_argument(
        "--tile", type=int, default=512, help="side of a tile, pixels, a multiple of 16 (fcn8s: 32)"
    )
    parser.add_argument("--overlap", type=int, default=128, help="least overlap of tiles, pixels")
    parser.add_argument(
        "--threshold", type=float, default=0.5, help="until `evaluate --record` chooses one"
    )
    parser.add_argument(
        "--weights", choices=("float16", "float32"), default="float16", help="how they are stored"
    )
    parser.add_argument("--license", help=f"licence of the weights; default: {LICENSE}")


def run(args: argparse.Namespace) -> int:
    check_arguments(args)
    record = read_record(args.run)
    if not args.license and set(record["data"]["trained_on"]) & set(NON_COMMERCIAL_SOURCES):
        raise DataError(
            f"the run was trained on {' or '.join(NON_COMMERCIAL_SOURCES)}, whose licences forbid commercial use; "
            "say with --license what the weights are under"
        )
    network = load_network(args.run, record["architecture"], args.tile)
    exact = convert(network, args.tile)
    tiles = check_tiles(args.tile)
    expected = np.asarray(network(tiles.astype(np.float32)))
    difference = compare(exact, tiles, expected, KERAS_TOLERANCE, "Keras")
    print(f"Keras and ONNX Runtime differ by {difference:.1e} at most")
    model = exact
    if args.weights == "float16":
        model = store_weights_as_float16(exact)
        difference = compare(model, tiles, expected, STORAGE_TOLERANCE, "float32 weights")
        print(f"float16 storage changes a probability by {difference:.1e} at most")
    said = Contract(
        name=args.name or record["architecture"],
        version=args.model_version,
        architecture=record["architecture"],
        parameters=network.count_params(),
        tile_size=args.tile,
        overlap=args.overlap,
        threshold=args.threshold,
        trained_on=tuple(record["data"]["trained_on"]),
        license=args.license or LICENSE,
        commit=record["made_with"]["commit"],
        weights_sha256=weights_hash(model),
    )
    save(model, said, args.output)
    print(f"{args.output}: {args.output.stat().st_size / 1e6:.1f} MB")
    return 0


def check_arguments(args: argparse.Namespace) -> None:
    """Raises DataError for what would fail only after minutes of conversion."""
    if args.tile < 16 or args.tile % 16:
        raise DataError(f"--tile is {args.tile}; it must be a multiple of 16")
    if not 0 <= args.overlap < args.tile:
        raise DataError(f"--overlap is {args.overlap}; it must be smaller than --tile")
    if not 0 < args.threshold < 1:
        raise DataError(f"--threshold is {args.threshold}; it must lie between 0 and 1")


def read_record(folder: Path) -> dict:
    """The run's `run.json`. Raises DataError where the folder holds no finished epoch."""
    record = folder / "run.json"
    if not record.is_file() or not (folder / "best.weights.h5").is_file():
        raise DataError(
            f"{folder} is no run folder with a finished epoch; make one with `python -m training train`"
        )
    return json.loads(record.read_text())


def load_network(folder: Path, architecture: str, tile: int):
    """The run's best epoch as a Keras model of fixed size, on TensorFlow whatever trained it."""
    # Decides only where Keras has not been imported yet, as on the command line.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras

    from training.networks import build

    if keras.backend.backend() != "tensorflow":
        raise DataError(
            f"Keras already runs on {keras.backend.backend()}; export in a process of its own"
        )
    network = build(architecture, tile)
    network.load_weights(folder / "best.weights.h5")
    return network


def convert(network, tile: int) -> onnx.ModelProto:
    """The network as ONNX: `image` uint8 `[batch, T, T, 3]` in, `probability` float32 `[batch, T, T, 1]` out."""
    import tensorflow
    import tf2onnx

    signature = [tensorflow.TensorSpec((None, tile, tile, 3), tensorflow.uint8, name="image")]

    @tensorflow.function(input_signature=signature)
    def predict(image):
        return {"probability": network(tensorflow.cast(image, tensorflow.float32), training=False)}

    model, _ = tf2onnx.convert.from_function(predict, input_signature=signature, opset=OPSET)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    model.graph.output[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    return model


def check_tiles(tile: int) -> np.ndarray:
    """Synthetic photos to compare on, uint8 `[n, T, T, 3]`: cracks, voids, joints, light and dark."""
    return np.stack(
        [draw_scene(SceneRecipe(tile, tile), seed).photo for seed in range(CHECKED_TILES)]
    )


def compare(
    model: onnx.ModelProto, tiles: np.ndarray, expected: np.ndarray, tolerance: float, what: str
) -> float:
    """Largest difference of a probability, ONNX Runtime against expected. Raises DataError above tolerance."""
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (found,) = session.run(["probability"], {"image": tiles})
    difference = float(np.abs(found - expected).max())
    if not difference <= tolerance:
        raise DataError(
            f"the exported graph differs from {what} by {difference:.1e}, {tolerance:g} is allowed; not written"
        )
    return difference
