"""The pictures of the report: as fine as a printer shows them, and small enough to be mailed."""

import numpy as np
from numpy.typing import NDArray

from app import image
from app.formats.report.boxes import Box
from app.inspection import Result
from app.overlay import draw_overlay

PIXELS_PER_POINT = 200 / 72
"""200 dpi: finer than a reader sees on paper at arm's length."""
MOST_BYTES = 900_000
"""Of one picture; two, fonts and text stay below 2 MB."""
# Sharp concrete is half a byte a pixel at 85, noise alone two; at the last the noisiest page still fits.
QUALITIES = (85, 65, 40)


def photo(result: Result, box: Box) -> bytes:
    """JPEG of the photo as the box shows it."""
    return _encoded(image.reduce(result.photo.pixels, *_size(box)))


def overlay(result: Result, box: Box) -> bytes:
    """JPEG of the photo with its cracks drawn on it, after it was reduced: so outlines keep their thickness."""
    reduced = image.reduce(result.photo.pixels, *_size(box))
    covered = image.reduce(result.segmentation.mask.astype(np.uint8) * 255, *_size(box))
    return _encoded(draw_overlay(reduced, covered > 0))


def _size(box: Box) -> tuple[int, int]:
    """Width and height, pixels."""
    return (
        max(1, round(box.width * PIXELS_PER_POINT)),
        max(1, round(box.height * PIXELS_PER_POINT)),
    )


def _encoded(pixels: NDArray[np.uint8]) -> bytes:
    for quality in QUALITIES[:-1]:
        data = image.encode_jpeg(pixels, quality)
        if len(data) <= MOST_BYTES:
            return data
    return image.encode_jpeg(pixels, QUALITIES[-1])
