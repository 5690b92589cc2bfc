"""The one thread that gives a device its batches, whichever model they are of."""

import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence

from app.tile_queue import Batch, Job, Network, Prediction, Stop, Tile, TileQueue

logger = logging.getLogger(__name__)


ObserveBatch = Callable[[int], None]
"""Told of the tiles of each batch that ran."""


def ignore(tiles: int) -> None:
    """Where nobody counts."""


class Runner:
    """Takes the tiles of many photos and runs them in batches, one at a time."""

    def __init__(self, observe: ObserveBatch = ignore) -> None:
        self._queue = TileQueue()
        # One thread for good: CUDA's libraries keep handles and memory for every thread that ever ran something.
        threading.Thread(
            target=_run_all, args=(self._queue, observe), name="device", daemon=True
        ).start()
        weakref.finalize(self, self._queue.close)

    def predictions(
        self, network: Network, tiles: Sequence[Tile], check: Callable[[], None]
    ) -> Iterator[Prediction]:
        """The probabilities of a photo's tiles, in their order, as they come; blocks.

        `check` is called before the first and then every few hundredths of a second, and may raise; then, and when
        the caller closes the iterator, the tiles that are left are forgotten. Raises what a run of them raised.
        """
        job = Job(network, tiles)
        self._queue.put(job)
        received = 0
        try:
            while received < len(tiles):
                prediction = job.next(check)
                received += len(prediction.probability)
                yield prediction
        finally:
            if received < len(tiles):
                self._queue.abandon(job)


def _run_all(queue: TileQueue, observe: ObserveBatch) -> None:
    """Run batch after batch until the queue is closed. Knows no runner, so that one that is forgotten can end."""
    while True:
        batch = queue.take(Stop())
        if batch is None:
            return
        _run(batch, queue, observe)
        del batch  # its model may be given up while the thread waits


def _run(batch: Batch, queue: TileQueue, observe: ObserveBatch) -> None:
    """Run a batch and hand out what came of it; where several photos share one that fails, each gets a run alone."""
    started = time.perf_counter()
    try:
        probability = batch.network.run(
            [tile for share in batch.shares for tile in share.tiles], batch.stop
        )
    except Exception as error:  # of whatever the device may raise
        if batch.is_abandoned:
            return  # it was stopped; an error that nobody fetches would keep the photo
        if len(batch.shares) == 1:
            job = batch.shares[0].job
            job.deliver(error)
            queue.abandon(job)
            return
        logger.warning("a batch of %d photos failed; each is run alone", len(batch.shares))
        for alone in batch.alone():
            _run(alone, queue, observe)
        return
    ran_s, first = time.perf_counter() - started, 0
    observe(len(probability))
    for share in batch.shares:
        own = probability[first : first + len(share.tiles)]
        share.job.deliver(Prediction(own, ran_s))
        first += len(share.tiles)
