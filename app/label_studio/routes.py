"""The paths of an ML backend: HTTP alone. Label Studio is given http://HOST:PORT/label-studio as its address."""

import base64
import binascii
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from app.deadline import Deadline
from app.errors import UploadTooLarge
from app.json_body import read_json
from app.label_studio.messages import Health, Ignored, Predictions, PredictRequest, Setup
from app.label_studio.prediction import predict, version_of
from app.openapi import problems
from app.routes import state_of
from app.upload import read_body

PREFIX = "/label-studio"
# A hundred tasks, each with its annotations; they come along and are not read. In memory they are many times as large.
MAX_JSON_BYTES = 32_000_000


async def admit_studio(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
    key: Annotated[str | None, Depends(APIKeyHeader(name="X-API-Key", auto_error=False))],
) -> None:
    """As everywhere else, and by the password of HTTP Basic too, the one way in which Label Studio can send a key."""
    access = state_of(request).access
    if access is not None:
        password = _password(request.headers.get("authorization", ""))
        access.admit(bearer.credentials if bearer else None, key, password)


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
    await read_body(request, state.settings)
    return Setup(model_version=version_of(state.models.get(None)))


@label_studio.post(
    "/predict",
    dependencies=ADMITTED,
    responses=problems(400, 401, 408, 413, 415, 422, 429, 500, 502, 503, 504),
    openapi_extra=BODY,
    summary="Paint the cracks of tasks",
)
async def predict_tasks(request: Request) -> Predictions:
    """`tasks` with their `data`, and the project's `label_config`; one prediction a task comes back.

    Photos are fetched from the Label Studio that was set, and from nowhere else.
    """
    state = state_of(request)
    state.admission.require_open()
    state.models.require_warm()
    studio = state.label_studio
    assert studio is not None  # noqa: S101  (for the type checker: without one there is no such route)
    deadline = Deadline(state.settings.request_timeout_s)
    body = await read_body(request, state.settings)
    if len(body) > MAX_JSON_BYTES:
        raise UploadTooLarge(f"the tasks have more than {MAX_JSON_BYTES} bytes; send fewer at once")
    asked = await run_in_threadpool(read_json, PredictRequest, body)
    del body  # annotations of a hundred tasks

    def work() -> Predictions:
        return predict(request.state.id, asked, studio, state, deadline)

    # As large as a photo may be: none is known yet, and fetching them should keep no small photo of others waiting.
    return await state.workers.run(request, state.settings.max_pixels, deadline, work)


@label_studio.post(
    "/webhook",
    dependencies=ADMITTED,
    responses=problems(400, 401, 408, 413, 429, 500),
    openapi_extra=BODY,
    summary="Hear of an event",
)
async def webhook(request: Request) -> Ignored:
    """Nothing is learnt from annotations here: every event is acknowledged and passed over."""
    await read_body(request, state_of(request).settings)
    return Ignored()
