"""How much is being worked on at once: the bound in pixels, and the end of admission at shutdown."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import Overloaded, ShuttingDown

FIRST_GUESS_PIXELS_PER_S = (
    150_000.0  # two CPU cores, U-Net in float32; replaced by what is measured
)
SHUTDOWN_RETRY_S = 10.0


class Admission:
    """Counts the pixels of the photos being worked on; over the bound a photo is refused at once.

    An empty service takes any one photo, whatever its size.
    """

    def __init__(self, max_pixels: int):
        self._max_pixels = max_pixels
        self._pixels = 0
        self._photos = 0
        self._is_open = True
        self._pixels_per_s = FIRST_GUESS_PIXELS_PER_S
        self._lock = threading.Lock()

    @property
    def pixels(self) -> int:
        """Pixels of all photos being worked on."""
        return self._pixels

    @property
    def photos(self) -> int:
        """Photos being worked on."""
        return self._photos

    def require_open(self) -> None:
        """Raises ShuttingDown once `close` was called."""
        if not self._is_open:
            raise ShuttingDown(
                "the service is shutting down; send the photo again", retry_after_s=SHUTDOWN_RETRY_S
            )

    def close(self) -> None:
        """Admit no more photos; those inside are finished."""
        self._is_open = False

    @contextmanager
    def photo(self, pixels: int) -> Iterator[None]:
        """Hold a place for a photo. Raises Overloaded or ShuttingDown where there is none."""
        self.require_open()
        with self._lock:
            if self._photos and self._pixels + pixels > self._max_pixels:
                raise Overloaded(
                    f"photos of {self._pixels} pixels are being worked on, and {self._max_pixels} is the limit; "
                    "try again later",
                    retry_after_s=self._pixels / self._pixels_per_s,
                )
            self._pixels += pixels
            self._photos += 1
        started = time.monotonic()
        try:
            yield
            with self._lock:
                self._learn(pixels, time.monotonic() - started)
        finally:
            with self._lock:
                self._pixels -= pixels
                self._photos -= 1

    def _learn(self, pixels: int, seconds: float) -> None:
        """Follow the rate of the whole service: photos worked on together share it.

        Of finished photos alone: one that cannot be read fails within a millisecond.
        """
        rate = self._photos * pixels / max(seconds, 1e-3)
        self._pixels_per_s += 0.3 * (rate - self._pixels_per_s)
