"""What a camera, the light and the wall may do to a crop without changing where its crack is.

Every function takes and returns float32 `[H, W, 3]` in 0 to 255 and draws from the generator it is given.
The aim is to break "dark means crack": light, shadow, dirt, paint and drawn lines vary; the label stays.
"""

import cv2
import numpy as np

from training.distractors import draw_distractors

WIDEST_FADED_PX = 12.0  # a wider crack is deep, so dark
FAINTEST = 7.0  # levels of 255 by which a faded crack is still darker than the wall


def photometric(photo: np.ndarray, target: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Vary light, colour, optics and noise, and draw things that are no cracks; uint8 in, uint8 out."""
    image = photo.astype(np.float32)
    steps = (
        (0.3, lambda x: _fade(x, target, rng)),
        (0.35, lambda x: draw_distractors(x, target, rng)),
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


def _fade(image: np.ndarray, target: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Let thin cracks fade into the wall round them, grain and all, but not below what an eye would find."""
    crack = (target > 0).astype(np.uint8)
    half_width = float(cv2.distanceTransform(crack, cv2.DIST_L2, cv2.DIST_MASK_5).max())
    if not 0 < 2 * half_width <= WIDEST_FADED_PX:
        return image
    wall = 1 - cv2.dilate(crack, np.ones((5, 5))).astype(np.float32)
    reach = (0, 0), 3 + half_width
    weight = np.maximum(cv2.GaussianBlur(wall, *reach), 1e-3)[..., None]
    mended = cv2.GaussianBlur(image * wall[..., None], *reach) / weight
    grain = (image - mended) * wall[..., None]
    depth = float((mended - image).mean(axis=2)[crack > 0].mean())
    least = max(FAINTEST, float(grain.mean(axis=2)[wall > 0].std())) if wall.any() else depth
    if depth <= least:
        return image
    faded = 1 - rng.uniform(least / depth, 1)
    soft = cv2.GaussianBlur(cv2.dilate(crack, np.ones((3, 3))).astype(np.float32), (0, 0), 0.8)
    mended += np.roll(grain, rng.integers(8, 64, 2), (0, 1))
    return image + faded * soft[..., None] * (mended - image)


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
