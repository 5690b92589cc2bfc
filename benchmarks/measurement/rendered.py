"""A printed marker and cracks of known millimetres, as a camera above a tilted surface sees them."""

import cv2
import numpy as np

from app.image import decode, identify
from app.plane import Plane
from app.scale import MarkerFamily
from app.scale.marker import DEFAULT_FAMILY, DICTIONARIES

WIDTH, HEIGHT = 800, 600
FOCAL_PX = 720.0
SIDE_MM = 60.0
FINE = 3  # samples a pixel, each way
COVER_FINE = 8
CORNERS = ((-1, -1), (1, -1), (1, 1), (-1, 1))


def seen(
    tilt_deg: float = 0.0,
    about_deg: float = 0.0,
    distance_mm: float = 400.0,
    place_mm: tuple[float, float] = (0.0, 0.0),
    roll_deg: float = 0.0,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> Plane:
    """A pinhole camera above a surface tilted about an axis in the photo.

    `place_mm` of the surface, from the middle of the marker, lies in the middle of the photo.
    """
    axis = np.array([np.cos(np.radians(about_deg)), np.sin(np.radians(about_deg)), 0.0])
    tilt = cv2.Rodrigues(np.radians(tilt_deg) * axis)[0]
    turned = tilt @ cv2.Rodrigues(np.radians(roll_deg) * np.array([0.0, 0.0, 1.0]))[0]
    middle = np.array([place_mm[0] + SIDE_MM / 2, place_mm[1] + SIDE_MM / 2, 0.0])
    shift = np.array([0.0, 0.0, distance_mm]) - turned @ middle
    lens = np.array(
        [[FOCAL_PX, 0, (width - 1) / 2], [0, FOCAL_PX, (height - 1) / 2], [0, 0, 1]],
    )
    return Plane(np.linalg.inv(lens @ np.column_stack([turned[:, 0], turned[:, 1], shift])))


def pattern(family: MarkerFamily, number: int) -> np.ndarray:
    """Cells of a marker, 0 to 1, its black border among them."""
    dictionary = cv2.aruco.getPredefinedDictionary(DICTIONARIES[family])
    cells = dictionary.markerSize + 2
    return cv2.aruco.generateImageMarker(dictionary, number, 8 * cells)[4::8, 4::8] / 255


def ink(place_mm: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Brightness at places [N, 2]: marker, white rim of one cell, concrete."""
    size = len(cells)
    cell = place_mm / SIDE_MM * size
    index = np.clip(cell, 0, size - 1).astype(int)
    brightness = 25 + 200 * cells[index[:, 1], index[:, 0]]
    brightness[((cell < 0) | (cell >= size)).any(axis=1)] = 225
    brightness[((cell < -1) | (cell >= size + 1)).any(axis=1)] = 150
    return brightness


def window(plane: Plane, width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the part of the photo that shows marker and rim."""
    rim = SIDE_MM * np.array([[-0.3, -0.3, 1], [1.3, -0.3, 1], [1.3, 1.3, 1], [-0.3, 1.3, 1]])
    rim[:, 2] = 1
    corners = rim @ np.linalg.inv(plane.to_mm).T
    x, y = (corners[:, :2] / corners[:, 2:]).T
    return (
        max(0, int(x.min())),
        max(0, int(y.min())),
        min(width, int(x.max()) + 1),
        min(height, int(y.max()) + 1),
    )


def render(
    plane: Plane,
    family: MarkerFamily = DEFAULT_FAMILY,
    number: int = 7,
    width: int = WIDTH,
    height: int = HEIGHT,
    blur_px: float = 0.8,
) -> np.ndarray:
    """A photo, uint8 [H, W, 3]: area-sampled, blurred, noisy, and through JPEG."""
    drawn = np.full((height, width), 150.0)
    left, top, right, bottom = window(plane, width, height)
    y, x = np.mgrid[top * FINE : bottom * FINE, left * FINE : right * FINE].reshape(2, -1)
    points = (np.column_stack([x, y]) + 0.5) / FINE - 0.5
    fine = ink(plane.mm(points), pattern(family, number))
    drawn[top:bottom, left:right] = fine.reshape(bottom - top, FINE, -1, FINE).mean(axis=(1, 3))
    blurred = cv2.GaussianBlur(drawn, (0, 0), blur_px)
    noisy = blurred + np.random.default_rng(number).normal(0, 3, blurred.shape)
    grey = np.clip(noisy, 0, 255).astype(np.uint8)
    encoded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
    return decode(identify(encoded, 10**8)).pixels


def strip(
    plane: Plane, middle_mm: np.ndarray, angle: float, length: float, wide: float
) -> np.ndarray:
    """Share of each pixel, float32 [HEIGHT, WIDTH], that a straight crack covers; millimetres, radians."""
    along = np.array([np.cos(angle), np.sin(angle)])
    aside = np.array([-along[1], along[0]])
    corners = [middle_mm + u * length / 2 * along + v * wide / 2 * aside for u, v in CORNERS]
    seen_at = np.column_stack([corners, np.ones(4)]) @ np.linalg.inv(plane.to_mm).T
    x, y = (seen_at[:, :2] / seen_at[:, 2:]).T
    left, top = max(0, int(x.min()) - 1), max(0, int(y.min()) - 1)
    columns, rows = int(x.max()) + 3 - left, int(y.max()) + 3 - top
    v, u = (np.mgrid[: rows * COVER_FINE, : columns * COVER_FINE] + 0.5) / COVER_FINE - 0.5
    place = plane.mm(np.column_stack([u.ravel() + left, v.ravel() + top])) - middle_mm
    inside = (np.abs(place @ along) <= length / 2) & (np.abs(place @ aside) <= wide / 2)
    blocks = inside.reshape(rows, COVER_FINE, columns, COVER_FINE).mean(axis=(1, 3))
    covered = np.zeros((HEIGHT, WIDTH), np.float32)
    target = covered[top : top + rows, left : left + columns]
    target[:] = blocks[: target.shape[0], : target.shape[1]]
    return covered
