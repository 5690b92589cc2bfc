"""What lines, widths and pixels of the photo are on the surface that it shows, in millimetres."""

from dataclasses import replace

import numpy as np

from app.measurement.arrays import Floats
from app.measurement.centerline import Centerlines
from app.measurement.regions import Regions
from app.plane import Plane


def branch_lengths(plane: Plane, lines: Centerlines) -> Floats:
    """Length [B] of each branch."""
    return np.asarray(replace(lines, points=plane.mm(lines.points)).arc()[lines.last], np.float64)


def component_areas(plane: Plane, regions: Regions) -> Floats:
    """Square millimetres [n] of each component; a run counts by the scale at its middle."""
    lengths = regions.stops - regions.starts
    middles = regions.points(regions.starts)
    middles[:, 0] += (lengths - 1) / 2
    areas = np.bincount(
        regions.region,
        weights=plane.mm2_per_px(middles) * lengths,
        minlength=len(regions.areas_px),
    )
    return np.asarray(areas, np.float64)


def across_scale(plane: Plane, points: Floats, tangents: Floats) -> Floats:
    """Millimetres [N] of width a pixel of width, at points [N, 2] of lines along tangents [N, 2].

    A photo at an angle does not keep right angles, so what is measured across the line in the photo is not across
    it on the surface; a strip's area and length are, and the width is their ratio.
    """
    areas = plane.mm2_per_px(points)
    has_way = tangents.any(axis=1)
    along = np.sqrt(areas)
    along[has_way] = plane.mm_per_px(points[has_way], tangents[has_way])
    return areas / along
