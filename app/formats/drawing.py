"""The cracks as SVG: a path round each, and its centrelines, to lay over the upright photo.

Coordinates are the API's: the centre of the top left pixel is (0, 0). So the photo, and with it the viewBox, begins
half a pixel before it, at (-0.5, -0.5), and outlines along the edges of pixels have halves.
"""

from xml.etree import ElementTree as ET

from app import schemas
from app.formats.figures import figures
from app.inspection import Result
from app.overlay import CRACK_COLOUR
from app.schemas import Point

COLOUR = "#{:02x}{:02x}{:02x}".format(*CRACK_COLOUR)
CENTERLINE_COLOUR = "#00e5ff"  # stands out on the red


def drawing(result: Result) -> bytes:
    """SVG 1.1 in UTF-8 of the photo's upright size, transparent where there is no crack."""
    width, height = result.photo.width, result.photo.height
    root = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": str(width),
            "height": str(height),
            "viewBox": f"-0.5 -0.5 {width} {height}",
            "data-answer-id": result.id,
            "data-made-by": result.made_by,
            "data-threshold": str(result.segmentation.threshold),
            "data-photo-sha256": result.photo.sha256,
        },
    )
    ET.SubElement(root, "title").text = f"Cracks found by {result.made_by}"
    ET.SubElement(
        root, "desc"
    ).text = "Units are pixels of the upright photo; the centre of its top left pixel is (0, 0)."
    cracks = result.findings.cracks()
    outlines = ET.SubElement(
        root, "g", {"id": "outlines", "fill": COLOUR, "fill-rule": "evenodd", "stroke": "none"}
    )
    outlines.extend(_outline(crack) for crack in cracks)
    lines = ET.SubElement(
        root, "g", {"id": "centerlines", "fill": "none", "stroke": CENTERLINE_COLOUR}
    )
    lines.extend(_centerline(crack.id, line) for crack in cracks for line in crack.centerlines_px)
    written: bytes = ET.tostring(root, "utf-8", xml_declaration=True)
    return written


def _outline(crack: schemas.Crack) -> ET.Element:
    """One path, holes included, with every figure that there is as a `data-` attribute: `data-length-px`."""
    data = {
        f"data-{name.replace('_', '-')}": str(figure)
        for name, figure in figures(crack).items()
        if figure not in (None, "")
    }
    path = "".join(f"M{_points(polygon)}Z" for polygon in crack.outline_px or [])
    return ET.Element("path", {"id": f"crack-{crack.id}", "class": "crack", **data, "d": path})


def _centerline(id: int, line: list[Point]) -> ET.Element:
    """One branch, a pixel of the screen wide however far one zooms in."""
    return ET.Element(
        "polyline",
        {
            "class": "centerline",
            "data-crack": str(id),
            "vector-effect": "non-scaling-stroke",
            "points": _points(line),
        },
    )


def _points(line: list[Point]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in line)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
