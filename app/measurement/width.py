"""Widths of cracks from the soft profile: the probability integrated across the crack.

A pixel half covered by a crack should carry a probability of one half, so the integral of the
probability along the normal is the width, to a fraction of a pixel and at any angle. Twice the
distance to the background, the common estimator, reads a crack of 1 px as 2 px.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from app.measurement.centerline import Centerlines, Floats, Integers, unit

# Bilinear interpolation sampled twice a pixel: the sum is exact along the axes.
STEP_PX = 0.5
# How far past the mask a blurred edge still counts.
FLANK_PX = 4.0
# A smoothed centreline may lie this far from the middle of the crack, or outside its mask.
CENTERLINE_DOUBT_PX = 1.0
# Samples held at once: 32 MB for the coordinates of them.
_SAMPLES_AT_ONCE = 2_000_000


def reach(
    probability: NDArray[np.float32],
    threshold: float,
    points: Floats,
    directions: Floats,
    radii: Floats,
) -> Floats:
    """Integrate the probability from points to the crack's edge: the distance to that edge.

    The integral ends where the probability first rises again after the mask was left, so that
    a crack alongside is not added. Outside the photo the probability is 0.

    Args:
        probability: [H, W], 0 to 1.
        threshold: from which probability a pixel belongs to the mask.
        points: [N, 2] (x, y) inside the crack.
        directions: [N, 2] of length 1.
        radii: [N] distance of the points to the nearest pixel outside the mask; the integral goes
            as far as twice that and FLANK_PX.

    Returns:
        [N, 2]: the distance, pixels, and the first moment of the probability about the point,
        square pixels.
    """
    # Points are taken together by powers of two of their range, so no array has to be as wide as
    # the widest crack.
    exponents = np.ceil(np.log2(2 * radii + FLANK_PX)).astype(np.int64)
    integrals = np.empty((len(points), 2))
    for exponent in np.unique(exponents):
        members = np.flatnonzero(exponents == exponent)
        samples = np.arange(0, 2.0**exponent + STEP_PX, STEP_PX)
        for chunk in np.array_split(members, 1 + len(members) * len(samples) // _SAMPLES_AT_ONCE):
            path = points[chunk, None] + directions[chunk, None] * samples[:, None]
            integrals[chunk] = _integrals(sample(probability, path), threshold)
    return integrals


def sample(probability: NDArray[np.float32], points: Floats) -> NDArray[np.float32]:
    """Probability at [..., 2] points (x, y), bilinear, 0 outside the photo."""
    coordinates = np.moveaxis(points[..., ::-1], -1, 0)
    values = map_coordinates(probability, coordinates, order=1, mode="grid-constant")
    return np.asarray(values, dtype=np.float32)


def _integrals(profile: NDArray[np.float32], threshold: float) -> Floats:
    """[N, 2] integral and first moment of [N, S] profiles, up to where they rise outside."""
    outside = profile < threshold
    outside[:, : int(CENTERLINE_DOUBT_PX / STEP_PX)] = False
    rises = np.diff(profile, axis=1, prepend=profile[:, :1]) > 0
    left = np.logical_or.accumulate(outside, axis=1)
    ended = np.logical_or.accumulate(left & rises, axis=1)
    kept = np.where(ended, 0.0, profile)
    # In float64, because sums of float32 drift over the thousands of samples of a wide crack.
    integral = STEP_PX * (kept.sum(axis=1, dtype=np.float64) - 0.5 * kept[:, 0])
    moment = STEP_PX**2 * (kept @ np.arange(kept.shape[1], dtype=np.float64))
    return np.column_stack([integral, moment])


def across(
    probability: NDArray[np.float32], threshold: float, lines: Centerlines, radii: Floats
) -> tuple[Floats, Centerlines]:
    """Width [N] at each point, pixels, and the centrelines moved to the middle of the profiles.

    Half of a width is measured at the point, half midway to the points behind and ahead: at 45
    degrees all normals of a skeleton cut the pixel grid at the same phase, where interpolation is
    off by up to 0.16 px one way; midway it is off the other way. `radii` as for `reach`.
    """
    behind, ahead = lines.neighbours()
    tangents = lines.tangents()
    normals = _normals(tangents)
    middles = (lines.points + lines.points[ahead]) / 2
    middle_normals = _normals(unit(tangents + tangents[ahead]))
    left = reach(probability, threshold, lines.points, normals, radii)
    right = reach(probability, threshold, lines.points, -normals, radii)
    midway = (
        reach(probability, threshold, middles, middle_normals, radii)
        + reach(probability, threshold, middles, -middle_normals, radii)
    )[:, 0]
    at_points, moments = left[:, 0] + right[:, 0], left[:, 1] - right[:, 1]
    shifts = np.divide(moments, at_points, out=np.zeros_like(moments), where=at_points > 0)
    # Farther off is no bias of the skeleton but a hole or another branch in the profile.
    shifts[np.abs(shifts) > CENTERLINE_DOUBT_PX] = 0.0
    return (
        0.5 * at_points + 0.25 * (midway + midway[behind]),
        lines.shifted(normals * shifts[:, None]),
    )


def _normals(tangents: Floats) -> Floats:
    """Turn [N, 2] by 90 degrees; a branch of one point, which has no tangent, is cut upright."""
    still = ~tangents.any(axis=1)
    return np.column_stack([-tangents[:, 1], np.where(still, 1.0, tangents[:, 0])])


def representative(lines: Centerlines, radii: Floats) -> NDArray[np.bool_]:
    """[N] which points stand for the width of their crack.

    Near a junction or an end, closer than the crack's half width there, the profile runs into
    another branch or past the end. A crack with no other points keeps them.
    """
    arc, branch = lines.arc(), lines.branch
    rest = arc[lines.last][branch] - arc
    near_end = (arc < radii[lines.first][branch]) | (rest < radii[lines.last][branch])
    chosen = ~near_end | lines.ring[branch]
    crack = lines.crack[branch]
    has_chosen = np.zeros(int(crack.max()) + 1, dtype=bool)
    has_chosen[crack[chosen]] = True
    return chosen | ~has_chosen[crack]


def quantile(values: Floats, groups: Integers, count: int, share: float) -> Floats:
    """[count] quantile of the values of each group 0..count-1, linear between neighbours.

    Every group must have a value.
    """
    ordered = values[np.lexsort((values, groups))]
    sizes = np.bincount(groups, minlength=count)
    position = np.cumsum(sizes) - sizes + share * (sizes - 1)
    below = np.floor(position).astype(np.int64)
    above = np.ceil(position).astype(np.int64)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])
