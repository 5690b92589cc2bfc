"""The cracks as CVAT for images 1.1 (https://docs.cvat.ai/docs/other/xml_format), a mask a crack."""

from xml.etree import ElementTree as ET

from app import run_lengths
from app.inspection import Result
from app.measurement import Crack

LABEL = "crack"


def annotations(result: Result) -> bytes:
    """XML in UTF-8; the photo is named as COCO's `file_name` names it."""
    root = ET.Element("annotations")
    ET.SubElement(root, "version").text = "1.1"
    labels = ET.SubElement(ET.SubElement(ET.SubElement(root, "meta"), "task"), "labels")
    label = ET.SubElement(labels, "label")
    ET.SubElement(label, "name").text = LABEL
    ET.SubElement(label, "type").text = "mask"
    photo = ET.SubElement(
        root,
        "image",
        {
            "id": "0",
            "name": result.photo.file_name,
            "width": str(result.photo.width),
            "height": str(result.photo.height),
        },
    )
    photo.extend(_mask(crack) for crack in result.segmentation.measurement.cracks)
    written: bytes = ET.tostring(root, "utf-8", xml_declaration=True)
    return written


def _mask(crack: Crack) -> ET.Element:
    """`rle` are run lengths along the rows of the box, background first."""
    left, top, width, height = (str(number) for number in crack.bbox_px)
    counts = run_lengths.counts_by_rows(crack.edges_px or (), crack.bbox_px)
    return ET.Element(
        "mask",
        {
            "label": LABEL,
            "source": "auto",
            "occluded": "0",
            "rle": ", ".join(map(str, counts)),
            "left": left,
            "top": top,
            "width": width,
            "height": height,
            "z_order": "0",
        },
    )
