"""Whose tiles come next: in order, each once, nobody starved, nothing run for nobody."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.tile_queue import Batch, Job, Stop, TileQueue


@dataclass(eq=False)
class Network:
    batch_size: int = 4

    def run(self, tiles, stop):
        raise NotImplementedError


def job(network: Network, count: int, first: int = 0) -> Job:
    """A photo whose tiles are numbered, so that they can be told apart."""
    return Job(network, [np.full((1, 1, 3), first + n, np.int64) for n in range(count)])


def numbers(batch: Batch) -> list[list[int]]:
    """The numbers of the tiles, by photo."""
    return [[int(tile[0, 0, 0]) for tile in share.tiles] for share in batch.shares]


def batches(queue: TileQueue, jobs: Sequence[Job]) -> list[list[list[int]]]:
    for each in jobs:
        queue.put(each)
    queue.close()
    taken = []
    while (batch := queue.take(Stop())) is not None:
        taken.append(numbers(batch))
    return taken


def test_a_photo_alone_gets_its_tiles_in_order():
    assert batches(TileQueue(), [job(Network(4), 9)]) == [[[0, 1, 2, 3]], [[4, 5, 6, 7]], [[8]]]


def test_small_photos_share_a_batch():
    network = Network(4)
    photos = [job(network, 1, 0), job(network, 2, 10), job(network, 2, 20)]
    assert batches(TileQueue(), photos) == [[[0], [10, 11], [20]], [[21]]]


def test_a_small_photo_passes_a_huge_one_and_the_huge_one_still_has_every_other_batch():
    network = Network(2)
    photos = [job(network, 8, 0), job(network, 2, 100), job(network, 4, 200)]
    assert batches(TileQueue(), photos) == [
        [[0, 1]], [[100, 101]], [[2, 3]], [[4, 5]], [[6, 7]], [[200, 201]], [[202, 203]]
    ]  # fmt: skip


def test_an_endless_stream_of_small_photos_does_not_starve_a_huge_one():
    network, queue = Network(1), TileQueue()
    huge = job(network, 10)
    queue.put(huge)
    for turn in range(16):
        queue.put(job(network, 1, 100))
        queue.take(Stop())
        assert huge.taken == turn // 2 + 1


def test_models_do_not_share_a_batch():
    one, other = Network(4), Network(4)
    photos = [job(one, 1, 0), job(other, 1, 10), job(one, 1, 20)]
    assert batches(TileQueue(), photos) == [[[0], [20]], [[10]]]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=8),
    st.integers(1, 5),
    st.integers(1, 5),
)
def test_every_tile_is_run_once_and_in_order(photos, size, other_size):
    networks = Network(size), Network(other_size)
    jobs = [job(networks[other], count, 100 * n) for n, (count, other) in enumerate(photos)]
    queue = TileQueue()
    for each in jobs:
        queue.put(each)
    queue.close()
    seen: dict[Job, list[int]] = {each: [] for each in jobs}
    while (batch := queue.take(Stop())) is not None:
        assert {share.job.network for share in batch.shares} == {batch.network}
        assert sum(len(share.tiles) for share in batch.shares) <= batch.network.batch_size
        for share, own in zip(batch.shares, numbers(batch), strict=True):
            seen[share.job] += own
    for number, each in enumerate(jobs):
        assert seen[each] == [100 * number + n for n in range(len(each.tiles))]


def test_a_photo_that_is_abandoned_is_not_run():
    network, queue = Network(2), TileQueue()
    left, stays = job(network, 5), job(network, 1, 10)
    queue.put(left)
    queue.put(stays)
    queue.abandon(left)
    queue.close()
    assert numbers(queue.take(Stop())) == [[10]]
    assert queue.take(Stop()) is None


def test_a_run_ends_once_nobody_waits_for_any_tile_of_it():
    network, queue, stop = Network(2), TileQueue(), Stop()
    one, other = job(network, 1), job(network, 1)
    queue.put(one)
    queue.put(other)
    batch = queue.take(stop)
    queue.abandon(one)
    assert (stop.was_called, batch.is_abandoned) == (False, False)
    queue.abandon(other)
    assert (stop.was_called, batch.is_abandoned) == (True, True)


def test_a_run_that_is_over_is_not_stopped():
    network, queue, stop = Network(2), TileQueue(), Stop()
    first, later = job(network, 1), job(network, 1)
    queue.put(first)
    queue.take(stop)
    queue.put(later)
    queue.take(Stop())
    queue.abandon(first)
    assert not stop.was_called


def test_a_stop_ends_the_run_that_goes_on_and_one_that_begins_late():
    ended, stop = [], Stop()
    stop.ends_by(lambda: ended.append("first"))
    assert ended == []
    stop()
    assert ended == ["first"]
    stop.ends_by(lambda: ended.append("second"))
    assert ended == ["first", "second"]


def test_taking_waits_for_a_photo_and_ends_when_the_queue_is_closed():
    queue, taken = TileQueue(), []

    def take() -> None:
        while (batch := queue.take(Stop())) is not None:
            taken.append(numbers(batch))

    taker = threading.Thread(target=take, daemon=True)
    taker.start()
    queue.put(job(Network(4), 2))
    queue.close()
    taker.join(20)
    assert not taker.is_alive()
    assert taken == [[[0, 1]]]


def test_waiting_for_a_prediction_ends_when_the_check_says_so():
    def time_is_up() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        job(Network(1), 1).next(time_is_up)
