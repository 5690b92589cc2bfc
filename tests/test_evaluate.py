"""Scoring an .onnx file on an index file, through the serving code."""

import csv
import json

import cv2
import numpy as np
import pytest
from conftest import contract, write_model

from training.__main__ import main
from training.onnx_file import read_contract

PHOTOS = 20


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Twenty photos whose darkness (of the tiny model) is 0.7 on cracks, 0.4 on voids, 0.2 elsewhere."""
    folder = tmp_path_factory.mktemp("data")
    rows = []
    for number in range(PHOTOS):
        is_crack_free = number % 4 == 3
        photo = np.full((80, 90, 3), 204, np.uint8)
        mask = np.zeros((80, 90), np.uint8)
        photo[10:14, 10:14] = 153
        if not is_crack_free:
            row = 30 + number
            photo[row : row + 3, 5:80] = 76
            mask[row : row + 3, 5:80] = 255
        source = "bare" if is_crack_free else ("walls" if number % 2 else "slabs")
        cv2.imwrite(str(folder / f"{number}.png"), photo)
        cv2.imwrite(str(folder / f"{number}.mask.png"), mask)
        split = "val" if number < 10 else "test"
        rows.append((source, f"{number}.png", f"{number}.mask.png", f"group{number}", split))
    with (folder / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("source", "image", "mask", "group", "split"), *rows])
    return folder / "index.csv"


@pytest.fixture
def model(tmp_path):
    return write_model(tmp_path / "models", contract(threshold=0.35))


def evaluate(model, data, *arguments) -> int:
    return main(
        ["evaluate", str(model), "--data", str(data), "--device", "cpu", *map(str, arguments)]
    )


def test_figures_by_source_at_the_models_threshold_and_at_half(model, data, tmp_path, capsys):
    output = tmp_path / "deep" / "result.json"
    assert evaluate(model, data, "--split", "test", "--output", output) == 0
    result = json.loads(output.read_text())
    assert set(result["sources"]) == {"bare/test", "slabs/test", "walls/test"}
    # At 0.35 the 16 pixels of the void are called crack, 225 pixels of crack are found.
    assert result["sources"]["slabs/test"]["f1"] == pytest.approx(2 * 225 / (2 * 225 + 16))
    assert result["sources"]["slabs/test"]["recall"] == 1
    assert result["sources"]["bare/test"]["false_pixels"] == pytest.approx(16 / 7200)
    assert result["sources_at_half"]["slabs/test"]["f1"] == 1
    assert result["sources_at_half"]["bare/test"]["photos_with_detection"] == 0
    assert result["rows"]["count"] == 10
    assert result["model"]["name"] == "darkness"
    assert "slabs/test" in capsys.readouterr().out


def test_it_repeats_itself(model, data, tmp_path):
    for name in ("a", "b"):
        evaluate(model, data, "--split", "val", "--split", "test", "--output", tmp_path / name)
    a, b = (json.loads((tmp_path / name).read_text()) for name in ("a", "b"))
    assert {**a, "command": ""} == {**b, "command": ""}
    assert a["rows"]["count"] == PHOTOS


def test_the_chosen_threshold_is_written_into_the_file(model, data):
    assert evaluate(model, data, "--split", "val", "--choose-threshold", "--record") == 0
    assert 0.40 < read_contract(model).threshold <= 0.70


def test_recorded_figures_join_those_of_other_splits(model, data):
    evaluate(model, data, "--split", "val", "--record")
    evaluate(model, data, "--split", "test", "--record")
    metrics = read_contract(model).metrics
    assert metrics["slabs/val/f1"] == metrics["slabs/test/f1"] == pytest.approx(0.9657, abs=1e-4)
    assert metrics["bare/test/false_pixels"] == pytest.approx(16 / 7200, abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--split", "test", "--choose-threshold"], "on `val` rows alone"),
        (["--split", "external"], "no row is left"),
        (["--split", "val", "--source", "bare", "--choose-threshold"], "no row has a crack"),
    ],
)
def test_what_cannot_be_scored_is_said_in_one_sentence(model, data, arguments, message, capsys):
    assert evaluate(model, data, *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
