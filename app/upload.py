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


async def read_upload(
    request: Request, settings: Settings, others: Collection[str] = ()
) -> dict[str, bytes]:
    """The photo, `file`: the body itself, or that field of multipart/form-data; and of `others` what the form has.

    Raises UploadTooLarge, UploadTooSlow, BadRequest for malformed multipart, MissingFile.
    """
    return await _within_limits(request, settings, partial(_read, others=others))


async def read_body(request: Request, settings: Settings) -> bytes:
    """The body as it is, whatever its type. Raises UploadTooLarge, UploadTooSlow, BadRequest where it broke off."""
    return await _within_limits(request, settings, _join)


async def _within_limits(
    request: Request,
    settings: Settings,
    read: Callable[[Request, AsyncGenerator[bytes, None]], Awaitable[Content]],
) -> Content:
    limit = settings.max_upload_mb * 1_000_000
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(settings)
    try:
        async with asyncio.timeout(settings.request_timeout_s):
            return await read(request, _bounded(request, settings, limit))
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


async def _bounded(request: Request, settings: Settings, limit: int) -> AsyncGenerator[bytes, None]:
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
            raise _too_large(settings)
        yield piece


def _too_large(settings: Settings) -> UploadTooLarge:
    return UploadTooLarge(
        f"the body is larger than {settings.max_upload_mb} MB; send the photo smaller"
    )
