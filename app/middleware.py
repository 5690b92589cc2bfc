"""Round every request: an id, a count, a log line; an answer even to failure; an end even to endless bodies."""

import asyncio
import logging
import re
import time
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from ulid import ULID

from app.log import FIELDS
from app.problems import internal_error
from app.telemetry import Metrics

logger = logging.getLogger(__name__)

LINGER_S = 10.0
CALLERS_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
# Version, trace, parent, flags (W3C Trace Context, 3.2); later versions may go on after the flags.
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")


class RequestLog:
    """Gives each request an id (`request.state.id`, header `X-Request-ID`), counts and logs its answer.

    The id is the caller's own `X-Request-ID` where that is one, else a ULID. Routes write what the log should say
    beside into `request.state.told`. What fails unforeseen is logged with that id and its traceback, and answered as
    internal-error.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics):
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange(scope, receive, send)
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception:
            logger.exception("%s failed", exchange.id)
            if exchange.status:  # half an answer cannot be taken back
                raise
            answer = internal_error(Request(scope))
            await answer(scope, exchange.receive, exchange.send)
        finally:
            # The route's pattern, not the path: paths that callers invent would grow the metrics without end.
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.requests.labels(route, str(exchange.status)).inc()
            exchange.log(route)


class Exchange:
    """One request and its answer: the id it bears, and what passes in both directions."""

    def __init__(self, scope: Scope, receive: Receive, send: Send):
        self._started = time.perf_counter()
        self._headers = Headers(scope=scope)
        self._method = scope["method"]
        self._receive, self._send = receive, send
        self._received = self._sent = 0
        self._told: dict[str, object] = {}
        self.id = _id(self._headers.get("x-request-id", ""))
        self.status = 0
        scope.setdefault("state", {}).update(id=self.id, told=self._told)

    async def receive(self) -> Message:
        message = await self._receive()
        self._received += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], (b"x-request-id", self.id.encode())]
        self._sent += len(message.get("body", b""))
        await self._send(message)

    def log(self, route: str) -> None:
        """One line, once the answer has been given."""
        milliseconds = 1000 * (time.perf_counter() - self._started)
        fields = {
            "request_id": self.id,
            "trace_id": _trace_id(self._headers.get("traceparent", "")),
            "method": self._method,
            "route": route,
            "status": self.status,
            "duration_ms": round(milliseconds, 1),
            "received_bytes": self._received,
            "sent_bytes": self._sent,
        }
        logger.info(
            "%s %s %s %d %.0f ms",
            *(self.id, self._method, route, self.status, milliseconds),
            extra={FIELDS: fields | self._told},
        )


def _id(given: str) -> str:
    """The caller's own, where it is fit for file names, headers and log lines as it is; else a ULID."""
    return given if CALLERS_ID.fullmatch(given) else str(ULID())


def _trace_id(traceparent: str) -> str | None:
    """Of a W3C Trace Context header; None where it is none."""
    match = TRACEPARENT.fullmatch(traceparent)
    return match[1] if match and match[1].strip("0") else None


class LingeringClose:
    """An answer given while the body is still coming reaches its client, and then the connection closes.

    Closed at once, with bytes unread, TCP would reset the connection and the client might lose the answer;
    kept open, a body without end would be read for ever. So what comes within LINGER_S is thrown away.
    """

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        is_read = False

        async def receive_to_end() -> Message:
            nonlocal is_read
            message = await receive()
            is_read = not message.get("more_body", False)  # so it is, too, when the client left
            return message

        async def send_and_linger(message: Message) -> None:
            is_start = message["type"] == "http.response.start"
            if is_start and not is_read:
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            if is_start or is_read or message.get("more_body", False):
                await send(message)
                return
            await send({**message, "more_body": True})
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_S):
                    while not is_read:
                        await receive_to_end()
            await send({"type": "http.response.body"})

        await self._app(scope, receive_to_end, send_and_linger)


def _has_body(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"
