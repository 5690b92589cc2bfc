"""JSON bodies of protocols that others wrote: read strictly, refused in words."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, from_json

from app.errors import BadRequest, InvalidParameter

Message = TypeVar("Message", bound=BaseModel)


def read_json(kind: type[Message], text: bytes) -> Message:
    """The message that the text holds; NaN and infinities are no JSON (RFC 8259, section 6).

    Raises InvalidParameter where nothing but its `parameters` is wrong, BadRequest for the rest.
    """
    try:
        content = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise BadRequest(f"the JSON of the body cannot be read: {error}") from None
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        is_parameter = all("parameters" in one["loc"][:1] for one in errors)
        refusal = InvalidParameter if is_parameter else BadRequest
        # The first few: a list of a million wrong values has a million errors.
        raise refusal("; ".join(_sentence(one) for one in errors[:3])) from None


def _sentence(error: ErrorDetails) -> str:
    """What one field did wrong: "inputs.0.shape.1: Input should be a valid integer"."""
    place = ".".join(str(step) for step in error["loc"]) or "the body"
    if error["type"] == "extra_forbidden":
        return f"{place}: there is no such parameter; see /docs"
    return f"{place}: {error['msg'].removeprefix('Value error, ')}"
