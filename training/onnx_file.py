"""What is done to an .onnx file after conversion: its contract, and weights stored in half precision."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper, numpy_helper

from app import contract
from app.contract import Contract
from training.data import DataError

SMALLEST_HALVED = 500_000  # values; the thin layers at full resolution weigh little and matter most


def store_weights_as_float16(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose float32 weights are stored as float16 and cast back when the file is loaded.

    Half the size; every operation still runs in float32. Raises DataError for a weight over 65504.
    """
    halved = onnx.ModelProto()
    halved.CopyFrom(model)
    casts = []
    for weight in halved.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < SMALLEST_HALVED:
            continue
        if np.abs(values).max() > np.finfo(np.float16).max:
            raise DataError(
                f"weight {weight.name} does not fit float16; export with --weights float32"
            )
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.float16"))
        casts.append(helper.make_node("Cast", [f"{name}.float16"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *halved.graph.node]
    del halved.graph.node[:]
    halved.graph.node.extend(nodes)
    onnx.checker.check_model(halved)
    return halved


def weights_hash(model: onnx.ModelProto) -> str:
    """SHA-256 over the stored weights, by name; the same whatever the metadata says."""
    digest = hashlib.sha256()
    for weight in sorted(model.graph.initializer, key=lambda w: w.name):
        digest.update(weight.name.encode())
        digest.update(numpy_helper.to_array(weight).tobytes())
    return digest.hexdigest()


def stored_weights(file: Path) -> dict[str, np.ndarray]:
    """The file's weights as float32, by the operation of Keras that uses them: `network_1/layer_1/operation`.

    Where tf2onnx computed a weight and gave it a name of its own, the name is that of the node which reads it.
    """
    graph = onnx.load(file).graph
    readers = {name: node.name for node in graph.node for name in node.input}
    weights = {}
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        name = weight.name.removesuffix(".float16")
        if values.dtype in (np.float16, np.float32):
            place = name if "/" in name else readers.get(name, name)
            weights[place.partition(":")[0]] = values.astype(np.float32)
    return weights


def read_contract(file: Path) -> Contract:
    """The file's contract. Raises ContractError, and DataError where it is no .onnx file."""
    try:
        model = onnx.load(file)
    except (OSError, DecodeError) as error:
        raise DataError(
            f"{file} is no .onnx file ({error}); give one of `training export`"
        ) from None
    return contract.read({entry.key: entry.value for entry in model.metadata_props}, file.name)


def save(model: onnx.ModelProto, said: Contract, file: Path) -> None:
    """Write the model with its contract; a file of that name stays whole until the new one is."""
    metadata = {entry.key: entry.value for entry in model.metadata_props} | contract.write(said)
    del model.metadata_props[:]
    for key, value in sorted(metadata.items()):
        model.metadata_props.add(key=key, value=value)
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".partial")
    onnx.save(model, unfinished)
    unfinished.replace(file)


def update_contract(file: Path, **changes: object) -> Contract:
    """Replace fields of a file's contract; the weights stay as they are."""
    said = read_contract(file)
    said = Contract.model_validate(said.model_dump() | changes)
    save(onnx.load(file), said, file)
    return said
