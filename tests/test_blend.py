"""The mean of two networks is a run folder of its own."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from training import networks
from training.__main__ import main


def one_convolution(tile_size: int | None = None) -> keras.Model:
    image = keras.Input((tile_size, tile_size, 3))
    return keras.Model(image, keras.layers.Conv2D(1, 1)(image))


def normalized(tile_size: int | None = None) -> keras.Model:
    image = keras.Input((tile_size, tile_size, 3))
    return keras.Model(image, keras.layers.BatchNormalization()(image))


@pytest.fixture
def runs(tmp_path, monkeypatch) -> list[Path]:
    """Two runs, all weights 1 and all weights 3."""
    monkeypatch.setitem(networks._BUILDERS, "unet", one_convolution)
    folders = []
    for name, value in (("walls", 1.0), ("bridges", 3.0)):
        folder = tmp_path / name
        folder.mkdir()
        network = one_convolution()
        network.set_weights([np.full_like(weight, value) for weight in network.get_weights()])
        network.save_weights(folder / "best.weights.h5")
        (folder / "run.json").write_text(json.dumps({"data": {"trained_on": [name]}}))
        folders.append(folder / "best.weights.h5")
    return folders


def blend(runs: list[Path], *more: str) -> int:
    return main(["blend", *map(str, runs), "-o", str(runs[0].parent.parent / "both"), *more])


@pytest.mark.parametrize(("arguments", "value"), [((), 2.0), (("--share", "0.25"), 1.5)])
def test_every_weight_is_the_mean_by_shares(runs, tmp_path, arguments, value):
    assert blend(runs, *arguments) == 0
    network = one_convolution()
    network.load_weights(tmp_path / "both" / "best.weights.h5")
    assert {float(v) for weight in network.get_weights() for v in weight.ravel()} == {value}


def test_the_run_says_what_it_was_made_of(runs, tmp_path):
    blend(runs, "--share", "0.25")
    record = json.loads((tmp_path / "both" / "run.json").read_text())
    assert record["architecture"] == "unet"
    assert record["data"]["trained_on"] == ["bridges", "walls"]
    assert [each["share"] for each in record["blended"]] == [0.75, 0.25]
    assert len({each["file_sha256"] for each in record["blended"]}) == 2


def test_what_cannot_be_blended_is_refused(runs, tmp_path, capsys, monkeypatch):
    for share in ("0", "1", "nan"):
        assert blend(runs, "--share", share) == 2
        assert "it must lie between 0 and 1" in capsys.readouterr().err
    assert main(["blend", str(runs[0]), "gone.h5", "-o", str(tmp_path / "both")]) == 2
    assert "gone.h5 does not exist" in capsys.readouterr().err
    assert main(["blend", *map(str, runs), "-o", str(runs[0].parent)]) == 2
    assert "walls exists; name a new folder" in capsys.readouterr().err
    monkeypatch.setitem(networks._BUILDERS, "unet", normalized)
    assert blend(runs) == 2
    assert "blend a network without" in capsys.readouterr().err
    assert not (tmp_path / "both").exists()
