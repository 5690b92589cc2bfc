"""The mask as a prediction of Label Studio, to be corrected there (https://labelstud.io/guide/predictions)."""

import json

from app.formats.brush import brush
from app.inspection import Result

# The names of the tags in the labelling configuration of Label Studio's own template for brushes.
CONTROL, OBJECT, LABEL = "tag", "image", "Crack"


def tasks(result: Result) -> bytes:
    """JSON: a list of one task with one prediction.

    All cracks are one region, because Label Studio keeps a picture of the photo's size for each (its issues 476 and
    4940). `data.image` is the photo's sha256 with an ending: upload the photo under that name, or put its address
    there.
    """
    mask = result.segmentation.mask
    prediction = {
        "model_version": result.made_by,
        "score": float(result.segmentation.probability[mask].mean()) if mask.any() else 0.0,
        "result": [_region(result)] if mask.any() else [],
    }
    task = {"data": {OBJECT: result.photo.file_name}, "predictions": [prediction]}
    return json.dumps([task]).encode()


def _region(result: Result) -> dict[str, object]:
    return {
        "id": result.id,
        "type": "brushlabels",
        "from_name": CONTROL,
        "to_name": OBJECT,
        "original_width": result.photo.width,
        "original_height": result.photo.height,
        "image_rotation": 0,
        "value": {
            "format": "rle",
            "rle": list(brush(result.segmentation.mask)),
            "brushlabels": [LABEL],
        },
    }
