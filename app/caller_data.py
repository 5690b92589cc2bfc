"""What callers send along to find their asset again: a name and a JSON object, echoed and never read into. Pure."""

import json
import math
import unicodedata
from typing import NoReturn

from pydantic import JsonValue

MAX_ASSET_ID = 200
MAX_METADATA_BYTES = 8192
MAX_METADATA_DEPTH = 16
MAX_DIGITS = 100  # of a whole number, which Python would read in time that grows with their square
# Control characters, line and paragraph separators: they break the line of a log, of a table or of a header.
_BREAKS = ("Cc", "Zl", "Zp")


def require_one_line(asset_id: str) -> str:
    """The name as it was given. Raises ValueError where it holds a control character or the end of a line."""
    if any(unicodedata.category(each) in _BREAKS for each in asset_id):
        raise ValueError("control characters and line ends cannot be kept; leave them out")
    return asset_id


def parse_metadata(text: str) -> dict[str, JsonValue]:
    """A JSON object (RFC 8259) of at most MAX_METADATA_BYTES, nested at most MAX_METADATA_DEPTH deep.

    Read strictly, so that it is answered as it was meant or not at all. Raises ValueError for anything else: NaN and
    numbers beyond a float's range, half a surrogate pair, a key twice in one object.
    """
    if len(text.encode()) > MAX_METADATA_BYTES:
        raise ValueError(f"it is longer than {MAX_METADATA_BYTES} bytes; send less, or a reference")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_without_repetition,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_integer,
        )
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair cannot be
        depth = _depth(value)
    except UnicodeError:
        raise ValueError("half a surrogate pair is no character; send whole ones") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{error}; send one JSON object") from None
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    if not isinstance(value, dict):
        raise ValueError('send one JSON object, such as {"bridge": "B-12"}')
    if depth > MAX_METADATA_DEPTH:
        raise ValueError(_TOO_DEEP)
    return value


_TOO_DEEP = f"it is nested more than {MAX_METADATA_DEPTH} deep; send it flatter"


def _without_repetition(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    """Which of two values was meant, nobody knows."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object; give it once")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON; send null or a number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:20]} is beyond what a number can be; send it as text")
    return number


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number has more than {MAX_DIGITS} digits; send it as text")
    return int(digits)


def _depth(value: JsonValue) -> int:
    """Objects and arrays within one another. Raises RecursionError where Python can go no deeper."""
    inner = list(value.values()) if isinstance(value, dict) else value
    return 1 + max(map(_depth, inner), default=0) if isinstance(inner, list) else 0
