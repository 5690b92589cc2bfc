"""Scale from a printed marker of known size, seen straight on or at an angle.

The default family is AprilTag 36h11: a square of the photo that is no marker passes for one of 587 codes among
2³⁶ patterns, turned four ways and one bit wrong, with a chance of 1 in 800,000; for ArUco 4x4 it is 1 in 330.
"""

from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from app.errors import InvalidParameter
from app.plane import Plane
from app.scale.corners import refine_corners
from app.scale.scale import Floats, Scale, depth

MarkerFamily = Literal[
    "apriltag-36h11",
    "apriltag-25h9",
    "apriltag-16h5",
    "aruco-4x4-50",
    "aruco-5x5-250",
    "aruco-6x6-250",
    "aruco-original",
]
DEFAULT_FAMILY: MarkerFamily = "apriltag-36h11"
DICTIONARIES: dict[MarkerFamily, int] = {
    "apriltag-36h11": cv2.aruco.DICT_APRILTAG_36h11,
    "apriltag-25h9": cv2.aruco.DICT_APRILTAG_25h9,
    "apriltag-16h5": cv2.aruco.DICT_APRILTAG_16h5,
    "aruco-4x4-50": cv2.aruco.DICT_4X4_50,
    "aruco-5x5-250": cv2.aruco.DICT_5X5_250,
    "aruco-6x6-250": cv2.aruco.DICT_6X6_250,
    "aruco-original": cv2.aruco.DICT_ARUCO_ORIGINAL,
}
# Larger photos are searched reduced to this: 24 megapixels in 0.1 s instead of 1.8 s on one core, and with
# fewer grains of concrete among the candidates. The corners are found in the photo itself.
SEARCH_PX = 2048
# Of a side, in the photo as searched. Smaller squares are read by chance: 47 "ArUco originals", those looked at of 2 to
# 7 px, stood in 3,000 photos without a marker; from 20 px there was one in 9,900, and none of another family.
MIN_SIDE_PX = 20.0
# One wrong bit for a code of 25 bits and more, none for one of 16.
ERROR_CORRECTION_RATE = 0.3
# At the photo's centre; above it the marker is too small or too far off to say anything of a width.
MAX_RELATIVE_UNCERTAINTY = 0.1


def scale_from_marker(photo: NDArray[np.uint8], side_mm: float, family: MarkerFamily) -> Scale:
    """The plane of a marker found in the photo, uint8 `[H, W, 3]` RGB.

    `side_mm` is the outer side of the black square. The uncertainty is what that of each corner coordinate makes
    of the local scale; it grows with the distance from the marker. Raises InvalidParameter where
    no marker of the family is found, more than one, or one too small or too blurred to carry a scale.
    """
    grey = np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), np.uint8)
    rough = _find(grey, family)
    modules = cv2.aruco.getPredefinedDictionary(DICTIONARIES[family]).markerSize + 2
    corners, uncertainty_px = refine_corners(grey, rough, modules)
    module_px = np.hypot(*(rough - np.roll(rough, 1, axis=0)).T).min() / modules
    if not np.hypot(*(corners - rough).T).max() <= max(module_px / 2, 2.0):
        raise InvalidParameter(
            f"marker_mm: the edges of the {family} marker cannot be followed; print it with a white rim of one "
            "cell, lay it flat and take a sharper photo"
        )
    centre = np.array([grey.shape[1] - 1, grey.shape[0] - 1]) / 2
    return _scale(corners, uncertainty_px, side_mm, centre)


def _find(grey: NDArray[np.uint8], family: MarkerFamily) -> Floats:
    """Corners `[4, 2]` of the one marker, px, clockwise from its own top left, to within a cell."""
    reduction = min(1.0, SEARCH_PX / max(grey.shape))
    width, height = (max(1, round(size * reduction)) for size in grey.shape[::-1])
    searched = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
    parameters = cv2.aruco.DetectorParameters()
    parameters.errorCorrectionRate = ERROR_CORRECTION_RATE
    dictionary = cv2.aruco.getPredefinedDictionary(DICTIONARIES[family])
    found, _, _ = cv2.aruco.ArucoDetector(dictionary, parameters).detectMarkers(searched)
    if not found:
        raise InvalidParameter(
            f"marker_mm: no {family} marker is in the photo; show it whole, flat, with a white rim and not mirrored, "
            f"or name its family in marker_family: {', '.join(get_args(MarkerFamily))}"
        )
    quads = [one[0].astype(np.float64) for one in found]
    sides = [float(np.hypot(*(quad - np.roll(quad, 1, axis=0)).T).min()) for quad in quads]
    large = [quad for quad, side in zip(quads, sides, strict=True) if side >= MIN_SIDE_PX]
    if not large:
        raise InvalidParameter(
            f"marker_mm: the {family} marker is {max(sides) / reduction:.0f} px wide, {MIN_SIDE_PX / reduction:.0f} "
            "are needed in a photo of this size; use a larger marker or go closer"
        )
    if len(large) > 1:
        raise InvalidParameter(
            f"marker_mm: {len(large)} {family} markers are in the photo; leave one, or cover the others"
        )
    ratio = np.array([grey.shape[1] / width, grey.shape[0] / height])
    return np.asarray((large[0] + 0.5) * ratio - 0.5, np.float64)


def _scale(corners: Floats, uncertainty_px: float, side_mm: float, centre: Floats) -> Scale:
    plane = _plane(corners, side_mm)
    if depth(plane, centre[None])[0] <= 0:
        raise InvalidParameter(
            "marker_mm: seen from the marker, the middle of the photo lies beyond the horizon; lay the marker flat on "
            "the surface that is to be measured"
        )
    steps = uncertainty_px * np.eye(8).reshape(8, 4, 2)
    alternatives = tuple(_plane(corners + step, side_mm) for step in steps)
    scale = Scale.of_plane(plane, "marker", centre, alternatives)
    if not (scale.relative_uncertainty or 0.0) <= MAX_RELATIVE_UNCERTAINTY:
        raise InvalidParameter(
            f"marker_mm: so small or so far off, the marker gives the scale in the middle of the photo to within "
            f"{scale.relative_uncertainty:.0%}; use a larger one, nearer to the middle"
        )
    return scale


def _plane(corners: Floats, side_mm: float) -> Plane:
    """The plane on which the corners, clockwise from the marker's top left, make a square; the marker is near."""
    square = side_mm * np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    to_mm = cv2.getPerspectiveTransform(corners.astype(np.float32), square.astype(np.float32))
    plane = Plane(np.asarray(to_mm, np.float64))
    return plane if depth(plane, corners[:1])[0] > 0 else Plane(-plane.to_mm)
