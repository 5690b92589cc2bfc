"""Clients that leave: what was begun for them ends, and nobody else notices."""

import logging
import socket
import threading
import time

import pytest
from conftest import (
    CRACK_PIXELS,
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

from app import work
from app.engine import Engine

LARGE_PHOTO = encode(crack_photo(1200, 1200))  # 625 tiles


def ask_and_wait(service: Service, photo: bytes) -> socket.socket:
    """A connection on which a photo was sent."""
    connection = socket.create_connection(("127.0.0.1", service.port))
    head = f"POST /v1/segment HTTP/1.1\r\nHost: here\r\nContent-Length: {len(photo)}\r\n\r\n"
    connection.sendall(head.encode() + photo)
    return connection


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A device that takes its time, and the number of tiles of each of its runs."""
    runs: list[int] = []
    run = Engine.run

    def slow(self, tiles, stop):
        runs.append(len(tiles))
        time.sleep(0.02)
        return run(self, tiles, stop)

    monkeypatch.setattr(Engine, "run", slow)
    return runs


def test_a_photo_whose_client_left_is_not_run_to_its_end(
    start: Start, slowly: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    service = start()
    caplog.set_level(logging.INFO, logger="app.middleware")
    with ask_and_wait(service, LARGE_PHOTO):
        wait_until(lambda: len(slowly) >= 3)
    wait_until(lambda: service.state.admission.photos == 0)
    assert len(slowly) < 60
    wait_until(lambda: "/v1/segment 499" in caplog.text)
    assert "Traceback" not in caplog.text
    assert_answers_good_photo(service)
    assert service.get("/healthz").status == 200


@pytest.mark.usefixtures("slowly")
def test_photos_of_clients_who_left_say_nothing_of_the_speed(start: Start) -> None:
    service = start(max_queued_pixels=1)

    def retry_after() -> int:
        with ask_and_wait(service, LARGE_PHOTO):
            wait_until(lambda: service.state.admission.photos == 1)
            answer = service.post("/v1/segment", GOOD_PHOTO)
            assert_problem(answer, 503, "overloaded")
        wait_until(lambda: service.state.admission.photos == 0)
        return int(answer.headers["retry-after"])

    assert len({retry_after() for _ in range(6)}) == 1


def test_a_photo_that_waits_for_a_thread_is_dropped(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_run, runs, run = threading.Event(), [], Engine.run

    def held(self, tiles, stop):
        may_run.wait(30)
        runs.append(len(tiles))
        return run(self, tiles, stop)

    monkeypatch.setattr(work, "SMALL_AT_ONCE", 1)
    service = start()
    monkeypatch.setattr(Engine, "run", held)
    answers: list[Answer] = []
    first = threading.Thread(target=lambda: answers.append(service.post("/v1/segment", GOOD_PHOTO)))
    first.start()
    wait_until(lambda: service.state.admission.photos == 1)
    with ask_and_wait(service, GOOD_PHOTO):
        wait_until(lambda: service.state.admission.photos == 2)
    wait_until(lambda: service.state.admission.photos == 1)
    may_run.set()
    first.join(20)
    assert answers[0].json()["statistics"]["crack_pixels"] == CRACK_PIXELS
    of_one_photo = len(runs)
    assert_answers_good_photo(service)
    assert len(runs) == 2 * of_one_photo


def test_small_photos_do_not_wait_for_a_thread_behind_large_ones(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "SMALL_PIXELS", 20_000)  # the good photo has 19200
    monkeypatch.setattr(work, "LARGE_AT_ONCE", 1)
    service = start()
    assert_answers_good_photo(service)
    run = Engine.run
    monkeypatch.setattr(
        Engine, "run", lambda self, tiles, stop: time.sleep(0.02) or run(self, tiles, stop)
    )
    large = [ask_and_wait(service, LARGE_PHOTO) for _ in range(3)]
    wait_until(lambda: service.state.admission.photos == 3)
    assert_answers_good_photo(service)
    assert service.state.admission.photos == 3
    for connection in large:
        connection.close()
    wait_until(lambda: service.state.admission.photos == 0)
