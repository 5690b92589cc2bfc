"""Mining: errors are found where they are, and training looks there."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
from test_crops import RECIPE, write_row

from training import networks
from training.__main__ import main
from training.crops import CropSampler, HardPlace, PairCache
from training.data import DataError
from training.hard_places import errors, read_hard_places


def probability_of(*boxes: tuple[slice, slice]) -> np.ndarray:
    found = np.zeros((64, 96), np.float32)
    for box in boxes:
        found[box] = 0.9
    return found


CRACK = np.s_[30:33, :]
ALARM = np.s_[5:10, 40:60]


def mask_with(value: int = 1) -> np.ndarray:
    mask = np.zeros((64, 96), np.int8)
    mask[CRACK] = value
    return mask


RNG = np.random.default_rng(0)


def test_an_alarm_away_from_the_crack_is_an_error():
    ((y, x, kind),) = errors(probability_of(CRACK, ALARM), mask_with(), RNG)
    assert kind == "alarm"
    assert probability_of(ALARM)[y, x] > 0


def test_a_missed_crack_is_an_error_at_one_of_its_pixels():
    ((y, x, kind),) = errors(probability_of(np.s_[30:33, :48]), mask_with(), RNG)
    assert kind == "miss"
    assert 30 <= y < 33
    assert x >= 52


@pytest.mark.parametrize(
    "probability",
    [
        probability_of(CRACK),
        probability_of(np.s_[28:35, :]),
        probability_of(CRACK, np.s_[5:8, 5:8]),
    ],
    ids=["right", "two pixels too wide", "a speck"],
)
def test_rims_and_specks_are_no_errors(probability):
    assert errors(probability, mask_with(), RNG) == []


def test_what_is_unknown_is_no_error():
    assert errors(probability_of(CRACK), mask_with(-1), RNG) == []
    assert errors(probability_of(), mask_with(-1), RNG) == []


def test_a_long_error_is_several_places():
    places = errors(probability_of(np.s_[5:15, :]), np.zeros((64, 96), np.int8), RNG)
    assert len(places) == 3  # 960 pixels


@pytest.fixture
def rows(tmp_path: Path):
    return [write_row(tmp_path, "wall"), write_row(tmp_path, "bridge", 40, 40)]


def places_file(folder: Path, *places: tuple[str, int, int]) -> Path:
    path = folder / "places.json"
    listed = [
        {"source": name, "image": f"{name}.png", "x": x, "y": y, "kind": "alarm"}
        for name, y, x in places
    ]
    path.write_text(json.dumps({"places": listed}))
    return path


def test_crops_are_taken_round_hard_places(rows, tmp_path):
    hard = read_hard_places(places_file(tmp_path, ("wall", 2, 3), ("elsewhere", 1, 1)), rows)
    assert hard == [HardPlace(rows[0], 3, 2, "alarm")]
    recipe = replace(RECIPE, hard_share=1.0, crack_centred_share=0.0)
    sampler = CropSampler(rows, recipe, PairCache(frozenset()), hard)
    rng = np.random.default_rng(0)
    assert all(sampler._row_and_middle("wall", rng) == (rows[0], (2, 3)) for _ in range(20))
    assert all(sampler._row_and_middle("bridge", rng) == (rows[1], None) for _ in range(20))


def test_misses_are_looked_at_as_often_as_alarms(rows):
    alarms = [HardPlace(rows[0], x, 0, "alarm") for x in range(19)]
    misses = [HardPlace(rows[0], 40, 40, "miss")]
    recipe = replace(RECIPE, hard_share=1.0)
    sampler = CropSampler(rows, recipe, PairCache(frozenset()), [*alarms, *misses])
    rng = np.random.default_rng(0)
    middles = [sampler._row_and_middle("wall", rng)[1] for _ in range(400)]
    assert 150 < middles.count((40, 40)) < 250


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"places": [{"x": 1}]}', '{"places": 3}'])
def test_a_file_that_is_none_of_ours_is_refused(rows, tmp_path, text):
    path = tmp_path / "places.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"places\.json is no file of hard places.*training mine"):
        read_hard_places(path, rows)
    with pytest.raises(DataError, match="is no file of hard places"):
        read_hard_places(tmp_path / "missing.json", rows)


def test_places_of_other_photos_are_refused(rows, tmp_path):
    with pytest.raises(DataError, match="names no place on the rows of this run"):
        read_hard_places(places_file(tmp_path, ("elsewhere", 1, 1)), rows)


def white_is_crack(tile_size: int | None = None) -> keras.Model:
    """Calls a pixel crack where it is bright: on a dark crack in a light wall it is always wrong."""
    image = keras.Input((tile_size, tile_size, 3))
    x = keras.layers.Rescaling(1 / 255)(image)
    one = keras.layers.Conv2D(
        1, 1, kernel_initializer="ones", bias_initializer=keras.initializers.Constant(-1.0)
    )
    return keras.Model(image, keras.layers.Activation("sigmoid")(one(x)))


@pytest.mark.parametrize(
    ("flag", "value", "reason"),
    [("--window-size", "500", "a multiple of 16"), ("--windows", "0", "it must be 1 at least")],
)
def test_unusable_sizes_are_refused(rows, tmp_path, capsys, flag, value, reason):
    command = ["mine", "w.h5", "--data", str(tmp_path), "-o", str(tmp_path / "p.json")]
    assert main([*command, flag, value]) == 2
    assert reason in capsys.readouterr().err


def test_mine_writes_what_train_reads(rows, tmp_path, monkeypatch):
    monkeypatch.setitem(networks._BUILDERS, "unet", white_is_crack)
    index = tmp_path / "index.csv"
    lines = [f"{r.source},{r.image.name},{r.mask.name},{r.group},train" for r in rows]
    index.write_text("\n".join(["source,image,mask,group,split", *lines]))
    (tmp_path / "run").mkdir()
    white_is_crack().save_weights(tmp_path / "run" / "best.weights.h5")
    found = tmp_path / "places.json"
    command = ["mine", str(tmp_path / "run" / "best.weights.h5"), "--data", str(index)]
    assert main([*command, "-o", str(found), "--windows", "3"]) == 0

    record = json.loads(found.read_text())
    assert record["windows"] == 6
    assert {"command", "commit"} <= record["made_with"].keys()
    hard = read_hard_places(found, rows)
    assert {place.row for place in hard} == set(rows)
    photos = {row: cv2.imread(str(row.image)) for row in rows}
    for place in hard:
        assert place.x >= 0
        assert place.y >= 0
        assert photos[place.row][place.y, place.x].mean() > 85  # alarms on the bright wall
