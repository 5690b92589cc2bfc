"""Which form an answer takes: the parameter `format`, else the header `Accept` (RFC 9110, section 12.5.1)."""

from typing import Literal

from app.errors import NotAcceptable

Format = Literal[
    "json",
    "mask",
    "overlay",
    "photo",
    "density",
    "probability",
    "pdf",
    "csv",
    "geojson",
    "svg",
    "coco",
    "coco-rle",
    "label-studio",
    "cvat",
    "zip",
    "multipart",
]

# In the order of preference among equals: `*/*` is JSON, `image/*` and `image/png` are the mask. What shares a media
# type with a form above it is reached by `format` alone.
MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json",
    "mask": "image/png",
    "overlay": "image/jpeg",
    "photo": "image/jpeg",
    "density": "image/png",
    "probability": "image/png",
    "pdf": "application/pdf",
    "csv": "text/csv",
    "geojson": "application/geo+json",
    "svg": "image/svg+xml",
    "coco": "application/json",
    "coco-rle": "application/json",
    "label-studio": "application/json",
    "cvat": "application/xml",
    "zip": "application/zip",
    "multipart": "multipart/mixed",
}
# Nobody who accepts XML, as every browser does, means this one.
BY_FORMAT_ONLY: frozenset[Format] = frozenset({"cvat"})


def negotiate(accept: str, wanted: Format | None = None) -> Format:
    """The form to answer in. Raises NotAcceptable, which lists what there is, where none fits."""
    if wanted is not None:
        return wanted
    ranges = _ranges(accept or "*/*")
    qualities = {
        form: _quality(media_type, ranges)
        for form, media_type in MEDIA_TYPES.items()
        if form not in BY_FORMAT_ONLY
    }
    best = max(qualities, key=lambda form: qualities[form])  # the first of equals
    if qualities[best] <= 0:
        there_is = dict.fromkeys(MEDIA_TYPES[form] for form in qualities)
        raise NotAcceptable(
            f"none of {accept!r} can be given; there is {', '.join(there_is)}, and by the parameter format "
            f"{', '.join(MEDIA_TYPES)}"
        )
    return best


def _ranges(accept: str) -> dict[str, float]:
    """Media range to quality: "image/png;q=0.5, */*" is {"image/png": 0.5, "*/*": 1.0}.

    No form has parameters of its own. A range that asks for some is taken as a wish for the type, second to one
    without; one that refuses some refuses nothing that there is.
    """
    ranges: dict[str, float] = {}
    with_parameters: dict[str, float] = {}
    for part in accept.split(","):
        media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
        named = {name.strip(): value for name, _, value in (p.partition("=") for p in parameters)}
        quality = _number(named.pop("q", "1"))
        if not any(named):
            ranges[media_range] = quality
        elif quality > 0:
            with_parameters[media_range] = max(quality, with_parameters.get(media_range, 0.0))
    return with_parameters | ranges


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
