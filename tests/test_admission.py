"""How much is worked on at once."""

import threading
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from app import admission
from app.admission import Admission
from app.errors import Overloaded, ShuttingDown


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(admission, "time", SimpleNamespace(monotonic=clock))
    return clock


def refused(door: Admission, pixels: int) -> Overloaded:
    with pytest.raises(Overloaded) as refusal, door.photo(pixels):
        pass
    return refusal.value


def retry_after(door: Admission) -> float:
    """What a photo is told that comes while a million pixels are worked on."""
    with door.photo(1_000_000):
        told = refused(door, 10**12).retry_after_s
    assert told is not None
    return told


def test_photos_are_counted_while_inside():
    door = Admission(100)
    with door.photo(60), door.photo(40):
        assert (door.pixels, door.photos) == (100, 2)
    assert (door.pixels, door.photos) == (0, 0)


def test_over_the_bound_a_photo_is_refused_at_once():
    door = Admission(100)
    with door.photo(60):
        refusal = refused(door, 41)
        assert "60 pixels are being worked on, and 100 is the limit" in refusal.detail
        assert (door.pixels, door.photos) == (60, 1)
        with door.photo(40):
            pass
    with door.photo(41):
        pass


def test_an_empty_service_takes_any_one_photo():
    door = Admission(100)
    with door.photo(1_000):
        assert door.pixels == 1_000
        refused(door, 1)


def test_a_photo_that_fails_gives_its_place_back():
    door = Admission(100)
    with pytest.raises(RuntimeError), door.photo(100):
        raise RuntimeError
    assert (door.pixels, door.photos) == (0, 0)


def test_after_closing_no_photo_is_taken_and_those_inside_finish():
    door = Admission(100)
    door.require_open()
    with door.photo(50):
        door.close()
        with pytest.raises(ShuttingDown) as refusal, door.photo(1):
            pass
        assert refusal.value.retry_after_s == 10
        with pytest.raises(ShuttingDown):
            door.require_open()
        assert door.photos == 1
    assert door.photos == 0


def test_retry_after_starts_from_a_guess(clock):
    assert retry_after(Admission(1)) == pytest.approx(1_000_000 / 150_000)


@pytest.mark.parametrize("pixels_per_s", [20_000, 5_000_000])
def test_retry_after_follows_the_measured_rate(clock, pixels_per_s):
    door = Admission(1)
    for _ in range(100):
        with door.photo(1_000_000):
            clock.now += 1_000_000 / pixels_per_s
    assert retry_after(door) == pytest.approx(1_000_000 / pixels_per_s, rel=0.01)


def test_a_photo_weighs_by_its_size(clock):
    """Thumbnails that take a second each do not make 24 megapixels take days."""
    door = Admission(1)
    for _ in range(100):
        with door.photo(24_000_000):
            clock.now += 24
        with door.photo(1):
            clock.now += 1
    assert retry_after(door) == pytest.approx(1, rel=0.1)


def test_what_needs_no_network_teaches_nothing(clock):
    door = Admission(1)
    with door.place(1_000_000):
        clock.now += 0.01
    assert retry_after(door) == retry_after(Admission(1))


def test_photos_side_by_side_share_the_rate(clock):
    """Two photos of a million pixels that take 10 s together are 200,000 pixels a second, not 100,000."""
    door = Admission(10_000_000)
    for _ in range(30):
        with ExitStack() as stack:
            for _ in range(2):
                stack.enter_context(door.photo(1_000_000))
            clock.now += 10
        # They end together, so the last one is alone when it ends: between half the rate and all of it.
    assert 1_000_000 / 200_000 <= retry_after(door) <= 1_000_000 / 100_000


def test_a_photo_that_failed_teaches_nothing(clock):
    """An unreadable photo fails within a millisecond; the next client would be told to come back at once."""

    def read_badly() -> None:
        with door.photo(24_000_000):
            clock.now += 0.001
            raise RuntimeError

    door = Admission(1)
    for _ in range(5):
        with pytest.raises(RuntimeError):
            read_badly()
    assert retry_after(door) == pytest.approx(1_000_000 / 150_000)


def test_retry_after_is_positive_however_fast_photos_are(clock):
    door = Admission(1)
    for _ in range(5):
        with door.photo(1):
            pass
    assert retry_after(door) > 0


def test_many_threads_leave_nothing_behind():
    door = Admission(500)
    most = []

    def work() -> None:
        for _ in range(200):
            try:
                with door.photo(100):
                    most.append(door.pixels)
            except Overloaded:
                continue

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (door.pixels, door.photos) == (0, 0)
    assert max(most) <= 500
