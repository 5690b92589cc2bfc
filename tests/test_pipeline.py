"""From a photo to its cracks, on a model whose every answer is known: probability = 1 - mean(R, G, B) / 255."""

import json
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import TILE, contract, crack_photo, write_model
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.pipeline import Options, predict, segment
from app.registry import Model, load
from app.telemetry import Stopwatch


@pytest.fixture(scope="module")
def model(models_dir: Path) -> Model:
    return load(models_dir, "darkness", "cpu").get(None)


def random_photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def darkness(photo: np.ndarray) -> np.ndarray:
    return (1 - photo.astype(np.float64).mean(axis=-1) / 255).astype(np.float32)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(height=st.integers(1, 300), width=st.integers(1, 300), seed=st.integers(0, 99))
def test_tiles_say_of_every_pixel_what_the_model_says(model, height, width, seed):
    photo = random_photo(height, width, seed)
    probability = predict(photo, model, Options(), Stopwatch())
    assert probability.dtype == np.float32
    assert probability.shape == (height, width)
    np.testing.assert_allclose(probability, darkness(photo), atol=1e-6)
    assert probability.min() >= 0
    assert probability.max() <= 1


def test_where_the_grid_lies_changes_nothing(model):
    photo = random_photo(231, 317)
    half = TILE // 2
    whole = predict(photo, model, Options(), Stopwatch())
    moved = predict(photo[half:, half:], model, Options(), Stopwatch())
    np.testing.assert_allclose(moved, whole[half:, half:], atol=1e-6)


def test_a_photo_that_is_no_block_of_memory(model):
    photo = random_photo(150, 170)[::-1, 10:-7]
    np.testing.assert_allclose(
        predict(photo, model, Options(), Stopwatch()), darkness(photo), atol=1e-6
    )


def test_resize_mode_at_the_size_of_a_tile_is_exact(model):
    photo = random_photo(TILE, TILE)
    probability = predict(photo, model, Options(mode="resize"), Stopwatch())
    np.testing.assert_allclose(probability, darkness(photo), atol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(200, 333), (20, 31), (64, 200), (1, 1)])
def test_resize_mode_looks_once_at_the_whole_photo(model, height, width):
    photo = random_photo(height, width)
    seen = cv2.resize(photo, (TILE, TILE), interpolation=cv2.INTER_LINEAR)
    expected = cv2.resize(darkness(seen), (width, height), interpolation=cv2.INTER_LINEAR)
    batches: list[None] = []
    probability = predict(
        photo, model, Options(mode="resize"), Stopwatch(), lambda: batches.append(None)
    )
    np.testing.assert_allclose(probability, expected.reshape(height, width), atol=1e-6)
    assert len(batches) == 1


@pytest.mark.parametrize(("height", "width"), [(200, 301), (64, 64), (3, 500), (1, 1)])
def test_resolution_scale_answers_at_the_size_of_the_photo(model, height, width):
    photo = np.full((height, width, 3), 51, np.uint8)
    probability = predict(photo, model, Options(resolution_scale=0.5), Stopwatch())
    assert probability.shape == (height, width)
    np.testing.assert_allclose(probability, 0.8, atol=1e-6)


def test_resolution_scale_looks_at_averages(model):
    """Single dark and light pixels by turns are all grey at half the resolution."""
    photo = np.zeros((200, 200, 3), np.uint8)
    photo[(np.add.outer(np.arange(200), np.arange(200)) % 2).astype(bool)] = 254
    probability = predict(photo, model, Options(resolution_scale=0.5), Stopwatch())
    np.testing.assert_allclose(probability, 1 - 127 / 255, atol=1e-3)


def test_finds_the_crack_it_is_shown(model):
    found = segment(crack_photo(), model, Options(), Stopwatch())
    assert found.threshold == 0.5
    assert found.mask.dtype == np.bool_
    expected = np.zeros((120, 160), bool)
    expected[50:54, 30:130] = True
    np.testing.assert_array_equal(found.mask, expected)
    (crack,) = found.measurement.cracks
    assert crack.area_px == 400


def test_a_clean_wall_has_no_cracks(model):
    found = segment(np.full((100, 130, 3), 200, np.uint8), model, Options(), Stopwatch())
    assert not found.mask.any()
    assert found.measurement.cracks == ()


def test_threshold_is_the_models_own_unless_one_is_given(tmp_path):
    write_model(tmp_path, contract(threshold=0.75))
    model = load(tmp_path, "darkness", "cpu").get(None)
    photo = np.full((80, 80, 3), 255, np.uint8)
    photo[20:60, 30:34] = 102  # probability 0.6
    photo[20:60, 50:54] = 0
    own = segment(photo, model, Options(), Stopwatch())
    given = segment(photo, model, Options(threshold=0.5), Stopwatch())
    assert (own.threshold, len(own.measurement.cracks)) == (0.75, 1)
    assert (given.threshold, len(given.measurement.cracks)) == (0.5, 2)
    np.testing.assert_array_equal(own.probability, given.probability)


def test_specks_below_the_least_area_are_not_reported(model):
    photo = crack_photo()
    photo[100:102, 10:12] = 0
    counts = [
        len(segment(photo, model, Options(min_area_px=area), Stopwatch()).measurement.cracks)
        for area in (0, 5, 401)
    ]
    assert counts == [2, 1, 0]


def test_check_stops_a_photo_midway(model, monkeypatch):
    class TimeUpError(Exception):
        pass

    runs = []
    real = model.engine.run
    monkeypatch.setattr(
        model.engine,
        "run",
        lambda tiles, stop: runs.append(None) or time.sleep(0.02) or real(tiles, stop),
    )

    def check() -> None:
        if len(runs) >= 3:
            raise TimeUpError

    with pytest.raises(TimeUpError):
        segment(random_photo(300, 300), model, Options(), Stopwatch(), check)
    model.engine.predict(random_photo(TILE, TILE)[None])
    assert len(runs) < 18  # of 36 tiles


def test_time_is_told_by_stage(model):
    watch = Stopwatch()
    segment(random_photo(200, 200), model, Options(threshold=0.99), watch)
    seconds = watch.seconds()
    assert all(seconds[stage] > 0 for stage in ("inference", "stitch", "measure"))
    assert seconds["decode"] == seconds["encode"] == 0
    stages = sum(value for name, value in seconds.items() if name != "total")
    assert stages <= seconds["total"]


LARGE_PHOTO = """
import json, sys
from pathlib import Path

import cv2
import numpy as np

from app.pipeline import Options, segment
from app.registry import load
from app.telemetry import Stopwatch

photo = np.full((4000, 6000, 3), 200, np.uint8)
for offset in range(0, 2400, 800):
    line = np.array([[100, 200 + offset], [2500, 500 + offset], [5900, 300 + offset]], np.int32)
    cv2.polylines(photo, [line], False, (5, 5, 5), 7)
model = load(Path(sys.argv[1]), "darkness", "cpu").get(None)
found = segment(photo, model, Options(), Stopwatch())
status = Path("/proc/self/status").read_text()
peak_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
print(json.dumps({"peak_mb": peak_kb / 1000, "cracks": len(found.measurement.cracks)}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of its memory from /proc")
def test_a_photo_of_24_megapixels_stays_below_3_gigabytes(tmp_path):
    # Not ru_maxrss: on Linux a process inherits that peak from the one that started it.
    write_model(tmp_path, contract(tile_size=256, overlap=64))
    done = subprocess.run(
        [sys.executable, "-c", LARGE_PHOTO, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["cracks"] == 3
    assert found["peak_mb"] < 3000
