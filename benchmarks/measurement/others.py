"""What others do, on the same cracks: the estimators that public crack tools use (on a mask at 0.5)."""

from collections.abc import Callable

import cv2
import numpy as np

from app.measurement.thinning import STEPS
from training.evaluation.skeleton import skeleton_of

SQUARE_ROOT_OF_2 = 2**0.5


def distance_width(mask: np.ndarray) -> float:
    """Twice the distance transform, mean over the skeleton."""
    distance = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return float(2 * distance[skeleton_of(mask)].mean())


def area_width(mask: np.ndarray) -> float:
    """Pixels of the mask over the length of the chain of skeleton pixels."""
    return float(mask.sum() / chain_length(mask))


def crossing_width(mask: np.ndarray) -> float:
    """Distance between the first background pixels either way along the normal, mean over the skeleton.

    The normal is that of the main axis of the skeleton within 5 px.
    """
    skeleton = skeleton_of(mask)
    places = np.argwhere(skeleton).astype(float)
    widths = []
    for place in places:
        near = places[np.abs(places - place).max(axis=1) <= 5]
        _, _, axes = np.linalg.svd(near - near.mean(axis=0))
        across = np.array([-axes[0][1], axes[0][0]])
        widths.append(sum(_steps_inside(mask, place, way * across) for way in (1, -1)))
    return float(np.mean(widths))


def _steps_inside(mask: np.ndarray, place: np.ndarray, way: np.ndarray, step: float = 0.1) -> float:
    reach = np.arange(0, 60, step)
    rows, columns = np.rint(place[:, None] + way[:, None] * reach).astype(int)
    inside = (rows >= 0) & (rows < mask.shape[0]) & (columns >= 0) & (columns < mask.shape[1])
    hit = np.zeros(len(reach), bool)
    hit[inside] = mask[rows[inside], columns[inside]]
    return float(reach[np.argmin(hit)])


def pixel_length(mask: np.ndarray) -> float:
    """Pixels of the skeleton."""
    return float(skeleton_of(mask).sum())


def chain_length(mask: np.ndarray) -> float:
    """Steps along the skeleton: 1 along the axes, the square root of 2 along diagonals that no other step bypasses."""
    skeleton = np.pad(skeleton_of(mask), 1)
    shifted = {step: np.roll(skeleton, step, (0, 1)) & skeleton for step in STEPS}
    straight = shifted[0, 1].sum() + shifted[1, 0].sum()
    diagonal = 0
    for down in (1, -1):
        bypassed = np.roll(skeleton, (down, 0), (0, 1)) | np.roll(skeleton, (0, 1), (0, 1))
        diagonal += (shifted[down, 1] & ~bypassed).sum()
    return float(straight + SQUARE_ROOT_OF_2 * diagonal)


WIDTHS: dict[str, Callable[[np.ndarray], float]] = {
    "2 x distance transform": distance_width,
    "area over length": area_width,
    "binary crossings": crossing_width,
}
LENGTHS: dict[str, Callable[[np.ndarray], float]] = {
    "pixels of the skeleton": pixel_length,
    "chain of 1 and √2": chain_length,
}
