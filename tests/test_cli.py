"""The command line: what it says, what it writes, how it ends."""

import csv
import json
import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import CRACK_PIXELS, GOOD_PHOTO, contract, crack_photo, decode, encode, write_model

from app import log
from app.cli import main
from app.settings import Settings, flag, variable


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


@pytest.fixture
def run(
    models_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run a command in this process: exit status, standard output, standard error."""
    monkeypatch.setenv("HAIRLINE_MODELS_DIR", str(models_dir))
    monkeypatch.setenv("HAIRLINE_DEFAULT_MODEL", "darkness")
    monkeypatch.setenv("HAIRLINE_DEVICE", "cpu")
    # In this process it would write to a standard error that ends with the test.
    monkeypatch.setattr(log, "set_up_logging", lambda *_: None)

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as end:  # argparse
            status = int(end.code or 0)
        return status, *capsys.readouterr()

    return run


def one_sentence(error: str, *words: str) -> None:
    (line,) = error.strip().splitlines()
    assert line.startswith("hairline: ")
    for word in words:
        assert word in line


def test_help_names_every_setting_with_its_variable_and_default(run) -> None:
    status, text, _ = run("serve", "--help")
    assert status == 0
    unwrapped = " ".join(text.split())
    for name, field in Settings.model_fields.items():
        default = "none" if field.default is None else field.default or '""'
        assert f"{flag(name)} {name.upper()}" in unwrapped
        assert f"[{variable(name)}; default {default}]" in unwrapped.replace("- ", "-")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["serve", "--port", "http"], ["--port or HAIRLINE_PORT", "'http'"]),
        (["serve", "--max-pixels", "0"], ["--max-pixels or HAIRLINE_MAX_PIXELS", "'0'"]),
        (["serve", "--device", "gpu"], ["--device or HAIRLINE_DEVICE", "'cuda'"]),
        (["serve", "--default-model", "paper"], ["'paper'", "darkness"]),
        (["serve", "--models-dir", "nowhere"], ["nowhere", "HAIRLINE_MODELS_DIR"]),
        (["serve", "--api-keys-file", "nowhere"], ["nowhere", "HAIRLINE_API_KEYS_FILE"]),
        (["models", "--default-model", "paper"], ["'paper'", "darkness"]),
        (
            ["segment", "a.jpg", "-o", "out", "--threshold", "2"],
            ["--threshold: ", "less than 1", "2.0"],
        ),
        (["segment", "a.jpg", "-o", "out", "--min-area-px", "-1"], ["--min-area-px: "]),
        (["segment", "a.jpg", "-o", "out", "--resolution-scale", "7"], ["--resolution-scale: "]),
        (
            ["segment", "a.jpg", "-o", "out", "--resolution-scale", "0.5", "--mode", "resize"],
            ["resolution_scale belongs to mode=tile"],
        ),
        (["segment", "a.jpg", "-o", "out", "--model", "paper"], ["'paper'", "darkness"]),
        (["segment", "nowhere.jpg", "-o", "out"], ["nowhere.jpg does not exist"]),
    ],
)
def test_what_cannot_work_is_said_in_one_sentence(
    run, arguments: list[str], words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, error = run(*arguments, *(["--port", "0"] if arguments == ["serve"] else []))
    assert status == 2
    one_sentence(error, *words)
    assert "HAIRLINE_THRESHOLD" not in error
    assert not (tmp_path / "out").exists()


def test_a_bad_environment_variable(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAIRLINE_PORT", "http")
    status, _, error = run("serve")
    assert status == 2
    one_sentence(error, "--port or HAIRLINE_PORT")


def test_a_bad_key_file(run, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("me:password\n")
    status, _, error = run("serve", "--port", 0, "--api-keys-file", tmp_path / "keys")
    assert status == 2
    one_sentence(error, "line 1", "name:sha256")
    assert "password" not in error


def test_a_port_that_is_taken(run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, _, error = run("serve", "--port", port)
    assert status == 2
    one_sentence(error, str(port), "in use", "HAIRLINE_PORT")


def test_models(hairline) -> None:
    done = hairline("models")
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0)
    (model,) = json.loads(done.stdout)
    assert (model["name"], model["default"], model["device"]) == ("darkness", True, "cpu")


def test_a_folder_with_a_broken_photo_among_good_ones(
    hairline, photos: Path, tmp_path: Path
) -> None:
    (photos / "a.png").write_bytes(GOOD_PHOTO)
    (photos / "b.jpg").write_bytes(encode(crack_photo(), "JPEG")[:900])
    (photos / "c.PNG").write_bytes(encode(np.full((70, 80, 3), 200, np.uint8)))
    (photos / "notes.txt").write_text("no photo")
    out = tmp_path / "made" / "out"
    done = hairline("segment", photos, "-o", out, "--mm-per-px", 0.5)
    assert done.returncode == 1
    assert "b.jpg: the photo is truncated" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name for path in out.iterdir()} == {
        "a.json", "a.mask.png", "a.overlay.jpg", "c.json", "c.mask.png", "c.overlay.jpg", "summary.csv",
    }  # fmt: skip
    np.testing.assert_array_equal(
        decode((out / "a.mask.png").read_bytes()) > 0, (crack_photo() < 128).all(axis=2)
    )
    assert decode((out / "a.overlay.jpg").read_bytes()).shape == (120, 160, 3)
    answer = json.loads((out / "a.json").read_text())
    assert answer["statistics"]["crack_pixels"] == CRACK_PIXELS
    assert answer["scale"]["mm_per_px"] == 0.5
    assert answer["mask"] is None

    with (out / "summary.csv").open(newline="") as file:
        good, broken, clean = csv.DictReader(file)
    assert (good["photo"], good["crack_pixels"], good["error"]) == (
        str(photos / "a.png"),
        "400",
        "",
    )
    assert float(good["total_length_mm"]) == pytest.approx(
        float(good["total_length_px"]) / 2, abs=0.01
    )
    assert broken["error"].startswith("the photo is truncated")
    assert broken["crack_pixels"] == ""
    assert (clean["crack_count"], clean["error"]) == ("0", "")


def test_photos_of_one_name_do_not_overwrite_each_other(run, photos: Path, tmp_path: Path) -> None:
    for name in ("a.png", "a.bmp", "A.PNG"):
        (photos / name).write_bytes(GOOD_PHOTO)
    status, _, _ = run("segment", photos, photos / "a.png", "-o", tmp_path / "out")
    assert status == 0
    answers = sorted(path.name.lower() for path in (tmp_path / "out").glob("*.json"))
    assert answers == ["a-2.json", "a-3.json", "a.json"]


def test_a_folder_without_photos(run, photos: Path, tmp_path: Path) -> None:
    status, _, error = run("segment", photos, "-o", tmp_path / "out")
    assert status == 2
    one_sentence(error, "no photo was found", ".jpg")


def test_an_output_that_cannot_be_written(run, photos: Path, tmp_path: Path) -> None:
    (photos / "a.png").write_bytes(GOOD_PHOTO)
    (tmp_path / "out").write_text("a file")
    status, _, error = run("segment", photos, "-o", tmp_path / "out")
    assert status == 2
    one_sentence(error, "out", "another folder")


def test_parameters_reach_the_pipeline(run, photos: Path, tmp_path: Path) -> None:
    (photos / "a.png").write_bytes(encode(np.full((64, 64, 3), 102, np.uint8)))  # probability 0.6
    for threshold, ratio in ((0.59, 1), (0.61, 0)):
        status, _, _ = run("segment", photos, "-o", tmp_path / "out", "--threshold", threshold)
        assert status == 0
        answer = json.loads((tmp_path / "out" / "a.json").read_text())
        assert answer["statistics"]["crack_ratio"] == ratio
        assert answer["model"]["threshold"] == threshold


def test_another_model(run, photos: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_model(tmp_path / "models", contract(name=name))
    (photos / "a.png").write_bytes(GOOD_PHOTO)
    status, _, _ = run(
        "segment", photos, "-o", tmp_path / "out", "--models-dir", tmp_path / "models",
        "--default-model", "one", "--model", "two",
    )  # fmt: skip
    assert status == 0
    assert json.loads((tmp_path / "out" / "a.json").read_text())["model"]["name"] == "two"
