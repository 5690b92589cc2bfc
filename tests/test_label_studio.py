"""Label Studio's ML backend, asked as Label Studio asks it; a small server stands in for Label Studio."""

import base64
import hashlib
import json
import logging
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from conftest import (
    GOOD_PHOTO,
    Answer,
    Service,
    Start,
    assert_answers_good_photo,
    assert_problem,
    crack_photo,
    encode,
    wait_until,
)
from pydantic import ValidationError
from test_image import STORED, exif
from test_readers import PYTHON as READER
from test_run_lengths import unpacked
from test_service import CRACK
from test_upload import sending

from app import upload, work
from app.engine import Engine
from app.errors import StartupError
from app.label_studio import client
from app.label_studio.messages import Predictions
from app.main import create_app
from app.settings import Settings

CONFIG = """<View>
  <Image name="image" value="$photo" zoom="true"/>
  <BrushLabels name="tag" toName="image"><Label value="Spall"/><Label value="crack"/></BrushLabels>
</View>"""
VERSION = "darkness 1.0.0"
OPENSSL = shutil.which("openssl")

Reply = Callable[[BaseHTTPRequestHandler], None]


def reply(body: bytes, status: int = 200, **headers: str) -> Reply:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return send


@dataclass
class Studio:
    """What stands in for Label Studio: replies by path, and the requests that came."""

    port: int
    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and Authorization of each request."""
    bodies: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def _studio() -> Iterator[Studio]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # the connection stays open, as with most servers

        def do_GET(self) -> None:
            found.asked.append((self.path, self.headers["Authorization"]))
            found.bodies.append(self.rfile.read(int(self.headers["Content-Length"] or 0)))
            found.replies.get(self.path, reply(b"", 404))(self)

        do_POST = do_GET  # noqa: N815  (as the base class calls it)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Studio(server.server_address[1], {})
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture
def studio(_studio: Studio) -> Studio:
    """As new: one photo, and nobody asked for it yet."""
    _studio.replies.clear()
    _studio.asked.clear()
    _studio.bodies.clear()
    _studio.replies["/data/upload/1/a.png"] = reply(GOOD_PHOTO)
    return _studio


@pytest.fixture(scope="module")
def _connected(_start_session: Start, models_dir: Path, _studio: Studio) -> Service:
    return _start_session(models_dir=models_dir, label_studio_url=_studio.url)


@pytest.fixture
def connected(_connected: Service, studio: Studio) -> Service:
    """A service that knows the Label Studio of this test."""
    return _connected


def predict(service: Service, *addresses: object, config: str = CONFIG, **headers: str) -> Answer:
    """As Label Studio asks: one task for each address."""
    tasks = [
        {"id": 7 + i, "data": {"photo": address}, "annotations": [], "is_labeled": False}
        for i, address in enumerate(addresses)
    ]
    request = {
        "tasks": tasks, "project": "1.1700000000", "label_config": config, "model_version": None,
        "params": {"login": None, "password": None, "context": None},
    }  # fmt: skip
    body = json.dumps(request).encode()
    return service.post("/label-studio/predict", body, Content_Type="application/json", **headers)


def mask_of(region: dict) -> np.ndarray:
    size = region["original_height"], region["original_width"], 4
    pixels = unpacked(bytes(region["value"]["rle"])).reshape(size)
    assert (pixels == pixels[:, :, :1]).all()
    return pixels[:, :, 3]


def test_the_conversation_of_a_project(connected: Service, studio: Studio) -> None:
    health = connected.get("/label-studio/health")
    assert health.json() == {"status": "UP", "model_class": "darkness"}
    greeting = {"project": "1.17", "schema": CONFIG, "hostname": "http://evil", "access_token": "a"}
    setup = connected.post("/label-studio/setup", json.dumps(greeting).encode())
    assert setup.json() == {"model_version": VERSION}
    answer = predict(connected, "/data/upload/1/a.png")
    assert answer.status == 200, answer.body
    assert list(answer.json()) == ["results", "model_version"]
    (prediction,) = answer.json()["results"]
    assert (answer.json()["model_version"], prediction["model_version"]) == (VERSION, VERSION)
    assert prediction["score"] == pytest.approx(1 - 10 / 255, abs=1e-3)
    (region,) = prediction["result"]
    value = region.pop("value")
    assert (value["format"], value["brushlabels"]) == ("rle", ["crack"])
    assert region == {
        "id": answer.headers["x-request-id"], "type": "brushlabels", "from_name": "tag",
        "to_name": "image", "original_width": 160, "original_height": 120, "image_rotation": 0,
        "score": prediction["score"],
    }  # fmt: skip
    np.testing.assert_array_equal(mask_of(region | {"value": value}), CRACK * np.uint8(255))
    webhook = {"action": "ANNOTATION_CREATED", "annotation": {}, "project": {}}
    answer = connected.post("/label-studio/webhook", json.dumps(webhook).encode())
    assert (answer.status, answer.json()) == (200, {"status": "ignored"})
    assert studio.asked == [("/data/upload/1/a.png", None)]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_label_studio_s_own_sdk_takes_the_prediction(connected: Service, tmp_path: Path) -> None:
    (prediction,) = predict(connected, "/data/upload/1/a.png").json()["results"]
    (tmp_path / "prediction.json").write_text(json.dumps([CONFIG, prediction]))
    script = """
import json, sys
from label_studio_sdk.label_interface import LabelInterface
config, prediction = json.load(open(sys.argv[1]))
print(LabelInterface(config).validate_prediction(prediction, return_errors=True))
"""
    done = subprocess.run(
        [READER, "-c", script, tmp_path / "prediction.json"],
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.stdout == "[]\n", done.stdout + done.stderr


def test_without_an_address_there_are_no_routes(service: Service) -> None:
    assert_problem(service.get("/label-studio/health"), 404, "not-found")
    assert_problem(predict(service, "/data/upload/1/a.png"), 404, "not-found")
    assert "/label-studio/predict" not in service.get("/openapi.json").json()["paths"]


def test_openapi_tells_of_the_routes(connected: Service) -> None:
    paths = connected.get("/openapi.json").json()["paths"]
    said = paths["/label-studio/predict"]["post"]
    assert {"502", "503", "422"} < set(said["responses"])
    assert said["requestBody"]["required"]


def test_a_photo_is_shown_as_a_browser_turns_it(connected: Service, studio: Studio) -> None:
    stored = np.ascontiguousarray(STORED[6](crack_photo()))
    studio.replies["/data/upload/1/b.png"] = reply(encode(stored, "PNG", exif=exif(6)))
    (prediction,) = predict(connected, "/data/upload/1/b.png").json()["results"]
    np.testing.assert_array_equal(mask_of(prediction["result"][0]) > 0, CRACK)


def test_a_photo_without_cracks_has_no_region(connected: Service, studio: Studio) -> None:
    studio.replies["/data/upload/1/b.png"] = reply(encode(np.full((70, 90, 3), 200, np.uint8)))
    answer = predict(connected, "/data/upload/1/b.png")
    assert answer.json()["results"] == [{"result": [], "score": 0, "model_version": VERSION}]


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("/data/upload/1/a.png", "/data/upload/1/a.png"),
        ("{url}/data/upload/1/a.png", "/data/upload/1/a.png"),
        ("HTTP://127.0.0.1:{port}/data/upload/1/a.png", "/data/upload/1/a.png"),
        ("/data/local-files/?d=b/wall%201.png", "/data/local-files/?d=b/wall%201.png"),
        ("/data/local-files/?d=b/wall 1..ü.png", "/data/local-files/?d=b/wall%201..%C3%BC.png"),
    ],
)
def test_addresses_of_photos(connected: Service, studio: Studio, address: str, asked: str) -> None:
    studio.replies[asked] = reply(GOOD_PHOTO)
    answer = predict(connected, address.format(url=studio.url, port=studio.port))
    assert answer.status == 200, answer.body
    assert [path for path, _ in studio.asked] == [asked]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.2:{port}/data/upload/1/a.png", "fetched from there alone"),
        ("https://127.0.0.1:{port}/data/upload/1/a.png", "fetched from there alone"),
        ("http://127.0.0.1/data/upload/1/a.png", "fetched from there alone"),
        ("http://127.0.0.1:1/data/upload/1/a.png", "fetched from there alone"),
        ("http://localhost:{port}/data/upload/1/a.png", "fetched from there alone"),
        ("//127.0.0.1:{port}/data/upload/1/a.png", "fetched from there alone"),
        ("//evil/data/upload/1/a.png", "fetched from there alone"),
        ("http://127.0.0.1:{port}@evil/data/upload/1/a.png", "fetched from there alone"),
        ("http://a:b@127.0.0.1:{port}/data/upload/1/a.png", "fetched from there alone"),
        ("http://@127.0.0.1:{port}/data/upload/1/a.png", "fetched from there alone"),
        ("http://evil#@127.0.0.1:{port}/data/upload/1/a.png", "fetched from there alone"),
        ("http://evil\\@127.0.0.1:{port}/data/upload/1/a.png", "no address"),
        ("/\\evil/data/upload/1/a.png", "no address"),
        ("/%5cevil/data/", "no address"),
        ("http:\t//evil/data/upload/1/a.png", "no address"),
        ("/data/upload/1/a.png\r\nHost: evil", "no address"),
        ("/data/upload/%0d%0a/a.png", "no address"),
        ("/data/../api/users", "no address"),
        ("/data/%2e%2e/api/users", "no address"),
        ("/data/%252e%252e/api/users", "no address"),
        ("/data/local-files/?d=../../etc/passwd", "no address"),
        ("/data/local-files/?d=..%2f..%2fetc/passwd", "no address"),
        ("/api/current-user/token", "under /data/"),
        ("{url}/api/projects", "under /data/"),
        ("////evil/data/", "under /data/"),
        ("/database", "under /data/"),
        ("file:///etc/passwd", "fetched from there alone"),
        ("ftp://127.0.0.1:{port}/data/a.png", "fetched from there alone"),
        ("s3://bucket/data/a.png", "fetched from there alone"),
        ("gopher://127.0.0.1:{port}/data/a", "fetched from there alone"),
        ("http://[::1/data/a.png", "no address"),
        ("http://127.0.0.1:a/data/a.png", "fetched from there alone"),
        ("data/upload/1/a.png", "no address"),
        ("", "no address"),
        ("data:image/png;base64,iVBORw0KGgo=", "upload it"),
        ("/data/" + "a" * 5000, "no address"),
        (None, "no address"),
        (["/data/upload/1/a.png"], "no address"),
        ({"url": "/data/upload/1/a.png"}, "no address"),
    ],
)
def test_addresses_that_are_refused(
    connected: Service, studio: Studio, address: object, words: str
) -> None:
    if isinstance(address, str):
        address = address.replace("{port}", str(studio.port)).replace("{url}", studio.url)
    assert_problem(predict(connected, address), 422, "invalid-parameter", words)
    assert studio.asked == []


def test_redirections_are_not_followed(connected: Service, studio: Studio) -> None:
    for place in ("/data/upload/1/a.png", "http://127.0.0.1:1/data/a.png", "file:///etc/passwd"):
        studio.replies["/data/moved"] = reply(b"", 302, Location=place)
        assert_problem(predict(connected, "/data/moved"), 502, "photo-not-fetched", "302")
    assert {path for path, _ in studio.asked} == {"/data/moved"}


def test_a_failing_task_has_an_empty_result_and_the_others_go_on(
    connected: Service, studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    studio.replies["/data/text"] = reply(b"no photo")
    studio.replies["/data/cut"] = reply(GOOD_PHOTO[:-40])
    good = "/data/upload/1/a.png"
    answer = predict(connected, good, "/data/missing", "/data/text", "//evil/", "/data/cut", good)
    assert answer.status == 200, answer.body
    results = answer.json()["results"]
    assert [len(prediction["result"]) for prediction in results] == [1, 0, 0, 0, 0, 1]
    assert all(prediction["model_version"] == VERSION for prediction in results)
    logged = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [re.findall(r" task (\d+): ", line) for line in logged] == [["8"], ["9"], ["10"], ["11"]]
    assert "answered 404" in logged[0]
    assert "evil" in logged[2]


def test_where_all_fail_nothing_is_kept(connected: Service) -> None:
    """Label Studio stores an empty prediction as "no crack"; of an error it stores nothing."""
    answer = predict(connected, "/data/missing", "//evil/")
    assert_problem(answer, 502, "photo-not-fetched", "404")


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_what_befalls_all_tasks_is_no_empty_prediction(
    connected: Service, studio: Studio, status: int
) -> None:
    studio.replies["/data/closed"] = reply(b"", status)
    answer = predict(connected, "/data/upload/1/a.png", "/data/closed")
    assert_problem(answer, 502, "label-studio-failed", str(status))


def test_a_label_studio_that_goes_away_midway(connected: Service, studio: Studio) -> None:
    def hang_up(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True

    studio.replies["/data/gone"] = hang_up
    answer = predict(connected, "/data/upload/1/a.png", "/data/gone")
    assert_problem(answer, 502, "label-studio-failed", "in full")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("", "no XML"),
        ("<View>", "no XML"),
        ("<View/>", "no <BrushLabels>"),
        ("\0", "no XML"),
        ("\ud800", "no XML"),
        ("<View>" * 20_000, "more than 100000"),
        ("<a>" * 15_000 + "</a>" * 10_000, "no XML"),
        ("<a>" * 14_000 + "</a>" * 14_000, "no <BrushLabels>"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><View>&b;</View>', "DOCTYPE"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><View/>', "DOCTYPE"),
        ("<View>&b;</View>", "no XML"),
        (CONFIG.replace('toName="image"', 'toName="other"'), "no <Image> by the name 'other'"),
        (CONFIG.replace('name="tag"', ""), "lacks a name"),
        (CONFIG.replace('<Label value="crack"/>', "<Label/>"), "lacks a name"),
        (CONFIG.replace("$photo", "photo"), "names no field"),
        (CONFIG.replace(' value="$photo"', ""), "names no field"),
        ('<View><BrushLabels name="a" toName="b"/></View>', "lacks a name"),
    ],
)  # fmt: skip
def test_label_configs_that_are_refused(connected: Service, config: str, words: str) -> None:
    if config == "\ud800":  # JSON can escape half a character, and pydantic refuses it before us
        assert predict(connected, "/data/a", config=config).status == 400
        return
    answer = predict(connected, "/data/upload/1/a.png", config=config)
    assert_problem(answer, 422, "invalid-parameter", "label_config", words)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ('<Label value="Riss"/>', "Riss"),
        ('<Label value="Spall"/><Label value="Rust"/>', "Spall"),
        ('<Label value="Rust"/><View><Label value="Crack"/></View>', "Crack"),
    ],
)
def test_the_label_of_the_cracks(connected: Service, labels: str, expected: str) -> None:
    config = (
        f'<View><View><BrushLabels name="b" toName="i">{labels}</BrushLabels></View>'
        '<Image name="other" value="$other"/><Image name="i" value="$photo"/></View>'
    )
    answer = predict(connected, "/data/upload/1/a.png", config=config)
    (region,) = answer.json()["results"][0]["result"]
    assert (region["from_name"], region["to_name"]) == ("b", "i")
    assert region["value"]["brushlabels"] == [expected]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "JSON"),
        (b"[]", "the body"),
        (b"{}", "tasks: Field required"),
        (b'{"tasks": [], "label_config": "a"}', "tasks"),
        (b'{"tasks": [{"id": 1}], "label_config": "a"}', "tasks.0.data"),
        (b'{"tasks": [{"data": {}}], "label_config": 1}', "label_config"),
        (b'{"tasks": [' + b",".join([b'{"data":{}}'] * 1001) + b'], "label_config": "a"}', "1000"),
    ],
)
def test_bad_bodies(connected: Service, body: bytes, words: str) -> None:
    answer = connected.post("/label-studio/predict", body)
    assert_problem(answer, 400, "bad-request", words)


def test_a_legacy_token_opens_photos(start: Start, studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("Token open-sesame\n")
    service = start(label_studio_url=studio.url, label_studio_key_file=tmp_path / "key")
    assert predict(service, "/data/upload/1/a.png").status == 200
    assert studio.asked == [("/data/upload/1/a.png", "Token open-sesame")]


def test_a_personal_token_is_changed_for_one_that_opens_photos(
    start: Start, studio: Studio, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "key").write_text("Bearer open.sesame.now\n")
    service = start(label_studio_url=studio.url, label_studio_key_file=tmp_path / "key")
    studio.replies["/api/token/refresh/"] = reply(b'{"access": "short"}')
    assert predict(service, "/data/upload/1/a.png", "/data/upload/1/a.png").status == 200
    photo = ("/data/upload/1/a.png", "Bearer short")
    assert studio.asked == [("/api/token/refresh/", None), photo, photo]
    assert json.loads(studio.bodies[0]) == {"refresh": "open.sesame.now"}
    odd = [b'{"access": "sesame\\r\\nX: y"}', '{"access": "sesame\u00fc"}'.encode(), b'{"access": ""}',
           b'{"access": ["sesame"]}', b"[" * 100_000]  # fmt: skip
    for answer in (*map(reply, [b"{}", b"[]", b"<html>", *odd]), reply(b"", 401), reply(b"", 404)):
        studio.replies["/api/token/refresh/"] = answer
        refused = predict(service, "/data/upload/1/a.png")
        assert_problem(refused, 502, "label-studio-failed")
        assert b"sesame" not in refused.body
    assert "sesame" not in caplog.text


def test_a_token_that_runs_out_midway_is_renewed_once(
    start: Start, studio: Studio, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("Bearer open.sesame.now\n")
    service = start(label_studio_url=studio.url, label_studio_key_file=tmp_path / "key")
    tokens, uses, opens = iter(range(9)), dict[str, int](), 2

    def refresh(handler: BaseHTTPRequestHandler) -> None:
        reply(b'{"access": "short-%d"}' % next(tokens))(handler)

    def photo(handler: BaseHTTPRequestHandler) -> None:
        token = handler.headers["Authorization"]
        uses[token] = uses.get(token, 0) + 1
        (reply(GOOD_PHOTO) if uses[token] <= opens else reply(b"", 401))(handler)

    studio.replies |= {"/api/token/refresh/": refresh, "/data/upload/1/a.png": photo}
    answer = predict(service, *["/data/upload/1/a.png"] * 5)
    assert [len(prediction["result"]) for prediction in answer.json()["results"]] == [1] * 5
    assert uses == {"Bearer short-0": 3, "Bearer short-1": 3, "Bearer short-2": 1}
    opens = 0  # a closure: no token opens anything from here on
    answer = predict(service, "/data/upload/1/a.png")
    assert_problem(answer, 502, "label-studio-failed", "401", "HAIRLINE_LABEL_STUDIO_KEY_FILE")


def test_a_photo_that_is_too_large(start: Start, studio: Studio) -> None:
    service = start(label_studio_url=studio.url, max_upload_mb=1, max_pixels=1000)
    studio.replies["/data/large"] = reply(b"a" * 3_000_000)
    answer = predict(service, "/data/large")
    assert_problem(answer, 502, "photo-not-fetched", "larger than 1 MB")
    answer = predict(service, "/data/upload/1/a.png")
    assert_problem(answer, 413, "image-too-large", "160x120")


def test_photos_that_do_not_come_in_full(
    start: Start, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = start(label_studio_url=studio.url, upload_stall_s=0.2)
    is_over = threading.Event()

    def cut(handler: BaseHTTPRequestHandler) -> None:
        reply(b"abc", Content_Length="1000")(handler)
        handler.close_connection = True

    def stall(handler: BaseHTTPRequestHandler) -> None:
        reply(b"abc", Content_Length="1000")(handler)
        is_over.wait(20)

    def drip(handler: BaseHTTPRequestHandler) -> None:
        while not is_over.wait(0.05):
            handler.wfile.write(b"a")

    studio.replies["/data/short"] = cut
    studio.replies["/data/stall"] = stall

    def drip_to_the_end(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        while not is_over.wait(0.05):
            handler.wfile.write(b"a")

    studio.replies["/data/drip"] = drip  # not even the header ends
    studio.replies["/data/drip-on"] = drip_to_the_end
    monkeypatch.setattr(client, "LONGEST_S", 0.5)
    for address, code in (
        ("/data/short", "photo-not-fetched"),
        ("/data/stall", "photo-not-fetched"),
        ("/data/drip-on", "photo-not-fetched"),
        ("/data/drip", "label-studio-failed"),
    ):
        started = time.monotonic()
        assert_problem(predict(service, address), 502, code, "in full")
        assert time.monotonic() - started < 5
    is_over.set()


@pytest.fixture
def silent() -> Iterator[Callable[[str], str]]:
    """Addresses of servers that say nothing: by `scheme`, or `full`, which takes no more connections."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as held:
        port = server.getsockname()[1]

        def of(kind: str) -> str:
            if kind == "full":  # its backlog is: the next packets get no answer
                for _ in range(4):
                    waiting = held.enter_context(socket.socket())
                    waiting.setblocking(False)
                    waiting.connect_ex(("127.0.0.1", port))
            return f"{'http' if kind == 'full' else kind}://127.0.0.1:{port}"

        yield of


@pytest.mark.parametrize("kind", ["full", "http", "https"])
def test_the_deadline_reaches_a_silent_label_studio(
    start: Start, silent: Callable[[str], str], kind: str
) -> None:
    service = start(label_studio_url=silent(kind), request_timeout_s=1)
    started = time.monotonic()
    answer = predict(service, "/data/a.png")
    assert_problem(answer, 504, "deadline-exceeded", "fewer at once")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("kind", ["full", "http", "https"])
def test_a_silent_fetch_ends_when_its_client_leaves(
    start: Start, silent: Callable[[str], str], kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    service = start(label_studio_url=silent(kind))
    caplog.set_level(logging.INFO, logger="app.middleware")
    task = {"data": {"photo": "/data/a.png"}}
    body = json.dumps({"tasks": [task], "label_config": CONFIG}).encode()
    before = threading.active_count()
    with sending(
        service, f"Content-Length: {len(body)}", path="/label-studio/predict"
    ) as connection:
        connection.sendall(body)
        wait_until(lambda: threading.active_count() > before)
        time.sleep(0.3)
    wait_until(lambda: "/label-studio/predict 499" in caplog.text, 5)
    assert "Traceback" not in caplog.text


@pytest.mark.skipif(OPENSSL is None, reason="openssl makes the certificate")
def test_an_encrypted_label_studio(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        [OPENSSL, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject,
         "-keyout", tmp_path / "key.pem", "-out", tmp_path / "certificate.pem"],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reply(GOOD_PHOTO)(self)

        def log_message(self, *_: object) -> None: ...

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        service = start(label_studio_url=f"https://localhost:{server.server_address[1]}")
        unknown = predict(service, "/data/a.png")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        known = predict(service, "/data/a.png")
        server.shutdown()
        thread.join()
    assert_problem(unknown, 502, "label-studio-failed", "certificate verify failed")
    assert len(known.json()["results"][0]["result"]) == 1


def test_batches_that_wait_for_photos_keep_no_photo_waiting(
    start: Start, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_over, waiting = threading.Event(), []

    def stall(handler: BaseHTTPRequestHandler) -> None:
        waiting.append(1)
        is_over.wait(20)
        reply(GOOD_PHOTO)(handler)

    monkeypatch.setattr(work, "SMALL_PIXELS", 0)
    monkeypatch.setattr(work, "LARGE_AT_ONCE", 1)
    studio.replies["/data/stall"] = stall
    service = start(label_studio_url=studio.url)
    answers: list[Answer] = []
    threads = [
        threading.Thread(target=lambda: answers.append(predict(service, "/data/stall")))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(waiting) == work.FETCHING_AT_ONCE)
    assert_answers_good_photo(service)
    assert not answers
    is_over.set()
    for thread in threads:
        thread.join(20)
    assert [answer.status for answer in answers] == [200] * 6


def test_the_answer_is_written_beside_other_requests(
    connected: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, dump = [], Predictions.model_dump_json

    def noted(self) -> str:
        names.append(threading.current_thread().name)
        return dump(self)

    monkeypatch.setattr(Predictions, "model_dump_json", noted)
    assert predict(connected, "/data/upload/1/a.png").status == 200
    assert len(names) == 1
    assert "AnyIO worker thread" in names[0]


@pytest.mark.parametrize("path", ["setup", "webhook"])
def test_what_is_not_read_is_not_kept(
    connected: Service, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "_join", None)
    assert connected.post(f"/label-studio/{path}", b"a" * 100_000).status == 200


def test_a_lot_of_json(connected: Service) -> None:
    answer = connected.post("/label-studio/predict", b" " * 17_000_000)
    assert_problem(answer, 413, "upload-too-large", "16 MB", "fewer tasks")


def test_photos_whose_length_is_not_announced(connected: Service, studio: Studio) -> None:
    def chunked(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for piece in (GOOD_PHOTO[:100], GOOD_PHOTO[100:], b""):
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))

    def to_the_end(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(GOOD_PHOTO)
        handler.close_connection = True

    studio.replies |= {"/data/chunked": chunked, "/data/to-the-end": to_the_end}
    answer = predict(connected, "/data/chunked", "/data/to-the-end")
    assert [len(prediction["result"]) for prediction in answer.json()["results"]] == [1, 1]


def test_a_label_studio_that_is_away(start: Start) -> None:
    service = start(label_studio_url="http://127.0.0.1:1")
    answer = predict(service, "/data/upload/1/a.png")
    assert_problem(answer, 502, "label-studio-failed", "http://127.0.0.1:1")


def test_limits_of_the_service_hold(
    start: Start, studio: Studio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    service = start(label_studio_url=studio.url, max_queued_pixels=1, max_upload_mb=1)
    assert_problem(service.post("/label-studio/predict", b"a" * 1_000_001), 413, "upload-too-large")
    may_run, run = threading.Event(), Engine.run

    def held(self, tiles, stop):
        may_run.wait(30)
        return run(self, tiles, stop)

    monkeypatch.setattr(Engine, "run", held)
    first = threading.Thread(target=assert_answers_good_photo, args=[service])
    first.start()
    wait_until(lambda: service.state.admission.photos == 1)
    answer = predict(service, "/data/upload/1/a.png")
    may_run.set()
    first.join(20)
    assert_problem(answer, 503, "overloaded")
    assert int(answer.headers["retry-after"]) >= 1
    hasty = start(label_studio_url=studio.url, request_timeout_s=1e-3)
    assert predict(hasty, "/data/upload/1/a.png").status in (408, 504)


def test_keys_come_as_label_studio_can_send_them(
    start: Start, studio: Studio, tmp_path: Path
) -> None:
    (tmp_path / "keys").write_text(f"site:{hashlib.sha256(b'open sesame').hexdigest()}\n")
    service = start(label_studio_url=studio.url, api_keys_file=tmp_path / "keys")

    def basic(text: str) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}

    address = "/data/upload/1/a.png"
    for good in (basic("anyone:open sesame"), basic(":open sesame"), {"X_API_Key": "open sesame"}):
        assert predict(service, address, **good).status == 200
    for bad in ({}, basic("open sesame:"), basic("open sesame"), {"Authorization": "Basic ?"},
                {"Authorization": "Basic /w=="}, {"Authorization": "Basic"}):  # fmt: skip
        assert_problem(predict(service, address, **bad), 401, "unauthorized")
    assert service.get("/label-studio/health").status == 200
    for path in ("setup", "webhook"):
        answer = service.post(f"/label-studio/{path}", b"{}")
        assert_problem(answer, 401, "unauthorized")


def test_cracks_are_measured_as_everywhere(
    connected: Service, studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        predict(connected, "/data/upload/1/a.png")
    text = connected.get("/metrics").body.decode()
    assert 'hairline_stage_seconds_count{model="darkness",stage="inference"}' in text
    assert "hairline_queued_pixels 0.0" in text
    assert 'route="/label-studio/predict",status="200"' in text


@pytest.mark.parametrize(
    ("url", "key", "words"),
    [
        ("ls:8080", None, "HAIRLINE_LABEL_STUDIO_URL"),
        ("ftp://ls", None, "such as http://label-studio:8080"),
        ("http://", None, "such as"),
        ("http://user:sesame@ls", None, "such as"),
        ("http://user:sesame@ls:a", None, "such as"),
        ("http://ls?token=sesame", None, "such as"),
        ("http://ls/prefix", None, "such as"),
        ("http://ls?a=b", None, "such as"),
        ("http://ls:99999", None, "such as"),
        ("http://ls", b"open-sesame", "`Token KEY`"),
        ("http://ls", b"Basic open-sesame", "`Bearer KEY`"),
        ("http://ls", b"Token a\nToken sesame", "one line"),
        ("http://ls", b"", "one line"),
        ("http://ls", b"\xff", "cannot be read"),
        (None, b"Token open-sesame", "set both"),
    ],
)
def test_settings_that_cannot_work(
    models_dir: Path, tmp_path: Path, url: str | None, key: bytes | None, words: str
) -> None:
    settings: dict[str, object] = {"models_dir": models_dir, "default_model": "darkness"}
    if url is not None:
        settings["label_studio_url"] = url
    if key is not None:
        (tmp_path / "key").write_bytes(key)
        settings["label_studio_key_file"] = tmp_path / "key"
    with pytest.raises((StartupError, ValidationError)) as refused:
        create_app(Settings(device="cpu", **settings))
    assert words in str(refused.value)
    assert "sesame" not in str(refused.value)
