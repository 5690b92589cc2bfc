"""The JSON of the protocol, as pydantic models. Fields that are not listed are passed over, parameters refused."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.parameters import MaskEncoding, SegmentParameters

Datatype = Literal["BYTES", "FP32", "UINT8"]
Shape = Annotated[list[Annotated[int, Field(strict=True, ge=0, lt=2**31)]], Field(max_length=8)]
MAX_PARAMETERS = 64
MAX_TENSORS = 16


def _few(content: object) -> object:
    """Raises ValueError for more than anybody means: each unknown one is an error of its own, a kilobyte in memory."""
    if isinstance(content, dict) and len(content) > MAX_PARAMETERS:
        raise ValueError(f"there are more than {MAX_PARAMETERS} parameters")
    return content


class ServerMetadata(BaseModel):
    name: str
    version: str
    extensions: list[str]


class ServerLive(BaseModel):
    live: bool


class ServerReady(BaseModel):
    ready: bool


class ModelReady(BaseModel):
    name: str
    ready: bool


class TensorMetadata(BaseModel):
    """A tensor of a model; -1 is a free size."""

    name: str
    datatype: Datatype
    shape: list[int]


class ModelMetadata(BaseModel):
    """What a model takes and gives. Of the inputs a request holds one."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class ProtocolError(BaseModel):
    error: str


class InferenceParameters(SegmentParameters):
    """What a request's `parameters` may say: how `photo` is looked at, as in the query of `/v1/segment`."""

    mask: MaskEncoding = "none"
    """How `statistics` carries the mask; it is an output of its own."""
    binary_data_output: bool = False
    """Whether outputs come as binary data where they do not say themselves."""

    _are_few = model_validator(mode="before")(_few)

    @model_validator(mode="after")
    def _said_elsewhere(self) -> "InferenceParameters":
        if self.model_fields_set & {"model", "format"}:
            raise ValueError("the path names the model, and outputs the forms: leave both out here")
        return self


class InputParameters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    _are_few = model_validator(mode="before")(_few)

    binary_data_size: Annotated[int, Field(strict=True, ge=0, lt=2**53)] | None = None
    """Bytes of this tensor after the JSON."""


class OutputParameters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    _are_few = model_validator(mode="before")(_few)

    binary_data: bool | None = None


class InputTensor(BaseModel):
    name: str
    shape: Shape
    datatype: str
    parameters: InputParameters = InputParameters()
    data: list[Any] | None = None
    """Values in row-major order, nested or flat; None where they come as binary data."""


class RequestedOutput(BaseModel):
    name: str
    parameters: OutputParameters = OutputParameters()


class InferenceRequest(BaseModel):
    id: Annotated[str, Field(max_length=256)] | None = None
    parameters: InferenceParameters = InferenceParameters()
    inputs: Annotated[list[InputTensor], Field(max_length=MAX_TENSORS)]
    outputs: Annotated[list[RequestedOutput], Field(max_length=MAX_TENSORS)] = []
