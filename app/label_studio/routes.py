"""The paths of an ML backend: HTTP alone. Label Studio is given http://HOST:PORT/label-studio as its address."""

import base64
import binascii
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from app.deadline import Deadline
from app.json_body import read_json
from app.label_studio.messages import Health, Ignored, Predictions, PredictRequest, Setup
from app.label_studio.prediction import predict, version_of
from app.openapi import problems
from app.routes import admit, state_of
from app.upload import discard_body, read_body

PREFIX = "/label-studio"
# A hundred tasks, each with its annotations; they come along and are not read. In memory they are many times as large.
MAX_JSON_BYTES = 16_000_000


async def admit_studio(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
    key: Annotated[str | None, Depends(APIKeyHeader(name="X-API-Key", auto_error=False))],
) -> None:
    """As everywhere else, and by the password of HTTP Basic too, the one way in which Label Studio can send a key."""
    password = _password(request.headers.get("authorization", ""))
    admit(request, bearer.credentials if bearer else None, key, password)


def _password(authorization: str) -> str | None:
    """That of `Basic` (RFC 7617); None where there is none."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return None


label_studio = APIRouter(prefix=PREFIX, tags=["Label Studio"])
ADMITTED = [Depends(admit_studio)]
BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
}  # fmt: skip


@label_studio.get("/health", responses=problems(503), summary="Is the ML backend up?")
async def health(request: Request) -> Health:
    models = state_of(request).models
    models.require_working()
    models.require_warm()
    return Health(model_class=models.get(None).name)


@label_studio.post(
    "/setup",
    dependencies=ADMITTED,
    responses=problems(400, 401, 408, 413, 429, 500),
    openapi_extra=BODY,
    summary="Meet a project",
)
async def setup(request: Request) -> Setup:
    """Answers with the model's version. The host and the token that come along are not used: they might be anyone's."""
    state = state_of(request)
    await discard_body(request, state.settings)
    return Setup(model_version=version_of(state.models.get(None)))


@label_studio.post(
    "/predict",
    response_model=Predictions,
    dependencies=ADMITTED,
    responses=problems(400, 401, 408, 413, 415, 422, 429, 500, 502, 503, 504),
    openapi_extra=BODY,
    summary="Paint the cracks of tasks",
)
async def predict_tasks(request: Request) -> Response:
    """`tasks` with their `data`, and the project's `label_config`; one prediction a task comes back.

    Photos are fetched from the Label Studio that was set, and from nowhere else.
    """
    state = state_of(request)
    state.admission.require_open()
    state.models.require_warm()
    studio = state.label_studio
    assert studio is not None  # noqa: S101  (for the type checker: without one there is no such route)
    deadline = Deadline(
        state.settings.request_timeout_s, "the tasks were", "send fewer at once, or smaller photos"
    )
    body = await read_body(request, state.settings, MAX_JSON_BYTES, "send fewer tasks at once")
    asked = await state.workers.read(partial(read_json, PredictRequest, body))
    del body  # annotations of a hundred tasks

    async def serve() -> Response:
        predictions = await predict(request.state.id, asked, studio, state, deadline)
        # A stroke is a list of numbers, and a batch has many: not while every other request waits.
        text = await run_in_threadpool(predictions.model_dump_json)
        return Response(text, media_type="application/json")

    return await state.workers.serve(request, deadline, serve)


@label_studio.post(
    "/webhook",
    dependencies=ADMITTED,
    responses=problems(400, 401, 408, 413, 429, 500),
    openapi_extra=BODY,
    summary="Hear of an event",
)
async def webhook(request: Request) -> Ignored:
    """Nothing is learnt from annotations here: every event is acknowledged and passed over."""
    await discard_body(request, state_of(request).settings)
    return Ignored()
