"""A connection that somebody watches: it ends once nobody waits for it any more, whatever it is at."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from app.errors import HairlineError

POLL_S = 0.1
"""How soon a connection ends after its reason to."""


class Guard:
    """Watches one connection at a time, from before it is there."""

    def __init__(self, check: Callable[[], None], longest_s: float):
        self._check = check
        self._end = time.monotonic() + longest_s
        self._socket: socket.socket | None = None
        self._is_over = threading.Event()
        self.has_cut = False
        """Whether the connection was ended here: what it gave may be half."""

    def hold(self, connection: socket.socket) -> None:
        """Watch this connection from now on."""
        self._socket = connection

    def watch(self) -> None:
        """Blocks until `leave`."""
        while not self._is_over.wait(POLL_S):
            if self.has_cut or self._is_due():
                self.has_cut = True
                self._cut()  # again and again: the connection may only come after its time

    def leave(self) -> None:
        """End watching."""
        self._is_over.set()

    def _is_due(self) -> bool:
        try:
            self._check()
        except HairlineError:
            return True
        return time.monotonic() > self._end

    def _cut(self) -> None:
        connection = self._socket
        if connection is not None:
            with suppress(OSError):  # it is closed already
                # Not TLS' own, which takes what is read after it for plain text.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


@contextmanager
def guarded(check: Callable[[], None], longest_s: float) -> Iterator[Guard]:
    """End what the guard holds once `check` raises, by HairlineError, or after so long."""
    guard = Guard(check, longest_s)
    thread = threading.Thread(target=guard.watch, daemon=True)
    thread.start()
    try:
        yield guard
    finally:
        guard.leave()
        thread.join()
