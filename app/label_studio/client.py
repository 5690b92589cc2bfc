"""Label Studio, asked for photos: within limits of bytes and time, and never sent elsewhere."""

import http.client
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Literal

from app.deadline import go_on
from app.errors import PhotoNotFetched, StartupError
from app.label_studio.origin import Origin
from app.settings import Settings

LONGEST_S = 60.0
"""Longest that one answer may take, however it drips."""
PIECE = 1 << 16
KEY = re.compile(r"(Token|Bearer) ([!-~]+)")


@dataclass(frozen=True)
class Key:
    """An access token of Label Studio: `Token` is a legacy one, `Bearer` a personal one."""

    kind: Literal["Token", "Bearer"]
    secret: str

    @classmethod
    def read(cls, file: Path) -> "Key":
        """Raises StartupError, which names the file and never shows what is in it."""
        try:
            match = KEY.fullmatch(file.read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError):
            raise StartupError(
                f"HAIRLINE_LABEL_STUDIO_KEY_FILE: {file} cannot be read as text"
            ) from None
        if match is None:
            raise StartupError(
                f"{file}: expected one line, `Token KEY` for a legacy token or `Bearer KEY` for a personal access token"
            )
        return cls("Token" if match[1] == "Token" else "Bearer", match[2])


@dataclass(frozen=True)
class LabelStudio:
    """The Label Studio that was set; blocks. `stall_s` is the longest silence, `max_bytes` the largest photo."""

    origin: Origin
    key: Key | None
    max_bytes: int
    stall_s: float

    @classmethod
    def of(cls, settings: Settings) -> "LabelStudio | None":
        """None where no address is set. Raises StartupError for one, or a file of its key, that cannot be used."""
        if settings.label_studio_url is None:
            return None
        file = settings.label_studio_key_file
        return cls(
            origin=Origin.of(settings.label_studio_url),
            key=None if file is None else Key.read(file),
            max_bytes=settings.max_upload_mb * 1_000_000,
            stall_s=settings.upload_stall_s,
        )

    def authorization(self, check: Callable[[], None] = go_on) -> dict[str, str]:
        """The header that opens photos: a personal token is first changed for one of a few minutes.

        Raises PhotoNotFetched.
        """
        if self.key is None:
            return {}
        if self.key.kind == "Token":
            return {"Authorization": f"Token {self.key.secret}"}
        body = json.dumps({"refresh": self.key.secret}).encode()
        headers = {"Content-Type": "application/json"}
        answer = self._ask("POST", "/api/token/refresh/", headers, body, check)
        try:
            return {"Authorization": f"Bearer {json.loads(answer)['access']}"}
        except (ValueError, TypeError, KeyError):
            raise PhotoNotFetched(
                f"{self.origin} gave no access token for the key; make a new one"
            ) from None

    def fetch(
        self, address: object, authorization: dict[str, str], check: Callable[[], None] = go_on
    ) -> bytes:
        """A task's photo. `check` is called as pieces come, and may raise.

        Raises InvalidParameter for an address that is refused, PhotoNotFetched.
        """
        return self._ask("GET", self.origin.target(address), authorization, None, check)

    def _ask(
        self,
        method: str,
        target: str,
        headers: dict[str, str],
        body: bytes | None,
        check: Callable[[], None],
    ) -> bytes:
        make = (
            http.client.HTTPSConnection
            if self.origin.scheme == "https"
            else http.client.HTTPConnection
        )
        connection = make(self.origin.host, self.origin.port, timeout=self.stall_s)
        try:
            connection.connect()
            with _ending(connection.sock):
                connection.request(method, target, body, headers)
                return self._read(connection.getresponse(), check)
        except (OSError, http.client.HTTPException) as error:
            reason = str(error) or type(error).__name__
            raise PhotoNotFetched(f"{self.origin} did not answer in full: {reason}") from None
        finally:
            connection.close()

    def _read(self, answer: http.client.HTTPResponse, check: Callable[[], None]) -> bytes:
        if answer.status != HTTPStatus.OK:  # a redirection as well: it is not followed
            raise PhotoNotFetched(
                f"{self.origin} answered {answer.status}; is the photo there, and does "
                "HAIRLINE_LABEL_STUDIO_KEY_FILE open it?"
            )
        data = b"".join(_pieces(answer, self.max_bytes, check))
        if len(data) > self.max_bytes:
            raise PhotoNotFetched(
                f"the photo is larger than {self.max_bytes / 1e6:g} MB; upload it smaller"
            )
        return data


def _pieces(
    answer: http.client.HTTPResponse, enough: int, check: Callable[[], None]
) -> Iterator[bytes]:
    """The body as it comes, to its end or beyond `enough` bytes. Raises IncompleteRead where it ends early."""
    announced, received = answer.length, 0  # None: in chunks, or to the end of the connection
    # Counted here: before Python 3.12 `read1` does not, and waits for bytes that were never announced.
    while received <= enough and received != announced:
        piece = answer.read1(PIECE if announced is None else min(PIECE, announced - received))
        check()
        if not piece and announced is not None:
            raise http.client.IncompleteRead(b"", announced - received)
        if not piece:
            return
        received += len(piece)
        yield piece


@contextmanager
def _ending(connected: socket.socket) -> Iterator[None]:
    """Close the connection after LONGEST_S: its own timeout only counts silence."""

    def end() -> None:
        with suppress(OSError):  # it is closed already
            connected.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(LONGEST_S, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
