"""Corners of a marker to a fraction of a pixel: a line fitted to each edge of the black square, and where they meet.

On rendered markers corners were off by 0.01 px (root mean square a coordinate) from 68 px a side, by 0.03 with much
noise, and by 0.15 at worst, 34 px and blurred. At 108 px OpenCV's CORNER_REFINE_SUBPIX was off by 0.21, APRILTAG 0.47,
CONTOUR 0.53.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from app.errors import InvalidParameter
from app.scale.scale import Floats

# Places along an edge, one a pixel; those next to the corners are rounded by blur and left out.
PLACES = (24, 512)
ALONG = (0.08, 0.92)
# How far to look on both sides of the edge. The first pass has to bridge what the search was off by; the rim and
# the border of a marker are a module wide, so it stays within them. The later passes look less far, for less noise.
FIRST_REACH_MODULES = 0.7
REACH_MODULES = 0.5
REACH_PX = (2.0, 12.0)
# Profiles are smoothed along the edge, as a part of its length, against noise: corners of blurred, noisy markers come
# out at 0.03 px where single profiles leave 0.06. And across: of an edge sharper than the pixels, squares of the
# climb see the nearest pixel and not the edge, 0.2 px off.
ALONG_SIGMA = 1 / 28
ACROSS_SIGMA_PX = 1.0
ACROSS_SIGMA = 1 / 6  # of the reach, where that makes less
PASSES = 3
_SAMPLES = 33
# Of the angle between two edges that meet: 3 degrees. A marker at 60 degrees still has 27.
LEAST_SINE = 0.05
# A corner is about as far off as its edges scatter about their lines: 0.7 to 1.3 times from 49 px a side, up to 2.4
# where a marker of 34 px is blurred. Noise, dirt and a lens that bends lines show there; that blur fills small cells
# does not, so at least half a pixel over the size of a cell is taken.
CORNER_TO_EDGE = 1.5
MIN_UNCERTAINTY_PX = 0.03
CELL_UNCERTAINTY_PX2 = 0.5


def refine_corners(grey: NDArray[np.uint8], corners: Floats, modules: int) -> tuple[Floats, float]:
    """Corners `[4, 2]` (x, y) of a dark square on light ground, and the standard uncertainty of a coordinate, px.

    Args:
        grey: `[H, W]`.
        corners: `[4, 2]`, clockwise as seen, each within half a module of its place.
        modules: cells along a side of the marker, its border counted.
    """
    # A window of the photo, because cv2.remap reads no picture wider than 32,767 px.
    margin = 2 * REACH_PX[1] + FIRST_REACH_MODULES * _sides(corners).max() / modules
    left, top = np.maximum(0, np.floor(corners.min(axis=0) - margin)).astype(int)
    right, bottom = np.ceil(corners.max(axis=0) + margin).astype(int)
    window = grey[top : bottom + 1, left : right + 1]
    found = corners - np.array([left, top])
    for number in range(PASSES):
        modules_px = _sides(found) / modules
        reaches = np.clip(REACH_MODULES * modules_px, *REACH_PX)
        if number == 0:
            reaches = np.maximum(REACH_PX[0], FIRST_REACH_MODULES * modules_px)
        edges = [
            _edge(window, found[side], found[(side + 1) % 4], reaches[side]) for side in range(4)
        ]
        lines = [_line(edge) for edge in edges]
        found = np.array([_meeting(lines[side - 1], lines[side]) for side in range(4)])
    scatters = [_scatter(edge, line) for edge, line in zip(edges, lines, strict=True)]
    uncertainty = max(
        MIN_UNCERTAINTY_PX,
        CELL_UNCERTAINTY_PX2 / float(modules_px.min()),
        CORNER_TO_EDGE * float(np.sqrt(np.mean(scatters))),
    )
    return np.asarray(found + np.array([left, top]), np.float64), uncertainty


def _sides(corners: Floats) -> Floats:
    """`[4]` lengths of the sides, px."""
    return np.asarray(np.hypot(*(np.roll(corners, -1, axis=0) - corners).T), np.float64)


def _edge(grey: NDArray[np.uint8], start: Floats, end: Floats, reach: float) -> Floats:
    """Points `[N, 2]` where dark turns light, near the way from start to end."""
    along = end - start
    length = float(np.hypot(*along))
    outwards = np.array([along[1], -along[0]]) / length
    places = np.linspace(*ALONG, round(np.clip(length, *PLACES)))
    on_edge = start + places[:, None] * along
    offsets = np.linspace(-reach, reach, _SAMPLES)
    samples = (on_edge[:, None] + offsets[:, None] * outwards).astype(np.float32)
    profile = cv2.remap(
        grey,
        samples[..., 0],
        samples[..., 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float64)
    step = offsets[1] - offsets[0]
    across = min(ACROSS_SIGMA_PX, ACROSS_SIGMA * reach) / step
    smooth = cv2.GaussianBlur(profile, (0, 0), sigmaX=across, sigmaY=ALONG_SIGMA * len(places))
    # Squared, so that the edge outweighs the noise, which climbs as often but not as steeply.
    climb = np.maximum(np.diff(smooth, axis=1), 0) ** 2
    middles = offsets[:-1] + step / 2
    shift = climb @ middles / np.maximum(climb.sum(axis=1), 1e-9)
    return np.asarray(on_edge + shift[:, None] * outwards, np.float64)


def _line(edge: Floats) -> Floats:
    """The line `[4]` through points: its direction, of length 1, and a point of it."""
    middle = edge.mean(axis=0)  # subtracted for the sake of float32
    # Huber: dirt and shadow on the edge count less.
    line = cv2.fitLine((edge - middle).astype(np.float32), cv2.DIST_HUBER, 0, 1e-3, 1e-4).ravel()
    return np.asarray([line[0], line[1], line[2] + middle[0], line[3] + middle[1]], np.float64)


def _scatter(edge: Floats, line: Floats) -> float:
    """Mean square distance of the points from the line, square pixels."""
    x, y = (edge - line[2:]).T
    return float(np.mean((x * line[1] - y * line[0]) ** 2))


def _meeting(first: Floats, second: Floats) -> Floats:
    """Where two lines meet, `[2]`. Raises InvalidParameter for edges that do not: it was no square."""
    directions = np.column_stack([first[:2], -second[:2]])
    if not abs(np.linalg.det(directions)) > LEAST_SINE:
        raise InvalidParameter(
            "the edges of the marker cannot be told apart; take the photo closer or less obliquely, or give mm_per_px"
        )
    steps = np.linalg.solve(directions, second[2:] - first[2:])
    return np.asarray(first[2:] + steps[0] * first[:2], np.float64)
