"""The file that is shipped: small enough, honest about itself, and a network that was trained."""

from pathlib import Path

import numpy as np
import pytest

from app.contract import is_sibling
from app.image import decode_map, encode_map, identify
from app.measurement import measure
from app.pipeline import Options, predict
from app.registry import Model, load_model
from app.settings import Settings
from app.telemetry import Stopwatch
from training.config import NON_COMMERCIAL_SOURCES
from training.evaluation.scoring import Counts, count
from training.onnx_file import read_contract
from training.report.card import model_card
from training.synthetic import SceneRecipe, draw_scene

FIRST_UNSEEN_SEED = 2**31  # training draws from seeds below
MODELS = Settings().models_dir
LARGEST_MB = {"unet": 70, "deeplabv3plus": 90}
PARAMETERS = {"unet": 31_031_745, "deeplabv3plus": 41_253_073}


@pytest.fixture(scope="module", params=sorted(MODELS.glob("*.onnx")), ids=lambda file: file.stem)
def file(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture(scope="module")
def model(file: Path) -> Model:
    return load_model(file, "cpu")


def test_the_default_model_is_shipped():
    assert (MODELS / f"{Settings().default_model}.onnx").is_file()


def test_size_and_contract(file, model):
    said = model.contract
    assert file.stat().st_size < 1e6 * LARGEST_MB[said.architecture]
    assert said.parameters == PARAMETERS[said.architecture]
    assert said.threshold_from == "validation"
    assert not set(said.trained_on) & set(NON_COMMERCIAL_SOURCES)


@pytest.mark.parametrize("sibling", sorted(MODELS.glob("*.int8.onnx")), ids=lambda file: file.stem)
def test_an_8_bit_file_was_made_from_the_file_beside_it(sibling):
    original = sibling.with_name(sibling.name.replace(".int8", ""))
    assert is_sibling(read_contract(sibling), read_contract(original))


def test_the_card_is_that_of_the_files():
    assert (MODELS / "README.md").read_text(encoding="utf-8") == model_card(MODELS)


def test_it_finds_drawn_cracks_and_leaves_drawn_walls_alone(model):
    """Six clear cracks and four bare walls with voids and joints; a network that was not trained finds neither."""
    recipe = {"height": 256, "width": 256, "lookalike_probability": 0.1}
    cracked = [SceneRecipe(**recipe, crack_width_px=(3, 8), contrast=(0.6, 0.9)) for _ in range(6)]
    bare = [SceneRecipe(**recipe, crack_count=(0, 0)) for _ in range(4)]
    found, false = Counts(), Counts()
    for seed, scene in enumerate([*cracked, *bare], start=1000):
        drawn = draw_scene(scene, seed)
        mask = predict(drawn.photo, model, Options(), Stopwatch()) >= model.contract.threshold
        if scene.crack_count == (0, 0):
            false += count(mask, drawn.mask)
        else:
            found += count(mask, drawn.mask)
    assert found.f1_within_2px() > 0.7
    assert false.fp / false.pixels < 0.01


def test_no_seam_shows(model):
    """Drawn photo; the grid moved by half a tile. Over the pixels that either run calls crack, on average."""
    photo = draw_scene(SceneRecipe(400, 400, crack_width_px=(2, 6), contrast=(0.5, 0.9)), 7).photo
    half = model.contract.tile_size // 2
    moved = np.pad(photo, ((half, 0), (half, 0), (0, 0)), mode="reflect")
    here = predict(photo, model, Options(), Stopwatch())
    there = predict(moved, model, Options(), Stopwatch())[half:, half:]
    called = (here >= model.contract.threshold) | (there >= model.contract.threshold)
    assert called.any()
    assert np.abs(here - there)[called].mean() < 0.02


def test_a_map_of_8_bits_measures_as_the_probabilities_do(model):
    """What the web page sends back, and what `/v1/measure` reads (docs/decisions/0013)."""
    photo = draw_scene(SceneRecipe(256, 256, crack_width_px=(2.0, 8.0)), FIRST_UNSEEN_SEED).photo
    exact = predict(photo, model, Options(), Stopwatch())
    rounded = decode_map(identify(encode_map(exact), exact.size))
    threshold = model.contract.threshold
    one, other = (measure(each, threshold) for each in (exact, rounded))
    assert one.total_length_px > 50
    assert other.total_length_px == pytest.approx(one.total_length_px, rel=1e-3)
    assert other.mean_width_px == pytest.approx(one.mean_width_px, abs=0.01)
