"""Requests of the Open Inference Protocol that are wrong: each is refused in words, and by which status."""

import json
import threading
import time

import numpy as np
import pytest
from conftest import GOOD_PHOTO, TILE, Service, Start, assert_answers_good_photo, wait_until
from test_protocol import INFER, ask_photo, assert_refused, post
from test_upload import answer_on, sending

from app.protocol import inference
from app.protocol.body import Inference, read_inference

SHAPE = [1, TILE, TILE, 3]
SIZE = TILE * TILE * 3
TILE_DATA = bytes(SIZE)


def image(**changes: object) -> dict:
    """A request for one tile; without `data` its binary data are TILE_DATA."""
    tensor: dict[str, object] = {"name": "image", "shape": SHAPE, "datatype": "UINT8"} | changes
    if "data" not in tensor:
        tensor.setdefault("parameters", {"binary_data_size": SIZE})
    return {"inputs": [tensor]}


PHOTO, PHOTO_DATA = ask_photo()


@pytest.mark.parametrize(
    ("request_", "binary", "status", "words"),
    [
        pytest.param(b"", b"", 400, "JSON of the body", id="no body"),
        pytest.param(b"\xff\xd8\xff", b"", 400, "JSON of the body", id="a photo itself"),
        pytest.param(b"[1]", b"", 400, "the body", id="a list"),
        pytest.param(b'{"inputs": [NaN]}', b"", 400, "JSON of the body", id="nan"),
        pytest.param(b"[" * 100_000, b"", 400, "recursion", id="deep"),
        pytest.param(b'{"inputs": "photo"}', b"", 400, "inputs", id="inputs no list"),
        pytest.param({}, b"", 400, "inputs: Field required", id="inputs missing"),
        pytest.param({"inputs": []}, b"", 400, "0 inputs", id="no input"),
        pytest.param({"inputs": PHOTO["inputs"] * 2}, PHOTO_DATA, 400, "2 inputs", id="two inputs"),
        pytest.param({"inputs": [{"name": "photo"}]}, b"", 400, "inputs.0.shape", id="no shape"),
        pytest.param(image(name="picture"), TILE_DATA, 400, "'picture'", id="unknown input"),
        pytest.param(image(datatype="FP32"), TILE_DATA, 400, "UINT8, not FP32", id="wrong dtype"),
        pytest.param(image(shape=[TILE, TILE, 3]), TILE_DATA, 400, "[n, 64, 64, 3]", id="rank"),
        pytest.param(image(shape=[]), TILE_DATA, 400, "[n, 64, 64, 3]", id="no rank"),
        pytest.param(image(shape=[1, 32, TILE, 3]), TILE_DATA, 400, "[n, 64, 64, 3]", id="size"),
        pytest.param(image(shape=[-1, TILE, TILE, 3]), TILE_DATA, 400, "inputs.0.shape", id="-1"),
        pytest.param(image(shape=["1", TILE, TILE, 3]), TILE_DATA, 400, "integer", id="text"),
        pytest.param(image(shape=[1] * 1000), TILE_DATA, 400, "inputs.0.shape", id="rank 1000"),
        pytest.param(image(shape=[0, TILE, TILE, 3]), TILE_DATA, 400, "no tile", id="no tile"),
        pytest.param(image(shape=[2, TILE, TILE, 3]), TILE_DATA, 400, "24576 bytes", id="too few"),
        pytest.param(image(shape=[10**9, TILE, TILE, 3]), TILE_DATA, 400, "came", id="huge batch"),
        pytest.param(image(shape=[2**31, TILE, TILE, 3]), TILE_DATA, 400, "less than", id="huger"),
        # As many digits as Python reads: what it is multiplied to has more than Python writes.
        pytest.param(
            image(shape=[10**4299, TILE, TILE, 3]), TILE_DATA, 400, "inputs.0.shape.0", id="4300 digits"
        ),
        pytest.param(image(), TILE_DATA[1:], 400, "12287 bytes follow", id="size too large"),
        pytest.param(image(), TILE_DATA + b"a", 400, "12289 bytes follow", id="size too small"),
        pytest.param(image(parameters={}), TILE_DATA, 400, "says 0", id="no size"),
        pytest.param(image(parameters={"binary_data_size": -1}), b"", 400, "greater", id="minus"),
        pytest.param(image(parameters={}), b"", 400, "either", id="missing data"),
        pytest.param(
            image(data=[0], parameters={"binary_data_size": SIZE}), TILE_DATA, 400, "either", id="both"
        ),
        pytest.param(
            image(parameters={"shared_memory_region": "a"}), b"", 400, "no such", id="shared memory"
        ),
        pytest.param(image(data=[0] * (SIZE - 1)), b"", 400, "12287 values", id="too few values"),
        pytest.param(image(data=[[0] * SIZE]), b"", 400, "[1, 12288]", id="nested otherwise"),
        pytest.param(image(data=[[0, 0], [0]]), b"", 400, "0 values", id="ragged"),
        pytest.param(image(data=[256] * SIZE), b"", 400, "0 to 255", id="256"),
        pytest.param(image(data=[-1] * SIZE), b"", 400, "0 to 255", id="negative"),
        pytest.param(image(data=[0.5] * SIZE), b"", 400, "0 to 255", id="fractions"),
        pytest.param(image(data=[10**40] * SIZE), b"", 400, "0 to 255", id="huge numbers"),
        pytest.param(image(data=["0"] * SIZE), b"", 400, "0 to 255", id="texts"),
        pytest.param(image(data=[None] * SIZE), b"", 400, "0 to 255", id="nulls"),
        pytest.param(image(data=[{}] * SIZE), b"", 400, "0 to 255", id="objects"),
        pytest.param(ask_photo(datatype="UINT8")[0], PHOTO_DATA, 400, "BYTES", id="photo UINT8"),
        pytest.param(ask_photo(shape=[2])[0], PHOTO_DATA, 400, "[1], not [2]", id="two photos"),
        pytest.param(ask_photo(shape=[1, 1])[0], PHOTO_DATA, 400, "not [1, 1]", id="photo rank"),
        pytest.param(
            {"inputs": [{"name": "photo", "shape": [1], "datatype": "BYTES", "data": ["/9j/4A"]}]},
            b"", 400, "are text, and a photo is none", id="photo as text",
        ),
        pytest.param(*ask_photo(b""), 422, "no bytes", id="empty photo"),
        pytest.param(*ask_photo(b"no photo"), 415, "no photo", id="no photo"),
        pytest.param(*ask_photo(GOOD_PHOTO[:-40]), 422, "truncated", id="truncated photo"),
        pytest.param(
            PHOTO, b"\xff" * 4 + PHOTO_DATA[4:], 400, "says 4294967295", id="BYTES length lies"
        ),
        pytest.param(
            ask_photo(parameters={"binary_data_size": 3})[0], b"abc", 400, "four bytes", id="3 bytes"
        ),
        pytest.param(PHOTO | {"outputs": [{"name": "a"}]}, PHOTO_DATA, 400, "'a'", id="output"),
        pytest.param(image() | {"outputs": [{"name": "mask"}]}, TILE_DATA, 400, "'mask'", id="mask"),
        pytest.param(
            PHOTO | {"outputs": [{"name": "mask"}] * 2}, PHOTO_DATA, 400, "twice", id="output twice"
        ),
        pytest.param(
            PHOTO | {"outputs": [{"name": "mask", "parameters": {"classification": 3}}]},
            PHOTO_DATA, 400, "classification: there is no such parameter", id="classification",
        ),
        pytest.param(
            PHOTO | {"parameters": {"treshold": 0.5}}, PHOTO_DATA, 422, "treshold", id="misspelt"
        ),
        pytest.param(
            PHOTO | {"parameters": {"threshold": 2}}, PHOTO_DATA, 422, "less than 1", id="threshold"
        ),
        pytest.param(
            PHOTO | {"parameters": {"threshold": [0.5]}}, PHOTO_DATA, 422, "threshold", id="list"
        ),
        pytest.param(
            PHOTO | {"parameters": {"mode": "resize", "resolution_scale": 0.5}},
            PHOTO_DATA, 422, "mode=tile", id="two that exclude each other",
        ),
        pytest.param(PHOTO | {"parameters": {"model": "a"}}, PHOTO_DATA, 422, "path", id="model"),
        pytest.param(PHOTO | {"parameters": {"limits": "a"}}, PHOTO_DATA, 422, "'a'", id="limits"),
        pytest.param(PHOTO | {"parameters": {"timeout": 9}}, PHOTO_DATA, 422, "timeout", id="timeout"),
        pytest.param(
            PHOTO | {"parameters": {str(i): 1 for i in range(1_000_000)}},
            PHOTO_DATA, 422, "more than 64", id="a million parameters",
        ),
        pytest.param(
            {"inputs": [{}] * 700_000}, b"", 400, "at most 16 items", id="many inputs"
        ),
        pytest.param(
            image(data=[[]] * 800_000), b"", 400, "more than 800000 lists", id="a million lists"
        ),
        pytest.param(
            image(data=["0"] * (SIZE - 1) + ["0" * 1_000_000]), b"", 400, "0 to 255", id="long text"
        ),
        pytest.param(image(data=[True] + [0] * (SIZE - 1)), b"", 400, "0 to 255", id="true"),
        pytest.param(image(data=[[[[[0]]]]]), b"", 400, "1 values in shape", id="nested too deep"),
        pytest.param(b'{"inputs": [], "inputs": []}', b"", 400, "'inputs' is given more than", id="twice"),
        pytest.param(
            b'{"inputs": [{"name": "photo", "name": "image"}]}', b"", 400, "'name'", id="twice within"
        ),
        pytest.param(PHOTO | {"id": "\ud800"}, PHOTO_DATA, 400, "hex escape", id="half a character"),
        pytest.param(b'{"inputs": "\xff"}', b"", 400, "utf-8", id="no UTF-8"),
        pytest.param(PHOTO | {"parameters": 7}, PHOTO_DATA, 422, "parameters", id="no object"),
        pytest.param(PHOTO | {"id": 7}, PHOTO_DATA, 400, "id", id="id"),
        pytest.param(
            image() | {"parameters": {"threshold": 0.5}}, TILE_DATA, 400, "`photo`", id="for photos"
        ),
    ],
)  # fmt: skip
def test_bad_requests(
    service: Service, request_: object, binary: bytes, status: int, words: str
) -> None:
    assert_refused(post(service, request_, binary), status, words)


@pytest.mark.parametrize("length", ["-1", "0", "1000000", "9" * 5000, "abc", "1.5", "²", ""])
def test_header_lengths_that_lie(service: Service, length: str) -> None:
    answer = post(service, PHOTO, PHOTO_DATA, Inference_Header_Content_Length=length)
    assert_refused(answer, 400, "Inference-Header-Content-Length")


@pytest.mark.parametrize("difference", [-1, 1])
def test_a_header_length_off_by_one(service: Service, difference: int) -> None:
    length = len(json.dumps(PHOTO)) + difference
    assert_refused(
        post(service, PHOTO, PHOTO_DATA, Inference_Header_Content_Length=str(length)), 400, "JSON"
    )


@pytest.mark.parametrize("query", ["threshold=0.2", "version=2.0.0", "version=1.0.0"])
def test_a_query_is_not_passed_over(service: Service, query: str) -> None:
    text = json.dumps(PHOTO).encode()
    answer = service.post(f"/v2/models/darkness/infer?{query}", text)
    assert_refused(answer, 422, "`parameters`")
    for path in ("", "/models/darkness", "/models/darkness/versions/1.0.0",
                 "/models/darkness/ready", "/health/live"):  # fmt: skip
        assert_refused(service.get(f"/v2{path}?{query}"), 422, "no query is read")


def test_a_lot_of_json(service: Service) -> None:
    values = np.zeros(8_000_000, np.uint8).tolist()
    text = json.dumps(image(data=values)).encode()
    assert_refused(post(service, text), 413, "as binary data")
    assert_refused(post(service, text, b"a"), 413, "as binary data")
    assert_answers_good_photo(service)


def test_json_is_refused_while_it_is_read(service: Service) -> None:
    with sending(service, "Transfer-Encoding: chunked", path=INFER) as connection:
        piece = b"%x\r\n%b\r\n" % (1_000_000, b" " * 1_000_000)
        for _ in range(14):
            connection.sendall(piece)
        assert_refused(answer_on(connection), 413, "13 MB", "as binary data")


def test_escaped_characters_are_read(service: Service) -> None:
    text = json.dumps(PHOTO | {"id": "\N{BRIDGE AT NIGHT}"}).encode()
    assert b"\\ud83c" in text
    answer = post(service, text, PHOTO_DATA)
    assert answer.json()["id"] == "\N{BRIDGE AT NIGHT}"


def test_much_json_at_once_leaves_threads_to_others(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists take many times the memory of their text: two requests at once are read, and no more."""
    may_go_on, reading = threading.Event(), []

    def held(*arguments: object) -> Inference:
        reading.append(1)
        may_go_on.wait(20)
        return read_inference(*arguments)

    monkeypatch.setattr(inference, "read_inference", held)
    service = start()
    threads = [threading.Thread(target=post, args=(service, *ask_photo())) for _ in range(5)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(reading) == 2)
    time.sleep(0.3)
    assert len(reading) == 2
    assert_answers_good_photo(service)
    may_go_on.set()
    for thread in threads:
        thread.join(20)
    assert len(reading) == 5


def test_fields_of_other_servers_are_passed_over(service: Service) -> None:
    """KServe's clients name the model in the body as well."""
    answer = post(service, PHOTO | {"model_name": "darkness", "extra": 1}, PHOTO_DATA)
    assert answer.status == 200, answer.body
