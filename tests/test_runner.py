"""The thread of a device: whose batch fails, whose does not, and runs that end because nobody waits."""

import contextlib
import gc
import threading
import time
import weakref
from collections.abc import Callable

import numpy as np
import pytest
from conftest import wait_until

from app.runner import Runner


class Network:
    """Answers with the tile's first value; as slow and as faulty as a test wants."""

    batch_size = 4

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.seconds = 0.0
        self.may_run = threading.Event()
        self.may_run.set()
        self.stopped = 0
        self.holds_from = 0
        self.fails: Callable[[list[int]], bool] = lambda values: False

    def run(self, tiles, stop):
        values = [int(tile[0, 0, 0]) for tile in tiles]
        self.counts.append(len(values))
        time.sleep(self.seconds)
        while not self.may_run.wait(0.005) or 0 < self.holds_from <= len(self.counts):
            time.sleep(0.005)
            if stop.was_called:
                self.stopped += 1
                raise RuntimeError("stopped")
        if self.fails(values):
            raise ValueError(f"no kernel for {values}")
        return np.array(values, np.float32)[:, None, None]


def tiles(*values: int) -> list[np.ndarray]:
    return [np.full((1, 1, 3), value, np.uint8) for value in values]


def found(runner: Runner, network: Network, *values: int) -> list[float]:
    parts = runner.predictions(network, tiles(*values), lambda: None)
    return [float(value) for part in parts for value in part.probability.ravel()]


def at_once(runner: Runner, network: Network, *photos: tuple[int, ...]) -> list[object]:
    """What each photo gets, where all but the first come while the device is busy with that one."""
    outcomes: list[object] = [None] * len(photos)

    def ask(number: int) -> None:
        try:
            outcomes[number] = found(runner, network, *photos[number])
        except ValueError as error:
            outcomes[number] = error

    network.may_run.clear()
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(photos))]
    threads[0].start()
    wait_until(lambda: bool(network.counts))
    for thread in threads[1:]:
        thread.start()
    wait_until(lambda: len(runner._queue._jobs) == len(photos) - 1)
    network.may_run.set()
    for thread in threads:
        thread.join(20)
    return outcomes


def test_a_photo_gets_its_tiles_in_order():
    network = Network()
    assert found(Runner(), network, 5, 1, 4, 2, 3) == [5, 1, 4, 2, 3]
    assert network.counts == [4, 1]


def test_photos_that_wait_share_a_batch():
    network = Network()
    assert at_once(Runner(), network, (1,), (2,), (3, 4), (5,)) == [[1], [2], [3, 4], [5]]
    assert network.counts == [1, 4]


def test_where_a_shared_batch_fails_each_photo_is_run_alone(caplog):
    network = Network()
    network.fails = lambda values: 7 in values
    first, good, bad, too = at_once(Runner(), network, (1,), (2,), (7,), (3,))
    assert (first, good, too) == ([1], [2], [3])
    assert "no kernel for [7]" in str(bad)
    assert network.counts == [1, 3, 1, 1, 1]
    assert "a batch of 3 photos failed; each is run alone" in caplog.text


def test_a_photo_that_fails_takes_no_other_with_it():
    network, runner = Network(), Runner()
    network.fails = lambda values: 7 in values
    with pytest.raises(ValueError, match="no kernel"):
        found(runner, network, 1, 2, 3, 4, 7)
    assert found(runner, network, 8, 9) == [8, 9]


def test_a_photo_that_fails_midway_is_not_run_to_its_end():
    network, runner = Network(), Runner()
    network.fails = lambda values: 7 in values
    with pytest.raises(ValueError, match="no kernel"):
        found(runner, network, 7, *range(10, 50))
    found(runner, network, 1)
    assert sum(network.counts) < 4 * 4


def test_a_run_that_nobody_waits_for_is_ended():
    network, runner = Network(), Runner()
    network.may_run.clear()
    gone = threading.Event()

    def check() -> None:
        if gone.is_set():
            raise TimeoutError

    def ask() -> None:
        with pytest.raises(TimeoutError):
            list(runner.predictions(network, tiles(1, 2, 3, 4, 5, 6, 7, 8, 9), check))

    asking = threading.Thread(target=ask)
    asking.start()
    wait_until(lambda: bool(network.counts))
    gone.set()
    wait_until(lambda: network.stopped == 1)
    asking.join(20)
    assert not asking.is_alive()
    network.may_run.set()
    assert found(runner, network, 1) == [1]
    assert network.counts == [4, 1]  # the other five tiles were never run


def leave_while_running(runner: Runner, network: Network, *photos: list[np.ndarray]) -> None:
    """All photos share the device's batch, except the first, which runs alone; everybody leaves meanwhile."""
    gone = threading.Event()

    def check() -> None:
        if gone.is_set():
            raise TimeoutError

    def ask(photo: list[np.ndarray]) -> None:
        with contextlib.suppress(TimeoutError):
            list(runner.predictions(network, photo, check))

    network.may_run.clear()
    threads = [threading.Thread(target=ask, args=(photo,)) for photo in photos]
    threads[0].start()
    wait_until(lambda: len(network.counts) == 1)
    for thread in threads[1:]:
        thread.start()
    wait_until(lambda: len(runner._queue._jobs) == len(photos) - 1)
    network.may_run.set()
    wait_until(lambda: len(network.counts) == 2)
    gone.set()
    for thread in threads:
        thread.join(20)


def test_a_batch_that_nobody_waits_for_is_no_failure(caplog):
    network, runner = Network(), Runner()
    network.holds_from = 2
    leave_while_running(runner, network, tiles(1), tiles(2), tiles(3))
    wait_until(lambda: network.stopped == 1)
    network.holds_from = 0
    assert found(runner, network, 4) == [4]
    assert network.counts == [1, 2, 1]
    assert "failed" not in caplog.text


def test_a_photo_that_was_left_or_failed_is_not_kept():
    """Not even by cycles that a later collection would find: photos are large, and collections rare."""
    network, runner = Network(), Runner()
    photos = [np.zeros((1, 1, 3), np.uint8), np.full((1, 1, 3), 7, np.uint8)]
    kept = [weakref.ref(photo) for photo in photos]
    gc.disable()
    try:
        network.holds_from = 2
        leave_while_running(runner, network, tiles(1), [photos[0]])
        wait_until(lambda: network.stopped == 1)
        network.holds_from = 0
        network.fails = lambda values: 7 in values
        with contextlib.suppress(ValueError):
            list(runner.predictions(network, [photos[1]], lambda: None))
        network.fails = lambda values: False
        found(runner, network, 1)  # the thread has let go of what came before
        photos.clear()
        assert [reference() for reference in kept] == [None, None]
    finally:
        gc.enable()


def test_leaving_early_forgets_the_rest():
    network, runner = Network(), Runner()
    network.seconds = 0.05
    parts = runner.predictions(network, tiles(*range(40)), lambda: None)
    next(parts)
    parts.close()
    found(runner, network, 1)
    assert sum(network.counts) < 20


def test_a_runner_that_is_forgotten_ends_its_thread():
    before = set(threading.enumerate())
    runner = Runner()
    found(runner, Network(), 1)
    (own,) = [
        each for each in threading.enumerate() if each.name == "device" and each not in before
    ]
    del runner
    gc.collect()
    own.join(20)
    assert not own.is_alive()
