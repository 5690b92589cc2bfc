"""Free ends: thinning stops about half a width short of them, the probability says how far."""

from dataclasses import replace

import numpy as np

from app.measurement import width
from app.measurement.arrays import Floats
from app.measurement.centerline import Centerlines, unit
from app.measurement.width import Probability

# Points, besides a width's worth, of the chord that gives the direction of a free end; a pixel of
# the skeleton lies up to half a pixel aside, which turns a chord of 8 by 4 degrees.
END_CHORD_POINTS = 8
# Half widths from the end of the skeleton to the end of the crack, at most: thinning stops about one short.
END_RANGE_OF_CIRCLE = 2.0
# Along a crack thinner than a pixel the probability rises and falls with the grid, and falls below the
# threshold between pixels of the mask.
END_DOUBT_PX = 2.0


def extended(
    probability: Probability, threshold: float, lines: Centerlines, radii: Floats, angles: Floats
) -> tuple[Centerlines, Floats]:
    """Move free ends out to the crack's own ends.

    Where a crack is thinned to one point, it extends along its main axis, `angles` [n] of the
    components, radians; `radii` [N] is the distance of the points to the background.

    Returns:
        The lines, and the direction [B, 2, 2], of length 1, in which each branch leaves at its first and last
        point.
    """
    points = lines.points.copy()
    axes = np.column_stack([np.cos(angles), np.sin(angles)])[lines.crack]
    size = lines.last - lines.first
    directions = np.empty((len(size), 2, 2))
    for side, (ends, inwards) in enumerate(((lines.first, 1), (lines.last, -1))):
        back = np.ceil(2 * radii[ends]).astype(np.int64) + END_CHORD_POINTS
        inner = ends + inwards * np.minimum(back, size)
        outwards = unit(lines.points[ends] - lines.points[inner])
        still = ~outwards.any(axis=1)
        outwards[still] = -inwards * axes[still]
        directions[:, side] = outwards
        free = lines.free[:, side]
        end = ends[free]
        ranges = END_RANGE_OF_CIRCLE * radii[end] + width.FLANK_PX
        beyond = width.reach(
            probability, threshold, lines.points[end], outwards[free], ranges, END_DOUBT_PX
        )[:, 0]
        # A crack thinner than a pixel has a probability below 1 even on its centreline.
        level = np.maximum(
            threshold, width.sample(probability, lines.points[inner[free], None])[:, 0]
        )
        points[end] += outwards[free] * (beyond / level)[:, None]
    return replace(lines, points=points), directions
