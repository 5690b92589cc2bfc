"""Millimetres off oblique photos: a printed marker and cracks of known width, at tilts up to 45 degrees."""

from collections.abc import Iterator

import numpy as np

from app.exif import CameraExif
from app.measurement import measure
from app.plane import Plane
from app.scale import ScaleRequest, scale_of
from benchmarks.measurement.rendered import HEIGHT, SIDE_MM, WIDTH, render, seen, strip

TILTS_DEG = (0, 15, 30, 45)
CRACK_MM = 40.0
CRACKS_A_PHOTO = 3


def width_errors(tilt_deg: float, photos: int) -> list[float]:
    """Relative errors of mean widths of 2 to 4 mm, by the marker found in each rendered photo."""
    errors = []
    for number in range(photos):
        rng = np.random.default_rng((int(tilt_deg), number))
        true = seen(
            tilt_deg,
            about_deg=360 * number / photos,
            distance_mm=rng.uniform(280, 420),
            place_mm=tuple(rng.uniform(-40, 40, 2)),
            roll_deg=rng.uniform(0, 360),
        )
        scale = scale_of(ScaleRequest(marker_mm=SIDE_MM), render(true), CameraExif())
        for place, angle in _places(true, rng):
            width = rng.uniform(2, 4)
            probability = strip(true, place, angle, CRACK_MM, width)
            (crack,) = measure(probability, 0.5, plane=scale.plane).cracks
            errors.append(crack.in_mm.width.mean / width - 1)
    return errors


def _places(plane: Plane, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, float]]:
    """Places on the surface, millimetres, and directions of cracks that lie wholly in the photo, off the marker."""
    found = 0
    while found < CRACKS_A_PHOTO:
        pixel = rng.uniform((60, 60), (WIDTH - 60, HEIGHT - 60))[None]
        place, angle = plane.mm(pixel)[0], rng.uniform(0, np.pi)
        ends = place + np.outer((-0.5, 0.5), CRACK_MM * np.array([np.cos(angle), np.sin(angle)]))
        seen_at = np.column_stack([ends, np.ones(2)]) @ np.linalg.inv(plane.to_mm).T
        x, y = (seen_at[:, :2] / seen_at[:, 2:]).T
        inside = (
            (x > 5).all() and (x < WIDTH - 5).all() and (y > 5).all() and (y < HEIGHT - 5).all()
        )
        if inside and np.abs(place - SIDE_MM / 2).max() > 1.2 * SIDE_MM:
            found += 1
            yield place, angle
