"""Widths of cracks from the soft profile: the probability integrated across the crack.

A pixel half covered by a crack should carry a probability of one half, so the integral of the
probability along the normal is the width, to a fraction of a pixel and at any angle. Twice the
distance to the background, the common estimator, reads a crack of 1 px as 2 px.
"""

import numpy as np
from numpy.typing import NDArray

from app.measurement.arrays import Floats
from app.measurement.centerline import Centerlines, unit

Probability = NDArray[np.float32]

# Bilinear interpolation sampled twice a pixel: the sum is exact along the axes. At 45 degrees it is off by
# 0.02 px, of which a thin crack is made up; there it is sampled four times a pixel.
STEP_PX = 0.5
FINE_STEP_PX = 0.25
FINE_RANGE_PX = 6.5
# A blob of 1,000 px is sampled every 5 px: to 0.5 %, and a photo that is crack all over in a tenth of a second.
MOST_SAMPLES = 256
# Half widths that a profile reaches from its point: the largest circle that fits in touches the edge, and
# a pixel's diagonal or a bend add less than a quarter.
RANGE_OF_CIRCLE = 1.25
# How far past the mask a blurred edge still counts.
FLANK_PX = 4.0
# A smoothed centreline may lie this far from the middle of the crack, or outside its mask.
CENTERLINE_DOUBT_PX = 1.0
# Half widths of a junction within which a profile may still run into another branch: two that part at 15
# degrees share their rims as far out as that.
JUNCTION_REACH = 4.0
# Smoothing by a sigma of 2 px bends a centreline towards a junction, which stays where it is, that far out.
BENT_PX = 4.0
# A profile this many times as wide as the inscribed circle, and a pixel (the circle counts whole ones), runs
# into another branch.
WIDEST_OF_CIRCLE = 1.1
EDGE_STEP_PX = 1.0
# Share of the threshold: between its pixels a hairline of 1 px at 25 degrees still has 0.54, a gap in a mask nothing.
LEAST_DIP = 0.25
# Samples held at once: 32 MB for the coordinates of them.
_SAMPLES_AT_ONCE = 2_000_000


def reach(
    probability: Probability,
    threshold: float,
    points: Floats,
    directions: Floats,
    ranges: Floats,
    doubt_px: float = CENTERLINE_DOUBT_PX,
) -> Floats:
    """Integrate the probability from points to the crack's edge: the distance to that edge.

    The integral ends where the probability first rises again after the mask was left, so that
    a crack alongside is not added. Outside the photo the probability is 0.

    Args:
        probability: [H, W], 0 to 1.
        threshold: from which probability a pixel belongs to the mask.
        points: [N, 2] (x, y) inside the crack.
        directions: [N, 2] of length 1.
        ranges: [N] how far the integral goes at most, pixels.
        doubt_px: how far from the point the mask may begin.

    Returns:
        [N, 2]: the distance, pixels, and the first moment of the probability about the point,
        square pixels.
    """
    # Points are taken together by powers of a quarter more of their range, so no array has to be as wide as
    # the widest crack.
    exponents = np.ceil(np.log(ranges) / np.log(1.25)).astype(np.int64)
    integrals = np.empty((len(points), 2))
    for exponent in np.unique(exponents):
        members = np.flatnonzero(exponents == exponent)
        reached = 1.25**exponent
        step = FINE_STEP_PX if reached <= FINE_RANGE_PX else max(STEP_PX, reached / MOST_SAMPLES)
        samples = np.arange(0, reached + step, step)
        for chunk in np.array_split(members, 1 + len(members) * len(samples) // _SAMPLES_AT_ONCE):
            path = points[chunk, None] + directions[chunk, None] * samples[:, None]
            profile = sample(probability, path)
            integrals[chunk] = _integrals(profile, threshold, step, int(doubt_px / step))
    return integrals


def sample(probability: Probability, points: Floats) -> Probability:
    """Probability [N, S] at points [N, S, 2] (x, y), bilinear, 0 outside the photo."""
    height, width = probability.shape
    x, y = points[..., 0], points[..., 1]
    column, row = np.floor(x), np.floor(y)
    corner = (row * width + column).astype(np.int64)
    right, below = (x - column).astype(np.float32), (y - row).astype(np.float32)
    values = np.empty(corner.shape, np.float32)
    inside = ((column >= 0) & (column < width - 1) & (row >= 0) & (row < height - 1)).all(axis=1)
    flat = probability.ravel()
    at = corner[inside]
    corners = [flat[at + step] for step in (0, 1, width, width + 1)]
    values[inside] = _between(corners, right[inside], below[inside])
    crossing = ~inside
    at, rows, columns = corner[crossing], row[crossing], column[crossing]
    corners = []
    for down in (0, 1):
        for along in (0, 1):
            within = (rows >= -down) & (rows < height - down)
            within &= (columns >= -along) & (columns < width - along)
            near = np.where(within, at + down * width + along, 0)
            corners.append(np.where(within, flat[near], np.float32(0)))
    values[crossing] = _between(corners, right[crossing], below[crossing])
    return values


def _between(corners: list[Probability], right: Probability, below: Probability) -> Probability:
    upper_left, upper_right, lower_left, lower_right = corners
    upper = upper_left + (upper_right - upper_left) * right
    lower = lower_left + (lower_right - lower_left) * right
    return upper + (lower - upper) * below


def _integrals(profile: Probability, threshold: float, step_px: float, doubted: int) -> Floats:
    """[N, 2] integral and first moment of [N, S] profiles, up to where they rise outside.

    The first `doubted` samples count as inside above LEAST_DIP times the threshold.
    """
    outside = profile < threshold
    # Between the pixels of a thin diagonal line the probability dips, in a gap it vanishes.
    outside[:, :doubted] = profile[:, :doubted] < LEAST_DIP * threshold
    rises = np.diff(profile, axis=1, prepend=profile[:, :1]) > 0
    left = np.logical_or.accumulate(outside, axis=1)
    ended = np.logical_or.accumulate(left & rises, axis=1)
    kept = np.where(ended, 0.0, profile)
    # In float64, because sums of float32 drift over the thousands of samples of a wide crack.
    integral = step_px * (kept.sum(axis=1, dtype=np.float64) - 0.5 * kept[:, 0])
    moment = step_px**2 * (kept @ np.arange(kept.shape[1], dtype=np.float64))
    return np.column_stack([integral, moment])


def across(
    probability: Probability, threshold: float, lines: Centerlines, radii: Floats
) -> tuple[Floats, Centerlines]:
    """Width [N] at each point, pixels, and the centrelines moved to the middle of the profiles.

    To the left a profile is taken at each point and midway to the next, to the right a quarter of the way
    before and after: at 45 degrees all normals of a skeleton cut the pixel grid at the same phase, where
    interpolation is off by up to 0.16 px; what is left of that at one phase cancels at the others.
    `radii` [N] is the distance of the points to the background.
    """
    behind, ahead = lines.neighbours()
    tangents = lines.tangents()
    ranges = RANGE_OF_CIRCLE * radii + FLANK_PX

    def side(share: float, sign: float) -> Floats:
        """Integral and moment on one side, this share of the way to the next point."""
        points = (1 - share) * lines.points + share * lines.points[ahead]
        aside = sign * normals(unit((1 - share) * tangents + share * tangents[ahead]))
        return reach(probability, threshold, points, aside, ranges)

    left, midway = side(0.0, 1.0), side(0.5, 1.0)
    right = 0.5 * (side(0.25, -1.0) + side(0.75, -1.0)[behind])
    widths = 0.5 * left[:, 0] + 0.25 * (midway + midway[behind])[:, 0] + right[:, 0]
    at_points, moments = left[:, 0] + right[:, 0], left[:, 1] - right[:, 1]
    shifts = np.divide(moments, at_points, out=np.zeros_like(moments), where=at_points > 0)
    # Farther off is no bias of the skeleton but a hole or another branch in the profile.
    shifts[np.abs(shifts) > CENTERLINE_DOUBT_PX] = 0.0
    return widths, lines.shifted(normals(tangents) * shifts[:, None])


def normals(tangents: Floats) -> Floats:
    """Turn [N, 2] by 90 degrees; a branch of one point, which has no tangent, is cut upright."""
    still = ~tangents.any(axis=1)
    return np.column_stack([-tangents[:, 1], np.where(still, 1.0, tangents[:, 0])])


def representative(lines: Centerlines, radii: Floats, widths: Floats) -> NDArray[np.bool_]:
    """[N] which points stand for the width of their crack.

    Closer to a junction or an end than the crack's half width there, the profile runs into another branch or
    past the end; where branches meet at a small angle it does so farther out, and is then wider than the
    circle that fits in. A crack with no other points keeps them.
    """
    arc, branch = lines.arc(), lines.branch
    ahead = arc[lines.last][branch] - arc
    at_first, at_last = radii[lines.first][branch], radii[lines.last][branch]
    from_junction = lines.nodes[branch] >= 0
    beside_junction = (from_junction[:, 0] & (arc < JUNCTION_REACH * at_first)) | (
        from_junction[:, 1] & (ahead < JUNCTION_REACH * at_last)
    )
    merges = beside_junction & (widths > 2 * radii * WIDEST_OF_CIRCLE + EDGE_STEP_PX)
    near = from_junction * BENT_PX + np.column_stack([at_first, at_last])
    chosen = ~((arc < near[:, 0]) | (ahead < near[:, 1]) | merges) | lines.ring[branch]
    crack = lines.crack[branch]
    has_chosen = np.zeros(int(crack.max()) + 1, dtype=bool)
    has_chosen[crack[chosen]] = True
    return chosen | ~has_chosen[crack]
