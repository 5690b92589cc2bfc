"""Weights that a run starts from: those of another run folder, or of an .onnx file, the shipped ones included."""

import json
from pathlib import Path

import keras

from training.data import DataError


def inherited_sources(source: Path | None) -> set[str]:
    """What the weights were trained on. Raises DataError where nothing says so."""
    if source is None:
        return set()
    if not source.is_file():
        raise DataError(
            f"{source} does not exist; name .weights.h5 of a run folder, or an .onnx file"
        )
    if source.suffix == ".onnx":
        from training.onnx_file import read_contract

        return set(read_contract(source).trained_on)
    record = source.parent / "run.json"
    if not record.is_file():
        raise DataError(
            f"{source} stands in no run folder: nothing says what it was trained on; "
            "name a file beside its run.json, or an .onnx file"
        )
    return set(json.loads(record.read_text())["data"]["trained_on"])


def load_initial_weights(network: keras.Model, source: Path) -> None:
    """Give the network the weights of a `.weights.h5` or `.onnx` file. Raises DataError where they do not fit."""
    if source.suffix != ".onnx":
        try:
            network.load_weights(source)
        except (ValueError, OSError) as error:
            reason = str(error).splitlines()[0]
            raise DataError(f"{source} does not fit the network: {reason}") from None
        return
    # Only here: who trains from scratch needs no ONNX.
    from training.onnx_weights import load_from_onnx

    load_from_onnx(network, source)
