"""Bodies that are too large, too slow, endless or broken off; and where a good one is kept."""

import contextlib
import logging
import socket
import tempfile
import time
from collections.abc import Iterator

import numpy as np
import pytest
from conftest import (
    Answer,
    Service,
    Start,
    assert_answers_good_photo,
    assert_problem,
    encode,
    multipart,
)

from app import middleware

FORM = "multipart/form-data; boundary=cut"
FILE = 'Content-Disposition: form-data; name="file"; filename="a.png"'


def test_body_over_the_limit(start: Start) -> None:
    service = start(max_upload_mb=1)
    assert_problem(service.post("/v1/segment", b"a" * 1_000_001), 413, "upload-too-large", "1 MB")
    body, content_type = multipart(b"a" * 1_000_000)
    answer = service.post("/v1/segment", body, Content_Type=content_type)
    assert_problem(answer, 413, "upload-too-large", "1 MB")
    assert_answers_good_photo(service)


@contextlib.contextmanager
def sending(service: Service, *headers: str, path: str = "/v1/segment") -> Iterator[socket.socket]:
    """A connection on which a request has begun; what becomes of its body is the caller's."""
    lines = (f"POST {path} HTTP/1.1", "Host: here", *headers, "", "")
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as connection:
        connection.sendall("\r\n".join(lines).encode())
        yield connection


def answer_on(connection: socket.socket) -> Answer:
    file = connection.makefile("rb")
    status = int(file.readline().split()[1])
    headers = {}
    while line := file.readline().strip().decode():
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    return Answer(status, headers, file.read(int(headers["content-length"])))


def send_for_20_s(connection: socket.socket) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        connection.sendall(CHUNK)


CHUNK = b"2710\r\n" + b"a" * 10_000 + b"\r\n"


@pytest.mark.parametrize("content_type", ["image/jpeg", FORM])
def test_a_body_that_never_ends(
    start: Start, monkeypatch: pytest.MonkeyPatch, content_type: str
) -> None:
    monkeypatch.setattr(middleware, "LINGER_S", 0.5)
    service = start(max_upload_mb=1)
    with sending(
        service, f"Content-Type: {content_type}", "Transfer-Encoding: chunked"
    ) as connection:
        if content_type == FORM:
            head = b"--cut\r\n" + FILE.encode() + b"\r\n\r\n"
            connection.sendall(b"%x\r\n%b\r\n" % (len(head), head))
        for _ in range(101):
            connection.sendall(CHUNK)
        answer = answer_on(connection)
        assert_problem(answer, 413, "upload-too-large", "1 MB")
        assert answer.headers["connection"] == "close"
        with pytest.raises(ConnectionError):  # the service stops listening to it
            send_for_20_s(connection)
    assert_answers_good_photo(service)


def test_a_large_declared_body_is_refused_before_it_is_sent(start: Start) -> None:
    service = start(max_upload_mb=1)
    with sending(service, "Content-Length: 5000000000", "Expect: 100-continue") as connection:
        assert_problem(answer_on(connection), 413, "upload-too-large", "1 MB")
    assert_answers_good_photo(service)


def test_a_body_that_falls_silent(start: Start) -> None:
    service = start(upload_stall_s=0.2)
    with sending(service, "Content-Type: image/jpeg", "Content-Length: 1000") as connection:
        connection.sendall(b"a" * 10)
        assert_problem(answer_on(connection), 408, "upload-too-slow", "0.2 s", "10 bytes", "again")
    assert_answers_good_photo(service)


def test_a_body_that_drips(start: Start) -> None:
    service = start(request_timeout_s=0.6)
    with sending(service, "Content-Type: image/jpeg", "Content-Length: 1000") as connection:
        for _ in range(8):
            connection.sendall(b"a")
            time.sleep(0.1)
        assert_problem(answer_on(connection), 408, "upload-too-slow", "0.6 s")


def test_an_upload_that_breaks_off_is_no_failure_of_the_service(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        with sending(service, "Content-Type: image/jpeg", "Content-Length: 1000") as connection:
            connection.sendall(b"a" * 10)
        end = time.monotonic() + 10
        while "/v1/segment 400" not in caplog.text and time.monotonic() < end:
            time.sleep(0.02)
    assert "/v1/segment 400" in caplog.text
    assert "Traceback" not in caplog.text
    assert_answers_good_photo(service)


@pytest.mark.parametrize("form", [True, False])
def test_nothing_of_a_photo_is_written_to_disk(
    service: Service, monkeypatch: pytest.MonkeyPatch, form: bool
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", refuse)
    photo = encode(np.full((900, 900, 3), 200, np.uint8), "BMP")
    assert len(photo) > 2_000_000
    body, content_type = multipart(photo) if form else (photo, "image/bmp")
    assert service.post("/v1/segment?mode=resize", body, Content_Type=content_type).status == 200
