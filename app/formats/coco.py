"""The cracks as COCO instance segmentation of one photo (https://cocodataset.org/#format-data), a crack an annotation.

COCO puts the corner of the top left pixel at (0, 0), where the API has (-0.5, -0.5). By either form pycocotools'
`annToMask` gives the crack's pixels, no more and no fewer.
"""

import json
from collections.abc import Callable, Sequence

import numpy as np

from app import run_lengths
from app.formats.figures import figures
from app.formats.pieces import pieces
from app.inspection import Result
from app.measurement import Crack
from app.measurement.arrays import Floats

Segmentation = list[list[float]] | dict[str, object]


def polygons(result: Result) -> bytes:
    """JSON; `segmentation` is polygons along the edges of pixels.

    COCO's polygons are filled one by one and know no holes: a crack with holes comes in pieces without.
    """
    return _dataset(result, lambda crack: _polygons(_edges(crack)))


def rle(result: Result) -> bytes:
    """JSON; `segmentation` is compressed run lengths. `iscrowd` stays 0: each is one crack, holes and all."""
    height, width = result.photo.height, result.photo.width
    return _dataset(
        result,
        lambda crack: {
            "size": [height, width],
            "counts": run_lengths.compressed_edges(_edges(crack), height, width),
        },
    )


def _dataset(result: Result, segmentation: Callable[[Crack], Segmentation]) -> bytes:
    pairs = zip(result.findings.cracks(), result.segmentation.measurement.cracks, strict=True)
    annotations = [
        {
            "id": said.id,
            "image_id": 1,
            "category_id": 1,
            "iscrowd": 0,
            "area": said.area_px,
            "bbox": said.bbox_px,
            "segmentation": segmentation(crack),
            "score": said.mean_probability,
            "attributes": figures(said),
        }
        for said, crack in pairs
    ]
    dataset = {
        "info": {
            "description": f"Cracks found by {result.made_by} from a probability of "
            f"{result.segmentation.threshold}",
            "answer_id": result.id,
        },
        "licenses": [],
        "images": [
            {
                "id": 1,
                "file_name": result.photo.file_name,
                "width": result.photo.width,
                "height": result.photo.height,
            }
        ],
        "categories": [{"id": 1, "name": "crack", "supercategory": "defect"}],
        "annotations": annotations,
    }
    return json.dumps(dataset).encode()


def _edges(crack: Crack) -> Sequence[Floats]:
    return crack.edges_px or ()


def _polygons(edges: Sequence[Floats]) -> list[list[float]]:
    """Flat [x, y, x, y, ...] in COCO's coordinates."""
    if any(_is_hole(polygon) for polygon in edges):
        return pieces(run_lengths.runs(edges))
    return [(polygon + 0.5).ravel().tolist() for polygon in edges]


def _is_hole(polygon: Floats) -> bool:
    """Holes run the other way round, so their signed area (shoelace formula; y points down) is below 0."""
    x, y = polygon.T
    return bool((np.roll(x, -1) * y - x * np.roll(y, -1)).sum() < 0)
