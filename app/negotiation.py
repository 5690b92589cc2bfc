"""Which form an answer takes: the parameter `format`, else the header `Accept` (RFC 9110, section 12.5.1)."""

from typing import Literal

from app.errors import NotAcceptable

Format = Literal["json", "mask", "overlay", "density", "pdf"]

# In the order of preference among equals: `*/*` is JSON, `image/*` and `image/png` are the mask.
MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json",
    "mask": "image/png",
    "overlay": "image/jpeg",
    "density": "image/png",
    "pdf": "application/pdf",
}


def negotiate(accept: str, wanted: Format | None = None) -> Format:
    """The form to answer in. Raises NotAcceptable, which lists what there is, where none fits."""
    if wanted is not None:
        return wanted
    ranges = _ranges(accept or "*/*")
    qualities = {form: _quality(media_type, ranges) for form, media_type in MEDIA_TYPES.items()}
    best = max(qualities, key=lambda form: qualities[form])  # the first of equals
    if qualities[best] <= 0:
        raise NotAcceptable(
            f"none of {accept!r} can be given; there is {', '.join(dict.fromkeys(MEDIA_TYPES.values()))}"
        )
    return best


def _ranges(accept: str) -> dict[str, float]:
    """Media range to quality: "image/png;q=0.5, */*" is {"image/png": 0.5, "*/*": 1.0}."""
    ranges = {}
    for part in accept.split(","):
        media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                quality = _number(value)
        if media_range:
            ranges[media_range] = quality
    return ranges


def _number(text: str) -> float:
    try:
        return min(max(0.0, float(text)), 1.0)  # in this order, nan is 0
    except ValueError:
        return 0.0  # an unreadable wish is none


def _quality(media_type: str, ranges: dict[str, float]) -> float:
    """The most specific range decides."""
    for candidate in (media_type, media_type.split("/")[0] + "/*", "*/*"):
        if candidate in ranges:
            return ranges[candidate]
    return 0.0
