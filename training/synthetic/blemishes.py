"""What weather and casting leave on concrete: voids, stains, runs and tie holes."""

import cv2
import numpy as np
from numpy.typing import NDArray

from training.synthetic.noise import Field, blur, clouds, jagged_walk, smooth_noise, smoothstep
from training.synthetic.recipe import VoidTruth
from training.synthetic.surface import Photo, Setting

SMALLEST_VOID_PX, LARGEST_VOID_PX = 0.7, 16.0

RUST = np.array([0.85, 0.58, 0.34], np.float32)
"""Colours by which a stain multiplies the surface where it is thickest."""
WATER = np.array([0.62, 0.63, 0.62], np.float32)
ALGAE = np.array([0.66, 0.70, 0.60], np.float32)
LIME = np.array([1.22, 1.22, 1.22], np.float32)


def punch_voids(
    rng: np.random.Generator, photo: Photo, setting: Setting, per_megapixel: float
) -> tuple[VoidTruth, ...]:
    """Draw voids into `photo` and tell where they are; P(radius > r) falls as r^-2."""
    mean = per_megapixel * setting.height * setting.width / 1e6
    count = rng.poisson(mean * rng.uniform(0.2, 2.0))
    smallest = SMALLEST_VOID_PX * setting.grain_px
    radii = np.minimum(smallest * (1 + rng.pareto(2.0, count)), LARGEST_VOID_PX)
    places = rng.uniform((0, 0), (setting.width - 1, setting.height - 1), (count, 2))
    depth = rng.uniform(0.35, 0.8)
    voids = []
    for (x, y), radius in zip(places, radii, strict=True):
        void = VoidTruth(float(x), float(y), float(radius))
        _punch(rng, photo, setting, void, depth * rng.uniform(0.4, 1.2))
        voids.append(void)
    return tuple(voids)


def _punch(
    rng: np.random.Generator, photo: Photo, setting: Setting, void: VoidTruth, depth: float
) -> None:
    """One pit: its wall towards the light in shadow, its far rim lit."""
    reach = int(2 * void.radius_px + 3)
    left, top = int(void.x_px) - reach, int(void.y_px) - reach
    columns = np.arange(max(left, 0), min(left + 2 * reach + 2, setting.width))
    rows = np.arange(max(top, 0), min(top + 2 * reach + 2, setting.height))
    x, y = np.meshgrid(columns - np.float32(void.x_px), rows - np.float32(void.y_px))
    angle = np.arctan2(y, x)
    # Area of an ellipse with semi-axes r*q and r/q is that of the circle of radius r.
    squash, turn = rng.uniform(0.75, 1.0), rng.uniform(0, np.pi)
    shape = squash * squash * np.cos(angle - turn) ** 2 + np.sin(angle - turn) ** 2 / squash**2
    edge = void.radius_px / np.sqrt(shape)
    for lobes in (2, 3, 5):
        edge = edge * (1 + rng.normal(0, 0.05) * np.sin(lobes * angle + 6.3 * rng.random()))
    distance = np.hypot(x, y) - edge
    inside = smoothstep(-distance, -0.6, 0.6 + rng.uniform(0, 0.2) * void.radius_px)
    facing = (x * setting.light[0] + y * setting.light[1]) / void.radius_px
    shade = depth * inside * (0.55 + 0.45 * np.clip(facing + 0.25, -1, 1))
    rim = np.exp(-np.square(distance / (0.6 + 0.1 * void.radius_px))) * (1 - inside)
    light = 0.16 * depth * rim * np.clip(-facing, -0.4, 1)
    patch = photo[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    patch *= (1 - shade + light)[..., None]


def stain(rng: np.random.Generator, photo: Photo, setting: Setting) -> Photo:
    """One stain: a run from a point downwards, or a soft-edged patch."""
    colour = (RUST, WATER, WATER, ALGAE, LIME)[rng.integers(5)]
    size = max(setting.height, setting.width)
    if rng.random() < 0.6:
        start = (rng.uniform(0, setting.width), rng.uniform(-0.3, 0.5) * setting.height)
        thickness = run_down(rng, setting, start, rng.uniform(0.01, 0.06) * size)
    else:
        edge = clouds(rng, setting.height, setting.width, size / 3, 1.5, 0.75)
        thickness = smoothstep(edge, rng.uniform(0.8, 1.5), rng.uniform(1.7, 3.0))
    return stained(photo, thickness * np.float32(rng.uniform(0.15, 0.8)), colour)


def stained(photo: Photo, thickness: Field, colour: NDArray[np.float32]) -> Photo:
    """The photo multiplied by `colour` where the stain's thickness is 1, unchanged where 0."""
    return photo * (1 + thickness[..., None] * (colour - 1))


def run_down(
    rng: np.random.Generator, setting: Setting, start_xy: tuple[float, float], spread: float
) -> Field:
    """Thickness, 0 to 1, of rivulets that start at most about `spread` pixels from one point,
    wander down and fade.
    """
    height, width = setting.height, setting.width
    size = max(height, width)
    thickness = np.zeros((height, width), np.float32)
    x = np.arange(width, dtype=np.float32)
    y = np.arange(height, dtype=np.float32)[:, None]
    for _ in range(rng.integers(3, 9)):
        length, wide = rng.uniform(0.15, 0.8) * size, rng.uniform(0.2, 0.7) * spread
        sideways = rng.normal(0, 0.5) * spread
        drift = 0.03 * jagged_walk(rng, height, 0.3 * size, 12, 1.0)[:height]
        below = y - np.float32(start_xy[1] + abs(rng.normal(0, 0.3)) * spread)
        down = np.clip(below / np.float32(length), 0, 1)
        middle = start_xy[0] + sideways + drift.astype(np.float32)[:, None]
        profile = np.exp(-np.square((x - middle) / (wide * (0.6 + 0.8 * down)).clip(1)))
        started = smoothstep(below, 0, 0.5 * spread + 3)
        thickness = np.maximum(thickness, profile * (1 - down) * started)
    mottle = 0.7 + 0.35 * clouds(rng, height, width, 0.1 * size, 1.5, 0.75, stretch=4)
    return thickness * np.clip(mottle, 0, 1.2)


def tie_hole(
    rng: np.random.Generator, photo: Photo, setting: Setting, x: float, y: float, radius: float
) -> None:
    """The round hole of a formwork tie, plugged with mortar a little below the surface."""
    columns = np.arange(setting.width, dtype=np.float32) - np.float32(x)
    rows = np.arange(setting.height, dtype=np.float32)[:, None] - np.float32(y)
    distance = np.hypot(columns, rows) + 0.4 * smooth_noise(
        rng, setting.height, setting.width, 6, 6
    )
    inside = smoothstep(radius - distance, -0.7, 0.7)
    facing = (columns * setting.light[0] + rows * setting.light[1]) / np.float32(radius)
    ring = np.exp(-np.square((distance - radius + 1) / np.float32(0.08 * radius + 1)))
    shade = inside * np.float32(rng.uniform(-0.05, 0.3)) + ring * (0.22 + 0.3 * facing) * inside
    shade -= ring * (1 - inside) * 0.12 * np.clip(-facing, 0, 1)
    photo *= (1 - shade)[..., None]


def efflorescence(rng: np.random.Generator, coverage: Field) -> Field:
    """Thickness of the lime that water has carried out of a crack: close to it, in patches."""
    height, width = coverage.shape
    near = blur(coverage, rng.uniform(2.0, 5.0)) * 3 + 0.5 * blur(coverage, 12.0)
    near += cv2.filter2D(near, -1, np.full((25, 1), 1 / 25, np.float32), anchor=(0, 24))
    patches = smoothstep(clouds(rng, height, width, 60, 2, 0.75), -0.4, 1.2)
    return np.clip(near * patches, 0, 1)
