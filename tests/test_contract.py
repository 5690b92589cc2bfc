"""What a model file says of itself, and how a wrong word is refused."""

import json

import pytest
from conftest import contract
from pydantic import ValidationError

from app.contract import METADATA_KEY, check_graph, read, write
from app.errors import ContractError, StartupError

FILE = "unet.onnx"


def metadata(**changes: object) -> dict[str, str]:
    """A contract's entry with some values replaced as JSON, so that wrong ones fit in."""
    return {METADATA_KEY: json.dumps(json.loads(write(contract())[METADATA_KEY]) | changes)}


def refusal(entry: dict[str, str]) -> str:
    with pytest.raises(ContractError) as refused:
        read(entry, FILE)
    assert str(refused.value).startswith(FILE)
    return str(refused.value)


def test_what_is_written_is_read():
    said = contract(
        version="2.1.0", metrics={"f1": 0.81}, trained_on=("a", "b"), weights_sha256="0" * 64
    )
    assert read(write(said), FILE) == said


def test_other_metadata_does_not_disturb():
    assert read({"author": "someone"} | write(contract()), FILE) == contract()


def test_stops_the_start():
    assert issubclass(ContractError, StartupError)


def test_missing():
    assert refusal({"author": "someone"}) == (
        "unet.onnx has no contract (metadata key 'hairline'); "
        "export it with `python -m training export`"
    )


@pytest.mark.parametrize("text", ["", "not json", "{", "[]", "null"])
def test_no_contract_at_all(text):
    reason = refusal({METADATA_KEY: text})
    assert "wrong contract" in reason
    assert "export it again" in reason


def test_a_newer_schema_is_named_before_what_it_added():
    reason = refusal(metadata(schema_version=2, channels=["crack", "spalling"]))
    assert reason == (
        "unet.onnx is of schema version 2, this service reads 1; "
        "update the service or export it again"
    )


WRONG = [
    ("name", ""),
    ("name", "Big Model"),
    ("name", "../unet"),
    ("version", 1),
    ("architecture", None),
    ("precision", "int4"),
    ("parameters", 0),
    ("parameters", "many"),
    ("tile_size", 0),
    ("tile_size", 25.5),
    ("overlap", -1),
    ("threshold", 0),
    ("threshold", 1),
    ("threshold", "half"),
    ("trained_on", "everything"),
    ("metrics", {"f1": "good"}),
    ("license", None),
    ("commit", 7),
    ("weights_sha256", 7),
    ("colour", "red"),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_wrong_field_is_named(field, value):
    reason = refusal(metadata(**{field: value}))
    assert f"contract whose {field}" in reason
    assert "export it again" in reason


@pytest.mark.parametrize(
    "field",
    [
        "name",
        "version",
        "architecture",
        "parameters",
        "tile_size",
        "overlap",
        "threshold",
        "trained_on",
        "license",
        "commit",
    ],
)
def test_a_missing_field_is_named(field):
    values = json.loads(write(contract())[METADATA_KEY])
    del values[field]
    assert f"contract whose {field}" in refusal({METADATA_KEY: json.dumps(values)})


@pytest.mark.parametrize(
    ("precision", "made_from"), [("int8", ""), ("float32", "ab")], ids=["of nothing", "of itself"]
)
def test_int8_files_and_no_others_name_what_they_were_made_from(precision, made_from):
    with pytest.raises(ValidationError, match="made_from belongs to int8 files"):
        contract(precision=precision, made_from=made_from)


@pytest.mark.parametrize(
    ("changes", "label"),
    [({}, "darkness"), ({"precision": "int8", "made_from": "ab"}, "darkness-int8")],
)
def test_the_label_tells_files_of_one_model_apart(changes, label):
    assert contract(**changes).label == label


def test_an_overlap_of_a_whole_tile_leaves_no_step():
    with pytest.raises(ValidationError, match="overlap must be smaller than tile_size"):
        contract(overlap=64)
    assert "overlap must be smaller than tile_size" in refusal(metadata(overlap=64))


IMAGE = {"image": ("tensor(uint8)", ("batch", 64, 64, 3))}
PROBABILITY = {"probability": ("tensor(float)", ("batch", 64, 64, 1))}


def test_a_graph_that_keeps_its_word():
    check_graph(contract(), FILE, inputs=IMAGE, outputs=PROBABILITY)


AT_ODDS = {
    "input name": ({"photo": IMAGE["image"]}, PROBABILITY, "promises image"),
    "no input": ({}, PROBABILITY, "promises image"),
    "second input": (IMAGE | {"scale": ("tensor(float)", ())}, PROBABILITY, "promises image"),
    "input dtype": (
        {"image": ("tensor(float)", ("batch", 64, 64, 3))},
        PROBABILITY,
        "promises image tensor(uint8)",
    ),
    "channels first": (
        {"image": ("tensor(uint8)", ("batch", 3, 64, 64))},
        PROBABILITY,
        "[batch, 64, 64, 3]",
    ),
    "tile size": (
        {"image": ("tensor(uint8)", ("batch", 32, 32, 3))},
        PROBABILITY,
        "[batch, 64, 64, 3]",
    ),
    "free tile size": (
        {"image": ("tensor(uint8)", ("batch", "height", "width", 3))},
        PROBABILITY,
        "[batch, 64, 64, 3]",
    ),
    "output name": (IMAGE, {"mask": PROBABILITY["probability"]}, "promises probability"),
    "extra output": (
        IMAGE,
        PROBABILITY | {"logits": PROBABILITY["probability"]},
        "promises probability",
    ),
    "output dtype": (
        IMAGE,
        {"probability": ("tensor(float16)", ("batch", 64, 64, 1))},
        "promises probability tensor(float)",
    ),
    "two channels": (
        IMAGE,
        {"probability": ("tensor(float)", ("batch", 64, 64, 2))},
        "[batch, 64, 64, 1]",
    ),
    "fixed input batch": (
        {"image": ("tensor(uint8)", (1, 64, 64, 3))},
        PROBABILITY,
        "fixed batch of 1",
    ),
    "fixed output batch": (
        IMAGE,
        {"probability": ("tensor(float)", (4, 64, 64, 1))},
        "fixed batch of 4",
    ),
    "scalar output": (IMAGE, {"probability": ("tensor(float)", ())}, "promises probability"),
}


@pytest.mark.parametrize(("inputs", "outputs", "reason"), AT_ODDS.values(), ids=AT_ODDS)
def test_a_graph_at_odds_with_its_contract(inputs, outputs, reason):
    with pytest.raises(ContractError) as refused:
        check_graph(contract(), FILE, inputs=inputs, outputs=outputs)
    assert str(refused.value).startswith(FILE)
    assert reason in str(refused.value)
