"""The protocol's paths: HTTP alone."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from app.deadline import Deadline
from app.errors import InvalidParameter, UnknownModel, UnsupportedEncoding
from app.protocol import messages
from app.protocol.body import ADVICE, HEADER_LENGTH, MAX_JSON_BYTES, length_of_json
from app.protocol.errors import PREFIX
from app.protocol.inference import Call, Prepared, prepare
from app.protocol.metadata import describe_model, describe_server
from app.protocol.tensors import Tensor
from app.registry import Model
from app.routes import admit_caller, state_of
from app.state import State
from app.telemetry import Stopwatch
from app.upload import read_body


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {
        status: {"model": messages.ProtocolError, "description": "the error in words"}
        for status in statuses
    }


async def refuse_query(request: Request) -> None:
    """Raises InvalidParameter for what would be passed over."""
    if request.query_params:
        raise InvalidParameter(
            "no query is read: parameters stand in the JSON, under `parameters`; leave it out"
        )


health = APIRouter(
    prefix=PREFIX,
    tags=["Open Inference Protocol v2"],
    dependencies=[Depends(refuse_query)],
    responses=_errors(422),
)
protocol = APIRouter(
    prefix=PREFIX,
    tags=["Open Inference Protocol v2"],
    dependencies=[Depends(admit_caller), Depends(refuse_query)],
    responses=_errors(401, 422, 429),
)

EXAMPLE = {
    "id": "42",
    "parameters": {"mm_per_px": 0.2},
    "inputs": [
        {
            "name": "photo",
            "datatype": "BYTES",
            "shape": [1],
            "parameters": {"binary_data_size": 123456},
        }
    ],
    "outputs": [{"name": "mask", "parameters": {"binary_data": True}}, {"name": "statistics"}],
}
INFER: dict[str, Any] = {
    "summary": "Ask a model",
    "responses": {
        200: {
            "content": {
                "application/json": {},
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            }
        },
        **_errors(400, 404, 408, 413, 415, 422, 500, 503, 504),
    },
    "openapi_extra": {
        "parameters": [
            {
                "name": HEADER_LENGTH,
                "in": "header",
                "required": False,
                "description": "Length of the JSON in bytes, where binary data follow it.",
                "schema": {"type": "integer"},
            }
        ],
        "requestBody": {
            "required": True,
            "description": "An inference request as JSON; behind it, where the header says its length, the "
            "binary data of its input.",
            "content": {
                "application/json": {"schema": {"type": "object"}, "example": EXAMPLE},
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            },
        },
    },
}


@health.get("/health/live", responses=_errors(503), summary="Are the process and its device alive?")
async def live(request: Request) -> messages.ServerLive:
    state_of(request).models.require_working()
    return messages.ServerLive(live=True)


@health.get("/health/ready", responses=_errors(503), summary="Does it take requests?")
async def ready(request: Request) -> messages.ServerReady:
    _require_ready(state_of(request))
    return messages.ServerReady(ready=True)


@health.get("/models/{name}/ready", responses=_errors(404, 503))
async def model_ready(request: Request, name: str) -> messages.ModelReady:
    """503 before the model has run once, and while the service drains."""
    return _ready(request, name, None)


@health.get("/models/{name}/versions/{version}/ready", responses=_errors(404, 503))
async def version_ready(request: Request, name: str, version: str) -> messages.ModelReady:
    """503 before the model has run once, and while the service drains."""
    return _ready(request, name, version)


def _ready(request: Request, name: str, version: str | None) -> messages.ModelReady:
    state = state_of(request)
    model = _model(state, name, version)
    _require_ready(state)
    return messages.ModelReady(name=model.name, ready=True)


@protocol.get("", summary="Describe the server")
async def server() -> messages.ServerMetadata:
    return describe_server()


@protocol.get("/models/{name}", responses=_errors(404))
async def get_model(request: Request, name: str) -> messages.ModelMetadata:
    """A request holds one of the inputs; `photo` gives all outputs, `image` gives `probability`."""
    return describe_model(_model(state_of(request), name, None))


@protocol.get("/models/{name}/versions/{version}", responses=_errors(404))
async def get_version(request: Request, name: str, version: str) -> messages.ModelMetadata:
    """A request holds one of the inputs; `photo` gives all outputs, `image` gives `probability`."""
    return describe_model(_model(state_of(request), name, version))


@protocol.post("/models/{name}/infer", **INFER)
async def infer(request: Request, name: str) -> Response:
    """`photo`, a file in any form that `/v1/segment` reads, or `image`, tiles for the network as they are."""
    return await _infer(request, name, None)


@protocol.post("/models/{name}/versions/{version}/infer", **INFER)
async def infer_version(request: Request, name: str, version: str) -> Response:
    """`photo`, a file in any form that `/v1/segment` reads, or `image`, tiles for the network as they are."""
    return await _infer(request, name, version)


async def _infer(request: Request, name: str, version: str | None) -> Response:
    state = state_of(request)
    state.admission.require_open()
    model = _model(state, name, version)
    state.models.require_warm()
    _refuse_encoding(request)
    json_length = length_of_json(request.headers.get(HEADER_LENGTH))
    deadline = Deadline(
        state.settings.request_timeout_s,
        "the inference was",
        "send a smaller photo, or fewer tiles",
    )
    if json_length is None:
        body = await read_body(request, state.settings, MAX_JSON_BYTES, ADVICE)
    else:
        body = await read_body(request, state.settings)
    watch = Stopwatch()
    call = Call(request.state.id, model, state, deadline, watch)
    prepared = await state.workers.read(partial(prepare, call, body, json_length))
    del body  # a photo was copied out of it, and a huge one need not be held twice

    def work() -> Response:
        outputs = prepared.run()
        with watch.stage("encode"):
            answer = _answer(prepared, model, outputs)
        state.metrics.observe(watch, model.name)
        return answer

    with state.admission.photo(prepared.pixels):
        return await state.workers.run(request, prepared.pixels, deadline, work)


def _model(state: State, name: str, version: str | None) -> Model:
    model = state.models.get(name)
    if version not in (None, model.contract.version):
        raise UnknownModel(
            f"there is no version {version!r} of {name}; this service has {model.contract.version}"
        )
    return model


def _require_ready(state: State) -> None:
    state.admission.require_open()
    state.models.require_warm()


def _refuse_encoding(request: Request) -> None:
    """Raises UnsupportedEncoding."""
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        # Photos are compressed as they are, and a body that grows a thousandfold would get past the limit on bytes.
        raise UnsupportedEncoding(f"bodies are read as they are, not by {encoding}; send it plain")


def _answer(asked: Prepared, model: Model, outputs: Mapping[str, Tensor]) -> Response:
    binary: list[bytes] = []
    described = []
    for name, tensor in outputs.items():
        told: dict[str, Any] = {
            "name": name, "datatype": tensor.datatype, "shape": tensor.shape
        }  # fmt: skip
        if asked.outputs[name]:
            binary.append(tensor.binary())
            told["parameters"] = {"binary_data_size": len(binary[-1])}
        else:
            told["data"] = tensor.listed()
        described.append(told)
    content = {
        "model_name": model.name,
        "model_version": model.contract.version,
        **({} if asked.id is None else {"id": asked.id}),
        "outputs": described,
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    if not binary:
        return Response(text, media_type="application/json")
    return Response(
        b"".join([text, *binary]),
        media_type="application/octet-stream",
        headers={HEADER_LENGTH: str(len(text))},
    )
