"""The files of the page, each by its name, and what the page must know before it sends a photo."""

from importlib.metadata import version
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from app.state import State

FILES = Path(__file__).parent / "files"
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
}
# Listed once, at import: a name that a caller invents is looked up here and never in the file system.
KNOWN = {file.name: file for file in FILES.iterdir() if file.suffix in MEDIA_TYPES}
HEADERS = {
    # Nothing from elsewhere, nothing inline, in nobody's frame. Pictures are made in the page (blob:).
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # asked again each time, answered by 304 while nothing has changed
}

page = APIRouter(include_in_schema=False)


@page.get("/")
async def index() -> Response:
    return _file("index.html")


@page.get("/page/settings.json")
async def settings(request: Request) -> Response:
    """What the page must know to refuse a photo before it is sent."""
    state: State = request.app.state.hairline
    return JSONResponse(
        {
            "version": version("hairline"),
            "max_upload_bytes": state.settings.max_upload_mb * 1_000_000,
        },
        headers=HEADERS,
    )


@page.get("/page/{name}")
async def file(name: str) -> Response:
    return _file(name)


def _file(name: str) -> Response:
    if name not in KNOWN:
        raise HTTPException(404)
    path = KNOWN[name]
    return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], headers=HEADERS)
