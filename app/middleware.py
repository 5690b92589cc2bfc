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
        started = time.perf_counter()
        headers = Headers(scope=scope)
        id = _id(headers.get("x-request-id", ""))
        told: dict[str, object] = {}
        scope.setdefault("state", {}).update(id=id, told=told)
        status = received = sent = 0

        async def counted_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message

        async def send_with_id(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", id.encode())]
            sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, counted_receive, send_with_id)
        except Exception:
            logger.exception("%s failed", id)
            if status:  # half an answer cannot be taken back
                raise
            await internal_error(Request(scope))(scope, counted_receive, send_with_id)
        finally:
            # The route's pattern, not the path: paths that callers invent would grow the metrics without end.
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.requests.labels(route, str(status)).inc()
            milliseconds = 1000 * (time.perf_counter() - started)
            fields = {
                "request_id": id,
                "trace_id": _trace_id(headers.get("traceparent", "")),
                "method": scope["method"],
                "route": route,
                "status": status,
                "duration_ms": round(milliseconds, 1),
                "received_bytes": received,
                "sent_bytes": sent,
            }
            logger.info(
                "%s %s %s %d %.0f ms",
                *(id, scope["method"], route, status, milliseconds),
                extra={FIELDS: fields | told},
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
