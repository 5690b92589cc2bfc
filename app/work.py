"""Photos are worked on in threads, and none for a client who has left."""

import asyncio
from collections.abc import Awaitable, Callable
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


# Reading JSON keeps the interpreter to itself, and lists take several times the memory of their text.
READING_AT_ONCE = 2
# Photos that others are asked for: such a thread mostly waits, and holds the bytes of one photo.
FETCHING_AT_ONCE = 4


class Workers:
    """Threads for photos: so many for large ones, so many for small ones; and for what comes before a photo."""

    def __init__(self) -> None:
        self._large = CapacityLimiter(LARGE_AT_ONCE)
        self._small = CapacityLimiter(SMALL_AT_ONCE)
        self._reading = CapacityLimiter(READING_AT_ONCE)
        self._fetching = CapacityLimiter(FETCHING_AT_ONCE)

    async def run(
        self, request: Request, pixels: int, deadline: Deadline, work: Callable[[], Done]
    ) -> Done:
        """Do the work on a photo of so many pixels in a thread, as `serve` and `photo` have it."""
        return await self.serve(request, deadline, lambda: self.photo(pixels, work))

    async def serve(
        self, request: Request, deadline: Deadline, service: Callable[[], Awaitable[Done]]
    ) -> Done:
        """Await `service` for as long as its client does; the request's body has been read.

        Once the client leaves, or this request is cancelled, the deadline's `check` raises, for threads to end by, and
        what still waits for a thread is dropped. Raises ClientGone then, and what `service` raises.
        """
        with CancelScope() as scope:
            watch = asyncio.create_task(_watch(request, deadline, scope))
            try:
                return await service()
            finally:
                watch.cancel()
                deadline.give_up()  # where it was cancelled, the thread would go on for nobody
        raise ClientGone("the client left before its photo had a thread")

    async def photo(self, pixels: int, work: Callable[[], Done]) -> Done:
        """Do the work on a photo of so many pixels in a thread."""
        limiter = self._small if pixels <= SMALL_PIXELS else self._large
        return await to_thread.run_sync(work, limiter=limiter)

    async def fetch(self, work: Callable[[], Done]) -> Done:
        """Wait for somebody else's photo in a thread that keeps no photo of callers waiting."""
        return await to_thread.run_sync(work, limiter=self._fetching)

    async def read(self, work: Callable[[], Done]) -> Done:
        """Read a request's JSON in a thread."""
        return await to_thread.run_sync(work, limiter=self._reading)


async def _watch(request: Request, deadline: Deadline, waiting: CancelScope) -> None:
    """Wait until the client leaves, then end what is done for it. A thread that runs ends by itself."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    deadline.give_up()
    waiting.cancel()
