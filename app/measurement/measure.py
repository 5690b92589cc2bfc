"""Probability map to cracks: how many, how long, how wide, which way. Pure.

A crack is an 8-connected component of the mask (probability >= threshold), or several that a bridged gap joins.
"""

from collections.abc import Callable

import numpy as np

from app.deadline import go_on
from app.measurement import shape, width
from app.measurement.calibration import Calibration
from app.measurement.ends import extended
from app.measurement.found import Found
from app.measurement.joining import join
from app.measurement.outline import outlines
from app.measurement.regions import Regions, find_regions
from app.measurement.result import Crack, Measurement
from app.measurement.tracing import distance_to_background, radius_at, trace
from app.measurement.width import Probability
from app.plane import Plane


def measure(
    probability: Probability,
    threshold: float,
    *,
    min_area_px: int = 0,
    plane: Plane | None = None,
    calibration: Calibration | None = None,
    with_outlines: bool = False,
    check: Callable[[], None] = go_on,
) -> Measurement:
    """Measure every crack of a probability map.

    Args:
        probability: [H, W], 0 to 1; a binary mask as 0 and 1 will do.
        threshold: probability from which a pixel counts as crack, above 0 and at most 1.
        min_area_px: components of fewer pixels are left out of the cracks, the count and the
            totals of length and width, not out of the figures of the mask.
        plane: the surface in the photo; with it every crack is measured in millimetres, too.
        calibration: of the network that the probabilities are of; without one widths stay as they are read.
        with_outlines: draw the polygon round each crack.
        check: called between the steps; may raise, to stop a mask that takes too long.

    Raises:
        InvalidParameter: the mask is noise, whose centrelines would take minutes to follow, or too much of it is
            crack for outlines.
        ValueError: the map is not [H, W] or the threshold not above 0 and at most 1.
    """
    if probability.ndim != 2:
        raise ValueError(f"probability must be [H, W], got shape {probability.shape}")
    if not 0 < np.float32(threshold) <= 1:  # what it is compared as
        raise ValueError(f"threshold must be above 0 and at most 1, got {threshold}")
    regions, crack_pixels = find_regions(probability, threshold, min_area_px)
    cracks: tuple[Crack, ...] = ()
    if len(regions.areas_px):
        cracks = _cracks(probability, threshold, regions, plane, calibration, with_outlines, check)
    total_length = sum(crack.length_px for crack in cracks)
    weighted_width = sum(crack.length_px * crack.width_px.mean for crack in cracks)
    return Measurement(
        total_pixels=probability.size,
        crack_pixels=crack_pixels,
        crack_ratio=crack_pixels / probability.size,
        crack_count=len(cracks),
        total_length_px=total_length,
        mean_width_px=weighted_width / total_length if cracks else 0.0,
        max_width_px=max((crack.width_px.max for crack in cracks), default=0.0),
        cracks=cracks,
        left_out=regions.left_out,
    )


def _cracks(
    probability: Probability,
    threshold: float,
    regions: Regions,
    plane: Plane | None,
    calibration: Calibration | None,
    with_outlines: bool,
    check: Callable[[], None],
) -> tuple[Crack, ...]:
    if len(regions.pinholes):
        probability = _without_pinholes(probability, threshold, regions)
    distance = distance_to_background(regions)
    check()
    lines = trace(regions, distance)
    check()
    radii = radius_at(distance, lines.points)
    widths, lines = width.across(probability, threshold, lines, radii)
    chosen = width.representative(lines, radii, widths)
    if calibration:
        widths = calibration.true(widths)
    angles = shape.axis_angles(shape.moments(regions))
    lines, outwards = extended(probability, threshold, lines, radii, angles)
    check()
    crack, gaps = join(probability, threshold, lines, outwards, regions.areas_px)
    polygons = outlines(regions) if with_outlines else None
    check()
    mass = shape.probability_sums(probability, regions)
    found = Found(regions, lines, widths, chosen, mass, crack, gaps, polygons)
    return found.cracks(plane)


def _without_pinholes(probability: Probability, threshold: float, regions: Regions) -> Probability:
    """A copy in which pinholes belong to the crack, so that a profile that begins in one does not end there."""
    filled = probability.copy()
    rows, columns = np.divmod(regions.pinholes, regions.mask.shape[1])
    filled[rows - 1, columns - 1] = np.maximum(filled[rows - 1, columns - 1], threshold)
    return filled
