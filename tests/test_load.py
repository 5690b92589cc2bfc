"""Far more than the service can take at once, and devices that break: every answer is right or says come again."""

import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import (
    CRACK_PIXELS,
    GOOD_PHOTO,
    Answer,
    Start,
    assert_answers_good_photo,
    assert_problem,
    crack_photo,
    encode,
    wait_until,
)

from app.engine import Engine

CLIENTS = 200
GOOD_PIXELS = 120 * 160


@pytest.fixture
def slow_device(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Engine.run
    monkeypatch.setattr(
        Engine, "run", lambda self, tiles, stop: time.sleep(0.004) or run(self, tiles, stop)
    )


def is_right_or_says_come_again(answer: Answer) -> bool:
    if answer.status == 200:
        return answer.json()["statistics"]["crack_pixels"] == CRACK_PIXELS
    assert_problem(answer, 503, "overloaded", "later")
    return int(answer.headers["retry-after"]) >= 1


@pytest.mark.usefixtures("slow_device")
def test_200_clients_where_20_have_room(start: Start) -> None:
    service = start(max_queued_pixels=20 * GOOD_PIXELS)
    health: list[int] = []
    is_over = threading.Event()

    def ask_for_health() -> None:
        while not is_over.wait(0.02):
            health.append(service.get("/healthz").status)

    watching = threading.Thread(target=ask_for_health)
    watching.start()
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda _: service.post("/v1/segment", GOOD_PHOTO), range(CLIENTS)))
    is_over.set()
    watching.join(20)
    assert all(is_right_or_says_come_again(answer) for answer in answers)
    statuses = Counter(answer.status for answer in answers)
    assert statuses[200] + statuses[503] == CLIENTS
    assert statuses[200] >= 20
    assert statuses[503] > 0
    assert set(health) == {200}
    assert service.state.admission.pixels == 0
    counted = service.get("/metrics").body.decode()
    for status, count in statuses.items():
        assert f'route="/v1/segment",status="{status}"}} {count:.1f}' in counted


@pytest.mark.usefixtures("slow_device")
def test_clients_that_vanish_midway(start: Start) -> None:
    """Half of them while they send, half while they wait; those that stay get what is theirs."""
    service = start()
    photo = encode(crack_photo(400, 400))
    draws = random.Random(0)  # noqa: S311  (no secret)

    def vanish(number: int) -> None:
        length = len(photo) if number % 2 else draws.randrange(1, len(photo))
        with socket.create_connection(("127.0.0.1", service.port)) as connection:
            head = (
                f"POST /v1/segment HTTP/1.1\r\nHost: here\r\nContent-Length: {len(photo)}\r\n\r\n"
            )
            connection.sendall(head.encode() + photo[:length])
            time.sleep(draws.uniform(0, 0.3))

    with ThreadPoolExecutor(30) as pool:
        gone = pool.map(vanish, range(60))
        stay = pool.map(lambda _: service.post("/v1/segment", GOOD_PHOTO), range(20))
        list(gone)
        assert all(answer.json()["statistics"]["crack_pixels"] == CRACK_PIXELS for answer in stay)
    wait_until(lambda: service.state.admission.photos == 0)
    assert service.get("/healthz").status == 200
    assert_answers_good_photo(service)


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lets the next so many runs of the device fail."""
    left = [0]
    session_run = Engine.run

    def run(self, tiles, stop):
        session = self._session
        if left[0]:
            left[0] -= 1
            self._session = Broken()
        try:
            return session_run(self, tiles, stop)
        finally:
            self._session = session

    monkeypatch.setattr(Engine, "run", run)
    return lambda times: left.__setitem__(0, times)


class Broken:
    def run(self, *_: object) -> None:
        raise RuntimeError("CUDA failure 700: an illegal memory access was encountered")


def test_a_device_that_fails_once(start: Start, breaking: Callable[[int], None]) -> None:
    service = start()
    breaking(1)
    answer = service.post("/v1/segment", GOOD_PHOTO)
    problem = assert_problem(answer, 500, "internal-error")
    assert "CUDA" not in str(problem)
    assert_answers_good_photo(service)
    assert service.get("/healthz").status == 200


def test_a_device_that_fails_for_good(start: Start, breaking: Callable[[int], None]) -> None:
    service = start()
    breaking(10**6)
    for _ in range(3):
        assert service.post("/v1/segment", GOOD_PHOTO).status == 500
    assert_problem(service.get("/healthz"), 503, "not-ready", "darkness")
    assert service.state.admission.pixels == 0
