"""Label Studio, asked for photos: within limits of bytes and time, and never sent elsewhere."""

import http.client
import json
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Literal

from app.deadline import go_on
from app.errors import KeyRefused, LabelStudioFailed, PhotoNotFetched, RequestError, StartupError
from app.label_studio.guard import Guard, guarded
from app.label_studio.origin import Origin
from app.settings import Settings

LONGEST_S = 60.0
"""Longest that one answer may take, however it drips."""
PIECE = 1 << 16
REFRESH = "/api/token/refresh/"
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
    """The Label Studio that was set. `stall_s` is the longest silence, `max_bytes` the largest photo."""

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

    def visit(self, check: Callable[[], None] = go_on) -> "Visit":
        """A way in for one batch. `check` is called many times a second while it waits, and may raise HairlineError."""
        return Visit(self, check)


class Visit:
    """Photos fetched for one batch, by a token that is renewed when it has run out; blocks."""

    def __init__(self, studio: LabelStudio, check: Callable[[], None]):
        self._studio, self._check = studio, check
        self._authorization: dict[str, str] | None = None

    def fetch(self, address: object) -> bytes:
        """A task's photo.

        Raises InvalidParameter for an address that is refused, PhotoNotFetched where this photo cannot be had, and
        LabelStudioFailed where none can.
        """
        target = self._studio.origin.target(address)
        is_new = self._authorization is None
        if self._authorization is None:
            self._authorization = self._authorize()
        try:
            return self._ask("GET", target, self._authorization)
        except KeyRefused:
            if is_new or self._studio.key is None or self._studio.key.kind == "Token":
                raise
        # A personal token's own token lasts for minutes, a batch may take longer.
        self._authorization = self._authorize()
        return self._ask("GET", target, self._authorization)

    def _authorize(self) -> dict[str, str]:
        """The header that opens photos: a personal token is first changed for one of a few minutes."""
        key, origin = self._studio.key, self._studio.origin
        if key is None:
            return {}
        if key.kind == "Token":
            return {"Authorization": f"Token {key.secret}"}
        body = json.dumps({"refresh": key.secret}).encode()
        headers = {"Content-Type": "application/json"}
        try:
            token = json.loads(self._ask("POST", REFRESH, headers, body))["access"]
        except (PhotoNotFetched, ValueError, TypeError, KeyError, RecursionError):
            token = None
        # Anything else would stand in the traceback of the header that it cannot be.
        if not isinstance(token, str) or not re.fullmatch(r"[!-~]+", token):
            raise LabelStudioFailed(
                f"{origin} gave no access token for the key; make a new one"
            ) from None
        return {"Authorization": f"Bearer {token}"}

    def _ask(
        self, method: str, target: str, headers: dict[str, str], body: bytes | None = None
    ) -> bytes:
        origin, stall_s = self._studio.origin, self._studio.stall_s
        make = (
            http.client.HTTPSConnection if origin.scheme == "https" else http.client.HTTPConnection
        )
        connection = make(origin.host, origin.port)  # for its words alone: the socket is ours
        failed: type[RequestError] = LabelStudioFailed  # until it answers: then it is this photo
        try:
            with guarded(self._check, LONGEST_S) as guard:
                connection.sock = _connect(origin, stall_s, guard)
                connection.request(method, target, body, headers)
                answer = connection.getresponse()
                failed = PhotoNotFetched
                data = self._read(answer)
                if guard.has_cut:  # before its end, and that may look like the end
                    raise TimeoutError("it took too long")
                return data
        except (OSError, http.client.HTTPException, UnicodeError) as error:  # the last by a host
            self._check()  # where it ended the connection, by its own error
            reason = str(error) or type(error).__name__
            raise failed(f"{origin} did not answer in full: {reason}") from None
        finally:
            connection.close()

    def _read(self, answer: http.client.HTTPResponse) -> bytes:
        origin, max_bytes = self._studio.origin, self._studio.max_bytes
        if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise KeyRefused(
                f"{origin} answered {answer.status}; does HAIRLINE_LABEL_STUDIO_KEY_FILE open its photos?"
            )
        if answer.status >= 500 or answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise LabelStudioFailed(f"{origin} answered {answer.status}; try again later")
        if answer.status != HTTPStatus.OK:  # a redirection as well: it is not followed
            raise PhotoNotFetched(f"{origin} answered {answer.status}; is the photo there?")
        data = b"".join(_pieces(answer, max_bytes, self._check))
        if len(data) > max_bytes:
            raise PhotoNotFetched(
                f"the photo is larger than {max_bytes / 1e6:g} MB; upload it smaller"
            )
        return data


def _connect(origin: Origin, stall_s: float, guard: Guard) -> socket.socket:
    """A connection that the guard holds from its first packet on. Raises OSError."""
    failure = OSError(f"{origin.host} has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(
        origin.host, origin.port, type=socket.SOCK_STREAM
    ):
        plain = socket.socket(family, kind, protocol)
        guard.hold(plain)
        try:
            plain.settimeout(stall_s)
            plain.connect(address)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return plain if origin.scheme == "http" else _encrypted(plain, origin.host, guard)
        except OSError as error:
            plain.close()
            failure = error
            if guard.has_cut:
                break
    raise failure


def _encrypted(plain: socket.socket, host: str, guard: Guard) -> socket.socket:
    context = ssl.create_default_context()
    connection = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
    guard.hold(connection)  # before the handshake, which may be silent too
    try:
        connection.do_handshake()
    except BaseException:
        connection.close()
        raise
    return connection


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
