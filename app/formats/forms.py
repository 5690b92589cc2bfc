"""Which form is written by what, and what it must be told."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from app import answers
from app.formats import coco, containers, cvat, label_studio, pictures, report
from app.formats.drawing import drawing
from app.formats.geojson import geojson
from app.formats.table import table
from app.inspection import Result
from app.negotiation import MEDIA_TYPES, Format
from app.parameters import SegmentParameters

CRACKS: Mapping[str, bool] = {"cracks": True}
OUTLINES: Mapping[str, bool] = {**CRACKS, "outlines": True}


@dataclass(frozen=True)
class Form:
    """How a form is made: `write` takes the result of a photo; `suffix` ends the name of its file."""

    suffix: str
    write: Callable[[Result], bytes]
    needs: Mapping[str, bool] = field(default_factory=dict)
    """Parameters that hold for it whatever the query says, which means the JSON."""
    is_attachment: bool = False
    """A browser saves it instead of showing it."""


def _json(result: Result) -> bytes:
    return answers.as_json(result).model_dump_json().encode()


# Each tells of the cracks by itself, and all of them are in the ZIP archive.
SINGLE: Mapping[Format, Form] = {
    "json": Form(".json", _json),
    "mask": Form(".mask.png", pictures.mask),
    "overlay": Form(".overlay.jpg", pictures.overlay),
    "density": Form(".density.png", pictures.density),
    "probability": Form(".probability.png", pictures.probability),
    "csv": Form(".csv", table, CRACKS, is_attachment=True),
    "pdf": Form(".pdf", report.write, CRACKS, is_attachment=True),
    "geojson": Form(".geojson", geojson, OUTLINES, is_attachment=True),
    "svg": Form(".svg", drawing, OUTLINES),
    "coco": Form(".coco.json", coco.polygons, OUTLINES),
    "coco-rle": Form(".coco-rle.json", coco.rle, OUTLINES),
    "label-studio": Form(".label-studio.json", label_studio.tasks),
    "cvat": Form(".cvat.xml", cvat.annotations, OUTLINES),
}


def _zip(result: Result) -> bytes:
    return containers.zipped(_parts(result, SINGLE))


def _multipart(result: Result) -> bytes:
    return containers.multipart(_parts(result, ("json", "mask")), _boundary(result.id))


FORMS: Mapping[Format, Form] = {
    **SINGLE,
    # Its caller has it, so it is in no archive.
    "photo": Form(".photo.jpg", lambda result: pictures.photo(result.photo)),
    "zip": Form(".zip", _zip, OUTLINES, is_attachment=True),
    "multipart": Form(".multipart", _multipart),
}


def asked(parameters: SegmentParameters, form: Format) -> SegmentParameters:
    """The parameters with what the form needs of the cracks."""
    return parameters.model_copy(update=dict(FORMS[form].needs))


def write(result: Result, form: Format) -> bytes:
    """The form's file."""
    return FORMS[form].write(result)


def content_type(id: str, form: Format) -> str:
    """The header Content-Type of the answer with that id."""
    parameters: Mapping[Format, str] = {
        "csv": "; charset=utf-8",  # some clients read text of unknown encoding as Latin-1
        "multipart": f"; boundary={_boundary(id)}",
    }
    return MEDIA_TYPES[form] + parameters.get(form, "")


def disposition(id: str, form: Format) -> str:
    """The header Content-Disposition: the file's name is the id of the answer."""
    kind = "attachment" if FORMS[form].is_attachment else "inline"
    return f'{kind}; filename="{_file_name(id, form)}"'


def headers(id: str, form: Format) -> dict[str, str]:
    """What an answer in that form says of itself, the answer with that id."""
    said = {"Vary": "Accept", "Content-Type": content_type(id, form)}
    return said if form == "json" else said | {"Content-Disposition": disposition(id, form)}


def _parts(result: Result, forms: Iterable[Format]) -> Iterator[containers.Part]:
    """The mask stands beside the JSON, so it is not in it, too."""
    apart = replace(result, parameters=result.parameters.model_copy(update={"mask": "none"}))
    for form in forms:
        result.check()
        headers = {
            "Content-Type": content_type(result.id, form),
            "Content-Disposition": disposition(result.id, form),
        }
        yield containers.Part(_file_name(result.id, form), headers, write(apart, form))


def _file_name(id: str, form: Format) -> str:
    return id + FORMS[form].suffix


def _boundary(id: str) -> str:
    """Parts of multipart/mixed are told apart by a hash of the answer's id, which is in no picture by chance.

    The id itself may be a caller's, and as short as "a".
    """
    return f"hairline-{hashlib.sha256(id.encode()).hexdigest()[:32]}"
