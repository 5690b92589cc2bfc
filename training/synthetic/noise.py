"""Random fields: everything uneven in the pictures comes from here."""

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]


def smooth_noise(
    rng: np.random.Generator,
    height: int,
    width: int,
    cell_x: float,
    cell_y: float,
    angle: float = 0.0,
) -> Field:
    """Normal noise with mean 0 and deviation near 1 whose features are `cell` pixels large.

    `angle` (radians) turns the x axis of the features clockwise.
    """
    if cell_x <= 1 and cell_y <= 1:
        return rng.standard_normal((height, width), dtype=np.float32)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    matrix = turn / np.array([[max(cell_x, 1)], [max(cell_y, 1)]])
    corners = matrix @ np.array([[0, width, 0, width], [0, 0, height, height]])
    columns, rows = np.ceil(np.ptp(corners, axis=1)).astype(int) + 5
    lattice = rng.standard_normal((rows, columns), dtype=np.float32)
    shift = 1 + rng.random((2, 1)) - corners.min(axis=1, keepdims=True)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    # 1.35: cubic interpolation of independent values loses a quarter of their deviation.
    return np.float32(1.35) * cv2.warpAffine(
        lattice, np.hstack([matrix, shift]), (width, height), flags=flags
    )


def clouds(
    rng: np.random.Generator,
    height: int,
    width: int,
    largest: float,
    smallest: float = 2.0,
    persistence: float = 0.6,
    stretch: float = 1.0,
) -> Field:
    """Octaves of noise from `largest` to `smallest` pixels, deviation near 1.

    Each octave is half the size and `persistence` times the strength of the one before;
    `stretch` makes features that many times taller than wide.
    """
    octaves = max(int(np.log2(max(largest, smallest) / smallest)) + 1, 1)
    strengths = persistence ** np.arange(octaves)
    strengths /= np.sqrt((strengths**2).sum())
    total = np.zeros((1, 1), np.float32)
    # Large features need few pixels: the sum is doubled in size whenever the next octave needs it.
    for octave, strength in enumerate(strengths):
        cell = largest / 2**octave
        shrink = 2 ** max(int(np.log2(max(cell, 1) / 4)), 0)
        size = (-(-height // shrink), -(-width // shrink))
        if total.shape != size:
            total = cv2.resize(total, size[::-1], interpolation=cv2.INTER_LINEAR)
        small = cell / shrink
        total += np.float32(strength) * smooth_noise(rng, *size, small, small * stretch)
    if total.shape != (height, width):
        total = cv2.resize(total, (width, height), interpolation=cv2.INTER_LINEAR)
    return total


def blur(field: Field, sigma: float) -> Field:
    """Gaussian blur; a sigma too small to matter returns the field itself."""
    return cv2.GaussianBlur(field, (0, 0), sigma) if sigma > 0.15 else field


def smoothstep(field: Field, low: float, high: float) -> Field:
    """0 below `low`, 1 above `high`, an S in between."""
    share = np.clip((field - low) / np.float32(high - low), 0, 1)
    return share * share * (3 - 2 * share)


def jagged_walk(
    rng: np.random.Generator, length: float, largest: float, smallest: float, step: float
) -> NDArray[np.float64]:
    """Offsets along a line, one each `step` pixels: kinked at every scale, as cracks are.

    Each octave joins random heights at irregular places by straight pieces; its height is in
    proportion to its wavelength to the power 0.85, so that the slopes of all octaves are alike.
    """
    at = np.arange(0, length + step, step)
    total = np.zeros(len(at))
    cell = largest
    while cell >= smallest:
        knots = np.cumsum(cell * rng.uniform(0.35, 1.65, int(2 * length / cell) + 6)) - 2 * cell
        total += cell**0.85 * np.interp(at, knots, rng.standard_normal(len(knots)))
        cell /= 2
    return total
