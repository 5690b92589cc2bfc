"""Errors as they leave the service: problem+json, whoever raised them; under /v2 as that protocol has it."""

import math
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from app.errors import FRAMEWORK_CODES, ClientGone, InvalidParameter, RequestError, title
from app.protocol.errors import protocol_error, speaks_protocol
from app.schemas import Problem

CLIENT_CLOSED_REQUEST = 499  # nginx's number: nobody reads it, but the log and the metrics have it
MEDIA_TYPE = "application/problem+json"


def handle_problems(app: FastAPI) -> None:
    """Answer every error of the app in the one shape."""
    app.exception_handler(RequestError)(_request_error)
    app.exception_handler(ClientGone)(_client_gone)
    app.exception_handler(RequestValidationError)(_invalid_parameter)
    app.exception_handler(HTTPException)(_framework_error)


def problem(
    request: Request, status: int, code: str, detail: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    """A problem+json answer; `instance` holds the id under which the log knows the request.

    A request of the Open Inference Protocol gets that protocol's.
    """
    if speaks_protocol(request):
        return protocol_error(status, detail, headers)
    content = Problem(
        type="about:blank",
        title=title(status),
        status=status,
        detail=detail,
        instance=f"urn:hairline:request:{request.state.id}",
        code=code,
    )
    return JSONResponse(content.model_dump(), status, headers, MEDIA_TYPE)


async def _request_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestError)  # noqa: S101  (for the type checker: registered for this class)
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return problem(request, error.status, error.code, error.detail, headers)


async def _client_gone(request: Request, error: Exception) -> Response:
    return Response(status_code=CLIENT_CLOSED_REQUEST)


async def _invalid_parameter(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    details = "; ".join(_sentence(one) for one in error.errors())
    return problem(request, InvalidParameter.status, InvalidParameter.code, details)


def _sentence(error: dict[str, object]) -> str:
    """What one parameter did wrong: "threshold: Input should be less than 1 (got '2')"."""
    location = error["loc"]
    name = str(location[-1]) if isinstance(location, tuple) and len(location) > 1 else "query"
    if error["type"] == "extra_forbidden":
        return f"{name}: there is no such parameter; see /docs"
    message = str(error["msg"]).removeprefix("Value error, ")
    given = error["input"]
    return f"{name}: {message}" + (f" (got {given[:40]!r})" if isinstance(given, str) else "")


async def _framework_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    code = FRAMEWORK_CODES.get(error.status_code, "bad-request")
    details = {
        404: f"there is nothing at {request.url.path}; see /docs",
        405: f"{request.url.path} does not take {request.method}; see /docs",
    }
    detail = details.get(error.status_code, str(error.detail))
    return problem(request, error.status_code, code, detail, dict(error.headers or {}))


def internal_error(request: Request) -> JSONResponse:
    """The answer to what nobody foresaw: it names the id under which the log has the cause, and no more."""
    detail = f"the service failed; its log has the cause under {request.state.id}"
    return problem(request, 500, "internal-error", detail)
