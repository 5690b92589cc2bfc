"""From a lit wall to a file: uneven light, lens, sensor, compression."""

import cv2
import numpy as np
from numpy.typing import NDArray

from training.synthetic.noise import blur, clouds, smooth_noise
from training.synthetic.surface import Photo


def photographed(
    rng: np.random.Generator, photo: Photo, blur_px: tuple[float, float]
) -> NDArray[np.uint8]:
    """The photo as a camera would have stored it, uint8 [H, W, 3] RGB."""
    height, width = photo.shape[:2]
    exposed = photo * _light_fall(rng, height, width)[..., None]
    exposed = exposed * rng.normal(1, 0.008, 3).astype(np.float32)
    exposed = blur(exposed, rng.uniform(*blur_px))
    exposed += _sensor_noise(rng, exposed)
    stored = np.clip(exposed * 255 + 0.5, 0, 255).astype(np.uint8)
    return _compressed(rng, stored) if rng.random() < 0.7 else stored


def _light_fall(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    """A slope across the photo, slow clouds, and darker corners."""
    x = np.linspace(-1, 1, width, dtype=np.float32)
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    slope_x, slope_y = rng.normal(0, 0.045, 2).astype(np.float32)
    corners = np.float32(rng.uniform(0, 0.12)) * (x * x + y * y) / 2
    slow = np.float32(0.015) * clouds(rng, height, width, max(height, width) / 1.5, 40)
    return 1 + slope_x * x + slope_y * y - corners + slow


def _sensor_noise(rng: np.random.Generator, exposed: Photo) -> Photo:
    """Brightness noise that grows with the root of the light, and fainter, blotchier colour."""
    height, width = exposed.shape[:2]
    level = np.float32(rng.uniform(0.003, 0.016))
    luma = smooth_noise(rng, height, width, 1, 1) * np.sqrt(np.maximum(exposed[..., 1], 0.02))
    red = smooth_noise(rng, height, width, 2.5, 2.5)
    blue = smooth_noise(rng, height, width, 2.5, 2.5)
    return level * cv2.merge([luma + 0.5 * red, luma, luma + 0.6 * blue])


def _compressed(rng: np.random.Generator, stored: NDArray[np.uint8]) -> NDArray[np.uint8]:
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 97))]
    packed = cv2.imencode(".jpg", stored[..., ::-1], quality)[1]
    return np.ascontiguousarray(cv2.imdecode(packed, cv2.IMREAD_COLOR)[..., ::-1])
