"""The Open Inference Protocol v2, asked by Triton's own client and by hand."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import (
    CRACK_PIXELS,
    GOOD_PHOTO,
    TILE,
    Answer,
    Service,
    Start,
    assert_answers_good_photo,
    contract,
    crack_photo,
    encode,
    wait_until,
    write_model,
)
from test_service import CRACK
from test_upload import answer_on, sending
from tritonclient import http as triton
from tritonclient.utils import InferenceServerException

from app.engine import Engine

INFER = "/v2/models/darkness/infer"
TILES = np.random.default_rng(0).integers(0, 256, (3, TILE, TILE, 3), np.uint8)
DARKNESS = 1 - TILES.mean(axis=3, dtype=np.float32, keepdims=True) / 255


@pytest.fixture
def client(service: Service) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(f"127.0.0.1:{service.port}") as client:
        yield client


def photo_input(photo: bytes = GOOD_PHOTO) -> triton.InferInput:
    tensor = triton.InferInput("photo", [1], "BYTES")
    return tensor.set_data_from_numpy(np.array([photo], object))


def tiles_input(tiles: np.ndarray = TILES, *, binary: bool = True) -> triton.InferInput:
    tensor = triton.InferInput("image", list(tiles.shape), "UINT8")
    return tensor.set_data_from_numpy(tiles, binary_data=binary)


def post(service: Service, request: object, binary: bytes = b"", **headers: str) -> Answer:
    """One inference, written by hand; the header is there where binary data are."""
    text = request if isinstance(request, bytes) else json.dumps(request).encode()
    if binary:
        headers = {"Inference_Header_Content_Length": str(len(text))} | headers
    return service.post(INFER, text + binary, Content_Type="application/json", **headers)


def ask_photo(photo: bytes = GOOD_PHOTO, **changes: object) -> tuple[dict, bytes]:
    """A request for a photo, and its binary data; `changes` are to the input."""
    data = len(photo).to_bytes(4, "little") + photo
    tensor = {"name": "photo", "shape": [1], "datatype": "BYTES"}
    tensor["parameters"] = {"binary_data_size": len(data)}
    return {"inputs": [tensor | changes]}, data


def assert_refused(answer: Answer, status: int, *words: str) -> None:
    """The protocol's one shape of an error; its text contains the words."""
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["error"]
    for word in words:
        assert word in answer.json()["error"]
    assert "Traceback" not in answer.json()["error"]


def test_health_and_metadata(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("darkness")
    assert client.is_model_ready("darkness", "1.0.0")
    assert not client.is_model_ready("darkness", "2.0.0")
    assert not client.is_model_ready("brightness")
    assert client.get_server_metadata() == {
        "name": "hairline", "version": version("hairline"), "extensions": ["binary_tensor_data"],
    }  # fmt: skip
    metadata = client.get_model_metadata("darkness")
    assert metadata == client.get_model_metadata("darkness", "1.0.0")
    assert metadata == {
        "name": "darkness",
        "versions": ["1.0.0"],
        "platform": "onnxruntime_onnx",
        "inputs": [
            {"name": "photo", "datatype": "BYTES", "shape": [1]},
            {"name": "image", "datatype": "UINT8", "shape": [-1, TILE, TILE, 3]},
        ],
        "outputs": [
            {"name": "mask", "datatype": "UINT8", "shape": [1, -1, -1, 1]},
            {"name": "probability", "datatype": "FP32", "shape": [-1, -1, -1, 1]},
            {"name": "statistics", "datatype": "BYTES", "shape": [1]},
        ],
    }


@pytest.mark.parametrize("binary", [True, False])
def test_a_photo(client: triton.InferenceServerClient, binary: bool) -> None:
    wanted = [
        triton.InferRequestedOutput(name, binary_data=binary)
        for name in ("statistics", "mask", "probability")
    ]
    result = client.infer(
        "darkness", [photo_input()], outputs=wanted, model_version="1.0.0", request_id="42"
    )
    response = result.get_response()
    assert [output["name"] for output in response["outputs"]] == [
        "statistics",
        "mask",
        "probability",
    ]
    assert (response["model_name"], response["model_version"]) == ("darkness", "1.0.0")
    assert response["id"] == "42"
    assert all(("data" in output) != binary for output in response["outputs"])
    mask, probability = result.as_numpy("mask"), result.as_numpy("probability")
    assert (mask.dtype, mask.shape) == (np.uint8, (1, 120, 160, 1))
    np.testing.assert_array_equal(mask[0, :, :, 0], CRACK * np.uint8(255))
    assert (probability.dtype, probability.shape) == (np.float32, (1, 120, 160, 1))
    expected = 1 - crack_photo()[:, :, :1] / 255
    np.testing.assert_allclose(probability[0], expected, atol=1e-5)
    statistics = json.loads(result.as_numpy("statistics")[0])
    assert statistics["statistics"]["crack_pixels"] == CRACK_PIXELS
    assert statistics["mask"] is None


def test_statistics_are_the_answer_of_v1(
    service: Service, client: triton.InferenceServerClient
) -> None:
    given = {"threshold": 0.2, "resolution_scale": 0.5, "mm_per_px": 0.5, "mask": "rle"}
    result = client.infer(
        "darkness", [photo_input()], parameters=given,
        outputs=[triton.InferRequestedOutput("statistics")],
    )  # fmt: skip
    assert len(result.get_response()["outputs"]) == 1
    found = json.loads(result.as_numpy("statistics")[0])
    query = "&".join(f"{name}={value}" for name, value in given.items())
    expected = service.post(f"/v1/segment?{query}", GOOD_PHOTO).json()
    own = ("id", "timing_ms")
    assert {k: v for k, v in found.items() if k not in own} == {
        k: v for k, v in expected.items() if k not in own
    }
    assert list(found) == list(expected)


def test_without_named_outputs_all_are_given(client: triton.InferenceServerClient) -> None:
    result = client.infer("darkness", [photo_input()])
    outputs = result.get_response()["outputs"]
    assert [output["name"] for output in outputs] == ["mask", "probability", "statistics"]
    assert all("binary_data_size" in output["parameters"] for output in outputs)


@pytest.mark.parametrize("binary", [True, False])
def test_tiles(client: triton.InferenceServerClient, binary: bool) -> None:
    result = client.infer("darkness", [tiles_input(binary=binary)])
    (output,) = result.get_response()["outputs"]
    assert output["name"] == "probability"
    found = result.as_numpy("probability")
    assert (found.dtype, found.shape) == (np.float32, (3, TILE, TILE, 1))
    np.testing.assert_allclose(found, DARKNESS, atol=1e-5)


def test_more_tiles_than_a_batch(client: triton.InferenceServerClient) -> None:
    tiles = np.arange(40, dtype=np.uint8)[:, None, None, None] * np.ones(
        (1, TILE, TILE, 3), np.uint8
    )
    found = client.infer("darkness", [tiles_input(tiles)]).as_numpy("probability")
    np.testing.assert_allclose(found[:, 0, 0, 0], 1 - np.arange(40) / 255, atol=1e-5)


def test_json_alone(service: Service) -> None:
    """As curl would: the protocol without the extension, values nested as they are."""
    tensor = {"name": "image", "shape": [3, TILE, TILE, 3], "datatype": "UINT8"}
    answer = post(service, {"inputs": [tensor | {"data": TILES.tolist()}]})
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/json"
    assert "id" not in answer.json()
    (output,) = answer.json()["outputs"]
    assert (output["datatype"], output["shape"]) == ("FP32", [3, TILE, TILE, 1])
    np.testing.assert_allclose(output["data"], DARKNESS.ravel(), atol=1e-5)


def test_a_large_photo_is_answered_in_binary_alone(
    service: Service, client: triton.InferenceServerClient
) -> None:
    photo = photo_input(encode(np.full((1100, 1100, 3), 200, np.uint8)))
    listed = [triton.InferRequestedOutput("mask", binary_data=False)]
    listed.append(triton.InferRequestedOutput("statistics", binary_data=False))
    with pytest.raises(InferenceServerException, match="] mask: 1210000 values are too many"):
        client.infer("darkness", [photo], outputs=listed, parameters={"mode": "resize"})
    binary = client.infer("darkness", [photo], parameters={"mode": "resize"})
    assert binary.as_numpy("mask").shape == (1, 1100, 1100, 1)


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compressed_bodies_are_refused_and_compressed_answers_not_given(
    client: triton.InferenceServerClient, algorithm: str
) -> None:
    with pytest.raises(InferenceServerException, match=algorithm) as refused:
        client.infer("darkness", [photo_input()], request_compression_algorithm=algorithm)
    assert refused.value.status() == "415"
    result = client.infer("darkness", [photo_input()], response_compression_algorithm=algorithm)
    assert result.as_numpy("mask").any()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v2/repository/index", 404),
        ("POST", "/v2/repository/models/darkness/load", 404),
        ("GET", "/v2/systemsharedmemory/status", 404),
        ("GET", "/v2/cudasharedmemory/status", 404),
        ("POST", "/v2/models/darkness/generate", 404),
        ("GET", "/v2/models/darkness/config", 404),
        ("GET", "/v2/models/darkness/stats", 404),
        ("GET", "/v2/trace/setting", 404),
        ("GET", "/v2/models/brightness", 404),
        ("POST", "/v2/models/brightness/infer", 404),
        ("POST", "/v2/models/darkness/versions/7/infer", 404),
        ("GET", "/v2/models/darkness/versions/7", 404),
        ("GET", INFER, 405),
        ("POST", "/v2", 405),
    ],
)
def test_what_is_not_there(service: Service, method: str, path: str, status: int) -> None:
    body = b"{}" if method == "POST" else None
    assert_refused(service.ask(method, path, body), status)


def test_other_paths_keep_their_own_shape_of_errors(service: Service) -> None:
    assert service.get("/v2x").json()["code"] == "not-found"


def test_a_root_path_changes_no_shape(start: Start) -> None:
    service = start(root_path="/hairline")
    assert_refused(service.get("/v2/repository"), 404)


def test_every_model_answers_under_its_own_name(start: Start, tmp_path: Path) -> None:
    for name, tile in (("darkness", 64), ("gloom", 32)):
        write_model(tmp_path, contract(name=name, tile_size=tile))
    service = start(models_dir=tmp_path)
    with triton.InferenceServerClient(f"127.0.0.1:{service.port}") as client:
        tiles = tiles_input(np.zeros((1, 32, 32, 3), np.uint8))
        assert client.infer("gloom", [tiles]).as_numpy("probability").min() == 1
        with pytest.raises(
            InferenceServerException, match=r"\[n, 64, 64, 3\], not \[1, 32, 32, 3\]"
        ):
            client.infer("darkness", [tiles])


def test_keys(start: Start, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"site:{hashlib.sha256(b'open sesame').hexdigest()}:2\n")
    service = start(api_keys_file=tmp_path / "keys")
    for path in ("/v2", "/v2/models/darkness"):
        assert_refused(service.get(path), 401, "Bearer", "X-API-Key")
    refused = post(service, *ask_photo())
    assert_refused(refused, 401)
    assert refused.headers["www-authenticate"] == "Bearer"
    for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/darkness/ready"):
        assert service.get(path).status == 200
    key = {"Authorization": "Bearer open sesame"}
    with triton.InferenceServerClient(f"127.0.0.1:{service.port}") as client:
        assert client.infer("darkness", [photo_input()], headers=dict(key)).as_numpy("mask").any()
    assert service.get("/v2", **key).status == 200
    limited = service.get("/v2", **key)
    assert_refused(limited, 429, "2 times a minute")
    assert int(limited.headers["retry-after"]) >= 1


def test_overload(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    may_run, run = threading.Event(), Engine.run

    def held(self, tiles, stop):
        may_run.wait(30)
        return run(self, tiles, stop)

    service = start(max_queued_pixels=1)
    monkeypatch.setattr(Engine, "run", held)
    answers: list[Answer] = []
    first = threading.Thread(target=lambda: answers.append(post(service, *ask_photo())))
    first.start()
    wait_until(lambda: service.state.admission.photos == 1)
    refused = post(service, *ask_photo())
    may_run.set()
    first.join(20)
    assert_refused(refused, 503, "try again later")
    assert int(refused.headers["retry-after"]) >= 1
    assert [answer.status for answer in answers] == [200]
    assert service.state.admission.photos == 0


def test_a_request_whose_client_left_is_not_run_to_its_end(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, run = [], Engine.run

    def slowly(self, tiles, stop):
        runs.append(len(tiles))
        threading.Event().wait(0.02)
        return run(self, tiles, stop)

    service = start()
    monkeypatch.setattr(Engine, "run", slowly)
    tiles = np.zeros((1000, TILE, TILE, 3), np.uint8).tobytes()
    tensor = {"name": "image", "shape": [1000, TILE, TILE, 3], "datatype": "UINT8"}
    tensor["parameters"] = {"binary_data_size": len(tiles)}
    text = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}})
    with sending(
        service,
        f"Content-Length: {len(text) + len(tiles)}",
        f"Inference-Header-Content-Length: {len(text)}",
        path=INFER,
    ) as connection:
        connection.sendall(text.encode() + tiles)
        wait_until(lambda: len(runs) >= 3)
    wait_until(lambda: service.state.admission.photos == 0)
    assert sum(runs) < 1000


def test_limits_on_the_upload(start: Start) -> None:
    service = start(max_upload_mb=1, upload_stall_s=0.2)
    assert_refused(post(service, b"a" * 1_000_001), 413, "1 MB")
    with sending(service, "Content-Length: 1000", path=INFER) as connection:
        connection.sendall(b"{")
        assert_refused(answer_on(connection), 408, "0.2 s", "1 bytes")
    assert_answers_good_photo(service)


def test_limits_on_pixels_and_time(start: Start) -> None:
    service = start(max_pixels=2 * TILE * TILE)
    assert_refused(post(service, *ask_photo()), 413, "160x120 pixels")
    with (
        triton.InferenceServerClient(f"127.0.0.1:{service.port}") as client,
        pytest.raises(InferenceServerException, match="send fewer") as refused,
    ):
        client.infer("darkness", [tiles_input()])
    assert refused.value.status() == "413"
    late = post(start(request_timeout_s=1e-3), *ask_photo())
    assert_refused(late, 504, "not finished", "fewer tiles")
    assert "resolution_scale" not in late.json()["error"]


def test_draining_and_failing(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    service = start()
    monkeypatch.setattr(Engine, "run", lambda *_: 1 / 0)
    assert_refused(post(service, *ask_photo()), 500, "its log has the cause under")
    service.state.models.get(None).engine.has_failed = True
    assert_refused(service.get("/v2/health/live"), 503, "failed on its device")
    service.state.admission.close()
    for path in ("/v2/health/ready", "/v2/models/darkness/ready"):
        assert_refused(service.get(path), 503, "shutting down")
    assert_refused(post(service, *ask_photo()), 503, "shutting down")


def test_inferences_are_measured(service: Service, client: triton.InferenceServerClient) -> None:
    client.infer("darkness", [photo_input()])
    text = service.get("/metrics").body.decode()
    assert 'hairline_requests_total{route="/v2/models/{name}/infer",status="200"}' in text
    assert "hairline_queued_pixels 0.0" in text


def test_tiles_that_wait_are_not_counted_as_inference(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_run, run = threading.Event(), Engine.run

    def held(self, tiles, stop):
        may_run.wait(30)
        return run(self, tiles, stop)

    service = start()
    monkeypatch.setattr(Engine, "run", held)
    tensor = {"name": "image", "shape": list(TILES.shape), "datatype": "UINT8"}
    asked = {"inputs": [tensor | {"data": TILES.tolist()}]}
    threads = [threading.Thread(target=post, args=(service, asked)) for _ in range(2)]
    for thread in threads:  # the second waits for the device
        thread.start()
        wait_until(lambda: service.state.admission.photos >= 1)
    wait_until(lambda: service.state.admission.photos == 2)
    threading.Event().wait(1)
    may_run.set()
    for thread in threads:
        thread.join(20)
    text = service.get("/metrics").body.decode()
    seconds = dict(re.findall(r'stage_seconds_sum{model="darkness",stage="(\w+)"} (\S+)', text))
    assert set(seconds) == {"queue", "inference", "encode", "total"}
    assert float(seconds["queue"]) > 0.9
    assert float(seconds["inference"]) < 1.9  # the first had the device for more than a second


def test_the_example_of_the_readme_runs(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    (tmp_path / "photo.jpg").write_bytes(GOOD_PHOTO)
    monkeypatch.chdir(tmp_path)
    here = example.replace("localhost:8000", f"127.0.0.1:{service.port}")
    names: dict[str, Any] = {}
    exec(here.replace('"unet"', '"darkness"'), names)  # noqa: S102  (our own README)
    names["client"].close()
    np.testing.assert_array_equal(names["mask"], CRACK * np.uint8(255))
    assert names["statistics"]["total_length_mm"] > 0


def test_openapi_tells_of_the_protocol(service: Service) -> None:
    paths = service.get("/openapi.json").json()["paths"]
    post = paths["/v2/models/{name}/infer"]["post"]
    assert {"application/json", "application/octet-stream"} == set(post["requestBody"]["content"])
    assert {"/v2", "/v2/health/live", "/v2/models/{name}/versions/{version}/ready"} < set(paths)
    for path, methods in paths.items():
        if path.startswith("/v2"):
            for said in methods.values():
                assert all(
                    answer["content"]["application/json"]["schema"]
                    == {"$ref": "#/components/schemas/ProtocolError"}
                    for status, answer in said["responses"].items()
                    if status != "200"
                )
