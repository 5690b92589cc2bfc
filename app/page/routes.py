"""The files of the page, each by its name, and what the page must know before it sends a photo."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from app.state import State

FILES = Path(__file__).parent / "files"
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
}
HEADERS = {
    # Nothing from elsewhere, nothing inline, in nobody's frame. Pictures are made in the page (blob:).
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # asked again each time, answered by 304 while nothing has changed
}


@dataclass(frozen=True)
class File:
    content: bytes
    media_type: str
    etag: str

    @classmethod
    def read(cls, path: Path) -> "File":
        content = path.read_bytes()
        tag = hashlib.sha256(content).hexdigest()[:32]
        return cls(content, MEDIA_TYPES[path.suffix], f'"{tag}"')


# Read once, at import, a quarter of a megabyte: a name that a caller invents never meets the file system.
KNOWN = {path.name: File.read(path) for path in FILES.iterdir() if path.suffix in MEDIA_TYPES}

page = APIRouter(include_in_schema=False)


@page.get("/")
async def index(request: Request) -> Response:
    return _file("index.html", request)


@page.get("/page/settings.json")
async def settings(request: Request) -> Response:
    """What the page must know to refuse a photo before it is sent."""
    state: State = request.app.state.hairline
    return JSONResponse(
        {
            "version": request.app.version,
            "max_upload_bytes": state.settings.max_upload_mb * 1_000_000,
        },
        headers=HEADERS,
    )


@page.get("/page/{name}")
async def file(request: Request, name: str) -> Response:
    return _file(name, request)


def _file(name: str, request: Request) -> Response:
    if name not in KNOWN:
        raise HTTPException(404)
    known = KNOWN[name]
    headers = HEADERS | {"ETag": known.etag}
    if known.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(known.content, media_type=known.media_type, headers=headers)
