"""Every way to be refused, over HTTP: status, code, what to do, and a service that goes on as before."""

import resource
import threading
import time

import numpy as np
import pytest
from conftest import (
    GOOD_PHOTO,
    Service,
    Start,
    assert_answers_good_photo,
    assert_problem,
    crack_photo,
    encode,
    multipart,
)
from test_image import png_header

from app import routes
from app.engine import Engine
from app.errors import RequestError
from app.registry import Registry

JPEG = encode(crack_photo(), "JPEG")
FORM = "multipart/form-data; boundary=cut"


def part(*headers: str, content: bytes = GOOD_PHOTO) -> bytes:
    return (
        b"--cut\r\n"
        + "".join(f"{line}\r\n" for line in headers).encode()
        + b"\r\n"
        + content
        + b"\r\n"
    )


NAMED = 'Content-Disposition: form-data; name="file"; filename="a.png"'


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code", "word"),
    [
        pytest.param(b"", "image/jpeg", 422, "missing-file", "empty", id="empty body"),
        pytest.param(*multipart(b""), 422, "missing-file", "no bytes", id="empty file"),
        pytest.param(*multipart(JPEG, "photo"), 422, "missing-file", "photo", id="wrong field"),
        pytest.param(b"--cut--\r\n", FORM, 422, "missing-file", "none", id="no field"),
        pytest.param(*multipart(b"Dear Sir"), 415, "unsupported-image", "JPEG", id="text renamed"),
        pytest.param(encode(crack_photo(), "GIF"), "image/png", 415, "unsupported-image", "PNG", id="gif"),
        pytest.param(b"%PDF-1.7", "image/jpeg", 415, "unsupported-image", "TIFF", id="pdf"),
        pytest.param(
            encode(np.ones((4, 4), np.float32), "TIFF"),
            "image/tiff", 415, "unsupported-image", "16 bits", id="float",
        ),
        pytest.param(*multipart(JPEG[:900]), 422, "unreadable-image", "truncated", id="truncated"),
        pytest.param(GOOD_PHOTO[:200], "image/png", 422, "unreadable-image", "again", id="cut PNG"),
        pytest.param(JPEG, "multipart/form-data", 400, "bad-request", "boundary", id="no boundary"),
        pytest.param(JPEG, FORM, 400, "bad-request", "malformed", id="no form"),
        pytest.param(b"", FORM, 400, "bad-request", "malformed", id="empty form"),
        pytest.param(part(NAMED), FORM, 400, "bad-request", "boundary", id="form without its end"),
        pytest.param(
            part(NAMED) + part(NAMED) + b"--cut--\r\n", FORM, 400, "bad-request", "more than one", id="file twice"
        ),
        pytest.param(
            part("Content-Type: image/png") + b"--cut--\r\n", FORM, 400, "bad-request", "name", id="no name"
        ),
        pytest.param(
            part("X-Long: " + "a" * 100_000, NAMED) + b"--cut--\r\n",
            FORM, 400, "bad-request", "malformed", id="huge header line",
        ),
        pytest.param(
            part(*[f"X-{i}: a" for i in range(5000)], NAMED) + b"--cut--\r\n",
            FORM, 400, "bad-request", "malformed", id="many headers",
        ),
        pytest.param(
            b"".join(part(f'Content-Disposition: form-data; name="{i}"') for i in range(9)),
            FORM, 400, "bad-request", "more than 8", id="many fields",
        ),
        pytest.param(
            JPEG, "multipart/form-data; boundary=" + "a" * 300,
            400, "bad-request", "malformed", id="huge boundary",
        ),
    ],
)  # fmt: skip
def test_bad_bodies(
    service: Service, body: bytes, content_type: str, status: int, code: str, word: str
) -> None:
    answer = service.post("/v1/segment", body, Content_Type=content_type)
    assert_problem(answer, status, code, word)
    assert_answers_good_photo(service)


@pytest.mark.parametrize(
    "query",
    [
        "threshold=2", "threshold=0", "threshold=1", "threshold=-1", "threshold=nan", "threshold=half",
        "threshold=", "treshold=0.4", "mode=tiles", "resolution_scale=0.05", "resolution_scale=1.5",
        "resolution_scale=0.5&mode=resize", "resolution_scale=1&mode=resize", "mask=jpg", "mm_per_px=0",
        "mm_per_px=-1", "mm_per_px=inf", "cracks=perhaps", "min_area_px=-1", "min_area_px=1.5",
        "min_area_px=" + "9" * 5000, "format=docx", "threshold=0.3&threshold=0.4",
    ],
)  # fmt: skip
def test_bad_parameters(service: Service, query: str) -> None:
    answer = service.post(f"/v1/segment?{query}", GOOD_PHOTO)
    assert_problem(answer, 422, "invalid-parameter", query.partition("=")[0])
    assert len(answer.body) < 1000
    assert_answers_good_photo(service)


def test_all_bad_parameters_are_named_at_once(service: Service) -> None:
    answer = service.post("/v1/segment?threshold=2&treshold=0.4", GOOD_PHOTO)
    assert_problem(
        answer, 422, "invalid-parameter", "threshold: ", "treshold: ", "no such parameter"
    )


@pytest.mark.parametrize(
    "path", ["/nothing", "/v1/", "/v3/segment", "/v1/segments", "/v1/models/a/b"]
)
def test_wrong_path(service: Service, path: str) -> None:
    assert_problem(service.get(path), 404, "not-found", path, "/docs")


def test_unknown_model(service: Service) -> None:
    answer = service.post("/v1/segment?model=paper", GOOD_PHOTO)
    assert_problem(answer, 404, "unknown-model", "paper", "darkness")
    assert_problem(service.get("/v1/models/paper"), 404, "unknown-model", "darkness")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/segment", "POST"),
        ("DELETE", "/v1/measure", "POST"),
        ("POST", "/v1/models", "GET"),
    ],
)
def test_wrong_method(service: Service, method: str, path: str, allowed: str) -> None:
    answer = service.ask(method, path)
    assert_problem(answer, 405, "method-not-allowed", method, path)
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    "accept", ["text/html", "image/gif, application/msword", "application/json;q=0"]
)
def test_an_answer_that_does_not_exist(service: Service, accept: str) -> None:
    answer = service.post("/v1/segment", GOOD_PHOTO, Accept=accept)
    assert_problem(answer, 406, "not-acceptable", "application/json", "image/png", "image/jpeg")


@pytest.mark.parametrize("route", ["/v1/segment", "/v1/measure"])
def test_header_bomb_is_refused_before_it_is_decoded(service: Service, route: str) -> None:
    peak_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    answer = service.post(route, png_header(30_000, 30_000))
    assert_problem(answer, 413, "image-too-large", "30000x30000", "120000000")
    assert time.monotonic() - started < 5
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak_before
    assert grown_kib < 100_000  # decoded it would be 2.7 GB
    assert_answers_good_photo(service)


def test_overloaded(start: Start) -> None:
    service = start(max_queued_pixels=20_000)  # the good photo has 19200
    with service.state.admission.photo(1000):
        answer = service.post("/v1/segment", GOOD_PHOTO)
        assert_problem(answer, 503, "overloaded", "20000", "later")
        assert int(answer.headers["retry-after"]) >= 1
        assert service.get("/readyz").status == 200
    assert_answers_good_photo(service)


def test_an_empty_service_takes_any_one_photo(start: Start) -> None:
    assert_answers_good_photo(start(max_queued_pixels=1))


def test_a_device_that_fails_makes_the_service_unhealthy(start: Start) -> None:
    service = start()
    (model,) = service.state.models
    model.engine.has_failed = True
    assert_problem(service.get("/healthz"), 503, "not-ready", "darkness")
    assert_answers_good_photo(service)
    assert service.get("/healthz").status == 200


def test_not_ready(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    may_warm_up = threading.Event()
    warm_up = Registry.warm_up
    monkeypatch.setattr(Registry, "warm_up", lambda self: may_warm_up.wait(30) and warm_up(self))
    service = start(wait=False)
    for answer in (service.get("/readyz"), service.post("/v1/segment", GOOD_PHOTO)):
        assert_problem(answer, 503, "not-ready", "again")
        assert int(answer.headers["retry-after"]) >= 1
    assert service.get("/healthz").json() == {"status": "ok"}
    may_warm_up.set()
    assert_answers_good_photo(service.wait_until_ready())


def test_deadline(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    service = start(request_timeout_s=2)
    run = Engine.run
    monkeypatch.setattr(
        Engine, "run", lambda self, tiles, stop: time.sleep(2.3) or run(self, tiles, stop)
    )
    answer = service.post("/v1/segment", GOOD_PHOTO)
    assert_problem(answer, 504, "deadline-exceeded", "2 s", "resolution_scale")
    assert service.state.admission.pixels == 0
    monkeypatch.undo()
    assert_answers_good_photo(service)


def test_failure_is_told_to_the_log_alone(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the secret cause")

    monkeypatch.setattr(routes, "inspect", fail)
    answer = service.post("/v1/segment", GOOD_PHOTO)
    problem = assert_problem(answer, 500, "internal-error", answer.headers["x-request-id"])
    assert "secret" not in str(problem)
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert answer.headers["x-request-id"] in record.getMessage()
    assert "the secret cause" in caplog.text
    assert service.state.admission.pixels == 0
    monkeypatch.undo()
    assert_answers_good_photo(service)


def test_every_error_has_a_row_of_its_own() -> None:
    """The codes of API errors are pinned: clients switch on them."""
    assert {(error.status, error.code) for error in RequestError.__subclasses__()} == {
        (400, "bad-request"), (401, "unauthorized"), (404, "unknown-model"), (406, "not-acceptable"),
        (408, "upload-too-slow"), (413, "upload-too-large"), (413, "image-too-large"),
        (415, "unsupported-image"), (415, "unsupported-encoding"), (422, "invalid-parameter"), (422, "missing-file"),
        (422, "unreadable-image"), (429, "rate-limited"), (502, "photo-not-fetched"),
        (502, "label-studio-failed"), (503, "overloaded"),
            (503, "not-ready"), (503, "shutting-down"), (504, "deadline-exceeded"),
    }  # fmt: skip
