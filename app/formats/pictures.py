"""Answers that are pictures: of the photo's upright size."""

from app import image
from app.density import heat_map
from app.image import Photo
from app.inspection import Result


def mask(result: Result) -> bytes:
    """One-channel PNG, 0 and 255."""
    return image.encode_mask(result.segmentation.mask)


def overlay(result: Result) -> bytes:
    """JPEG of the photo with its cracks drawn on it."""
    return image.encode_overlay(result.photo.pixels, result.segmentation.mask)


def photo(photo: Photo) -> bytes:
    """JPEG of the photo as it was looked at: upright, 8 bits a channel. What a browser can show of a TIFF or HEIC."""
    return image.encode_jpeg(photo.pixels, quality=90)


def probability(result: Result) -> bytes:
    """One-channel PNG of round(255 * p), which `/v1/measure` reads."""
    return image.encode_map(result.segmentation.probability)


def density(result: Result) -> bytes:
    """PNG of the crack length per area as a heat map, black where there is none."""
    grid = result.findings.density_grid()
    return image.encode_colours(heat_map(grid, result.photo.height, result.photo.width))
