"""The 8-bit sibling of a file: it says what it is, and predicts nearly the same."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from conftest import contract
from onnx import TensorProto, helper, numpy_helper
from test_crops import write_row

from app.engine import Engine
from training import onnx_file, quantize
from training.__main__ import main
from training.onnx_file import read_contract, save, store_weights_as_float16, weights_hash

TILE = 64


def blurred_darkness(folder: Path, **changes: object) -> Path:
    """A network of three convolutions with names as tf2onnx gives them: dark is crack, a little blurred."""
    rng = np.random.default_rng(0)
    kernel = np.full((8, 3, 3, 3), 1 / 27, np.float32) * rng.uniform(0.5, 1.5, (8, 1, 1, 1))
    weights = {
        "net_1/blur_1/kernel": kernel.astype(np.float32),
        "net_1/middle_1/kernel": rng.normal(0, 0.05, (8, 8, 3, 3)).astype(np.float32)
        + np.eye(8, dtype=np.float32)[..., None, None] * np.pad([[1.0]], 1).astype(np.float32),
        "net_1/logits_1/kernel": np.full((1, 8, 1, 1), -2.0, np.float32),
        "net_1/logits_1/bias": np.array([6.0], np.float32),
        "scale": np.array(1 / 255, np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["values"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["values", "scale"], ["scaled"]),
        helper.make_node("Transpose", ["scaled"], ["first"], perm=[0, 3, 1, 2]),
        helper.make_node(
            "Conv", ["first", "net_1/blur_1/kernel"], ["blurred"], "blur", pads=[1] * 4
        ),
        helper.make_node("Relu", ["blurred"], ["seen"]),
        helper.make_node("Conv", ["seen", "net_1/middle_1/kernel"], ["mixed"], "mix", pads=[1] * 4),
        helper.make_node("Relu", ["mixed"], ["rectified"]),
        helper.make_node(
            "Conv",
            ["rectified", "net_1/logits_1/kernel", "net_1/logits_1/bias"],
            ["logits"],
            "last",
        ),
        helper.make_node("Sigmoid", ["logits"], ["sure"]),
        helper.make_node("Transpose", ["sure"], ["probability"], perm=[0, 2, 3, 1]),
    ]
    shape = ["batch", TILE, TILE]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [*shape, 3])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [*shape, 1])],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    model = store_weights_as_float16(model)
    said = {"trained_on": ("wall",), "metrics": {"wall/test/f1": 0.5}, "threshold": 0.3} | changes
    path = folder / "net.onnx"
    save(model, contract(weights_sha256=weights_hash(model), **said), path)
    return path


@pytest.fixture
def file(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(quantize, "CALIBRATION_TILES", 4)
    monkeypatch.setattr(onnx_file, "SMALLEST_HALVED", 100)
    return blurred_darkness(tmp_path)


@pytest.fixture
def index(tmp_path) -> Path:
    row = write_row(tmp_path, "wall")
    path = tmp_path / "index.csv"
    line = f"wall,{row.image.name},{row.mask.name},wall,train"
    path.write_text(f"source,image,mask,group,split\n{line}\n")
    return path


def test_the_sibling_says_what_it_is(file, index):
    assert main(["quantize", str(file), "--data", str(index)]) == 0
    before, after = read_contract(file), read_contract(file.with_name("net.int8.onnx"))
    assert (after.precision, after.made_from) == ("int8", before.weights_sha256)
    assert (after.name, after.label, after.threshold) == ("darkness", "darkness-int8", 0.3)
    assert after.metrics == {}
    assert after.weights_sha256 not in ("", before.weights_sha256)


def test_the_sibling_predicts_nearly_the_same_in_8_bits(file, index):
    main(["quantize", str(file), "--data", str(index)])
    sibling = file.with_name("net.int8.onnx")
    kinds = {w.name: w.data_type for w in onnx.load(sibling).graph.initializer}
    kernels = {name: kind for name, kind in kinds.items() if "kernel" in name}
    assert kernels["net_1/blur_1/kernel"] == kernels["net_1/logits_1/kernel"] == TensorProto.FLOAT
    assert kernels["net_1/middle_1/kernel_quantized"] == TensorProto.INT8
    assert TensorProto.FLOAT16 not in kinds.values()
    tiles = np.random.default_rng(0).integers(0, 256, (2, TILE, TILE, 3), np.uint8)
    exact, quantized = (Engine(path, "cpu").predict(tiles) for path in (file, sibling))
    assert 0 < np.abs(exact - quantized).max() < 0.03


def test_an_8_bit_file_is_not_quantized_again(file, index, capsys):
    main(["quantize", str(file), "--data", str(index)])
    sibling = file.with_name("net.int8.onnx")
    assert main(["quantize", str(sibling), "--data", str(index)]) == 2
    assert "is int8 already; quantize the file it was made from" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "reason"), [(None, "is no .onnx file"), ("text", "is no .onnx file")]
)
def test_what_is_no_model_is_refused(tmp_path, index, capsys, text, reason):
    path = tmp_path / "notes.onnx"
    if text:
        path.write_text(text)
    assert main(["quantize", str(path), "--data", str(index)]) == 2
    assert reason in capsys.readouterr().err


def test_the_file_itself_is_not_replaced(file, index, capsys):
    before = file.read_bytes()
    assert main(["quantize", str(file), "--data", str(index), "-o", str(file)]) == 2
    assert "would replace the file it is made from" in capsys.readouterr().err
    assert file.read_bytes() == before


def test_a_sibling_that_is_far_off_is_not_written(file, index, capsys, monkeypatch):
    monkeypatch.setattr(quantize, "LARGEST_MEAN_DIFFERENCE", 0.0)
    assert main(["quantize", str(file), "--data", str(index)]) == 2
    assert "was not written" in capsys.readouterr().err
    assert not file.with_name("net.int8.onnx").exists()


def test_an_index_without_the_files_own_photos_is_refused(tmp_path, file, index, capsys):
    index.write_text(index.read_text().replace("wall,wall.png", "street,wall.png"))
    assert main(["quantize", str(file), "--data", str(index)]) == 2
    assert "no train row of the sources that the file was trained on" in capsys.readouterr().err
    assert not (tmp_path / "net.int8.onnx").exists()
