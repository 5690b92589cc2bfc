"""What docs/openapi.json promises: the program keeps it, and whoever takes something back is told."""

import copy
import json
from collections.abc import Callable

import pytest
from openapi_promise import COMMITTED, Document, current, lost


@pytest.fixture(scope="module")
def promised() -> Document:
    return json.loads(COMMITTED.read_text("utf-8"))


def test_the_program_is_what_the_committed_document_says(promised: Document) -> None:
    document = current()
    assert lost(promised, document) == []
    assert document == promised, "the interface has grown: `make openapi` writes it down"


def _segment(document: Document) -> Document:
    return document["paths"]["/v1/segment"]["post"]


def _parameter(document: Document, name: str) -> Document:
    return next(each for each in _segment(document)["parameters"] if each["name"] == name)


def _crack(document: Document) -> Document:
    return document["components"]["schemas"]["Crack"]["properties"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda all: all["paths"].pop("/v1/models"), "GET /v1/models"),
        (lambda all: all["paths"]["/v1/segment"].pop("post"), "POST /v1/segment"),
        (lambda all: _crack(all).pop("length_px"), "schema Crack.length_px"),
        (lambda all: _crack(all).update(length=_crack(all).pop("length_px")), "Crack.length_px"),
        (lambda all: _crack(all)["length_px"].update(type="string"), "Crack.length_px is"),
        (lambda all: all["components"]["schemas"].pop("Gap"), "schema Gap"),
        (
            lambda all: _parameter(all, "mode")["schema"]["enum"].remove("resize"),
            "parameter mode: value resize",
        ),
        (
            lambda all: _segment(all)["parameters"].remove(_parameter(all, "threshold")),
            "parameter threshold",
        ),
        (
            lambda all: _segment(all)["parameters"].append(
                {"in": "query", "name": "new", "required": True, "schema": {}}
            ),
            "new must be given now",
        ),
        (lambda all: _segment(all)["responses"].pop("503"), "answer 503"),
        (
            lambda all: _segment(all)["responses"]["200"]["content"].pop("image/png"),
            "answer 200 as image/png",
        ),
        (
            lambda all: _segment(all)["requestBody"]["content"].pop("image/tiff"),
            "body image/tiff",
        ),
    ],
)
def test_what_is_taken_back_is_told(
    promised: Document, change: Callable[[Document], object], told: str
) -> None:
    after = copy.deepcopy(promised)
    change(after)
    assert any(told in each for each in lost(promised, after))


def test_what_is_added_is_no_loss(promised: Document) -> None:
    after = copy.deepcopy(promised)
    _crack(after)["depth_px"] = {"type": "number"}
    _parameter(after, "mode")["schema"]["enum"].append("glance")
    after["paths"]["/v1/more"] = {"get": {"responses": {}}}
    assert lost(promised, after) == []
