"""A request body, kept in memory and within limits: bytes are counted and timed while they are read."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from functools import partial
from typing import TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from app.errors import BadRequest, MissingFile, UploadTooLarge, UploadTooSlow
from app.form import FIELD, Form
from app.settings import Settings

Content = TypeVar("Content")
ADVICE = "send the photo smaller"


async def read_upload(
    request: Request, settings: Settings, others: Collection[str] = ()
) -> dict[str, bytes]:
    """The photo, `file`: the body itself, or that field of multipart/form-data; and of `others` what the form has.

    Raises UploadTooLarge, UploadTooSlow, BadRequest for malformed multipart, MissingFile.
    """
    return await _within_limits(request, settings, partial(_read, others=others))


async def read_body(
    request: Request, settings: Settings, max_bytes: int | None = None, advice: str = ADVICE
) -> bytes:
    """The body as it is, whatever its type; `max_bytes` is for less than the settings allow, `advice` for more.

    Raises UploadTooLarge, UploadTooSlow, BadRequest where it broke off.
    """
    return await _within_limits(request, settings, _join, max_bytes, advice)


async def discard_body(request: Request, settings: Settings) -> None:
    """Read the body to its end and keep nothing of it. Raises as `read_body` does."""
    await _within_limits(request, settings, _pass_over)


async def _within_limits(
    request: Request,
    settings: Settings,
    read: Callable[[Request, AsyncGenerator[bytes, None]], Awaitable[Content]],
    max_bytes: int | None = None,
    advice: str = ADVICE,
) -> Content:
    limit = settings.max_upload_mb * 1_000_000
    if max_bytes is not None:
        limit = min(limit, max_bytes)
    too_large = UploadTooLarge(f"the body is larger than {limit / 1e6:g} MB; {advice}")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise too_large
    try:
        async with asyncio.timeout(settings.request_timeout_s):
            return await read(request, _bounded(request, settings, limit, too_large))
    except TimeoutError:
        raise UploadTooSlow(
            f"the upload took longer than the {settings.request_timeout_s:g} s of a request; "
            "send less, or faster"
        ) from None
    except ClientDisconnect:  # nobody reads this answer; the log shows it
        raise BadRequest("the upload broke off before its end; send the photo again") from None


async def _read(
    request: Request, pieces: AsyncGenerator[bytes, None], others: Collection[str]
) -> dict[str, bytes]:
    content_type = request.headers.get("content-type", "")
    if content_type.lower().startswith("multipart/form-data"):
        form = Form(content_type, others)
        async for piece in pieces:
            form.write(piece)
        return form.finish()
    data = await _join(request, pieces)
    if not data:
        raise MissingFile(
            f"the body is empty; send a photo as the body, or as multipart field {FIELD!r}"
        )
    return {FIELD: data}


async def _join(_: Request, pieces: AsyncGenerator[bytes, None]) -> bytes:
    return b"".join([piece async for piece in pieces])


async def _pass_over(_: Request, pieces: AsyncGenerator[bytes, None]) -> None:
    async for _piece in pieces:
        pass


async def _bounded(
    request: Request, settings: Settings, limit: int, too_large: UploadTooLarge
) -> AsyncGenerator[bytes, None]:
    """The pieces of the body; ends the upload when it grows too large or falls silent."""
    received = 0
    pieces = request.stream()
    while True:
        try:
            async with asyncio.timeout(settings.upload_stall_s):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise UploadTooSlow(
                f"nothing came for {settings.upload_stall_s:g} s, after {received} bytes; "
                "send the photo again"
            ) from None
        received += len(piece)
        if received > limit:
            raise too_large
        yield piece
