"""How much is being worked on at once: the bound in pixels, and the end of admission at shutdown."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import Overloaded, ShuttingDown

# Pixels and the seconds they take: two CPU cores, U-Net in float32. Replaced by what is measured.
FIRST_GUESS = (1_500_000.0, 10.0)
FADING = 0.9
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
        self._done_pixels, self._busy_s = FIRST_GUESS
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
        """Hold a place for a photo, and learn from it how long photos take. Raises as `place` does."""
        started = time.monotonic()
        with self.place(pixels):
            yield
            # Of finished photos alone: one that cannot be read fails within a millisecond.
            self._learn(pixels, time.monotonic() - started)

    @contextmanager
    def place(self, pixels: int) -> Iterator[None]:
        """Hold a place. Raises Overloaded or ShuttingDown where there is none."""
        self.require_open()
        with self._lock:
            if self._photos and self._pixels + pixels > self._max_pixels:
                raise Overloaded(
                    f"photos of {self._pixels} pixels are being worked on, and {self._max_pixels} is the limit; "
                    "try again later",
                    retry_after_s=self._pixels * self._busy_s / self._done_pixels,
                )
            self._pixels += pixels
            self._photos += 1
        try:
            yield
        finally:
            with self._lock:
                self._pixels -= pixels
                self._photos -= 1

    def _learn(self, pixels: int, seconds: float) -> None:
        """Follow the rate of the whole service: photos that are worked on together share its time.

        Pixels and seconds are summed apart, the past fading by a tenth a photo: a ratio of sums weighs a photo
        by its size, where a mean of rates would believe a thumbnail as much as 24 megapixels.
        """
        with self._lock:
            self._done_pixels = FADING * self._done_pixels + pixels
            self._busy_s = FADING * self._busy_s + seconds / self._photos
