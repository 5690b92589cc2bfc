"""Errors as the protocol says them: `{"error": "..."}` under everything that begins with /v2."""

from starlette.requests import Request
from starlette.responses import JSONResponse

PREFIX = "/v2"


def speaks_protocol(request: Request) -> bool:
    """Whether the request is one of this protocol, for a path that exists or not."""
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    return path == PREFIX or path.startswith(PREFIX + "/")


def protocol_error(status: int, detail: str, headers: dict[str, str] | None) -> JSONResponse:
    """The answer to a request that failed."""
    return JSONResponse({"error": detail}, status, headers)
