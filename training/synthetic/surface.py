"""Bare concrete: colour, unevenness, grain, and what the formwork or the trowel left on it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.synthetic.noise import Field, blur, clouds, smooth_noise, smoothstep

Photo = NDArray[np.float32]
"""[H, W, 3] RGB, 0 to 1, before the camera."""

FINISHES = ("cast", "boards", "trowelled", "broomed")

# Measured by eye on photos of walls, slabs and bridges: neutral, warm, sandy, greenish, bluish.
TINTS = np.array(
    [
        (1.00, 1.00, 0.99),
        (1.03, 1.00, 0.95),
        (1.06, 1.00, 0.90),
        (1.00, 1.01, 0.94),
        (0.98, 1.00, 1.01),
        (1.03, 0.99, 0.98),
    ],
    np.float32,
)


@dataclass(frozen=True)
class Setting:
    """What all parts of one photo share."""

    height: int
    width: int
    light: tuple[float, float]
    """Unit vector (x, y) that points along the surface to where the light comes from."""
    grain_px: float
    """Size of a grain of sand; pores and aggregate follow it."""


def concrete(rng: np.random.Generator, setting: Setting, finish: str, brightness: float) -> Photo:
    """A clean, evenly lit surface of the given finish and mean brightness (0 to 1)."""
    tone, relief = _finish(rng, setting, finish)
    tone += _unevenness(rng, setting) + _specks(rng, setting) + _grain(rng, setting)
    tone += lit(relief, setting.light)
    return _coloured(rng, setting, np.float32(brightness) * np.clip(1 + tone, 0.1, 1.6))


def lit(relief: Field, light: tuple[float, float]) -> Field:
    """How much brighter (above 0) or darker a height field looks under light from the side."""
    x, y = light
    kernel = np.array([[0, -y, 0], [-x, 0, x], [0, y, 0]], np.float32) / -2
    return cv2.filter2D(relief, -1, kernel)


def _coloured(rng: np.random.Generator, setting: Setting, value: Field) -> Photo:
    """Brightness to RGB: one tint for the whole, drifting warmer and cooler in soft clouds."""
    height, width = setting.height, setting.width
    tint = TINTS[rng.integers(len(TINTS))] + rng.normal(0, 0.006, 3).astype(np.float32)
    drift = 0.005 * clouds(rng, height, width, max(height, width) / 2, 24)
    drift += 0.004 * smooth_noise(rng, height, width, 2 * setting.grain_px, 2 * setting.grain_px)
    channels = [value * (tint[0] + drift), value * tint[1], value * (tint[2] - drift)]
    return cv2.merge(channels)


def _unevenness(rng: np.random.Generator, setting: Setting) -> Field:
    """Clouds of cement paste, and patches of another mix or age with visible borders."""
    height, width = setting.height, setting.width
    size = max(height, width)
    tone = rng.uniform(0.005, 0.03) * clouds(rng, height, width, size / 2, 6, 0.7)
    tone += rng.uniform(0.0, 0.02) * clouds(rng, height, width, size / 8, 4, 0.7, stretch=6)
    for _ in range(rng.integers(1, 4)):
        across = size * rng.uniform(0.05, 0.5)
        edge = clouds(rng, height, width, across, 1.5, 0.72, stretch=rng.uniform(1, 3))
        edge_at, softness = rng.uniform(0.3, 1.5), rng.uniform(0.1, 0.6)
        tone += rng.uniform(-0.10, 0.07) * smoothstep(edge, edge_at, edge_at + softness)
    return tone


def _specks(rng: np.random.Generator, setting: Setting) -> Field:
    """Aggregate, flakes of laitance and pinholes: the rare heights of a noise, cut sharply."""
    height, width = setting.height, setting.width
    tone = np.zeros((height, width), np.float32)
    gathered = 0.4 * clouds(rng, height, width, 60 * setting.grain_px, 12, 0.8)
    for cell, rarity, strength in (
        (1.2 * setting.grain_px, rng.uniform(2.2, 3.2), -rng.uniform(0.1, 0.4)),
        (1.5 * setting.grain_px, rng.uniform(2.2, 3.2), rng.uniform(0.05, 0.2)),
        (rng.uniform(2, 4) * setting.grain_px, rng.uniform(2.0, 2.9), -rng.uniform(0.05, 0.25)),
        (rng.uniform(4, 9) * setting.grain_px, rng.uniform(1.5, 2.5), rng.uniform(-0.10, 0.07)),
    ):
        field = smooth_noise(rng, height, width, cell * rng.uniform(0.8, 1.6), cell)
        field += gathered
        tone += np.float32(strength) * smoothstep(field, rarity, rarity + 0.5)
    return tone


def _grain(rng: np.random.Generator, setting: Setting) -> Field:
    """Sand: fine lit relief and fine tone, coarser in some places than in others."""
    height, width, cell = setting.height, setting.width, setting.grain_px
    relief = smooth_noise(rng, height, width, cell, cell)
    relief += 1.2 * smooth_noise(rng, height, width, 2.3 * cell, 2.3 * cell)
    relief += rng.uniform(0, 1.2) * smooth_noise(rng, height, width, 5 * cell, 5 * cell)
    roughness = 1 + 0.35 * clouds(rng, height, width, max(height, width) / 4, 30)
    strength = rng.uniform(0.004, 0.022) * np.sqrt(cell)
    fine = rng.uniform(0.015, 0.05) * smooth_noise(rng, height, width, 1.2 * cell, 1.2 * cell)
    return (strength * lit(relief, setting.light) + fine) * np.clip(roughness, 0.3, 2)


def _finish(rng: np.random.Generator, setting: Setting, finish: str) -> tuple[Field, Field]:
    """Tone and height that the way of making left behind."""
    height, width = setting.height, setting.width
    if finish == "boards":
        return _boards(rng, setting)
    if finish == "cast":
        return _swept(rng, setting, np.pi / 2 + rng.normal(0, 0.03), 0.012, 0.0)
    if finish == "broomed":
        angle = rng.choice([0, np.pi / 2]) + rng.normal(0, 0.15)
        return _swept(rng, setting, angle, 0.02, rng.uniform(0.02, 0.06))
    tone, relief = np.zeros((2, height, width), np.float32)
    for _ in range(3):
        patch = smoothstep(clouds(rng, height, width, max(height, width) / 3, 30), 0, 0.6)
        one, other = _swept(rng, setting, rng.uniform(0, np.pi), 0.012, 0.018)
        tone += patch * one
        relief += patch * other
    return tone, relief


def _swept(
    rng: np.random.Generator, setting: Setting, angle: float, tone: float, relief: float
) -> tuple[Field, Field]:
    """Streaks in one direction: a trowel, a broom, release agent running down a panel."""
    height, width, cell = setting.height, setting.width, setting.grain_px
    coarse = smooth_noise(rng, height, width, 60 * cell, 5 * cell, angle)
    fine = smooth_noise(rng, height, width, 40 * cell, 1.6 * cell, angle)
    return np.float32(tone) * (coarse + 0.5 * fine), np.float32(relief) * (fine + coarse)


def _boards(rng: np.random.Generator, setting: Setting) -> tuple[Field, Field]:
    """Planks with their grain, each of its own tone, and the thin fins of paste between them."""
    height, width = setting.height, setting.width
    size = max(height, width)
    angle = rng.choice([0, np.pi / 2], p=[0.75, 0.25]) + rng.normal(0, 0.01)
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    across = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))
    plank = max(rng.uniform(0.08, 0.3) * size, 50.0)
    edges = np.cumsum(plank * rng.uniform(0.9, 1.1, int(4 * size / plank) + 4)) - 1.5 * size
    index = np.searchsorted(edges, across).astype(np.int32)
    tones = rng.normal(0, rng.uniform(0.01, 0.045), len(edges) + 1).astype(np.float32)
    along = angle + np.pi / 2
    grain = smooth_noise(rng, height, width, size / 2, rng.uniform(2, 5), along)
    grain += smooth_noise(rng, height, width, size / 3, rng.uniform(6, 14), along)
    contrast = rng.uniform(0.2, 1.0, len(edges) + 1).astype(np.float32)[index]
    gap = np.minimum(across - edges[index - 1], edges[index] - across).astype(np.float32)
    gap += 0.5 * clouds(rng, height, width, 30, 4)
    fin = np.exp(-((gap / np.float32(rng.uniform(0.9, 2.0))) ** 2))
    fin *= smoothstep(clouds(rng, height, width, size / 4, 5), -1.0, 0.8)
    tone = tones[index] + rng.uniform(0.008, 0.025) * contrast * grain
    tone -= rng.uniform(0.0, 0.35) * fin
    return tone, rng.uniform(0.01, 0.05) * contrast * grain + rng.uniform(-0.4, 0.5) * fin


def weathered(rng: np.random.Generator, photo: Photo, amount: float) -> Photo:
    """Softened by a mean of `amount` (0 to 1) dirt, gathered where a slow noise is high."""
    height, width = photo.shape[:2]
    size = max(height, width)
    dirt = smoothstep(clouds(rng, height, width, size / 3, 3, 0.7, stretch=2), 0.0, 2.5)
    film = blur(dirt, 1.0) * np.float32(amount)
    return photo * (1 - film[..., None] * np.array([0.35, 0.36, 0.4], np.float32))
