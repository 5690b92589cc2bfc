"""Which form is written by what, and what it must be told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.formats import pictures, report
from app.inspection import Result
from app.negotiation import Format
from app.parameters import SegmentParameters


@dataclass(frozen=True)
class Form:
    """How a form is made: `write` takes the result of a photo; `suffix` ends the name of its file."""

    suffix: str
    write: Callable[[Result], bytes]
    lists_cracks: bool = False
    """It tells of every crack and its outline, whatever `cracks` and `outlines` say of the JSON."""
    is_attachment: bool = False
    """A browser saves it instead of showing it."""


FORMS: Mapping[Format, Form] = {
    "mask": Form(".mask.png", pictures.mask),
    "overlay": Form(".overlay.jpg", pictures.overlay),
    "density": Form(".density.png", pictures.density),
    "pdf": Form(".pdf", report.write, lists_cracks=True, is_attachment=True),
}


def asked(parameters: SegmentParameters, form: Format) -> SegmentParameters:
    """The parameters with what the form needs of the cracks."""
    if form == "json" or not FORMS[form].lists_cracks:
        return parameters
    return parameters.model_copy(update={"cracks": True, "outlines": True})


def write(result: Result, form: Format) -> bytes:
    """The file of a form other than `json`."""
    return FORMS[form].write(result)


def disposition(id: str, form: Format) -> str:
    """The header Content-Disposition: the file's name is the id of the answer."""
    kind = "attachment" if FORMS[form].is_attachment else "inline"
    return f'{kind}; filename="{id}{FORMS[form].suffix}"'
