"""What is done to a file after conversion."""

import numpy as np
import onnx
import onnxruntime
import pytest
from conftest import contract, write_model
from onnx import TensorProto, helper, numpy_helper

from app.errors import ContractError
from training.data import DataError
from training.onnx_file import (
    read_contract,
    save,
    store_weights_as_float16,
    update_contract,
    weights_hash,
)


def linear(weights: np.ndarray) -> onnx.ModelProto:
    """y = x @ weights."""
    size = len(weights)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", size])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", size])
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "linear", [x], [y], [numpy_helper.from_array(weights, "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def run(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": x})[0]


def test_halved_weights_take_half_the_room_and_compute_in_float32():
    rng = np.random.default_rng(0)
    weights = rng.normal(0, 0.1, (1024, 1024)).astype(np.float32)
    exact = linear(weights)
    halved = store_weights_as_float16(exact)
    assert len(halved.SerializeToString()) < 0.55 * len(exact.SerializeToString())
    x = rng.normal(0, 1, (4, 1024)).astype(np.float32)
    expected = x @ weights.astype(np.float16).astype(np.float32)
    np.testing.assert_allclose(run(halved, x), expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(run(exact, x), x @ weights, rtol=1e-4, atol=1e-4)


def test_small_tensors_are_left_alone():
    weights = np.eye(4, dtype=np.float32)
    assert store_weights_as_float16(linear(weights)) == linear(weights)


def test_a_weight_beyond_half_precision_is_refused_by_name():
    with pytest.raises(DataError, match="weight w does not fit"):
        store_weights_as_float16(linear(np.full((1024, 1024), 1e5, np.float32)))


def test_contract_is_replaced_and_weights_keep_their_hash(tmp_path):
    model = linear(np.ones((16, 16), np.float32))
    file = tmp_path / "deep" / "linear.onnx"
    save(model, contract(), file)
    before = weights_hash(onnx.load(file))
    update_contract(file, threshold=0.25, metrics={"a/test/f1": 0.5})
    assert read_contract(file) == contract(threshold=0.25, metrics={"a/test/f1": 0.5})
    assert weights_hash(onnx.load(file)) == before == weights_hash(model)
    assert list(file.parent.iterdir()) == [file]


def test_a_wrong_change_leaves_the_file_as_it_was(tmp_path):
    file = write_model(tmp_path)
    content = file.read_bytes()
    with pytest.raises(ValueError, match="threshold"):
        update_contract(file, threshold=2)
    assert file.read_bytes() == content


def test_a_file_without_contract_is_refused(tmp_path):
    with pytest.raises(ContractError, match=r"bare\.onnx has no contract"):
        read_contract(write_model(tmp_path, file="bare.onnx", metadata={}))


def test_the_hash_changes_with_a_weight():
    assert weights_hash(linear(np.eye(8, dtype=np.float32))) != weights_hash(
        linear(2 * np.eye(8, dtype=np.float32))
    )
