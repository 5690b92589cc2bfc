"""The time that a request has."""

import time

from app.errors import ClientGone, DeadlineExceeded


def go_on() -> None:
    """A check that never stops anything."""


class Deadline:
    """The moment by which an answer must be there. `subject` is what was asked for, `advice` how to ask for less."""

    def __init__(
        self,
        seconds: float,
        subject: str = "the photo was",
        advice: str = "send it smaller, or with a resolution_scale below 1",
    ):
        self._subject, self._advice = subject, advice
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._is_given_up = False

    def give_up(self) -> None:
        """Say that nobody waits for the answer any more."""
        self._is_given_up = True

    def check(self) -> None:
        """Raises DeadlineExceeded once the time is up, ClientGone once it was given up."""
        if self._is_given_up:
            raise ClientGone("the client left before its answer was there")
        if time.monotonic() > self._end:
            raise DeadlineExceeded(
                f"{self._subject} not finished within {self._seconds:g} s; {self._advice}"
            )
