"""Widths of a model that reads too wide: learned from drawn cracks, kept in its file, used wherever it is measured."""

import numpy as np
import pytest
from conftest import Start, assert_problem, contract, crack_photo, encode, write_model
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.measurement import Calibration, measure
from app.pipeline import Options, segment
from app.plane import Plane
from app.registry import Model, load_model
from app.telemetry import Stopwatch
from training.__main__ import main
from training.calibrate import calibrated
from training.evaluation.command import recorded
from training.onnx_file import read_contract

# Reads 2 px of 1 px, 5 of 4, and from there on a pixel too wide.
PAIRS = ((2.0, 1.0), (5.0, 4.0))


@pytest.mark.parametrize(
    ("read", "true"), [(0, 0), (1, 0.5), (2, 1), (3, 2), (5, 4), (5.5, 4.5), (40, 39)]
)
def test_widths_between_below_and_above_the_pairs(read, true):
    calibration = Calibration.of(PAIRS)
    assert calibration.true(np.array([float(read)])) == pytest.approx([true])


@given(st.lists(st.floats(0, 60), min_size=2, max_size=20))
def test_what_reads_wider_is_wider(widths):
    ordered = np.sort(widths)
    assert (np.diff(Calibration.of(PAIRS).true(ordered)) >= -1e-9).all()


def test_without_pairs_there_is_no_calibration():
    assert Calibration.of(()) is None


def test_pairs_are_in_pixels_of_the_network():
    """Seen at half the resolution, a pixel of the network is two of the photo."""
    assert Calibration.of(PAIRS, 2.0).true(np.array([4.0, 20.0])) == pytest.approx([2.0, 18.0])


@pytest.mark.parametrize(
    "pairs", [((0.0, 1.0),), ((2.0, 1.0), (2.0, 2.0)), ((2.0, 1.0), (3.0, 0.5)), ((1.0, -1.0),)]
)
def test_a_contract_refuses_pairs_that_do_not_rise(pairs):
    with pytest.raises(ValidationError, match="must rise from above 0"):
        contract(width_calibration=pairs)


def test_every_width_of_a_crack_is_calibrated_and_nothing_else():
    bar = np.zeros((60, 120), np.float32)
    bar[25:31, 10:110] = 1  # 6 px
    plane = Plane.facing(0.5)
    read = measure(bar, 0.5, plane=plane).cracks[0]
    crack = measure(bar, 0.5, plane=plane, calibration=Calibration.of(PAIRS)).cracks[0]
    for name in ("mean", "median", "p95", "max"):
        assert getattr(crack.width_px, name) == pytest.approx(getattr(read.width_px, name) - 1)
        assert getattr(crack.in_mm.width, name) == pytest.approx(
            getattr(read.in_mm.width, name) - 0.5
        )
    np.testing.assert_allclose(crack.centerline_widths_px[0], read.centerline_widths_px[0] - 1)
    assert (crack.length_px, crack.area_px) == (read.length_px, read.area_px)


@pytest.fixture
def wide(tmp_path) -> Model:
    return load_model(write_model(tmp_path, contract(width_calibration=PAIRS)), "cpu")


@pytest.fixture
def plain(tmp_path) -> Model:
    return load_model(write_model(tmp_path / "plain"), "cpu")


@pytest.mark.parametrize(
    ("options", "narrower_px"),
    [(Options(), 1), (Options(resolution_scale=0.5), 2), (Options(mode="resize"), 0)],
)
def test_a_photo_is_measured_by_its_models_calibration(wide, plain, options, narrower_px):
    photo = np.full((200, 200, 3), 200, np.uint8)
    photo[90:110, 20:180] = 10
    one, other = (
        segment(photo, model, options, Stopwatch()).measurement for model in (plain, wide)
    )
    assert one.max_width_px - other.max_width_px == pytest.approx(narrower_px, abs=0.01)


def test_a_map_is_measured_by_the_model_that_it_is_of(start: Start, tmp_path) -> None:
    write_model(tmp_path, contract(width_calibration=PAIRS))
    service = start(models_dir=tmp_path)
    (described,) = service.get("/v1/models").json()["models"]
    assert described["width_calibrated"] is True
    mask = encode(255 - crack_photo()[..., 0])  # what the model makes of the good photo
    as_read = service.post("/v1/measure", mask).json()["statistics"]
    of_model = service.post("/v1/measure?model=darkness", mask).json()["statistics"]
    assert as_read["mean_width_px"] - of_model["mean_width_px"] == pytest.approx(1, abs=0.05)
    assert_problem(service.post("/v1/measure?model=other", mask), 404, "unknown-model", "darkness")
    assert_problem(service.post("/v1/measure?model=", mask), 422, "invalid-parameter", "model")


# --- learning it --------------------------------------------------------------------------------


def test_what_is_read_a_pixel_too_wide_is_learned():
    rng = np.random.default_rng(0)
    true = rng.uniform(0.6, 15, 20_000)
    pairs = calibrated(true + 1 + rng.normal(0, 0.2, true.size), true)
    calibration = Calibration.of(pairs)
    widths = np.array([2.0, 4.0, 7.0, 12.0])
    assert calibration.true(widths) == pytest.approx(widths - 1, abs=0.15)


def test_it_is_not_drawn_to_the_width_that_is_drawn_most():
    """Nine of ten cracks are hairlines, some read as wide as a crack of 4 px: that one still comes out at 4."""
    rng = np.random.default_rng(0)
    true = np.where(rng.random(30_000) < 0.9, 0.8, 4.5)
    read = true + 1 + rng.exponential(1.0, true.size) * (true < 1)
    found = Calibration.of(calibrated(read, true)).true(np.array([5.5]))
    assert found == pytest.approx([4.5], abs=0.05)


def test_classes_that_fall_are_put_together():
    true = np.repeat([0.6, 0.8, 0.9, 1.1], 100)
    read = np.repeat([2.0, 1.9, 1.95, 2.4], 100)
    pairs = calibrated(read, true)
    assert pairs == ((1.95, 0.767), (2.4, 1.1))
    contract(width_calibration=pairs)


def test_too_few_points_teach_nothing():
    assert calibrated(np.full(9, 2.0), np.full(9, 1.0)) == ()


def test_it_is_written_into_the_file(tmp_path, capsys):
    file = write_model(tmp_path, contract(threshold=0.6, threshold_from="validation"))
    assert main(["calibrate", str(file), "--photos", "3"]) == 0
    pairs = read_contract(file).width_calibration
    assert len(pairs) >= 2
    assert f"reads {pairs[0][0]:.2f} px, is {pairs[0][1]:.2f} px" in capsys.readouterr().out


def test_another_threshold_wants_another_calibration():
    said = contract(width_calibration=PAIRS)
    assert recorded({"threshold": 0.4}, said, is_choice=True)["width_calibration"] == ()


def test_the_8_bit_sibling_is_calibrated_with_its_file(tmp_path):
    own = {"threshold": 0.6, "threshold_from": "validation"}
    file = write_model(tmp_path, contract(**own, weights_sha256="ab"), file="unet.onnx")
    said = contract(**own, precision="int8", made_from="ab", weights_sha256="cd")
    sibling = write_model(tmp_path, said, file="unet.int8.onnx")
    assert main(["calibrate", str(file), "--photos", "3"]) == 0
    pairs = read_contract(file).width_calibration
    assert len(pairs) >= 2
    assert read_contract(sibling).width_calibration == pairs


@pytest.mark.parametrize(
    ("said", "photos", "words"),
    [
        ({}, "0", "it must be 1 at least"),
        ({}, "1", "has no threshold of its own yet"),
        ({"threshold_from": "validation", "threshold": 0.999}, "1", "too few of the drawn cracks"),
        ({"precision": "int8", "made_from": "ab"}, "1", "was made from another file"),
    ],
)
def test_what_cannot_be_calibrated(tmp_path, capsys, said, photos, words):
    file = write_model(tmp_path, contract(**said))
    before = file.read_bytes()
    assert main(["calibrate", str(file), "--photos", photos]) == 2
    assert words in capsys.readouterr().err
    assert file.read_bytes() == before
