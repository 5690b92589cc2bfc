"""Things that are no cracks, drawn on a crop with a few strokes: quick enough for every third one."""

import cv2
import numpy as np


def draw_distractors(image: np.ndarray, target: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Joints, voids, lettering, spalls and edges: paint covers what is below but no crack, shade darkens all alike."""
    layer = np.zeros(image.shape[:2], np.uint8)
    draw = _DRAWINGS[rng.integers(len(_DRAWINGS))]
    for _ in range(rng.integers(1, 4)):
        draw(layer, rng)
    alpha = cv2.GaussianBlur(layer.astype(np.float32) / 255.0, (0, 0), rng.uniform(0.3, 1.2))
    alpha *= rng.uniform(0.3, 1.0)
    if draw in _SHADES or rng.random() < 0.3:
        return image * (1 - rng.uniform(0.4, 1.0) * alpha[..., None])
    alpha *= cv2.dilate(target, np.ones((7, 7))) == 0
    colour = (
        image.mean()
        + rng.choice((-1.0, -1.0, 1.0)) * rng.uniform(30, 130)
        + rng.uniform(-15, 15, 3)
    ).astype(np.float32)
    return image + alpha[..., None] * (colour - image)


def _draw_line(layer: np.ndarray, rng: np.random.Generator) -> None:
    """A straight joint: more often than not right across and nearly level or upright."""
    extent = np.array(layer.shape[::-1])
    start, end = rng.uniform(-0.2, 1.2, (2, 2)) * extent
    if rng.random() < 0.6:
        axis = rng.integers(2)
        start[axis], end[axis] = -0.2 * extent[axis], 1.2 * extent[axis]
        end[1 - axis] = start[1 - axis] + rng.normal(0, 0.05) * extent[axis]
    thickness = int(rng.integers(1, 13))
    ends = start.astype(int).tolist(), end.astype(int).tolist()
    cv2.line(layer, *ends, 255, thickness, cv2.LINE_AA)


def _draw_voids(layer: np.ndarray, rng: np.random.Generator) -> None:
    for _ in range(rng.integers(1, 14)):
        centre = (rng.random(2) * layer.shape[::-1]).astype(int).tolist()
        axes = rng.integers(1, 7, 2).tolist()
        cv2.ellipse(layer, centre, axes, rng.uniform(0, 180), 0, 360, 255, -1, cv2.LINE_AA)


def _draw_lettering(layer: np.ndarray, rng: np.random.Generator) -> None:
    text = "".join(rng.choice(list("0123456789ABCEFHKLMNTXmm-+/."), rng.integers(1, 8)))
    origin = (rng.uniform(-0.1, 0.8, 2) * layer.shape[::-1]).astype(int).tolist()
    font, size = int(rng.integers(0, 8)), rng.uniform(0.4, 2.5)
    cv2.putText(layer, text, origin, font, size, 255, int(rng.integers(1, 5)), cv2.LINE_AA)


def _draw_spall(layer: np.ndarray, rng: np.random.Generator) -> None:
    """A ragged patch, as where concrete broke away."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(7, 20)))
    radii = rng.uniform(6, 60) * rng.uniform(0.35, 1.0, (len(angles), 1))
    centre = rng.random(2) * layer.shape[::-1]
    around = centre + radii * np.column_stack([np.cos(angles), np.sin(angles)])
    cv2.fillPoly(layer, [around.astype(np.int32)], 255, cv2.LINE_AA)


def _draw_edge(layer: np.ndarray, rng: np.random.Generator) -> None:
    """All that lies on one side of a straight edge, as where one part of a structure meets another."""
    corner = rng.random(2) * layer.shape[::-1]
    angle = rng.normal(0, 0.1) + np.pi / 2 * rng.integers(4)
    far = 4 * max(layer.shape)
    along, inward = (
        np.array([np.cos(angle), np.sin(angle)]),
        np.array([-np.sin(angle), np.cos(angle)]),
    )
    depth = rng.choice([far, rng.uniform(4, 40)])
    side = [corner - far * along, corner + far * along]
    band = np.array([*side, side[1] + depth * inward, side[0] + depth * inward])
    cv2.fillPoly(layer, [band.astype(np.int32)], 255, cv2.LINE_AA)


_SHADES = (_draw_spall, _draw_edge)  # large: paint that spares a crack would draw it white
_DRAWINGS = (_draw_line, _draw_voids, _draw_lettering, _draw_spall, _draw_edge)
