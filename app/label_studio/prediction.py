"""Tasks to predictions: fetch, segment, paint."""

import logging
import time
from functools import partial

from app import image
from app.deadline import Deadline
from app.errors import (
    ImageTooLarge,
    InvalidParameter,
    MissingFile,
    PhotoNotFetched,
    RequestError,
    UnreadableImage,
    UnsupportedImage,
)
from app.formats.brush import brush
from app.inspection import Result, inspect
from app.label_studio.client import LabelStudio, Visit
from app.label_studio.label_config import Brush, find_brush
from app.label_studio.messages import Prediction, Predictions, PredictRequest, Region, Stroke
from app.parameters import SegmentParameters
from app.registry import Model
from app.state import State
from app.telemetry import Stopwatch

logger = logging.getLogger(__name__)

ITS_OWN_FAULT = (
    InvalidParameter,
    PhotoNotFetched,
    MissingFile,
    ImageTooLarge,
    UnsupportedImage,
    UnreadableImage,
)
"""What goes wrong with one photo and leaves the others good.

The rest, such as an overload or a key that opens nothing any more, befalls them all: an empty prediction would say
"no crack"."""
PARAMETERS = SegmentParameters(cracks=False, mask="none")


def version_of(model: Model) -> str:
    """What Label Studio tells predictions apart by: "unet 1.2.0"."""
    return f"{model.name} {model.contract.version}"


async def predict(
    id: str, asked: PredictRequest, studio: LabelStudio, state: State, deadline: Deadline
) -> Predictions:
    """The photos are fetched and looked at one after the other; memory holds one.

    Label Studio drops a whole batch for one prediction that lacks its `result`. So a task that fails has an empty one,
    and the log has the reason. Where all fail, that of the first is raised: Label Studio then keeps none. Raises
    InvalidParameter for a label config without brush, and what befalls all tasks.
    """
    painter = find_brush(asked.label_config)
    model = state.models.get(None)
    visit = studio.visit(deadline.check)
    empty = Prediction(result=[], score=0.0, model_version=version_of(model))
    results, failures = [], list[RequestError]()
    for task in asked.tasks:
        deadline.check()
        try:
            encoded = await state.workers.fetch(
                partial(_fetch, visit, task.data.get(painter.key), state)
            )
            results.append(await _predict(id, encoded, painter, model, state, deadline))
        except ITS_OWN_FAULT as error:
            logger.warning("%s task %.20r: %s", id, task.id, error)
            failures.append(error)
            results.append(empty)
    if len(failures) == len(asked.tasks):
        raise failures[0]
    return Predictions(results=results, model_version=version_of(model))


def _fetch(visit: Visit, address: object, state: State) -> image.EncodedPhoto:
    return image.identify(visit.fetch(address), state.settings.max_pixels)


async def _predict(
    id: str,
    encoded: image.EncodedPhoto,
    painter: Brush,
    model: Model,
    state: State,
    deadline: Deadline,
) -> Prediction:
    watch = Stopwatch()
    arrived = time.perf_counter()

    def work() -> Prediction:
        watch.add("queue", time.perf_counter() - arrived)
        result = inspect(id, encoded, model, None, PARAMETERS, watch, deadline.check)
        with watch.stage("encode"):
            prediction = paint(result, painter)
        state.metrics.observe(watch, model.name)
        return prediction

    pixels = encoded.width * encoded.height
    with state.admission.photo(pixels):
        return await state.workers.photo(pixels, work)


def paint(result: Result, painter: Brush) -> Prediction:
    """The cracks as one brush region, in pixels of the upright photo, which is how a browser shows it."""
    found = result.segmentation
    model_version = version_of(result.model)
    if not found.mask.any():
        return Prediction(result=[], score=0.0, model_version=model_version)
    score = round(float(found.probability[found.mask].mean()), 4)
    region = Region(
        id=result.id,
        from_name=painter.from_name,
        to_name=painter.to_name,
        original_width=result.photo.width,
        original_height=result.photo.height,
        score=score,
        value=Stroke(rle=list(brush(found.mask)), brushlabels=[painter.label]),
    )
    return Prediction(result=[region], score=score, model_version=model_version)
