"""A project's label config: which brush draws cracks, and on which image. XML from outside, read with care."""

import re
from dataclasses import dataclass
from xml.etree import ElementTree

from app.errors import InvalidParameter

MAX_CHARACTERS = 100_000
VALUE = re.compile(r"\$([^\s$.\[\]{}]+)")


@dataclass(frozen=True)
class Brush:
    """`from_name` and `to_name` are the tags' names, `label` is what cracks are painted as, `key` finds the photo."""

    from_name: str
    to_name: str
    label: str
    key: str


def find_brush(label_config: str) -> Brush:
    """The first BrushLabels and its Image; the label `Crack`, whatever its case, or else the first.

    Raises InvalidParameter for a config that has none, or is no XML that is read.
    """
    root = _parse(label_config)
    tag = next(root.iter("BrushLabels"), None)
    if tag is None:
        raise _refusal("it has no <BrushLabels>; add one with a label `Crack`")
    from_name, to_name = tag.get("name", ""), tag.get("toName", "")
    labels = [label.get("value", "") for label in tag.iter("Label")]
    if not from_name or not all(labels) or not labels:
        raise _refusal("its <BrushLabels> lacks a name, or a <Label> with a value")
    pictures = [picture for picture in root.iter("Image") if picture.get("name") == to_name]
    if not pictures:
        raise _refusal(f"there is no <Image> by the name {to_name!r} that toName gives")
    value = VALUE.fullmatch(pictures[0].get("value", ""))
    if value is None:
        raise _refusal('the value of its <Image> names no field of the task; write value="$image"')
    cracks = [label for label in labels if label.casefold() == "crack"]
    return Brush(from_name, to_name, (cracks or labels)[0], value[1])


def _parse(label_config: str) -> ElementTree.Element:
    if len(label_config) > MAX_CHARACTERS:
        raise _refusal(f"it has more than {MAX_CHARACTERS} characters")
    if "<!DOCTYPE" in label_config:
        raise _refusal("it has a DOCTYPE, which is not read; leave it out")
    try:
        return ElementTree.fromstring(label_config)  # noqa: S314  (without DOCTYPE there are no entities, and so nothing that grows)
    except (ElementTree.ParseError, ValueError) as error:  # the latter for surrogates, and a null
        raise _refusal(f"it is no XML: {error}") from None


def _refusal(reason: str) -> InvalidParameter:
    return InvalidParameter(f"label_config: {reason}")
