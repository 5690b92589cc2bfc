"""A folder of model files, by name."""

import hashlib
import logging

import pytest
from conftest import contract, write_model

from app import registry
from app.errors import ContractError, NotReady, StartupError, UnknownModel
from app.registry import load


@pytest.fixture
def two_models(tmp_path):
    write_model(tmp_path, contract(name="unet", version="1.2.0"), file="a.onnx")
    write_model(tmp_path, contract(name="deeplab", version="3.0.0"), file="b.onnx")
    return tmp_path


def test_every_file_is_served_under_the_name_in_its_contract(two_models):
    models = load(two_models, "unet", "cpu")
    assert [(model.name, model.contract.version) for model in models] == [
        ("unet", "1.2.0"),
        ("deeplab", "3.0.0"),
    ]
    assert models.get("deeplab").name == "deeplab"
    assert models.get("deeplab").device == "cpu"


@pytest.mark.parametrize("name", [None, ""])
def test_without_a_name_the_default_answers(two_models, name):
    assert load(two_models, "deeplab", "cpu").get(name).name == "deeplab"


def test_hash_is_of_the_file(two_models):
    expected = hashlib.sha256((two_models / "a.onnx").read_bytes()).hexdigest()
    assert load(two_models, "unet", "cpu").get("unet").sha256 == expected


def test_an_unknown_model_is_answered_with_those_there_are(two_models):
    with pytest.raises(UnknownModel) as refused:
        load(two_models, "unet", "cpu").get("segformer")
    assert refused.value.detail == ("there is no model 'segformer'; this service has unet, deeplab")


def test_other_files_of_the_folder_are_left_alone(two_models):
    (two_models / "README.md").write_text("# Models")
    (two_models / "older").mkdir()
    write_model(two_models / "older", contract(name="old"))
    assert [model.name for model in load(two_models, "unet", "cpu")] == ["unet", "deeplab"]


@pytest.mark.parametrize("folder", ["empty", "missing"])
def test_no_files(tmp_path, folder):
    (tmp_path / "empty").mkdir()
    with pytest.raises(StartupError, match=r"holds no \.onnx file; set HAIRLINE_MODELS_DIR"):
        load(tmp_path / folder, "unet", "cpu")


def test_an_unknown_default(two_models):
    with pytest.raises(StartupError) as refused:
        load(two_models, "segformer", "cpu")
    assert "HAIRLINE_DEFAULT_MODEL is 'segformer'" in str(refused.value)
    assert "unet, deeplab" in str(refused.value)


def test_two_files_of_one_name(two_models):
    write_model(two_models, contract(name="unet"), file="c.onnx")
    with pytest.raises(ContractError, match=r"^c\.onnx calls itself 'unet', as another file"):
        load(two_models, "unet", "cpu")


def test_one_bad_file_stops_the_start(two_models):
    (two_models / "c.onnx").write_text("text")
    with pytest.raises(StartupError, match=r"^c\.onnx cannot be loaded"):
        load(two_models, "unet", "cpu")


def test_ready_once_every_model_has_run(two_models, caplog):
    models = load(two_models, "unet", "cpu")
    with pytest.raises(NotReady) as early:
        models.require_warm()
    assert early.value.retry_after_s == 5
    with caplog.at_level(logging.INFO, logger="app.registry"):
        models.warm_up()
    models.require_warm()
    assert "unet 1.2.0 is warm on cpu" in caplog.text
    assert "deeplab 3.0.0 is warm on cpu" in caplog.text


# --- the 8-bit sibling --------------------------------------------------------------------------


@pytest.fixture
def with_sibling(tmp_path, monkeypatch):
    """A model and its 8-bit sibling, on a processor that multiplies bytes."""
    monkeypatch.setattr(registry, "multiplies_bytes", lambda: True)
    write_model(tmp_path, contract(name="unet", weights_sha256="ab"), file="unet.onnx")
    said = contract(name="unet", precision="int8", made_from="ab", weights_sha256="cd")
    write_model(tmp_path, said, file="unet.int8.onnx")
    return tmp_path


def test_a_cpu_that_multiplies_bytes_takes_the_sibling(with_sibling):
    (model,) = load(with_sibling, "unet", "cpu")
    assert (model.name, model.contract.precision) == ("unet", "int8")
    expected = hashlib.sha256((with_sibling / "unet.int8.onnx").read_bytes()).hexdigest()
    assert model.sha256 == expected


def test_another_cpu_stays_with_the_file(with_sibling, monkeypatch):
    monkeypatch.setattr(registry, "multiplies_bytes", lambda: False)
    (model,) = load(with_sibling, "unet", "cpu")
    assert model.contract.precision == "float32"


def test_a_gpu_stays_with_the_file(with_sibling, monkeypatch):
    monkeypatch.setattr(registry.Model, "device", "cuda")
    (model,) = load(with_sibling, "unet", "cpu")
    assert model.contract.precision == "float32"


@pytest.mark.parametrize(
    "change", [{"weights_sha256": "ef"}, {"threshold": 0.4}, {"name": "other"}], ids=str
)
def test_a_sibling_of_what_the_file_was_before_stops_the_start(with_sibling, change):
    said = contract(**({"name": "unet", "weights_sha256": "ab"} | change))
    write_model(with_sibling, said, file="unet.onnx")
    with pytest.raises(ContractError, match=r"^unet\.int8\.onnx was not made from unet\.onnx as"):
        load(with_sibling, "unet", "cpu")


def test_figures_of_their_own_do_not_part_siblings(with_sibling):
    said = contract(name="unet", weights_sha256="ab", metrics={"walls/test/f1": 0.8})
    write_model(with_sibling, said, file="unet.onnx")
    (model,) = load(with_sibling, "unet", "cpu")
    assert model.precision == "int8"


def test_a_sibling_left_alone_is_served_as_it_is(with_sibling):
    (with_sibling / "unet.onnx").unlink()
    (model,) = load(with_sibling, "unet", "cpu")
    assert model.contract.precision == "int8"


def test_an_8_bit_file_left_alone_on_a_cpu_without_products_of_bytes(
    with_sibling, monkeypatch, caplog
):
    monkeypatch.setattr(registry, "multiplies_bytes", lambda: False)
    (with_sibling / "unet.onnx").unlink()
    load(with_sibling, "unet", "cpu")
    assert "unet.int8.onnx is slow and less exact here" in caplog.text


@pytest.mark.usefixtures("with_openvino")
@pytest.mark.parametrize(
    ("left", "multiplies", "served"),
    [
        (["unet.onnx"], True, "float32"),
        (["unet.onnx", "unet.int8.onnx"], True, "int8"),
        (["unet.onnx", "unet.int8.onnx"], False, "float32"),
        (["unet.int8.onnx"], True, "int8"),
    ],
)
def test_what_is_served_on_a_cpu_runs_by_openvino(
    with_sibling, monkeypatch, left, multiplies, served
):
    monkeypatch.setattr(registry, "multiplies_bytes", lambda: multiplies)
    for file in with_sibling.glob("*.onnx"):
        if file.name not in left:
            file.unlink()
    (model,) = load(with_sibling, "unet", "cpu")
    assert model.contract.precision == served
    assert model.engine.runs_by_openvino


@pytest.mark.parametrize(("file", "asked"), [("a.onnx", ("cuda",)), ("a.int8.onnx", ())])
def test_a_gpu_is_asked_for_float16_where_the_file_is_float32(tmp_path, monkeypatch, file, asked):
    given = []
    real = registry.Engine

    def engine(file, preference, runner, float16_on, with_openvino):
        given.append(tuple(float16_on))
        return real(file, preference, runner, float16_on, with_openvino)

    monkeypatch.setattr(registry, "Engine", engine)
    made = {"precision": "int8", "made_from": "ab"} if "int8" in file else {}
    write_model(tmp_path, contract(name="unet", **made), file=file)
    load(tmp_path, "unet", "cpu")
    assert given == [asked]
