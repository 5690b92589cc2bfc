"""Photos are worked on in threads, and none for a client who has left."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from anyio import CancelScope, CapacityLimiter, to_thread
from starlette.requests import Request

from app.deadline import Deadline
from app.errors import ClientGone

Done = TypeVar("Done")

# Enough that decoding and measuring some photos overlaps the network's work on others. Each holds its pixels: those
# that wait for a thread hold their bytes alone.
LARGE_AT_ONCE = 8
# Enough to fill a GPU's batch of eight with one tile each while the eight before are answered and eight are decoded.
# They never wait for a thread behind large ones.
SMALL_AT_ONCE = 24
SMALL_PIXELS = 2_000_000


class Workers:
    """Threads for photos: so many for large ones, so many for small ones."""

    def __init__(self) -> None:
        self._large = CapacityLimiter(LARGE_AT_ONCE)
        self._small = CapacityLimiter(SMALL_AT_ONCE)

    async def run(
        self, request: Request, pixels: int, deadline: Deadline, work: Callable[[], Done]
    ) -> Done:
        """Do the work on a photo of so many pixels in a thread; the request's body has been read.

        Once the client leaves, or this request is cancelled, the deadline's `check` raises, for `work` to end by, and a
        photo that still waits for a thread is dropped. Raises ClientGone then, and what `work` raises.
        """
        limiter = self._small if pixels <= SMALL_PIXELS else self._large
        with CancelScope() as scope:
            watch = asyncio.create_task(_watch(request, deadline, scope))
            try:
                return await to_thread.run_sync(work, limiter=limiter)
            finally:
                watch.cancel()
                deadline.give_up()  # where it was cancelled, the thread would go on for nobody
        raise ClientGone("the client left before its photo had a thread")


async def _watch(request: Request, deadline: Deadline, waiting: CancelScope) -> None:
    """Wait until the client leaves, then end what is done for it. A thread that runs ends by itself."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    deadline.give_up()
    waiting.cancel()
