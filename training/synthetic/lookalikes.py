"""Things that resemble cracks and are none: joints, lettering, shadows, cables."""

import cv2
import numpy as np
from numpy.typing import NDArray

from training.synthetic.geometry import Points, draw_polyline
from training.synthetic.noise import Field, blur, clouds, jagged_walk, smooth_noise, smoothstep
from training.synthetic.surface import Photo, Setting

PAINTS = np.array(
    [(0.10, 0.10, 0.11), (0.62, 0.10, 0.12), (0.12, 0.22, 0.55), (0.12, 0.35, 0.40)], np.float32
)
CHALKS = np.array([(0.93, 0.92, 0.88), (0.85, 0.78, 0.30), (0.45, 0.55, 0.80)], np.float32)
FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_COMPLEX_SMALL,
)
WORDS = "ABCDEFGHKLMNPRSTUVX0123456789"


def joint(
    rng: np.random.Generator,
    photo: Photo,
    setting: Setting,
    start_xy: tuple[float, float],
    end_xy: tuple[float, float],
    width_px: float,
) -> Photo:
    """A straight groove of one width between two panels, with a lip of light on its far side."""
    height, width = setting.height, setting.width
    ends = np.array([start_xy, end_xy])
    groove = draw_polyline(height, width, ends, width_px)
    shift = -np.array(setting.light) * (width_px / 2 + 0.8)
    lip = draw_polyline(height, width, ends + shift, 1.3)
    dirt = draw_polyline(height, width, ends, 3 * width_px + 6)
    wear = np.clip(0.8 + 0.3 * clouds(rng, height, width, 60, 3, 0.7), 0, 1.1)
    depth = np.float32(rng.uniform(0.25, 0.8))
    soiled = rng.uniform(0, 0.12) * blur(dirt, 3.0) * wear
    shade = np.maximum(groove * depth * wear, soiled) - 0.14 * lip * wear * (1 - groove)
    return photo * (1 - shade)[..., None]


def random_joints(rng: np.random.Generator, photo: Photo, setting: Setting) -> Photo:
    """One to three joints, all upright or all level, and the panels' unlike tones beside them."""
    height, width = setting.height, setting.width
    upright = rng.random() < 0.6
    long, across = (height, width) if upright else (width, height)
    lean = rng.normal(0, 0.015) * long
    groove = rng.uniform(0.8, max(2.0, 0.006 * max(height, width) + 3))
    for place in rng.uniform(0.02, 0.98, rng.integers(1, 4)) * across:
        start, end = (place, -10.0), (place + lean, long + 10.0)
        if not upright:
            start, end = start[::-1], end[::-1]
        beyond = np.arange(across, dtype=np.float32) > place
        step = 1 + rng.normal(0, 0.03) * (beyond if upright else beyond[:, None])
        photo = photo * np.broadcast_to(step, (height, width)).astype(np.float32)[..., None]
        photo = joint(rng, photo, setting, start, end, groove)
        if rng.random() < 0.2:
            aside = np.array([3 * groove + 4, 0.0]) if upright else np.array([0.0, 3 * groove + 4])
            photo = joint(
                rng, photo, setting, tuple(start + aside), tuple(end + aside), groove * 0.7
            )
    return photo


def lettering(rng: np.random.Generator, photo: Photo, setting: Setting) -> Photo:
    """Sprayed letters, a sprayed scrawl, chalk figures or a chalk line."""
    stroke = np.zeros((setting.height, setting.width), np.uint8)
    size = max(setting.height, setting.width)
    sprayed = rng.random() < 0.5
    thickness = int(rng.integers(4, 14) if sprayed else rng.integers(1, 4))
    thickness = max(1, round(thickness * min(size, 1500) / 700))
    if rng.random() < 0.5:
        _write(rng, stroke, thickness)
    else:
        _scrawl(rng, stroke, thickness)
    drawn = stroke.astype(np.float32) / 255
    if sprayed:
        return sprayed_on(rng, photo, drawn, thickness)
    colours = CHALKS if rng.random() < 0.75 else PAINTS
    return chalked_on(rng, photo, drawn, colours[rng.integers(len(colours))])


def sprayed_on(rng: np.random.Generator, photo: Photo, stroke: Field, thickness: float) -> Photo:
    """Paint with a soft rim, a mist of droplets around, and thin places."""
    height, width = stroke.shape
    mist = blur(stroke, 1.2 * thickness) * (smooth_noise(rng, height, width, 1.3, 1.3) > 1.2)
    body = blur(stroke, 0.25 * thickness)
    body = smoothstep(body, 0.15, 0.75) * np.clip(
        0.85 + 0.2 * clouds(rng, height, width, 50, 2, 0.7), 0, 1
    )
    opacity = np.clip(np.maximum(body, 0.6 * mist), 0, 1) * np.float32(rng.uniform(0.5, 0.95))
    return _covered(photo, opacity, PAINTS[rng.integers(len(PAINTS))])


def chalked_on(
    rng: np.random.Generator, photo: Photo, stroke: Field, colour: NDArray[np.float32]
) -> Photo:
    """Chalk: only the high grains take it."""
    height, width = stroke.shape
    takes = smoothstep(smooth_noise(rng, height, width, 1.5, 1.5), -1.2, 0.6)
    opacity = blur(stroke, 0.7) * takes * np.float32(rng.uniform(0.5, 0.95))
    return _covered(photo, opacity, colour)


def cast_shadow(rng: np.random.Generator, photo: Photo, setting: Setting) -> Photo:
    """The soft shadow of a wall's edge, of a wire, or of leaves."""
    height, width = setting.height, setting.width
    size = max(height, width)
    kind = rng.integers(3)
    if kind == 0:
        angle = rng.uniform(0, 2 * np.pi)
        x = np.arange(width, dtype=np.float32) - width * rng.uniform(0.2, 0.8)
        y = np.arange(height, dtype=np.float32)[:, None] - height * rng.uniform(0.2, 0.8)
        edge = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))
        edge += size * 0.02 * clouds(rng, height, width, size / 3, 8, 0.5)
        dark = smoothstep(edge, 0, 2 + rng.uniform(0, 0.06) * size)
    elif kind == 1:
        wire = draw_polyline(height, width, _hanging(rng, setting), rng.uniform(2, 10))
        dark = blur(wire, rng.uniform(1.0, 4.0))
    else:
        leaves = clouds(rng, height, width, size / rng.uniform(3, 10), 6, 0.6)
        dark = blur(smoothstep(leaves, 0.2, 0.7), rng.uniform(1, 5))
    strength = np.float32(rng.uniform(0.15, 0.5)) * dark
    # Shade is lit by the sky, so it is a little bluer than sunlight.
    return photo * (1 - strength[..., None] * np.array([1.0, 0.98, 0.95], np.float32))


def cable(rng: np.random.Generator, photo: Photo, setting: Setting, keep_clear: Field) -> Photo:
    """A taut cable and its shadow on the wall; left out where it would hide `keep_clear`."""
    height, width = setting.height, setting.width
    path, thick = _hanging(rng, setting), rng.uniform(2.5, 9.0)
    tube = draw_polyline(height, width, path, thick)
    if (tube * keep_clear).any():
        return photo
    away = -np.array(setting.light)
    shadow = blur(draw_polyline(height, width, path + away * thick * 1.5, thick), 1.5)
    shine = draw_polyline(height, width, path - away * thick * 0.2, thick * 0.25)
    colour = np.float32(rng.choice([0.08, 0.15, 0.55, 0.75])) * np.ones(3, np.float32)
    photo = photo * (1 - 0.4 * shadow * (1 - tube))[..., None]
    photo = _covered(photo, tube, colour)
    return photo + 0.12 * shine[..., None]


def _covered(photo: Photo, opacity: Field, colour: NDArray[np.float32]) -> Photo:
    return photo + opacity[..., None] * (colour - photo)


def _write(rng: np.random.Generator, stroke: NDArray[np.uint8], thickness: int) -> None:
    text = "".join(rng.choice(list(WORDS), rng.integers(2, 7)))
    height, width = stroke.shape
    place = (int(rng.uniform(-0.1, 0.6) * width), int(rng.uniform(0.2, 1.0) * height))
    scale = thickness * rng.uniform(0.35, 0.6) + 0.3
    font = FONTS[rng.integers(len(FONTS))]
    cv2.putText(stroke, text, place, font, scale, 255, thickness, cv2.LINE_AA)


def _scrawl(rng: np.random.Generator, stroke: NDArray[np.uint8], thickness: int) -> None:
    """A smooth curve through random places, as an arm swings."""
    height, width = stroke.shape
    knots = rng.integers(6, 12)
    share = np.linspace(0, 1, 200)
    waves = np.cumsum(rng.normal(0, 0.35, (knots, 2)), axis=0) + rng.uniform(0.1, 0.9, 2)
    at = np.linspace(0, 1, knots)
    path = np.column_stack([_smooth(share, at, waves[:, axis]) for axis in (0, 1)])
    points = np.round(path * (width, height) * 16).astype(np.int32)
    cv2.polylines(stroke, [points], False, 255, thickness, cv2.LINE_AA, shift=4)


def _smooth(
    share: NDArray[np.float64], at: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    joined = np.interp(share, at, values)
    window = np.hanning(2 * (len(share) // len(at)) + 1)
    padded = np.pad(joined, len(window) // 2, mode="edge")
    return np.convolve(padded, window / window.sum(), mode="valid")


def _hanging(rng: np.random.Generator, setting: Setting) -> Points:
    """A line right across the frame that sags or sways a little, [N, 2]."""
    size = float(max(setting.height, setting.width))
    share = np.linspace(-1.5, 1.5, 120)
    angle = rng.uniform(0, np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    middle = np.array([setting.width, setting.height]) * rng.uniform(0.15, 0.85, 2)
    bend = rng.normal(0, 0.1) * share**2 * size
    bend = bend + rng.uniform(0, 0.01) * jagged_walk(rng, 119.0, 40, 20, 1.0)[:120]
    return middle + np.outer(share * size, along) + np.outer(bend, [-along[1], along[0]])
