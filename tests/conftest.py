"""A tiny model, so that the serving half is tested without training, GPU, TensorFlow or network."""

import io
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import numpy as np
import onnx
import openvino
import pytest
from onnx import TensorProto, helper
from PIL import Image

from app.contract import Contract, write
from app.main import create_app
from app.server import DrainingServer, listen
from app.settings import Settings
from app.state import State

TILE = 64
CRACK_PIXELS = 400
HAIRLINE = (sys.executable, "-c", "import sys; from app.cli import main; sys.exit(main())")


def contract(**changes: object) -> Contract:
    """A contract that the tiny model fits."""
    values: dict[str, object] = {
        "name": "darkness",
        "version": "1.0.0",
        "architecture": "darkness",
        "parameters": 1,
        "tile_size": TILE,
        "overlap": 16,
        "threshold": 0.5,
        "trained_on": ("nothing",),
        "license": "Apache-2.0",
        "commit": "0" * 40,
    }
    return Contract(**(values | changes))


def write_model(
    folder: Path, said: Contract | None = None, *, file: str = "", metadata: dict | None = None
) -> Path:
    """An .onnx file that calls darkness a crack: probability = 1 - mean(R, G, B) / 255."""
    said = said or contract()
    tile = said.tile_size
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", tile, tile, 3])
    probability = helper.make_tensor_value_info(
        "probability", TensorProto.FLOAT, ["batch", tile, tile, 1]
    )
    nodes = [
        helper.make_node("Cast", ["image"], ["values"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["values", "axes"], ["mean"], keepdims=1),
        helper.make_node("Mul", ["mean", "scale"], ["lightness"]),
        helper.make_node("Sub", ["one", "lightness"], ["probability"]),
    ]
    constants = [
        helper.make_tensor("axes", TensorProto.INT64, [1], [3]),
        helper.make_tensor("scale", TensorProto.FLOAT, [], [1 / 255]),
        helper.make_tensor("one", TensorProto.FLOAT, [], [1.0]),
    ]
    graph = helper.make_graph(nodes, "darkness", [image], [probability], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    for key, value in (write(said) if metadata is None else metadata).items():
        model.metadata_props.add(key=key, value=value)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (file or f"{said.name}.onnx")
    onnx.save(model, path)
    return path


@pytest.fixture(scope="session", autouse=True)
def _log_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests score is no look at test rows: the log of the checkout stays as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "training.evaluation.run_log.LOG", tmp_path_factory.mktemp("log") / "runs.jsonl"
        )
        yield


@pytest.fixture(scope="session", autouse=True)
def _exactly() -> Iterator[None]:
    """Some processors compute in bfloat16 by OpenVINO: only tests that ask for it have it, the others expect digits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "openvino", None)
        yield


@pytest.fixture
def with_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenVINO is there, as it is for a user who installed it."""
    monkeypatch.setitem(sys.modules, "openvino", openvino)


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_model(folder)
    return folder


@dataclass(frozen=True)
class Answer:
    """What came back over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict:
        return json.loads(self.body)


@dataclass(frozen=True)
class Service:
    """A running service on a port of its own, and what it holds."""

    port: int
    state: State = field(repr=False)
    server: DrainingServer = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request; header names are given with _ for -."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, body, named, method=method)  # noqa: S310  (our own port)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return Answer(
                    answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
                )
        except urllib.error.HTTPError as error:
            return Answer(
                error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()
            )

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: bytes, **headers: str) -> Answer:
        return self.ask("POST", path, body, **({"Content_Type": "image/jpeg"} | headers))

    def wait_until_ready(self, seconds: float = 30) -> "Service":
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if self.get("/readyz").status == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.02)
        raise TimeoutError(f"no /readyz on {self.url} within {seconds} s")


Start = Callable[..., Service]


@pytest.fixture(scope="session")
def _start_session() -> Iterator[Start]:
    yield from _starter()


@pytest.fixture
def start(models_dir: Path) -> Iterator[Start]:
    """Start services with settings of their own; they end with the test."""
    yield from _starter(models_dir)


def _starter(models_dir: Path | None = None) -> Iterator[Start]:
    running: list[tuple[DrainingServer, threading.Thread]] = []

    def start(*, wait: bool = True, **settings: object) -> Service:
        settings = {"default_model": "darkness", "device": "cpu"} | settings
        if models_dir is not None:
            settings = {"models_dir": models_dir} | settings
        app = create_app(Settings(**settings))
        listening = listen("127.0.0.1", 0)
        server = DrainingServer(app)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        running.append((server, thread))
        service = Service(listening.getsockname()[1], app.state.hairline, server)
        return service.wait_until_ready() if wait else service

    yield start
    for server, _ in running:
        server.should_exit = True
    for _, thread in running:
        thread.join(20)


@pytest.fixture(scope="session")
def service(_start_session: Start, models_dir: Path) -> Service:
    """One service with default limits for all tests that change nothing about it."""
    return _start_session(models_dir=models_dir)


@pytest.fixture
def hairline(models_dir: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line as a user would."""

    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        settings = {
            "HAIRLINE_MODELS_DIR": str(models_dir),
            "HAIRLINE_DEFAULT_MODEL": "darkness",
            "HAIRLINE_DEVICE": "cpu",
        }
        return subprocess.run(
            [*HAIRLINE, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=120,
            env=os.environ | settings | environment,
        )

    return run


def crack_photo(height: int = 120, width: int = 160) -> np.ndarray:
    """Light grey with a dark horizontal bar: 100 x 4 pixels, its upper left at (30, 50)."""
    photo = np.full((height, width, 3), 200, np.uint8)
    photo[50:54, 30:130] = 10
    return photo


def encode(
    pixels: np.ndarray, format: str = "PNG", mode: str | None = None, **options: object
) -> bytes:
    """A photo file; `mode` converts the pixels first."""
    image = Image.fromarray(pixels)
    buffer = io.BytesIO()
    (image.convert(mode) if mode else image).save(buffer, format, **options)
    return buffer.getvalue()


def decode(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def multipart(
    content: bytes, field: str = "file", filename: str = "photo.jpg"
) -> tuple[bytes, str]:
    """A body of one file, and its content type."""
    head = f'--cut\r\nContent-Disposition: form-data; name="{field}"; filename="{filename}"\r\n\r\n'
    return head.encode() + content + b"\r\n--cut--\r\n", "multipart/form-data; boundary=cut"


def wait_until(is_so: Callable[[], bool], seconds: float = 30) -> None:
    """Fails where it is not so in time."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


GOOD_PHOTO = encode(crack_photo())


def assert_answers_good_photo(service: Service) -> None:
    """As if nothing had happened before."""
    answer = service.post("/v1/segment", GOOD_PHOTO)
    assert answer.status == 200, answer.body
    assert answer.json()["statistics"]["crack_pixels"] == CRACK_PIXELS


def assert_problem(answer: Answer, status: int, code: str, *words: str) -> dict:
    """The one shape of an error; its detail contains the words."""
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert list(problem) == ["type", "title", "status", "detail", "instance", "code"]
    assert problem["type"] == "about:blank"
    assert problem["title"] == HTTPStatus(status).phrase
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["instance"] == f"urn:hairline:request:{answer.headers['x-request-id']}"
    for word in words:
        assert word in problem["detail"]
    assert len(problem["detail"]) > 20
    assert "Traceback" not in answer.body.decode()
    assert 'File "' not in problem["detail"]
    return problem
