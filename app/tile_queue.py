"""Which tiles a device gets next, of all photos that wait for it.

The oldest photo and the one with the fewest tiles left take turns, a batch each. So photos are finished in the order
in which they came, a small one waits for two batches at most behind a huge one of the same model, and the huge one
still has every other batch. What a photo leaves free in its last batch goes to others of its model.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Tile = NDArray[np.uint8]
Probability = NDArray[np.float32]

POLL_S = 0.05  # how soon a photo notices that nobody waits for it any more


class Stop:
    """Ends a run before it is through; one thread runs, another calls. It is for one run after the other."""

    def __init__(self) -> None:
        self.was_called = False
        self._end: Callable[[], None] | None = None
        self._lock = threading.Lock()

    def __call__(self) -> None:
        """End the run that goes on, and those to come."""
        with self._lock:
            self.was_called = True
            if self._end:
                self._end()

    def ends_by(self, end: Callable[[], None]) -> None:
        """Say how the run that begins now is ended."""
        with self._lock:
            self._end = end
            if self.was_called:
                end()


class Network(Protocol):
    """What runs tiles on the device."""

    @property
    def batch_size(self) -> int:
        """Tiles of one run, at most."""

    def run(self, tiles: Sequence[Tile], stop: Stop) -> Probability:
        """Probabilities `[n, T, T]` of the tiles. Raises whatever goes wrong, and where it was stopped."""


@dataclass(frozen=True)
class Prediction:
    """Probabilities of a photo's next tiles, float32 `[n, T, T]` in 0 to 1, and the seconds that the run took."""

    probability: Probability
    ran_s: float


@dataclass(eq=False)
class Job:
    """The tiles of one photo, uint8 `[T, T, 3]` each, and what has become of them so far."""

    network: Network
    tiles: Sequence[Tile]
    taken: int = 0
    is_abandoned: bool = False
    _outcomes: "SimpleQueue[Prediction | Exception]" = field(default_factory=SimpleQueue)

    @property
    def remaining(self) -> int:
        """Tiles that no batch has taken yet."""
        return len(self.tiles) - self.taken

    def deliver(self, outcome: Prediction | Exception) -> None:
        """Hand the photo its next tiles, or why there are none."""
        self._outcomes.put(outcome)

    def next(self, check: Callable[[], None]) -> Prediction:
        """The next tiles' probabilities; blocks. Raises what `check` raises meanwhile, and what the run raised."""
        while True:
            check()
            try:
                outcome = self._outcomes.get(timeout=POLL_S)
            except Empty:
                continue
            if isinstance(outcome, Exception):
                try:
                    raise outcome
                finally:
                    del outcome  # its traceback holds this frame, which would hold it, and the photo with both
            return outcome


@dataclass(frozen=True)
class Share:
    """The part of a batch that is one photo's."""

    job: Job
    tiles: Sequence[Tile]


@dataclass(frozen=True, eq=False)
class Batch:
    """What the device runs at once: tiles of one or more photos, of one model."""

    shares: Sequence[Share]
    stop: Stop

    @property
    def network(self) -> Network:
        return self.shares[0].job.network

    @property
    def is_abandoned(self) -> bool:
        """Whether nobody waits for any of its tiles."""
        return all(share.job.is_abandoned for share in self.shares)

    def alone(self) -> Iterator["Batch"]:
        """A batch for each photo that somebody still waits for."""
        return (Batch((share,), self.stop) for share in self.shares if not share.job.is_abandoned)


class TileQueue:
    """The photos that wait for one device. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []  # in the order in which they came
        self._running: Batch | None = None
        self._oldest_is_next = True
        self._is_closed = False
        self._changed = threading.Condition()

    def put(self, job: Job) -> None:
        """Let a photo wait."""
        with self._changed:
            self._jobs.append(job)
            self._changed.notify()

    def abandon(self, job: Job) -> None:
        """Forget a photo's tiles; where a batch is running that nobody else waits for either, end it."""
        with self._changed:
            job.is_abandoned = True
            if job in self._jobs:
                self._jobs.remove(job)
            if self._running and self._running.is_abandoned:
                self._running.stop()

    def close(self) -> None:
        """Let `take` return None once all photos are served."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def take(self, stop: Stop) -> Batch | None:
        """The batch that the device runs next, which `stop` would end; blocks until there is one."""
        with self._changed:
            self._running = None
            while not self._jobs:
                if self._is_closed:
                    return None
                self._changed.wait()
            self._running = Batch(self._shares(), stop)
            return self._running

    def _shares(self) -> list[Share]:
        first = self._jobs[0] if self._oldest_is_next else min(self._jobs, key=_remaining)
        self._oldest_is_next = not self._oldest_is_next
        free, shares = first.network.batch_size, []
        others = (job for job in self._jobs if job is not first and job.network is first.network)
        for job in (first, *others):
            tiles = job.tiles[job.taken : job.taken + free]
            job.taken += len(tiles)
            free -= len(tiles)
            shares.append(Share(job, tiles))
            if not free:
                break
        self._jobs = [job for job in self._jobs if job.remaining]
        return shares


def _remaining(job: Job) -> int:
    return job.remaining
