"""The paper protocol: five folds by group, each in a run folder with one result."""

import csv
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
from test_train import interrupt

from training import folds, networks, train
from training.__main__ import main

SIDE = 256  # of the paper's photos, so that resizing them changes nothing
METRICS = ("loss", "accuracy", "precision", "recall", "f1", "dice_soft_batch")


def darkness(tile_size: int | None = None) -> keras.Model:
    """Calls dark pixels a crack from the first epoch on; dropout tells training from scoring."""
    image = keras.Input((tile_size, tile_size, 3), name="image")
    x = keras.layers.Rescaling(1 / 255)(image)
    x = keras.layers.Dropout(0.2)(x)
    x = keras.layers.Conv2D(
        1,
        1,
        kernel_initializer=keras.initializers.Constant(-4.0),
        bias_initializer=keras.initializers.Constant(6.0),
        dtype="float32",
    )(x)
    return keras.Model(image, keras.layers.Activation("sigmoid", name="probability")(x))


def draw_pair(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A dark crack on light noise, a third of it too light to be seen, and a dark void beside it."""
    photo = rng.integers(150, 250, (SIDE, SIDE, 3), np.uint8)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    top = int(rng.integers(20, 150))
    mask[top : top + 5, 10:240] = 255
    photo[top : top + 5, 10:160] = 30
    photo[top + 40 : top + 60, 100:120] = 20
    return photo, mask


def write_index(folder: Path, rows: list[tuple[str, str, str]]) -> Path:
    """An index of new pairs, each given as source, group and split."""
    lines = []
    for number, (source, group, split) in enumerate(rows):
        photo, mask = draw_pair(np.random.default_rng(number))
        cv2.imwrite(str(folder / f"{number}.png"), photo)
        cv2.imwrite(str(folder / f"{number}.mask.png"), mask)
        lines.append((source, f"{number}.png", f"{number}.mask.png", group, split))
    with (folder / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("source", "image", "mask", "group", "split"), *lines])
    return folder / "index.csv"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten train rows of ten groups, three test rows of which one shares a group with them; another source."""
    rows = [("deepcrack-256", f"group{number}", "train") for number in range(10)]
    rows += [("deepcrack-256", group, "test") for group in ("group3", "other", "other")]
    return write_index(
        tmp_path_factory.mktemp("data"), [*rows, ("walls", "wall", "train"), ("walls", "w", "test")]
    )


Folds = Callable[..., int]


def call(monkeypatch: pytest.MonkeyPatch, runs: Path, data: Path) -> Folds:
    """`python -m training folds RUNS`: three epochs of the U-Net's fold 0 with small networks, unless told."""
    for name in networks.ARCHITECTURES:
        monkeypatch.setitem(networks._BUILDERS, name, darkness)
    monkeypatch.setattr(train, "draw_curves", lambda log, picture: None)

    def run(
        *flags: str,
        architectures: tuple[str, ...] = ("unet",),
        numbers: tuple[int, ...] = (0,),
        epochs: int = 3,
        index: Path = data,
    ) -> int:
        given = ["folds", str(runs), "--data", str(index), "--epochs", str(epochs)]
        given += [f"--architecture={name}" for name in architectures]
        arguments = [*given, *(f"--fold={number}" for number in numbers), *flags]
        monkeypatch.setattr(sys, "argv", ["training", *arguments])
        return main(arguments)

    return run


@pytest.fixture
def run_folds(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folds:
    return call(monkeypatch, tmp_path / "runs", data)


@pytest.fixture(scope="module")
def finished_once(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("finished") / "runs"
    with pytest.MonkeyPatch.context() as patch:
        assert call(patch, runs, data)() == 0
    return runs


@pytest.fixture
def finished(finished_once: Path, tmp_path: Path) -> dict:
    """What `run_folds()` leaves in tmp_path/runs, trained once for all tests; the result."""
    shutil.copytree(finished_once, tmp_path / "runs")
    return result_of(tmp_path)


def result_of(tmp_path: Path, name: str = "unet-fold0") -> dict:
    return json.loads((tmp_path / "runs" / name / "result.json").read_text())


def test_a_fold_leaves_one_result(finished, tmp_path):
    assert (finished["architecture"], finished["fold"]) == ("unet", 0)
    recipe = finished["recipe"]
    assert (recipe["name"], recipe["epochs"], recipe["seed"]) == ("paper", 3, 0)
    assert (finished["data"]["training_rows"], finished["data"]["validation_rows"]) == (8, 2)
    assert finished["data"]["trained_on"] == ["deepcrack-256"]
    made_with = finished["made_with"]
    assert made_with["command"].startswith("python -m training folds ")
    assert made_with["backend"] == keras.backend.backend()
    weights = (tmp_path / "runs" / "unet-fold0" / "best.weights.h5").read_bytes()
    assert finished["weights_sha256"] == hashlib.sha256(weights).hexdigest()
    assert finished["timed_epochs"] == 3
    assert finished["minutes"] >= 0


def test_the_figures_are_those_of_the_best_epoch(finished):
    history, best = finished["history"], finished["best_epoch"]
    assert history["epoch"] == [1, 2, 3]
    scores = history["val_dice_soft_batch"]
    assert scores[best - 1] == max(scores)
    figures = finished["figures"]
    assert {name: part["rows"] for name, part in figures.items()} == {
        "training": 8,
        "validation": 2,
    }
    for name in METRICS:
        assert figures["validation"][name] == pytest.approx(
            history[f"val_{name}"][best - 1], abs=1e-6
        )
    # The log's training side is a mean over the running epoch, with dropout: another figure.
    assert figures["training"]["f1"] != pytest.approx(history["f1"][best - 1], abs=1e-3)


def test_a_finished_fold_is_left_alone_and_test_figures_can_come_later(
    finished, run_folds, tmp_path, capsys
):
    assert run_folds() == 0
    assert "unet-fold0 is finished" in capsys.readouterr().out
    assert result_of(tmp_path) == finished

    log = tmp_path / "runs.jsonl"
    assert run_folds("--test", "--log", str(log)) == 0
    assert "unet-fold0/result.json: test dice_soft_batch" in capsys.readouterr().out
    assert json.loads(log.read_text())["model"]["name"] == "unet-fold0"
    after = result_of(tmp_path)
    assert "--test" in after.pop("test_made_with")["command"]
    figures = after["figures"]
    assert (figures["test"]["rows"], figures["test_without_straddling_groups"]["rows"]) == (3, 2)
    assert set(METRICS) < figures["test"].keys()
    assert after | {"figures": finished["figures"]} == finished
    assert figures | finished["figures"] == figures
    assert run_folds("--test") == 0
    assert "unet-fold0 is finished" in capsys.readouterr().out


def test_an_interrupted_fold_goes_on(run_folds, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt(patch, "within an epoch")
        with pytest.raises(KeyboardInterrupt):
            run_folds()
    assert not (tmp_path / "runs" / "unet-fold0" / "result.json").exists()
    assert run_folds() == 0
    result = result_of(tmp_path)
    assert result["history"]["epoch"] == [1, 2, 3]
    assert result["timed_epochs"] == 2


def test_several_folds_run_in_processes_of_their_own(finished, run_folds, tmp_path, monkeypatch):
    started = []

    def run_here(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        if command[:4] != [sys.executable, "-m", "training", "folds"]:
            return really_run(command, **options)
        started.append(command)
        return subprocess.CompletedProcess(command, main(command[3:]))

    really_run = subprocess.run
    monkeypatch.setattr(subprocess, "run", run_here)
    assert run_folds("--seed=0", architectures=("unet", "fcn8s")) == 0
    assert len(started) == 1  # what is finished is not started again
    other = result_of(tmp_path, "fcn8s-fold0")
    assert other["data"] == finished["data"]
    assert (other["recipe"]["learning_rate"], other["recipe"]["seed"]) == (1e-4, 0)
    assert run_folds("--test", architectures=("unet", "fcn8s")) == 0
    assert ["--test" in command for command in started] == [False, True, True]


def test_every_network_and_fold_is_run_where_none_is_named(run_folds, tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(folds, "start_process", lambda args, fold: started.append(fold))
    assert run_folds(architectures=(), numbers=()) == 0
    assert [(fold.architecture, fold.number) for fold in started] == [
        (name, number) for name in ("unet", "deeplabv3plus", "fcn8s") for number in range(5)
    ]
    validation = [row.image for fold in started[:5] for row in fold.validation]
    assert len(set(validation)) == len(validation) == 10


def test_a_fold_that_fails_ends_the_call(run_folds, monkeypatch, capsys):
    failed = subprocess.CompletedProcess([], 7)
    monkeypatch.setattr(subprocess, "run", lambda command, check: failed)
    assert run_folds(numbers=(0, 1)) == 2
    told = capsys.readouterr().err
    assert "unet-fold0 ended with exit status 7" in told
    assert "the same command goes on" in told


def test_a_folder_of_another_run_is_refused(finished, run_folds, tmp_path, capsys):
    assert run_folds(epochs=4) == 2
    assert "unet-fold0 holds a run of another recipe or other data" in capsys.readouterr().err
    assert result_of(tmp_path) == finished


@pytest.mark.parametrize(
    ("rows", "flags", "reason"),
    [
        ([("walls", "a", "train")], (), "lists no train rows of deepcrack-256"),
        ([("deepcrack-256", "a", "test")], (), "lists no train rows of deepcrack-256"),
        ([("deepcrack-256", "a", "train")] * 6, (), "are of 1 groups; 5 folds need as many"),
        (
            [("deepcrack-256", str(number), "train") for number in range(5)],
            ("--test",),
            "lists no test rows of deepcrack-256",
        ),
        ([("deepcrack-256", "a", "train")], ("--epochs=0",), "--epochs is 0; train for one"),
    ],
)
def test_unusable_input_is_told_in_one_sentence(run_folds, tmp_path, capsys, rows, flags, reason):
    (tmp_path / "data").mkdir()
    assert run_folds(*flags, index=write_index(tmp_path / "data", rows)) == 2
    told = capsys.readouterr().err
    assert told.startswith("python -m training folds: ")
    assert reason in told
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("flag", ["--architecture=segnet", "--fold=5"])
def test_unknown_networks_and_folds_are_refused(run_folds, capsys, flag):
    with pytest.raises(SystemExit):
        run_folds(flag)
    assert flag.partition("=")[0] in capsys.readouterr().err


def test_training_and_the_exported_file_agree(finished, run_folds, data, tmp_path):
    """The metrics of training on the best weights, and `evaluate` through the serving code, on the same rows."""
    run_folds("--test")
    folder, file = tmp_path / "runs" / "unet-fold0", tmp_path / "unet.onnx"
    exported = ["export", str(folder), "-o", str(file), "--tile", str(SIDE), "--overlap", "0"]
    assert main([*exported, "--license", "non-commercial"]) == 0
    output = tmp_path / "figures.json"
    scored = ["evaluate", str(file), "--data", str(data), "--device", "cpu", "--split", "test"]
    assert main([*scored, "--source", "deepcrack-256", "--output", str(output)]) == 0
    served = json.loads(output.read_text())["sources_at_half"]["deepcrack-256/test"]
    trained = result_of(tmp_path)["figures"]["test"]
    assert served["photos"] == trained["rows"] == 3
    assert 0.1 < trained["precision"] < 0.9
    assert 0.1 < trained["recall"] < 0.9
    for name in ("accuracy", "precision", "recall", "f1"):
        assert served[name] == pytest.approx(trained[name], abs=1e-4)
