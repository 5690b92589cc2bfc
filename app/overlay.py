"""A photo with its cracks drawn on it: pure."""

import cv2
import numpy as np
from numpy.typing import NDArray

CRACK_COLOUR = (230, 20, 60)  # RGB, a red that grey concrete, moss and rust do not show


def draw_overlay(photo: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The photo with the cracks tinted, and outlined so that a hairline shows on a reduced view.

    The outline lies outside the crack and leaves it to be seen; it is about a 700th of the photo's longer side.
    """
    drawn = photo.copy()
    drawn[mask] = (0.45 * drawn[mask] + 0.55 * np.array(CRACK_COLOUR)).astype(np.uint8)
    thickness = max(1, round(max(mask.shape) / 700))
    reach = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * thickness + 3, 2 * thickness + 3))
    gap = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    solid = mask.astype(np.uint8)
    drawn[cv2.dilate(solid, reach) > cv2.dilate(solid, gap)] = CRACK_COLOUR
    return drawn
