"""docs/accuracy/ is what the files of results say, and belongs to the files that are shipped."""

import csv
import json
import shutil

import cv2
import numpy as np
import pytest
from conftest import contract, write_model

from training.__main__ import main
from training.onnx_file import read_contract, update_contract
from training.provenance import command_line


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """Eight photos with a crack (darkness 0.7), a void (0.4) and a wall (0.2), half of them to validate."""
    folder = tmp_path_factory.mktemp("data")
    rows = []
    for number in range(8):
        photo = np.full((80, 90, 3), 204, np.uint8)
        mask = np.zeros((80, 90), np.uint8)
        photo[10:14, 10:14] = 153
        if number % 4 != 3:
            photo[40:43, 5:80] = 76
            mask[40:43, 5:80] = 255
        source = "bare" if number % 4 == 3 else "deepcrack-256"
        cv2.imwrite(str(folder / f"{number}.png"), photo)
        cv2.imwrite(str(folder / f"{number}.mask.png"), mask)
        split = "val" if number < 4 else "test"
        rows.append((source, f"{number}.png", f"{number}.mask.png", f"group{number}", split))
    with (folder / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("source", "image", "mask", "group", "split"), *rows])
    return folder / "index.csv"


@pytest.fixture(scope="module")
def measured(tmp_path_factory, index):
    """A folder of models and one of results, made by the commands that a project's are made by."""
    tmp_path = tmp_path_factory.mktemp("project")
    model = write_model(tmp_path / "models", contract(weights_sha256="a" * 64))
    results = tmp_path / "accuracy" / "results"
    common = [str(model), "--data", str(index), "--device", "cpu"]
    threshold = ["--choose-threshold", "--record", "--output", results / "evaluate" / "1.json"]
    scored = [
        "--output",
        results / "evaluate" / "2.json",
        "--log",
        tmp_path / "accuracy" / "test-runs.jsonl",
    ]
    failures = [
        "failures",
        str(model),
        "--output",
        results / "failures",
        "--photos",
        "1",
        "--device",
        "cpu",
    ]
    for command in (
        ["evaluate", *common, "--split", "val", *threshold],
        ["evaluate", *common, "--split", "test", *scored],
        failures,
    ):
        assert main([str(word) for word in command]) == 0
    return tmp_path


@pytest.fixture
def project(tmp_path, measured):
    return shutil.copytree(measured, tmp_path / "project")


def report(project, *arguments) -> int:
    places = ["--models", str(project / "models"), "--accuracy", str(project / "accuracy")]
    return main(["report", *places, *arguments])


def fold(number: int, dice: float) -> dict:
    figures = {
        "dice_soft_batch": dice,
        "f1": dice,
        "accuracy": 0.97,
        "precision": 0.8,
        "recall": 0.8,
    }
    return {
        "architecture": "unet",
        "fold": number,
        "figures": {"training": figures, "validation": figures},
        "recipe": {"seed": 0},
        "data": {"training_rows": 4, "validation_rows": 1, "rows_sha256": "d" * 64},
        "made_with": {"command": "python -m training folds runs", "commit": "c" * 40},
        "weights_sha256": "e" * 64,
        "history": {
            "epoch": [1, 2],
            "dice_soft_batch": [0.1, 0.2],
            "val_dice_soft_batch": [0.1, 0.2],
        },
    }


def write_folds(project, *folds: dict) -> None:
    folder = project / "accuracy" / "results" / "folds"
    folder.mkdir()
    for each in folds:
        (folder / f"unet-fold{each['fold']}.json").write_text(json.dumps(each))


def test_the_page_says_what_the_results_say(project, capsys):
    write_folds(project, fold(0, 0.80), fold(1, 0.82))
    assert report(project) == 0
    page = (project / "accuracy" / "README.md").read_text()
    results = project / "accuracy" / "results"
    figures = json.loads((results / "evaluate" / "2.json").read_text())["sources"][
        "deepcrack-256/test"
    ]
    assert f"| deepcrack-256 / test | 3 | {figures['f1']:.3f} |" in page
    assert f"| deepcrack-256 test, micro F1 | 0.85 at least | {figures['f1']:.3f}, met |" in page
    assert "| samir-concrete256 test, micro F1 | 0.90 at least | not measured |" in page
    assert "0.8100 ± 0.0141" in page  # of the two folds
    assert "unet 2 (2 of the paper's 50 epochs), deeplabv3plus 0, fcn8s 0" in page
    assert "0.8351" in page  # the paper's own
    assert "1 runs on `test` or `external`" in page
    drawn = capsys.readouterr().out
    for picture in ("calibration.png", "folds.png"):
        assert (project / "accuracy" / picture).stat().st_size > 1000
        assert picture in drawn


def test_a_variant_that_is_not_shipped_is_shown_apart(project, index, tmp_path):
    variant = write_model(tmp_path / "models", contract(weights_sha256="b" * 64, threshold=0.5))
    result = project / "accuracy" / "results" / "variants" / "unet-with-deepcrack.json"
    scored = ["--split", "test", "--log", tmp_path / "log.jsonl", "--output", result]
    arguments = [variant, "--data", index, "--device", "cpu", *scored]
    assert main(["evaluate", *map(str, arguments)]) == 0
    assert report(project) == 0
    page = (project / "accuracy" / "README.md").read_text()
    figures = json.loads(result.read_text())["sources"]["deepcrack-256/test"]
    line = f"| unet-with-deepcrack, deepcrack-256 / test | 0.5 | 3 | {figures['f1']:.3f} |"
    assert line in page
    assert "| 0.89, met |" in page
    assert f"| unet-with-deepcrack | `{'b' * 12}` |" in page  # under Commands
    shipped = json.loads(result.read_text()) | {"model": {"weights_sha256": "a" * 64}}
    (result.parent / "unet.json").write_text(json.dumps(shipped))
    assert report(project) == 2
    (result.parent / "unet.json").unlink()
    figures_lost = {
        key: value for key, value in json.loads(result.read_text()).items() if key != "sources"
    }
    result.write_text(json.dumps(figures_lost))
    assert report(project) == 2


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("/home/me/my data/u.onnx", "u.onnx"),
        ("--data=/home/me/index.csv", "--data=index.csv"),
        ("../data/index.csv", "index.csv"),
        (r"C:\Users\me\u.onnx", "u.onnx"),
        ("--split", "--split"),
        ("models/unet.onnx", "models/unet.onnx"),
    ],
)
def test_no_folder_of_whoever_ran_a_command_is_told(word, told):
    assert command_line(["evaluate", word]) == f"python -m training evaluate {told}"


def test_a_row_that_only_one_model_has_is_shown(project):
    """Two models side by side: the first found nothing of the thinnest cracks, so has no edge of them."""
    failures = project / "accuracy" / "results" / "failures"
    other = json.loads((failures / "darkness.json").read_text())
    write_model(project / "models", contract(name="zeta", weights_sha256="f" * 64))
    other["model"] |= {"name": "zeta", "weights_sha256": "f" * 64}
    other["threshold"] = 0.5
    edge = {"photos": "seen by zeta", "by": "all", "contour_px": 1.25, "area_error": 0.1}
    other["edges"].append(edge | {"width_from_px": None, "width_to_px": None})
    (failures / "zeta.json").write_text(json.dumps(other))
    assert report(project) == 0
    page = (project / "accuracy" / "README.md").read_text()
    line = next(line for line in page.splitlines() if "seen by zeta" in line)
    assert line.startswith("| seen by zeta, all |  | 1.25 / +10% /")


def test_check_fails_where_the_page_is_out_of_date(project, capsys):
    assert report(project, "--check") == 2
    assert "out of date" in capsys.readouterr().err
    assert report(project) == 0
    assert report(project, "--check") == 0
    write_folds(project, fold(0, 0.80))
    assert report(project, "--check") == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights_sha256": "b" * 64}, "other weights"),
        ({"threshold": 0.77}, "was made at the threshold"),
        ({"name": "another"}, "is not shipped"),
    ],
)
def test_a_result_of_another_file_is_refused(project, changes, message, capsys):
    file = next((project / "models").glob("*.onnx"))
    assert read_contract(file).threshold_from == "validation"
    update_contract(file, **changes)
    assert report(project) == 2
    assert message in capsys.readouterr().err


def test_a_place_scored_twice_is_refused(project, capsys):
    folder = project / "accuracy" / "results" / "evaluate"
    shutil.copy(folder / "2.json", folder / "3.json")
    assert report(project) == 2
    assert "was scored in two results" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recipe": {"seed": 1}}, "differ in recipe"),
        ({"data": {"rows_sha256": "0"}}, "differ in rows_sha256"),
        ({}, "a fold of unet twice"),
    ],
)
def test_folds_of_two_experiments_are_not_averaged(project, change, message, capsys):
    write_folds(project, fold(0, 0.80))
    other = project / "accuracy" / "results" / "folds" / "other.json"
    other.write_text(json.dumps(fold(0, 0.81) | change))
    assert report(project) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"), [("{", "is no JSON"), ("{}", "lacks command, commit")]
)
def test_a_file_that_is_no_result_is_named(project, text, message, capsys):
    (project / "accuracy" / "results" / "evaluate" / "broken.json").write_text(text)
    assert report(project) == 2
    error = capsys.readouterr().err
    assert "broken.json" in error
    assert message in error


def test_precisions_stand_beside_the_exact_figures(project, index):
    """An 8-bit file and float16, each on the rows that the float32 file was scored on."""
    exact = project / "models" / "darkness.onnx"
    said = read_contract(exact).model_copy(
        update={"precision": "int8", "made_from": "a" * 64, "weights_sha256": "b" * 64}
    )
    eight = write_model(project / "models", said, file="darkness.int8.onnx")
    evaluate = project / "accuracy" / "results" / "evaluate"
    common = ["--data", str(index), "--split", "test", "--device", "cpu"]
    log = ["--log", str(project / "accuracy" / "test-runs.jsonl")]
    for number, command in enumerate(([eight], [exact, "--float16"]), start=3):
        output = ["--output", evaluate / f"{number}.json"]
        assert main([str(w) for w in ("evaluate", *command, *common, *log, *output)]) == 0
    assert report(project) == 0
    page = (project / "accuracy" / "README.md").read_text()
    (eight_row,) = [line for line in page.splitlines() if line.startswith("| darkness in int8")]
    assert "deepcrack-256 test" in eight_row
    assert eight_row.count("+0.0000") == 2  # the stand-in is the same graph
    assert "| darkness in float16 (GPUs), deepcrack-256 test |" in page
    assert "## darkness-int8" in page
    card = (project / "models" / "README.md").read_text()
    assert "## darkness-int8 1.0.0" in card
    assert f"made from | the weights `{'a' * 64}`" in card
