"""The time that a request has."""

import time

from app.errors import DeadlineExceeded


class Deadline:
    """The moment by which an answer must be there."""

    def __init__(self, seconds: float):
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def check(self) -> None:
        """Raises DeadlineExceeded once the time is up."""
        if time.monotonic() > self._end:
            raise DeadlineExceeded(
                f"the photo was not finished within {self._seconds:g} s; send it smaller, or with a "
                "resolution_scale below 1"
            )
