"""Scale from two points of the photo whose distance is known."""

import math

from app.errors import InvalidParameter
from app.scale.scale import Scale

# A person hits a point to within 1 px, any place within as likely as any other: 1/√3 px standard.
CLICK_UNCERTAINTY_PX = 1 / math.sqrt(3)
# The two clicks make 0.82 px of the distance, 8 % of 10 px.
MIN_DISTANCE_PX = 10.0


def scale_from_points(
    points_px: tuple[float, float, float, float], length_mm: float, height_px: int, width_px: int
) -> Scale:
    """The scale of a surface that faces the camera, from points x1, y1, x2, y2 and their distance.

    The relative uncertainty is that of the two clicks along the line between them, √2 CLICK_UNCERTAINTY_PX
    over its length. Raises InvalidParameter for points outside the photo or closer than MIN_DISTANCE_PX.
    """
    x1, y1, x2, y2 = points_px
    for x, y in ((x1, y1), (x2, y2)):
        # Written so that NaN is outside, too.
        if not (-0.5 <= x <= width_px - 0.5 and -0.5 <= y <= height_px - 0.5):
            raise InvalidParameter(
                f"scale_points_px: ({x:g}, {y:g}) lies outside the photo, {width_px}x{height_px} pixels; "
                "give points of the upright photo"
            )
    distance_px = math.hypot(x2 - x1, y2 - y1)
    if distance_px < MIN_DISTANCE_PX:
        raise InvalidParameter(
            f"scale_points_px: the points are {distance_px:.1f} px apart, a scale needs "
            f"{MIN_DISTANCE_PX:g}; give two points far apart"
        )
    return Scale.facing(
        length_mm / distance_px, "points", math.sqrt(2) * CLICK_UNCERTAINTY_PX / distance_px
    )
