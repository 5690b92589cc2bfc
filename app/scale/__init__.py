"""How many millimetres a pixel is, from what the caller knows: `scale_of` a photo or `scale_of_mask`."""

from app.scale.marker import MarkerFamily
from app.scale.request import ScaleRequest, scale_of, scale_of_mask
from app.scale.scale import Scale, Source

__all__ = ["MarkerFamily", "Scale", "ScaleRequest", "Source", "scale_of", "scale_of_mask"]
