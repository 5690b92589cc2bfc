"""What a camera, the light and the wall may do to a crop without changing where its crack is.

Every function takes and returns float32 `[H, W, 3]` in 0 to 255 and draws from the generator it is given.
The aim is to break "dark means crack": light, shadow, dirt, paint and drawn lines vary; the label stays.
"""

import cv2
import numpy as np


def photometric(photo: np.ndarray, target: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Vary light, colour, optics and noise, and draw things that are no cracks; uint8 in, uint8 out."""
    image = photo.astype(np.float32)
    steps = (
        (0.25, lambda x: _distractors(x, target, rng)),
        (0.8, lambda x: _tone(x, rng)),
        (0.35, lambda x: _shading(x, rng)),
        (0.2, lambda x: _shadow(x, rng)),
        (0.25, lambda x: _grey(x, rng)),
        (0.25, lambda x: _blur(x, rng)),
        (0.3, lambda x: _noise(x, rng)),
        (0.3, lambda x: _jpeg(x, rng)),
    )
    for probability, step in steps:
        if rng.random() < probability:
            image = step(image)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _tone(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Brightness, contrast, gamma and white balance."""
    gamma = np.exp(rng.uniform(-0.4, 0.4))
    gain = np.exp(rng.uniform(-0.3, 0.3)) * np.exp(rng.uniform(-0.06, 0.06, 3))
    centre = image.mean()
    bent = 255.0 * (np.clip(image, 0, 255) / 255.0) ** gamma
    return ((bent - centre) * gain + centre + rng.uniform(-45, 45)).astype(np.float32)


def _shading(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Light that falls off smoothly over the crop: a coarse random field, enlarged."""
    field = rng.uniform(0.65, 1.35, (3, 3)).astype(np.float32)
    height, width = image.shape[:2]
    return image * cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]


def _shadow(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A straight-edged shadow with a penumbra of 0 to a few pixels."""
    height, width = image.shape[:2]
    corners = rng.uniform(-0.3, 1.3, (4, 2)) * (width, height)
    shade = np.zeros((height, width), np.float32)
    cv2.fillConvexPoly(shade, cv2.convexHull(corners.astype(np.int32)), 1.0)
    shade = cv2.GaussianBlur(shade, (0, 0), rng.uniform(0.4, 6.0))
    return image * (1.0 - rng.uniform(0.2, 0.6) * shade[..., None])


def _distractors(image: np.ndarray, target: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Straight joints, voids and lettering, dark or light: they cover what is below, but no crack."""
    height, width = image.shape[:2]
    layer = np.zeros((height, width), np.uint8)
    for _ in range(rng.integers(1, 4)):
        kind = rng.integers(3)
        if kind == 0:
            start, end = (rng.uniform(-0.2, 1.2, (2, 2)) * (width, height)).astype(int)
            cv2.line(layer, start.tolist(), end.tolist(), 255, int(rng.integers(1, 9)), cv2.LINE_AA)
        elif kind == 1:
            for _ in range(rng.integers(1, 14)):
                centre = (rng.random(2) * (width, height)).astype(int).tolist()
                axes = rng.integers(1, 7, 2).tolist()
                cv2.ellipse(layer, centre, axes, rng.uniform(0, 180), 0, 360, 255, -1, cv2.LINE_AA)
        else:
            text = "".join(rng.choice(list("0123456789ABCEFHKLMNTXmm-+/."), rng.integers(1, 8)))
            origin = (rng.uniform(-0.1, 0.8, 2) * (width, height)).astype(int).tolist()
            font, size = int(rng.integers(0, 8)), rng.uniform(0.4, 2.5)
            cv2.putText(layer, text, origin, font, size, 255, int(rng.integers(1, 5)), cv2.LINE_AA)
    alpha = cv2.GaussianBlur(layer.astype(np.float32) / 255.0, (0, 0), rng.uniform(0.3, 1.2))
    alpha *= rng.uniform(0.3, 1.0) * (cv2.dilate(target, np.ones((7, 7))) == 0)
    colour = (
        image.mean()
        + rng.choice((-1.0, -1.0, 1.0)) * rng.uniform(30, 130)
        + rng.uniform(-15, 15, 3)
    )
    return (image * (1 - alpha[..., None]) + colour.astype(np.float32) * alpha[..., None]).astype(
        np.float32
    )


def _grey(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Colour weakened or gone."""
    keep = rng.uniform(0.0, 0.6)
    return keep * image + (1 - keep) * image.mean(axis=2, keepdims=True)


def _blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.4))


def _noise(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return image + rng.normal(0.0, rng.uniform(1.0, 10.0), image.shape).astype(np.float32)


def _jpeg(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))]
    _, coded = cv2.imencode(".jpg", np.clip(image, 0, 255).astype(np.uint8), quality)
    return cv2.imdecode(coded, cv2.IMREAD_COLOR).astype(np.float32)
