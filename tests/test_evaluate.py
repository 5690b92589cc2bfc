"""Scoring an .onnx file on an index file, through the serving code."""

import csv
import json

import cv2
import numpy as np
import pytest
from conftest import contract, write_model

from training.__main__ import main
from training.evaluation.threshold import highest_as_good
from training.onnx_file import read_contract

PHOTOS = 20


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("data"))


def write_data(folder, count=PHOTOS, source=None):
    """Photos whose darkness (of the tiny model) is 0.7 on cracks, 0.4 on voids, 0.2 elsewhere."""
    rows = []
    for number in range(count):
        is_crack_free = number % 4 == 3
        photo = np.full((80, 90, 3), 204, np.uint8)
        mask = np.zeros((80, 90), np.uint8)
        photo[10:14, 10:14] = 153
        if not is_crack_free:
            row = 30 + number
            photo[row : row + 3, 5:80] = 76
            mask[row : row + 3, 5:80] = 255
        kind = "bare" if is_crack_free else ("walls" if number % 2 else "slabs")
        cv2.imwrite(str(folder / f"{number}.png"), photo)
        cv2.imwrite(str(folder / f"{number}.mask.png"), mask)
        split = "val" if number < count // 2 else "test"
        rows.append(
            (source or kind, f"{number}.png", f"{number}.mask.png", f"group{number}", split)
        )
    return write_index(folder, rows)


def write_index(folder, rows):
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
    assert result["rows"]["splits"] == ["test"]
    assert result["rows"]["sources"] == ["bare", "slabs", "walls"]
    assert result["model"]["name"] == "darkness"
    blocks = capsys.readouterr().out.split("\n\n")
    for block, threshold in zip(blocks, ("threshold 0.35", "threshold 0.5"), strict=True):
        assert block.startswith(threshold)
        assert "slabs/test" in block
        assert "test, sources together" in block
        assert max(map(len, block.splitlines())) <= 150


def test_what_float16_gives_can_be_measured_on_any_device(model, data, tmp_path):
    output = tmp_path / "result.json"
    assert evaluate(model, data, "--split", "test", "--float16", "--output", output) == 0
    result = json.loads(output.read_text())
    assert result["model"]["name"] == "darkness-float16"
    assert result["sources"]["slabs/test"]["recall"] == 1


def test_float16_is_of_float32_files(data, tmp_path, capsys):
    said = contract(precision="int8", made_from="ab")
    assert evaluate(write_model(tmp_path, said), data, "--split", "test", "--float16") == 2
    assert "give --float16 the file it was made from" in capsys.readouterr().err


@pytest.mark.usefixtures("with_openvino")
def test_what_openvino_gives_can_be_measured(model, data, tmp_path):
    output = tmp_path / "result.json"
    assert evaluate(model, data, "--split", "test", "--openvino", "--output", output) == 0
    result = json.loads(output.read_text())
    assert result["model"]["name"] in ("darkness-float32-openvino", "darkness-bfloat16-openvino")
    assert result["sources"]["slabs/test"]["f1"] > 0.9


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--openvino"], "does not run by OpenVINO here; install the extra `openvino`"),
        (["--openvino", "--record"], "leave out --record"),
        (["--openvino", "--float16"], "give one of them"),
    ],
)
def test_openvino_that_is_no_result(model, data, capsys, arguments, words):
    assert evaluate(model, data, "--split", "test", *arguments) == 2
    assert words in capsys.readouterr().err


def test_float16_that_falls_back_is_no_result(model, data, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("training.evaluation.command.BOTH", ())
    output = tmp_path / "result.json"
    assert evaluate(model, data, "--split", "test", "--float16", "--output", output) == 2
    assert "does not run in float16 on this device" in capsys.readouterr().err
    assert not output.exists()


def test_figures_in_float16_are_not_recorded(model, data, capsys):
    before = model.read_bytes()
    assert evaluate(model, data, "--split", "test", "--float16", "--record") == 2
    assert "leave out --record, --float16" in capsys.readouterr().err
    assert model.read_bytes() == before


def test_figures_along_the_cracks_and_by_photo(model, data, tmp_path):
    output = tmp_path / "result.json"
    evaluate(model, data, "--split", "test", "--output", output)
    result = json.loads(output.read_text())
    slabs, exact = result["sources"]["slabs/test"], result["sources_at_half"]["slabs/test"]
    # The void, 4 pixels long, is thinned to few; of the crack, 75 pixels long, nothing is missed.
    assert 75 / 79 < slabs["cldice"] < 1
    assert slabs["cldice_photo_mean"] == pytest.approx(slabs["cldice"])
    assert 0 < slabs["length_error"] < 6 / 75
    assert slabs["area_error"] == pytest.approx(16 / 225)
    assert slabs["precision_photo_median"] == slabs["precision_photo_mean_low"] == 225 / 241
    assert exact["cldice"] == exact["iou_photo_mean"] == 1
    assert exact["length_error"] == exact["area_error"] == exact["photos_without_length"] == 0
    assert result["overall"]["test"]["f1"] == pytest.approx(2 * 225 / (2 * 225 + 16))
    assert result["overall"]["test"]["photos_with_detection"] == 1
    assert result["overall_at_half"]["test"]["photos_with_detection"] == 0


def test_calibration_comes_with_figures_and_with_a_threshold(model, data, tmp_path):
    for name, arguments in (("figures", ()), ("threshold", ("--choose-threshold",))):
        evaluate(model, data, "--split", "val", *arguments, "--output", tmp_path / name)
    figures, threshold = (
        json.loads((tmp_path / name).read_text())["calibration"]
        for name in ("figures", "threshold")
    )
    assert figures == threshold
    # Of 7,200 pixels of each slab 225 are crack, at 76 of 255.
    slabs = figures["sources"]["slabs"]
    assert slabs["crack_pixels"][14] == slabs["pixels"][14] == 5 * 225
    assert sum(slabs["pixels"]) == 5 * 7200
    assert figures["bins"][14]["mean_probability"] == pytest.approx(1 - 76 / 255)
    assert figures["bins"][14]["crack_share"] == 1


def test_a_mask_that_cannot_be_measured_is_counted(model, data, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "app.measurement.regions.MAX_RUNS", 6
    )  # the void at 0.35 has 4, the crack 3
    evaluate(model, data, "--split", "test", "--output", tmp_path / "result.json")
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["sources"]["slabs/test"]["photos_without_length"] == 5
    assert "length_error" not in result["sources"]["slabs/test"]
    assert result["sources_at_half"]["slabs/test"]["length_error"] == 0


def test_groups_astride_a_published_split_are_shown_apart(model, tmp_path, capsys):
    folder = tmp_path / "published"
    folder.mkdir()
    index = write_data(folder, count=6, source="deepcrack-256")
    index.write_text(index.read_text().replace("group4", "group0").replace(",val", ",train"))
    assert evaluate(model, index, "--split", "test", "--record", "--output", tmp_path / "a") == 0
    sources = json.loads((tmp_path / "a").read_text())["sources"]
    whole, unseen = "deepcrack-256/test", "deepcrack-256/test without straddling groups"
    assert (sources[whole]["photos"], sources[unseen]["photos"]) == (3, 2)
    assert max(map(len, capsys.readouterr().out.splitlines()[:-1])) <= 150
    assert main(["report", "--models", str(model.parent)]) == 0
    card = (model.parent / "README.md").read_text()
    assert "| deepcrack-256 / test | " in card
    assert "| deepcrack-256 / test without straddling groups | " in card


def test_each_look_at_test_rows_is_logged(model, data, tmp_path, capsys, monkeypatch):
    log = tmp_path / "docs" / "accuracy" / "test-runs.jsonl"
    monkeypatch.setattr("training.evaluation.run_log.LOG", log)
    evaluate(model, data, "--split", "val")
    evaluate(model, data, "--split", "val", "--choose-threshold")
    assert not log.exists()
    for runs in (1, 2):
        evaluate(model, data, "--split", "val", "--split", "test", "--source", "slabs")
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        assert len(lines) == runs
        assert capsys.readouterr().out.endswith(f"test-runs.jsonl: {runs}\n")
    assert lines[1]["date"].endswith("+00:00")
    assert (lines[1]["rows"]["splits"], lines[1]["rows"]["sources"]) == (["test", "val"], ["slabs"])
    assert lines[1]["rows"]["count"] == 10
    assert len(lines[1]["model"]["file_sha256"]) == 64
    assert {"command", "commit"} <= lines[1].keys()
    evaluate(model, data, "--split", "test", "--log", tmp_path / "mine.jsonl")
    assert len((tmp_path / "mine.jsonl").read_text().splitlines()) == 1
    assert len(log.read_text().splitlines()) == 2


def test_it_repeats_itself(model, data, tmp_path):
    for name in ("a", "b"):
        evaluate(model, data, "--split", "val", "--split", "test", "--output", tmp_path / name)
    a, b = (json.loads((tmp_path / name).read_text()) for name in ("a", "b"))
    assert {**a, "command": ""} == {**b, "command": ""}
    assert a["rows"]["count"] == PHOTOS


def test_the_chosen_threshold_is_written_into_the_file(model, data):
    assert evaluate(model, data, "--split", "val", "--choose-threshold", "--record") == 0
    assert 0.40 < read_contract(model).threshold <= 0.70


@pytest.mark.parametrize(
    ("means", "place"),
    [
        ((0.5, 0.7, 0.6), 1),  # a peak
        ((0.700, 0.702, 0.701, 0.6985, 0.690), 3),  # a plateau: as good, and fewer false alarms
        ((0.700, 0.696, 0.690, 0.700, 0.6), 3),
        ((0.0, 0.0, 0.0), 2),
    ],
)
def test_of_thresholds_as_good_as_the_best_the_highest_is_chosen(means, place):
    assert highest_as_good(means) == place


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
        (["--split", "external"], "no row is left to score in external"),
        (["--split", "val", "--split", "tset"], "no row is left to score in tset"),
        (["--split", "val", "--source", "bare", "--choose-threshold"], "no row has a crack"),
    ],
)
def test_what_cannot_be_scored_is_said_in_one_sentence(model, data, arguments, message, capsys):
    assert evaluate(model, data, *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("5.mask.png", np.zeros((80, 91), np.uint8), "5.mask.png is 91x80 but its photo is 90x80"),
        ("5.mask.png", np.full((80, 90), 128, np.uint8), "5.mask.png holds the values [128]"),
        ("5.png", None, "5.png: the bytes are no photo that can be read"),
        ("5.mask.png", None, "5.mask.png cannot be read as an image"),
    ],
)
def test_a_bad_pair_is_told_before_the_first_is_predicted(
    model, tmp_path, name, content, message, capsys, monkeypatch
):
    def predict(*arguments):
        raise AssertionError("predicted before all pairs were checked")

    monkeypatch.setattr("training.evaluation.prediction.predict", predict)
    index = write_data(tmp_path, count=6)
    if content is None:
        file = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(file[:40])
    else:
        cv2.imwrite(str(tmp_path / name), content)
    assert evaluate(model, index, "--split", "val", "--split", "test") == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("5.mask.png", "gone.png", "gone.png is listed but missing (source walls)"),
        ("group4", "group0", "group 'group0' of slabs stands in test and val"),
    ],
)
def test_a_bad_index_is_told_in_one_sentence(model, tmp_path, before, after, message, capsys):
    index = write_data(tmp_path, count=6)
    index.write_text(index.read_text().replace(before, after))
    assert evaluate(model, index, "--split", "val") == 2
    assert message in capsys.readouterr().err
