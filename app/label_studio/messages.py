"""The JSON of an ML backend, as pydantic models. Fields not listed are passed over: newer versions add some."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field


class Health(BaseModel):
    status: Literal["UP"] = "UP"
    model_class: str


class Setup(BaseModel):
    model_version: str


class Ignored(BaseModel):
    status: Literal["ignored"] = "ignored"


class Task(BaseModel):
    id: Any = None
    data: dict[str, Any]


class PredictRequest(BaseModel):
    tasks: Annotated[list[Task], Field(min_length=1, max_length=1000)]
    label_config: str


class Stroke(BaseModel):
    format: Literal["rle"] = "rle"
    rle: list[int]
    brushlabels: list[str]


class Region(BaseModel):
    """All cracks of a photo as one: hundreds of brush regions make the editor slow."""

    id: str
    type: Literal["brushlabels"] = "brushlabels"
    from_name: str
    to_name: str
    original_width: int
    original_height: int
    image_rotation: Literal[0] = 0
    score: float
    value: Stroke


class Prediction(BaseModel):
    result: list[Region]
    """One region, or none where there is no crack and where the task failed."""
    score: float
    """Mean probability of the pixels that count as crack; 0 where there are none."""
    model_version: str


class Predictions(BaseModel):
    results: list[Prediction]
    """One a task, in their order."""
    model_version: str
