"""The end of a service: what it has begun is answered, what comes new is sent away, and it says so."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import (
    CRACK_PIXELS,
    GOOD_PHOTO,
    HAIRLINE,
    Answer,
    Service,
    Start,
    assert_problem,
    crack_photo,
    encode,
    wait_until,
)

from app.engine import Engine


def test_photos_inside_are_finished_and_new_ones_refused(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = start()
    may_go_on = threading.Event()
    run = Engine.run
    monkeypatch.setattr(
        Engine, "run", lambda self, tiles, stop: may_go_on.wait(30) and run(self, tiles, stop)
    )
    answers: list[Answer] = []
    inside = threading.Thread(
        target=lambda: answers.append(service.post("/v1/segment", GOOD_PHOTO))
    )
    inside.start()
    wait_until(lambda: service.state.admission.photos == 1)

    service.server.should_exit = True
    wait_until(lambda: service.get("/readyz").status == 503)
    for answer in (service.get("/readyz"), service.post("/v1/segment", GOOD_PHOTO)):
        assert_problem(answer, 503, "shutting-down", "again")
        assert int(answer.headers["retry-after"]) >= 1
    assert service.get("/healthz").status == 200

    may_go_on.set()
    inside.join(30)
    assert answers[0].status == 200
    assert answers[0].json()["statistics"]["crack_pixels"] == CRACK_PIXELS
    wait_until(lambda: is_gone(service))


def test_sigterm_lets_a_real_process_finish_its_photo_and_exit_with_0(models_dir: Path) -> None:
    with serving(models_dir) as (process, url):
        photo = encode(
            crack_photo(1500, 1500), "PNG"
        )  # about 1000 tiles: there is time to interrupt
        answers: list[int] = []
        inside = threading.Thread(target=lambda: answers.append(post(url + "/v1/segment", photo)))
        inside.start()
        wait_until(lambda: b"hairline_queued_pixels 2.25e+06" in get(url + "/metrics"))
        process.send_signal(signal.SIGTERM)
        inside.join(60)
        assert answers == [200]
        assert process.wait(30) == 0


def test_sigterm_under_load_answers_all_and_takes_no_more(models_dir: Path) -> None:
    photo = encode(crack_photo(600, 600), "PNG")
    with serving(models_dir) as (process, url):
        answers: list[int] = []

        def ask() -> None:
            with contextlib.suppress(OSError):  # once the door is closed
                while True:
                    answers.append(post_anyway(url + "/v1/segment", photo))

        clients = [threading.Thread(target=ask) for _ in range(16)]
        for client in clients:
            client.start()
        wait_until(lambda: answers.count(200) >= 20)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        for client in clients:
            client.join(30)
    assert set(answers) <= {200, 503}
    assert 200 in answers[20:]  # what was inside was finished


def test_a_model_that_fails_in_its_first_run_ends_the_service(models_dir: Path) -> None:
    program = (
        "import sys; from app.cli import main; from app.registry import Registry\n"
        "def fail(self): raise RuntimeError('no algorithm')\n"
        "Registry.warm_up = fail\n"
        "sys.exit(main(['serve', '--port', '0', '--device', 'cpu', '--default-model', 'darkness',"
        " '--models-dir', sys.argv[1]]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(models_dir)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert "a model failed in its first run; the service ends" in done.stderr
    assert "RuntimeError: no algorithm" in done.stderr


def is_gone(service: Service) -> bool:
    try:
        service.get("/healthz")
    except OSError:  # refused, or reset while the door closes
        return True
    return False


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  (our own service)
        return answer.read()


def post(url: str, photo: bytes) -> int:
    request = urllib.request.Request(url, photo, {"Content-Type": "image/png"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return answer.status


def post_anyway(url: str, photo: bytes) -> int:
    try:
        return post(url, photo)
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return refusal.code


@contextlib.contextmanager
def serving(models_dir: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """`hairline serve` on a free port, as soon as it is ready, and its address."""
    settings = {"HAIRLINE_MODELS_DIR": str(models_dir), "HAIRLINE_DEFAULT_MODEL": "darkness"}
    with subprocess.Popen(
        [*HAIRLINE, "serve", "--port", "0", "--device", "cpu"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | settings,
    ) as process:
        try:
            assert process.stdout.readline().startswith("darkness 1.0.0 on CPU in ")
            url = process.stdout.readline().removeprefix("Hairline: ").removesuffix("/\n")
            wait_until(lambda: is_ready(url))
            yield process, url
        finally:
            process.kill()


def is_ready(url: str) -> bool:
    try:
        return bool(get(url + "/readyz"))
    except OSError:
        return False
