"""A recipe, a network and a folder of photos become a run folder that can be resumed."""

import csv
import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from training import networks, train, validation
from training.__main__ import main
from training.checkpoints import KeepLast, best_so_far
from training.config import field_recipe, override, paper
from training.curves import draw_curves
from training.data import DataError, Row
from training.train import optimizer, split_rows

TRAINING, VALIDATION = ("wall", "floor", "beam"), ("pier",)  # the split goes by a hash of the name


def tiny_network(tile_size: int | None = None) -> keras.Model:
    """Two layers in place of the U-Net's ninety; the dropout makes every draw count."""
    image = keras.Input((tile_size, tile_size, 3), name="image")
    x = keras.layers.Rescaling(1 / 255)(image)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    x = keras.layers.Dropout(0.3)(x)
    x = keras.layers.Conv2D(1, 1, activation="sigmoid", dtype="float32")(x)
    return keras.Model(image, x)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Four photos of 40 x 40 pixels, each with a dark crack."""
    folder = tmp_path / "bridge"
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for number, name in enumerate((*TRAINING, *VALIDATION)):
        rng = np.random.default_rng(number)
        photo, mask = rng.integers(120, 250, (40, 40, 3), np.uint8), np.zeros((40, 40), np.uint8)
        cv2.line(mask, (0, 5 * number), (39, 39 - 4 * number), 255, 2)
        photo[mask > 0] = 30
        cv2.imwrite(str(folder / "images" / f"{name}.png"), photo)
        cv2.imwrite(str(folder / "masks" / f"{name}.png"), mask)
    return folder


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network, validation crops and curves that take milliseconds."""
    monkeypatch.setitem(networks._BUILDERS, "unet", tiny_network)
    monkeypatch.setattr(validation, "CROP_SIZE", 32)
    monkeypatch.setattr(train, "draw_curves", lambda log, picture: None)


Train = Callable[..., int]


@pytest.fixture
def run_training(data: Path, small: None) -> Train:
    """`python -m training train` on the four photos; None leaves a setting to the recipe."""

    def run(folder: Path, **settings: object) -> int:
        settings = {
            "data": data, "recipe": "field", "epochs": 2, "steps-per-epoch": 2,
            "batch-size": 2, "crop-size": 32, "seed": 3,
        } | settings  # fmt: skip
        given = [f"--{name}={value}" for name, value in settings.items() if value is not None]
        return main(["train", str(folder), *given])

    return run


def log_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def weights_of(file: Path) -> list[np.ndarray]:
    network = tiny_network()
    network.load_weights(file)
    return network.get_weights()


def assert_equal_runs(one: Path, other: Path) -> None:
    assert log_of(one) == log_of(other)
    (last,) = one.glob("last-*.weights.h5")
    for name in ("best.weights.h5", last.name):
        for mine, yours in zip(weights_of(one / name), weights_of(other / name), strict=True):
            np.testing.assert_array_equal(mine, yours)


def interrupt(monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    """As a user who presses Ctrl-C in the second epoch: within it, or between its log line and its backup."""

    class CtrlC(keras.callbacks.Callback):
        def __init__(self, log: keras.callbacks.CSVLogger):
            super().__init__()
            self._log = log
            self._epoch = 0

        def on_epoch_begin(self, epoch, logs=None):
            self._epoch = epoch

        def on_train_batch_end(self, batch, logs=None):
            if moment == "within an epoch" and self._epoch == 1:
                self._stop()

        def on_epoch_end(self, epoch, logs=None):
            if moment == "before the backup" and epoch == 1:
                self._stop()

        def _stop(self):
            self._log.on_train_end()  # a process that ends closes its files
            raise KeyboardInterrupt

    complete = train.callbacks

    def interrupted(*arguments: object) -> list[keras.callbacks.Callback]:
        found = complete(*arguments)
        kinds = [type(each) for each in found]
        log = found[kinds.index(keras.callbacks.CSVLogger)]
        found.insert(kinds.index(KeepLast), CtrlC(log))
        return found

    monkeypatch.setattr(train, "callbacks", interrupted)


def test_run_folder(run_training, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "draw_curves", draw_curves)
    folder = tmp_path / "runs" / "first"
    assert run_training(folder) == 0
    assert {path.name for path in folder.iterdir()} == {
        "run.json",
        "log.csv",
        "curves.png",
        "best.weights.h5",
        "last-0002.weights.h5",
    }
    lines = log_of(folder)
    assert [line["epoch"] for line in lines] == ["0", "1"]
    for name in ("loss", "accuracy", "f1", "precision", "recall", "dice_soft_batch"):
        assert {name, f"val_{name}"} <= lines[0].keys()
        assert all(np.isfinite(float(line[f"val_{name}"])) for line in lines)
    assert 0 <= float(lines[0]["val_mean_f1_within_2px"]) <= 1
    assert cv2.imread(str(folder / "curves.png")) is not None
    assert len(weights_of(folder / "best.weights.h5")) == 4

    record = json.loads((folder / "run.json").read_text())
    assert record["architecture"] == "unet"
    assert record["recipe"]["name"] == "field"
    assert (record["recipe"]["epochs"], record["recipe"]["crop_size"]) == (2, 32)
    assert (record["data"]["training_rows"], record["data"]["validation_rows"]) == (3, 1)
    assert "bridge" in record["data"]["trained_on"]
    assert len(record["data"]["rows_sha256"]) == 64
    assert record["made_with"]["backend"] == keras.backend.backend()


@pytest.mark.parametrize(
    ("recipe", "moment"), [("paper", "within an epoch"), ("field", "before the backup")]
)
def test_an_interrupted_run_goes_on_as_if_nothing_had_been(
    run_training, tmp_path, monkeypatch, recipe, moment
):
    settings = {"recipe": recipe, "epochs": 3}
    if recipe == "paper":
        settings["steps-per-epoch"] = None
    assert run_training(tmp_path / "whole", **settings) == 0
    with monkeypatch.context() as patch:
        interrupt(patch, moment)
        with pytest.raises(KeyboardInterrupt):
            run_training(tmp_path / "broken", **settings)
    assert run_training(tmp_path / "broken", **settings) == 0
    assert [line["epoch"] for line in log_of(tmp_path / "broken")] == ["0", "1", "2"]
    assert_equal_runs(tmp_path / "whole", tmp_path / "broken")


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        name: (folder / name).read_bytes() for name in ("log.csv", "best.weights.h5", "run.json")
    }


def test_a_finished_run_stays_as_it_is(run_training, tmp_path, data, monkeypatch, capsys):
    monkeypatch.setitem(networks._BUILDERS, "deeplabv3plus", tiny_network)
    run_training(tmp_path / "run")
    before = files_of(tmp_path / "run")
    assert run_training(tmp_path / "run") == 0
    assert files_of(tmp_path / "run") == before

    for change in ({"recipe": "paper"}, {"seed": 4}, {"architecture": "deeplabv3plus"}):
        assert run_training(tmp_path / "run", **change) == 2
        assert "holds a run of another recipe or other data; name a new folder" in (
            capsys.readouterr().err
        )
    for kind in ("images", "masks"):
        (data / kind / "floor.png").rename(data / kind / "column.png")
    assert run_training(tmp_path / "run") == 2
    assert files_of(tmp_path / "run") == before


def test_the_papers_recipe(run_training, tmp_path):
    settings = {"recipe": "paper", "steps-per-epoch": None}
    assert run_training(tmp_path / "run", **settings) == 0
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (record["recipe"]["loss"], record["recipe"]["augment"]) == ("dice", False)
    assert record["data"]["trained_on"] == ["bridge"]
    assert len(log_of(tmp_path / "run")) == 2


def test_a_fold_validates_on_its_fifth(run_training, tmp_path, data):
    for number in range(5):
        for kind in ("images", "masks"):
            (data / kind / f"arch{number}.png").write_bytes((data / kind / "wall.png").read_bytes())
    run_training(tmp_path / "run", recipe="paper", fold=1, **{"steps-per-epoch": None})
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    counts = record["data"]["training_rows"], record["data"]["validation_rows"]
    assert sum(counts) >= 5
    assert counts[1] <= 2


def test_goes_on_from_the_weights_of_another_run(run_training, tmp_path):
    run_training(tmp_path / "first")
    start = tmp_path / "first" / "best.weights.h5"
    settings = {"initial-weights": start, "learning-rate": 1e-12, "epochs": 1}
    assert run_training(tmp_path / "second", **settings) == 0
    for before, after in zip(
        weights_of(start), weights_of(tmp_path / "second" / "best.weights.h5"), strict=True
    ):
        np.testing.assert_allclose(before, after, atol=1e-6)


def hard_places(folder: Path, x: int = 20) -> Path:
    path = folder / f"places-{x}.json"
    place = {"source": "bridge", "image": "wall.png", "x": x, "y": 20, "kind": "alarm"}
    path.write_text(json.dumps({"places": [place]}))
    return path


def test_looks_at_hard_places_and_goes_on_with_the_same_alone(
    run_training, tmp_path, capsys, monkeypatch
):
    given = []
    real = train.CropSampler
    monkeypatch.setattr(train, "CropSampler", lambda *each: given.append(each) or real(*each))
    settings = {"hard-places": hard_places(tmp_path)}
    assert run_training(tmp_path / "run", **settings) == 0
    (((_, recipe, _, places),)) = given
    assert recipe.hard_share > 0
    assert [(p.row.image.name, p.y, p.x) for p in places] == [("wall.png", 20, 20)]
    assert run_training(tmp_path / "run", **settings) == 0
    for other in ({}, {"hard-places": hard_places(tmp_path, x=5)}):
        assert run_training(tmp_path / "run", **other) == 2
        assert "holds a run of another recipe or other data" in capsys.readouterr().err


def test_a_run_from_before_a_field_of_the_recipe_goes_on(run_training, tmp_path):
    settings = {"recipe": "paper", "steps-per-epoch": None}
    run_training(tmp_path / "run", **settings)
    path = tmp_path / "run" / "run.json"
    record = json.loads(path.read_text())
    del record["recipe"]["dropout"], record["recipe"]["hard_share"]
    del record["data"]["hard_places_sha256"]
    path.write_text(json.dumps(record))
    assert run_training(tmp_path / "run", **settings) == 0


@pytest.mark.parametrize(("recipe", "times"), [("field", 1), ("paper", 0)])
def test_dropout_is_for_the_papers_recipe(run_training, tmp_path, monkeypatch, recipe, times):
    switched = []
    monkeypatch.setattr(train, "switch_off_dropout", switched.append)
    run_training(tmp_path / "run", recipe=recipe, epochs=1)
    assert len(switched) == times


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"hard-places": "none.json"}, "none.json is no file of hard places"),
        (
            {"recipe": "paper", "hard-places": "none.json"},
            "the recipe paper takes no crops round --hard-places",
        ),
        ({"source": "elsewhere"}, "no train rows are left; check --source, --without"),
        ({"without": "bridge"}, "no train rows are left"),
        ({"data": "nowhere.csv"}, "nowhere.csv does not exist"),
        ({"crop-size": 40}, "crop size is 40; it must be a multiple of 16"),
        ({"crop-size": 0}, "crop size is 0"),
    ],
)
def test_bad_settings_are_told_in_one_sentence(run_training, tmp_path, capsys, settings, reason):
    assert run_training(tmp_path / "run", **settings) == 2
    told = capsys.readouterr().err
    assert told.startswith("python -m training train: ")
    assert reason in told
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", [*TRAINING, *VALIDATION])
def test_every_pair_is_checked_before_training(run_training, tmp_path, data, capsys, name):
    cv2.imwrite(str(data / "masks" / f"{name}.png"), np.zeros((40, 41), np.uint8))
    assert run_training(tmp_path / "run") == 2
    assert f"{name}.png is 41x40 but its photo is 40x40" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_validation_without_a_crack_is_refused_before_training(
    run_training, tmp_path, data, capsys
):
    cv2.imwrite(str(data / "masks" / f"{VALIDATION[0]}.png"), np.zeros((40, 40), np.uint8))
    assert run_training(tmp_path / "run") == 2
    assert "none of the 120 validation crops has a crack" in capsys.readouterr().err
    assert not (tmp_path / "run" / "log.csv").exists()


@pytest.mark.parametrize("fold", ["5", "-1"])
def test_there_are_five_folds(run_training, tmp_path, capsys, fold):
    with pytest.raises(SystemExit):
        run_training(tmp_path / "run", fold=fold)
    assert "--fold" in capsys.readouterr().err


def rows(*sources: str, split: str) -> list[Row]:
    return [Row(s, Path(f"{s}-{split}.png"), Path("m.png"), f"{s}-{split}", split) for s in sources]


def sources_after_split(recipe, **settings):
    chosen = {"sources": [], "without": (), "fold": None} | settings
    both = rows("precise", "phinet-coarse", "cfd", split="train") + rows(
        "precise", "phinet-coarse", "cfd", split="val"
    )
    return tuple({row.source for row in part} for part in split_rows(both, recipe, **chosen))


def test_what_a_coarse_mask_says_does_not_validate():
    training, validating = sources_after_split(field_recipe("unet"))
    assert training == {"precise", "phinet-coarse", "cfd"}
    assert validating == {"precise", "cfd"}


def test_sources_can_be_left_out_of_both_sides():
    assert sources_after_split(paper("unet"), without=("cfd", "phinet-coarse")) == (
        {"precise"},
        {"precise"},
    )


def test_without_validation_rows_nothing_is_trained():
    with pytest.raises(DataError, match="no val rows are left"):
        split_rows(rows("a", split="train"), paper("unet"), sources=[], without=[], fold=None)


# --- recipes and optimizer --------------------------------------------------------------------


def rate_at(chosen: keras.optimizers.Optimizer, step: int) -> float:
    rate = chosen._learning_rate
    return float(keras.ops.convert_to_numpy(rate(step)))


def test_the_papers_optimizer():
    chosen = optimizer(paper("unet"), 10)
    assert isinstance(chosen, keras.optimizers.Adam)
    assert not isinstance(chosen, keras.optimizers.AdamW)
    assert float(keras.ops.convert_to_numpy(chosen.learning_rate)) == pytest.approx(4e-4)
    assert (chosen.beta_1, chosen.beta_2, chosen.epsilon) == (0.9, 0.999, 1e-7)


def test_the_field_rate_warms_up_and_decays_over_the_whole_run():
    recipe = replace(field_recipe("unet"), epochs=10)
    chosen = optimizer(recipe, 100)
    assert isinstance(chosen, keras.optimizers.AdamW)
    rates = [rate_at(chosen, step) for step in (0, 25, 50, 525, 1000)]
    assert rates == pytest.approx([0, 1.5e-4, 3e-4, 1.5e-4, 0], abs=1e-9)


def test_override_replaces_what_is_named_alone():
    recipe = override(paper("unet"), epochs=3, seed=None)
    assert recipe == replace(paper("unet"), epochs=3)


def test_best_so_far(tmp_path):
    log = tmp_path / "log.csv"
    assert best_so_far(log, "val_f1") == -math.inf
    log.touch()
    assert best_so_far(log, "val_f1") == -math.inf
    log.write_text("epoch,val_f1\n0,nan\n1,0.75\n2,0.5\n")
    assert best_so_far(log, "val_f1") == 0.75
    with pytest.raises(DataError, match="did not log val_mean_f1_within_2px"):
        best_so_far(log, "val_mean_f1_within_2px")


def test_synthetic_stands_in_the_field_recipe():
    assert 0 < field_recipe("unet").synthetic_share < 0.5
    assert paper("unet").synthetic_share == 0


def test_the_command_line_lists_its_commands():
    done = subprocess.run(
        [sys.executable, "-m", "training", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    assert all(name in done.stdout for name in ("train", "export", "evaluate", "report"))


def test_a_run_inherits_what_its_initial_weights_have_seen(run_training, tmp_path, data, capsys):
    run_training(tmp_path / "first")
    record = json.loads((tmp_path / "first" / "run.json").read_text())
    record["data"]["trained_on"].append("elsewhere")
    (tmp_path / "first" / "run.json").write_text(json.dumps(record))
    weights = tmp_path / "first" / "best.weights.h5"
    assert run_training(tmp_path / "second", **{"initial-weights": weights}) == 0
    second = json.loads((tmp_path / "second" / "run.json").read_text())
    assert {"elsewhere", "synthetic"} < set(second["data"]["trained_on"])

    alone = weights.rename(tmp_path / "alone.weights.h5")
    assert run_training(tmp_path / "third", **{"initial-weights": alone}) == 2
    assert "nothing says what it was trained on" in capsys.readouterr().err
