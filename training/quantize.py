"""`python -m training quantize`: an .onnx file becomes its 8-bit sibling, for CPUs that multiply bytes.

Static quantization by ONNX Runtime, per channel, ranges of the maps taken from photos that the weights were trained on.
The graph stays as it is, with QuantizeLinear and DequantizeLinear round the convolutions (QDQ).
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from tqdm import tqdm

from app.contract import Contract
from training.config import COARSE_SOURCES, RECIPES, override
from training.crops import CropSampler, PairCache
from training.data import DataError, read_rows, select
from training.export import check_tiles
from training.onnx_file import read_contract, save, weights_hash

CALIBRATION_TILES = 48
LARGEST_MEAN_DIFFERENCE = 0.01  # of a probability on drawn photos; the shipped U-Net's is 6e-4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help=".onnx file of `training export`")
    parser.add_argument("--data", type=Path, required=True, help="index .csv with train rows")
    parser.add_argument(
        "-o", "--output", type=Path, help="file to write; default: NAME.int8.onnx beside the model"
    )
    parser.add_argument("--seed", type=int, default=0, help="decides the calibration crops")


def run(args: argparse.Namespace) -> int:
    said = read_contract(args.model)
    if said.precision != "float32":
        raise DataError(
            f"{args.model} is {said.precision} already; quantize the file it was made from"
        )
    output = args.output or args.model.with_suffix(".int8.onnx")
    if output.resolve() == args.model.resolve():
        raise DataError(f"{output} would replace the file it is made from; name another --output")
    if not said.weights_sha256:
        raise DataError(f"{args.model} does not name its weights; export it again")
    exact = with_float32_weights(onnx.load(args.model))
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "exact.onnx", Path(folder) / "quantized.onnx"
        onnx.save(onnx.shape_inference.infer_shapes(exact), before)
        quantize_static(
            before,
            after,
            CalibrationTiles(args.data, said, args.seed),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,  # with signed weights: the pair with the fastest kernel
            weight_type=QuantType.QInt8,
            nodes_to_exclude=first_and_last_convolution(exact),
        )
        quantized = onnx.load(after)
    difference = np.abs(_predict(quantized, said.tile_size) - _predict(exact, said.tile_size))
    print(
        f"on drawn photos a probability changes by {difference.mean():.1e}, at most {difference.max():.2f}"
    )
    if not difference.mean() <= LARGEST_MEAN_DIFFERENCE:
        raise DataError(f"{LARGEST_MEAN_DIFFERENCE:g} is allowed; {output} was not written")
    changes = {
        "precision": "int8",
        "made_from": said.weights_sha256,
        "weights_sha256": weights_hash(quantized),
        "metrics": {},
    }
    save(quantized, Contract.model_validate(said.model_dump() | changes), output)
    print(
        f"{output}: {output.stat().st_size / 1e6:.1f} MB; `python -m training evaluate` measures it"
    )
    return 0


class CalibrationTiles(CalibrationDataReader):
    """Tiles of what the file was trained on, drawn as the field recipe draws its crops."""

    def __init__(self, index: Path, said: Contract, seed: int):
        rows = [row for row in select(read_rows(index), "train") if row.source in said.trained_on]
        if not rows:
            raise DataError(f"{index} has no train row of the sources that the file was trained on")
        recipe = override(RECIPES["field"](said.architecture), crop_size=said.tile_size)
        self._sampler = CropSampler(rows, recipe, PairCache(COARSE_SOURCES))
        self._rng = np.random.default_rng(seed)
        self._left = iter(tqdm(range(CALIBRATION_TILES), unit="tile", disable=None))

    def get_next(self) -> dict[str, np.ndarray] | None:
        if next(self._left, None) is None:
            return None
        crop, _ = self._sampler.draw(self._rng)
        return {"image": crop[None]}


def with_float32_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without the casts of `store_weights_as_float16`: the quantizer asks for plain weights."""
    exact = onnx.ModelProto()
    exact.CopyFrom(model)
    halved = {w.name: w for w in exact.graph.initializer if w.data_type == TensorProto.FLOAT16}
    for node in [n for n in exact.graph.node if n.op_type == "Cast" and n.input[0] in halved]:
        weight = halved[node.input[0]]
        values = numpy_helper.to_array(weight).astype(np.float32)
        weight.CopyFrom(numpy_helper.from_array(values, node.output[0]))
        exact.graph.node.remove(node)
    return exact


def first_and_last_convolution(model: onnx.ModelProto) -> list[str]:
    """Names of the two nodes that stay exact: one reads the photo, one decides. They are little of the work."""
    names = [node.name for node in model.graph.node if node.op_type == "Conv"]
    return names[:1] + names[-1:]


def _predict(model: onnx.ModelProto, tile: int) -> np.ndarray:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return np.concatenate([session.run(None, {"image": t[None]})[0] for t in check_tiles(tile)])
