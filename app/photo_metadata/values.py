"""Single values of EXIF, judged: a number within a range, a line of text, or None."""

import contextlib
import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import SupportsFloat

Tags = Mapping[int, object]
"""Tag number to value, as Pillow reads a directory of EXIF."""

MAX_TEXT = 200  # characters; longer than any name of a camera or a lens


def number(value: object, low: float, high: float) -> float | None:
    """A finite number from low to high; None for anything else, a fraction over zero among it."""
    if isinstance(value, Sequence) and not isinstance(value, str | bytes) and len(value) == 1:
        value = value[0]
    if not isinstance(value, SupportsFloat):
        return None
    try:
        read = float(value)
    except (ValueError, ArithmeticError):
        return None
    return read if math.isfinite(read) and low <= read <= high else None


def text(value: object) -> str | None:
    """A line without the padding and the control characters that cameras leave in it, cut to MAX_TEXT.

    EXIF's type is ASCII, which Pillow reads as Latin-1; what cameras write beyond ASCII is UTF-8 where it can be.
    """
    if not isinstance(value, str):
        return None
    line = value.split("\0")[0]
    with contextlib.suppress(UnicodeError):
        line = line.encode("latin-1").decode()
    kept = "".join(each for each in line if unicodedata.category(each) not in ("Cc", "Cs"))
    return kept.strip()[:MAX_TEXT] or None
