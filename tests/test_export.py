"""From a run folder to a file that the service loads: Keras, TensorFlow and tf2onnx for real, the network small."""

import json

import keras
import numpy as np
import pytest

from app.engine import Engine
from training import networks
from training.__main__ import main
from training.export import check_tiles
from training.onnx_file import read_contract


def small_network(tile_size: int | None = None) -> keras.Model:
    """The conventions of the real ones: pixels 0 to 255 in, `probability` out."""
    image = keras.Input((tile_size, tile_size, 3), name="image")
    x = keras.layers.Rescaling(1 / 255)(image)
    x = keras.layers.Conv2D(16, 3, padding="same", activation="relu")(x)
    x = keras.layers.Dropout(0.5)(x)  # must be off in the file
    x = keras.layers.Conv2D(1, 1)(x)
    return keras.Model(image, keras.layers.Activation("sigmoid", name="probability")(x))


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    monkeypatch.setitem(networks._BUILDERS, "small", small_network)
    folder = tmp_path / "run"
    folder.mkdir()
    keras.utils.set_random_seed(0)
    small_network().save_weights(folder / "best.weights.h5")
    record = {
        "architecture": "small",
        "data": {"trained_on": ["synthetic", "walls"]},
        "made_with": {"commit": "c" * 40},
    }
    (folder / "run.json").write_text(json.dumps(record))
    return folder


def export(run_folder, output, *arguments) -> int:
    return main(
        [
            "export",
            str(run_folder),
            "-o",
            str(output),
            "--tile",
            "64",
            "--overlap",
            "16",
            *arguments,
        ]
    )


@pytest.mark.parametrize("weights", ["float16", "float32"])
def test_the_file_speaks_for_itself_and_predicts_as_keras_does(run_folder, tmp_path, weights):
    file = tmp_path / "models" / "small.onnx"
    assert export(run_folder, file, "--weights", weights, "--name", "mine") == 0
    said = read_contract(file)
    assert (said.name, said.architecture, said.tile_size, said.overlap) == ("mine", "small", 64, 16)
    assert said.trained_on == ("synthetic", "walls")
    assert said.parameters == small_network(64).count_params()
    assert said.commit == "c" * 40

    network = small_network(64)
    network.load_weights(run_folder / "best.weights.h5")
    tiles = check_tiles(64)
    expected = keras.ops.convert_to_numpy(network(tiles.astype(np.float32)))[..., 0]
    found = Engine(file, "cpu").predict(tiles)
    assert np.abs(found - expected).max() < (1e-2 if weights == "float16" else 1e-4)


def test_a_file_at_odds_with_keras_is_not_written(run_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("training.export.KERAS_TOLERANCE", -1.0)
    file = tmp_path / "small.onnx"
    assert export(run_folder, file) == 2
    assert "differs from Keras" in capsys.readouterr().err
    assert not file.exists()


def test_a_folder_without_a_finished_epoch_is_refused(tmp_path, capsys):
    assert export(tmp_path, tmp_path / "x.onnx") == 2
    assert "no run folder with a finished epoch" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--threshold", "2"], "--threshold is 2.0; it must lie between 0 and 1"),
        (["--tile", "100"], "--tile is 100; it must be a multiple of 16"),
        (["--overlap", "64"], "--overlap is 64; it must be smaller than --tile"),
    ],
)
def test_what_cannot_be_is_said_before_minutes_of_conversion(
    run_folder, tmp_path, arguments, message, capsys
):
    assert export(run_folder, tmp_path / "x.onnx", *arguments) == 2
    assert message in capsys.readouterr().err


def test_non_commercial_photos_ask_for_a_licence(run_folder, tmp_path, capsys):
    record = json.loads((run_folder / "run.json").read_text())
    record["data"]["trained_on"] = ["cfd", "walls"]
    (run_folder / "run.json").write_text(json.dumps(record))
    assert export(run_folder, tmp_path / "x.onnx") == 2
    assert "--license" in capsys.readouterr().err
    assert export(run_folder, tmp_path / "x.onnx", "--license", "non-commercial") == 0
    assert read_contract(tmp_path / "x.onnx").license == "non-commercial"
