"""Cracks of exactly known course and width, drawn as exact probability maps.

A pixel's probability is the share of it that the crack covers, found in closed form (training.synthetic.geometry).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from training.synthetic.geometry import Points, draw_polyline, polyline_length

Shape = Literal["straight", "wavy", "branching"]
SHAPES: tuple[Shape, ...] = ("straight", "wavy", "branching")
WIDTHS_PX = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.5, 8.0, 10.0, 13.0, 16.0, 20.0)
SIDE_PX = 300
LENGTH_PX = 200.0
# A branch leaves the main crack at its middle, at 60 degrees, and is as wide: the mean width does not hang on
# where the branch is held to begin. Its length counts from the main crack's centreline.
BRANCH_LENGTH_PX = 80.0


@dataclass(frozen=True)
class Drawn:
    """A probability map `[H, W]` and what is true of the crack in it."""

    probability: np.ndarray
    shape: Shape
    width_px: float
    length_px: float
    orientation_deg: float
    """Axis of the least second moment of the centrelines, rising to the right."""


def drawn(shape: Shape, width: float, degrees: float, seed: int) -> Drawn:
    """One crack, at a place that differs by fractions of a pixel from seed to seed."""
    rng = np.random.default_rng((seed, int(10 * width), int(degrees)))
    centre = SIDE_PX / 2 + rng.random(2)
    along = np.array([np.cos(np.deg2rad(degrees)), -np.sin(np.deg2rad(degrees))])
    aside = np.array([-along[1], along[0]])
    at = np.linspace(-LENGTH_PX / 2, LENGTH_PX / 2, 201)
    offset = np.zeros_like(at)
    if shape == "wavy":
        # The tightest bend, at a crest, has a radius of twice the width and at least 25 px.
        wavelength = LENGTH_PX / rng.uniform(2, 3.5)
        amplitude = (wavelength / (2 * np.pi)) ** 2 / max(2 * width, 25.0)
        offset = amplitude * np.sin(2 * np.pi * at / wavelength + rng.uniform(0, 2 * np.pi))
    main = centre + at[:, None] * along + offset[:, None] * aside
    lines = [main if shape == "wavy" else main[[0, -1]]]
    if shape == "branching":
        turn = np.deg2rad(degrees + 60)
        lines.append(
            np.array([centre, centre + BRANCH_LENGTH_PX * np.array([np.cos(turn), -np.sin(turn)])])
        )
    probability = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    for points in lines:
        probability = np.maximum(probability, draw_polyline(SIDE_PX, SIDE_PX, points, width))
    length = sum(float(polyline_length(points).sum()) for points in lines)
    return Drawn(probability, shape, width, length, _axis(lines))


def _axis(lines: list[Points]) -> float:
    """Axis of the least second moment of the centrelines, degrees in [0, 180), rising to the right."""
    middles = np.concatenate([(points[1:] + points[:-1]) / 2 for points in map(_fine, lines)])
    lengths = np.concatenate([polyline_length(points) for points in map(_fine, lines)])
    x, y = (middles - np.average(middles, axis=0, weights=lengths)).T
    xx, yy, xy = ((lengths * product).sum() for product in (x * x, y * y, x * y))
    return float(np.mod(-np.degrees(0.5 * np.arctan2(2 * xy, xx - yy)), 180.0))


def _fine(points: Points) -> Points:
    """The same line in pieces so short that each counts as a point."""
    shares = np.linspace(0, len(points) - 1, 2001)
    whole = np.arange(len(points))
    return np.column_stack([np.interp(shares, whole, axis) for axis in points.T])


def all_cracks(step_degrees: int = 5, seeds: int = 1) -> Iterator[Drawn]:
    """Every shape, width and direction."""
    for shape in SHAPES:
        for width in WIDTHS_PX:
            for degrees in range(0, 180, step_degrees):
                for seed in range(seeds):
                    yield drawn(shape, width, degrees, seed)
