"""HTTP alone: parameters in, pipeline called, answer out."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from app import answers, formats, image, schemas
from app.answers import describe
from app.deadline import Deadline
from app.errors import InvalidParameter
from app.findings import Findings
from app.form import FIELD
from app.inspection import inspect
from app.limits import LimitsList
from app.measurement import Calibration, measure
from app.negotiation import MEDIA_TYPES, negotiate
from app.openapi import problems as _problems
from app.parameters import MeasureParameters, SegmentParameters
from app.scale import scale_of_mask
from app.state import State
from app.telemetry import Stopwatch
from app.upload import read_upload

MAP_FIELD = "probability"
PHOTO_TYPES = ("image/jpeg", "image/png", "image/tiff", "image/webp", "image/bmp", "image/heic")


def state_of(request: Request) -> State:
    """The app's state."""
    state: State = request.app.state.hairline
    return state


async def admit_caller(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
    key: Annotated[str | None, Depends(APIKeyHeader(name="X-API-Key", auto_error=False))],
) -> None:
    """Raises Unauthorized or RateLimited where keys are set and the caller's does not fit."""
    admit(request, bearer.credentials if bearer else None, key)


def admit(request: Request, *presented: str | None) -> None:
    """Let the first key that fits in, by its name. Raises as `admit_caller` does."""
    access = state_of(request).access
    if access is not None:
        request.state.told["key"] = access.admit(*presented)


async def refuse_repetition(request: Request) -> None:
    """Raises InvalidParameter for a parameter given twice: which of the two was meant, nobody knows."""
    times = Counter(name for name, _ in request.query_params.multi_items())
    repeated = sorted(name for name, count in times.items() if count > 1)
    if repeated:
        raise InvalidParameter(f"{', '.join(repeated)}: given more than once; give it once")


v1 = APIRouter(prefix="/v1", dependencies=[Depends(admit_caller), Depends(refuse_repetition)])
service = APIRouter()


def _body(description: str, *media_types: str, others: Sequence[str] = ()) -> dict[str, Any]:
    """OpenAPI's account of a body that is read as a stream and so is no parameter of the function."""
    binary = {"type": "string", "format": "binary"}
    fields = dict.fromkeys((FIELD, *others), binary)
    form = {"type": "object", "required": [FIELD], "properties": fields}
    content: dict[str, Any] = {"multipart/form-data": {"schema": form}}
    content |= {media_type: {"schema": binary} for media_type in media_types}
    return {"requestBody": {"required": True, "description": description, "content": content}}


UPLOAD_PROBLEMS = _problems(400, 401, 408, 413, 415, 422, 429, 500, 503, 504)


@v1.post(
    "/segment",
    response_model=schemas.Segmented,
    responses={
        200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}},
        **UPLOAD_PROBLEMS,
        **_problems(404, 406),
    },
    openapi_extra=_body(
        "The photo, as multipart field `file` or as the body itself. A field `probability` beside it holds the map of "
        "an earlier answer, or a mask that a person corrected: it is measured, and no model runs.",
        *PHOTO_TYPES,
        others=(MAP_FIELD,),
    ),
    summary="Find the cracks of a photo",
)
async def segment_photo(
    request: Request, parameters: Annotated[SegmentParameters, Query()]
) -> Response:
    """Answers with JSON, or in another form by `format` or `Accept`.

    By either: the mask (`image/png`), the photo with its cracks drawn on it (`image/jpeg`), a report of one page
    (`application/pdf`), a table (`text/csv`), outlines and centrelines (`image/svg+xml`), the same for GIS
    (`application/geo+json`: in longitude and latitude where a drone looked straight down and the scale is known, else
    in pixels; its member `frame` says which), all forms at once (`application/zip`), JSON and mask (`multipart/mixed`).

    By `format` alone: `density`, the crack length per area as a heat map, black where there is no crack;
    `probability`, the 8-bit map that `/v1/measure` reads; `coco` (polygons), `coco-rle`, `label-studio` and `cvat`.
    """
    state = state_of(request)
    state.admission.require_open()
    form = negotiate(", ".join(request.headers.getlist("accept")), parameters.format)
    model = state.models.get(parameters.model)
    table = state.limits.get(parameters.limits) if parameters.limits is not None else None
    state.models.require_warm()
    deadline = Deadline(state.settings.request_timeout_s)
    body = await read_upload(request, state.settings, (MAP_FIELD,))
    watch = Stopwatch()
    encoded = await run_in_threadpool(image.identify, body[FIELD], state.settings.max_pixels)
    given = None
    if body.get(MAP_FIELD):  # a form whose optional file was left out sends no bytes of it
        given = await run_in_threadpool(image.identify_map, body[MAP_FIELD], encoded)
    arrived = time.perf_counter()

    def work() -> Response:
        watch.add("queue", time.perf_counter() - arrived)
        if form == "photo":  # no network is asked
            photo = formats.photo(image.decode(encoded))
            return Response(photo, headers=formats.headers(request.state.id, form))
        asked = formats.asked(parameters, form)
        result = inspect(
            request.state.id, encoded, model, table, asked, watch, deadline.check, given
        )
        with watch.stage("encode"):
            content = formats.write(result, form)
        state.metrics.observe(watch, model.name)
        request.state.told |= {"form": form, "pixels": pixels} | answers.told(result)
        headers = formats.headers(result.id, form)
        if form != "json":
            headers |= answers.mask_headers(result)
        return Response(content, headers=headers)

    pixels = encoded.width * encoded.height
    # Where no network runs, nothing is learnt of how long photos take.
    runs_network = given is None and form != "photo"
    place = state.admission.photo if runs_network else state.admission.place
    with place(pixels):
        return await state.workers.run(request, pixels, deadline, work)


@v1.post(
    "/measure",
    response_model=schemas.Measured,
    responses={**UPLOAD_PROBLEMS, **_problems(404)},
    openapi_extra=_body("A mask or an 8-bit probability map, PNG with one channel.", "image/png"),
    summary="Measure a mask without running a model",
)
async def measure_mask(
    request: Request, parameters: Annotated[MeasureParameters, Query()]
) -> Response:
    """For masks that a person corrected, and for a page that moves the threshold."""
    state = state_of(request)
    state.admission.require_open()
    table = state.limits.get(parameters.limits) if parameters.limits is not None else None
    said = None if parameters.model is None else state.models.get(parameters.model).contract
    deadline = Deadline(state.settings.request_timeout_s)
    body = await read_upload(request, state.settings)
    encoded = await run_in_threadpool(image.identify, body[FIELD], state.settings.max_pixels)

    def work() -> Response:
        deadline.check()
        probability = image.decode_map(encoded)
        height, width = probability.shape
        scale = scale_of_mask(parameters.scale_request(), height, width)
        measured = measure(
            probability,
            parameters.threshold,
            min_area_px=parameters.min_area_px,
            plane=scale.plane if scale else None,
            calibration=Calibration.of(said.width_calibration) if said else None,
            with_outlines=parameters.outlines and parameters.cracks,
            check=deadline.check,
        )
        found = Findings(measured, height, width, scale, table, parameters)
        answer = schemas.Measured(
            id=request.state.id,
            asset_id=parameters.asset_id,
            metadata=parameters.caller_metadata(),
            statistics=found.statistics(),
            scale=found.scale_used(),
            limits=table,
            pattern=found.pattern(),
            density=found.density(),
            cracks=found.cracks(),
            warnings=found.warnings(),
        )
        return Response(answer.model_dump_json(), media_type="application/json")

    pixels = encoded.width * encoded.height
    with state.admission.place(pixels):
        return await state.workers.run(request, pixels, deadline, work)


@v1.get("/models", responses=_problems(401, 422, 429), summary="List the models")
async def list_models(request: Request) -> schemas.ModelList:
    models = state_of(request).models
    return schemas.ModelList(models=[describe(model, models.default) for model in models])


@v1.get("/models/{name}", responses=_problems(401, 404, 422, 429), summary="Describe one model")
async def get_model(request: Request, name: str) -> schemas.ModelDescription:
    models = state_of(request).models
    return describe(models.get(name), models.default)


@v1.get("/limits", responses=_problems(401, 422, 429), summary="List the tables of width limits")
async def list_limits(request: Request) -> LimitsList:
    """Each table as its file has it: where its figures were read, whether they were verified, its cases."""
    return LimitsList(limits=list(state_of(request).limits))


@service.get("/healthz", responses=_problems(503), summary="Are the process and its device alive?")
async def healthz(request: Request) -> schemas.Status:
    """503 once a device failed at its last batch: a broken CUDA context only a new process mends."""
    state_of(request).models.require_working()
    return schemas.Status(status="ok")


@service.get("/readyz", responses=_problems(503), summary="Does it take photos?")
async def readyz(request: Request) -> schemas.Status:
    """200 once every model has run once; 503 before, and while the service drains."""
    state = state_of(request)
    state.admission.require_open()
    state.models.require_warm()
    return schemas.Status(status="ready")


@service.get("/metrics", summary="Prometheus metrics")
async def metrics(request: Request) -> Response:
    state = state_of(request)
    state.metrics.queued_photos.set(state.admission.photos)
    state.metrics.queued_pixels.set(state.admission.pixels)
    return Response(state.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
