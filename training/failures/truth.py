"""True cracks as the failures need them: a mask, its skeleton, and the width and contrast along it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.evaluation.scoring import Mask, distance_to
from training.evaluation.skeleton import skeleton_of
from training.synthetic import CrackTruth, Scene
from training.synthetic.geometry import polyline_length

Distance = NDArray[np.float32]

STEP_PX = 1.0  # between the points of a centreline that a skeleton pixel is held against
# Closer to the rim of another crack a measured width may run into it.
JUNCTION_PX = 4.0


@dataclass(frozen=True)
class Truth:
    """The true cracks of one photo, of which there is at least one pixel.

    Attributes:
        mask: bool [H, W].
        distance: [H, W] pixels to the nearest true pixel.
        skeleton: (rows, columns), [K] each.
        nearest: [H, W] index of the nearest skeleton pixel, 0 to K - 1.
        width_px: [K] width of the crack there.
        contrast: [K] share of the light taken away, 0 to 1; NaN where unknown.
        alone: [K] whether no other crack is near enough to disturb a measured width; False where unknown.
    """

    mask: Mask
    distance: Distance
    skeleton: tuple[NDArray[np.int64], NDArray[np.int64]]
    nearest: NDArray[np.int32]
    width_px: NDArray[np.float64]
    contrast: NDArray[np.float64]
    alone: Mask


def truth_of_scene(scene: Scene) -> Truth:
    """Of a drawn photo: exact widths and contrasts. The mask must not be empty."""
    skeleton, nearest = _skeleton(scene.mask)
    at = np.column_stack(skeleton[::-1]).astype(np.float64)
    inside, widths = zip(*(_beside(crack, at) for crack in scene.cracks), strict=True)
    # Where cracks meet, a pixel belongs to the one that it lies deepest in.
    rims = np.sort(np.array(inside), axis=0)
    own = np.argmin(inside, axis=0)
    alone = rims[1] > JUNCTION_PX if len(rims) > 1 else np.ones(len(at), bool)
    return Truth(
        scene.mask,
        distance_to(scene.mask),
        skeleton,
        nearest,
        np.array(widths)[own, np.arange(len(at))],
        np.array([crack.contrast for crack in scene.cracks])[own],
        alone,
    )


def truth_of_mask(mask: Mask) -> Truth:
    """Of a real mask, not empty: the width is twice the distance transform, the contrast unknown."""
    skeleton, nearest = _skeleton(mask)
    # The photo's edge ends a crack's picture, not the crack: it counts as no background.
    width = 2 * distance_to(~mask)[skeleton].astype(np.float64)
    width = np.where(np.isfinite(width), width, 2.0 * max(mask.shape))
    unknown = np.full(len(width), np.nan)
    return Truth(
        mask, distance_to(mask), skeleton, nearest, width, unknown, np.zeros(len(width), bool)
    )


def _skeleton(
    mask: Mask,
) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]], NDArray[np.int32]]:
    thin = skeleton_of(mask)
    skeleton = np.nonzero(thin)
    _, labels = cv2.distanceTransformWithLabels(
        (~thin).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    index = np.zeros(int(labels.max()) + 1, np.int32)
    index[labels[skeleton]] = np.arange(len(skeleton[0]), dtype=np.int32)
    return (skeleton[0], skeleton[1]), index[labels]


def _beside(
    crack: CrackTruth, at: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance [K] to the rim of the crack (below 0 inside it) and its width [K] there, at points [K, 2] (x, y)."""
    arc = np.insert(np.cumsum(polyline_length(crack.centerline_px)), 0, 0)
    places = np.linspace(0, arc[-1], int(arc[-1] / STEP_PX) + 2)
    x, y = (np.interp(places, arc, values) for values in crack.centerline_px.T)
    away = np.hypot(at[:, :1] - x, at[:, 1:] - y)
    closest = away.argmin(axis=1)
    width = np.interp(places, arc, crack.width_px)[closest]
    return away[np.arange(len(at)), closest] - width / 2, width
