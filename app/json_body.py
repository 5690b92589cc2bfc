"""JSON bodies of protocols that others wrote: read strictly, refused in words."""

import json
import re
from collections import Counter
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, from_json

from app.errors import BadRequest, InvalidParameter

# Three tiles of 512 pixels, nested as they are. An empty list is two characters and 56 bytes of memory, and while they
# are made no other thread runs.
MAX_CONTAINERS = 800_000
HALF = re.compile(
    rb"\\u[dD][89a-fA-F]"
)  # one of the two escapes that make a character beyond U+FFFF
Message = TypeVar("Message", bound=BaseModel)


def read_json(kind: type[Message], text: bytes) -> Message:
    """The message that the text holds, in UTF-8; NaN, infinities and names given twice are refused (RFC 8259).

    Raises InvalidParameter where nothing but its `parameters` is wrong, BadRequest for the rest.
    """
    if text.count(b"[") + text.count(b"{") > MAX_CONTAINERS:
        raise BadRequest(
            f"the JSON has more than {MAX_CONTAINERS} lists and objects; send less, or numbers flat"
        )
    try:
        content = json.loads(text.decode(), object_pairs_hook=_once, parse_constant=_no_number)
        if HALF.search(text):
            from_json(
                text
            )  # refuses half a character, of which no answer and no address can be made
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the JSON of the body cannot be read: {error}") from None
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        is_parameter = all("parameters" in one["loc"][:1] for one in errors)
        refusal = InvalidParameter if is_parameter else BadRequest
        # The first few: a list of a million wrong values has a million errors.
        raise refusal("; ".join(_sentence(one) for one in errors[:3])) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError for a name given twice: which of the two was meant, nobody knows."""
    content = dict(pairs)
    if len(content) < len(pairs):
        twice = next(name for name, count in Counter(n for n, _ in pairs).items() if count > 1)
        raise ValueError(f"{twice[:40]!r} is given more than once in one object; give it once")
    return content


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _sentence(error: ErrorDetails) -> str:
    """What one field did wrong: "inputs.0.shape.1: Input should be a valid integer"."""
    place = ".".join(str(step) for step in error["loc"]) or "the body"
    if error["type"] == "extra_forbidden":
        return f"{place}: there is no such parameter; see /docs"
    return f"{place}: {error['msg'].removeprefix('Value error, ')}"
