"""Where cracks run and how wide they are: geometry only, no colour."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Voronoi

from training.synthetic.geometry import Points, polyline_length
from training.synthetic.noise import jagged_walk
from training.synthetic.recipe import SceneRecipe

STEP_PX = 2.0


@dataclass(frozen=True)
class Strand:
    """One unbranched crack before the frame cuts it."""

    points: Points
    widths: NDArray[np.float64]


def crack_with_branches(rng: np.random.Generator, recipe: SceneRecipe) -> list[Strand]:
    """A main crack somewhere across the frame, and up to four branches."""
    low, high = recipe.crack_width_px
    # Power 1.5 of a uniform number: half of all cracks are in the thinner third of the scale.
    mean_width = low * (high / low) ** (rng.random() ** 1.5)
    start, end = _ends(rng, recipe.height, recipe.width)
    size = (recipe.width, recipe.height)
    starts_inside, ends_inside = (bool(((at > 0) & (at < size)).all()) for at in (start, end))
    tapers = (starts_inside, ends_inside)
    main = strand_between(rng, start, end, mean_width, recipe.crack_width_px, tapers)
    strands = [main]
    for _ in range(rng.choice(5, p=[0.4, 0.25, 0.2, 0.1, 0.05])):
        strands.append(branch_of(rng, strands[rng.integers(len(strands))], recipe.crack_width_px))
    return strands


def strand_between(
    rng: np.random.Generator,
    start: Points,
    end: Points,
    mean_width: float,
    limits: tuple[float, float],
    tapers: tuple[bool, bool],
) -> Strand:
    """A wandering crack from start to end; `tapers` says which ends thin out."""
    length = float(np.hypot(*(end - start)))
    wander = rng.uniform(0.12, 0.3)
    smallest = max(3.0, 0.7 * mean_width)
    sideways = wander * jagged_walk(rng, length, length / 2, smallest, STEP_PX)
    count = len(sideways)
    share = np.linspace(0, 1, count)
    # The walk is tied down at both ends, so that branches begin where they should.
    sideways -= sideways[0] * (1 - share) + sideways[-1] * share
    along = (end - start) / length
    points = start + share[:, None] * (end - start)
    points = points + sideways[:, None] * np.array([-along[1], along[0]])
    points = points[np.insert(polyline_length(points) > 0, 0, True)]
    return Strand(points, _widths(rng, points, mean_width, limits, tapers))


def branch_of(rng: np.random.Generator, parent: Strand, limits: tuple[float, float]) -> Strand:
    """A thinner crack that leaves `parent` at an angle of 20 to 75 degrees and tapers out."""
    at = rng.integers(len(parent.points) // 6, max(len(parent.points) * 5 // 6, 2))
    ahead = parent.points[min(at + 8, len(parent.points) - 1)] - parent.points[max(at - 8, 0)]
    turn = np.deg2rad(rng.uniform(20, 75)) * rng.choice([-1, 1]) + np.pi * (rng.random() < 0.3)
    angle = np.arctan2(ahead[1], ahead[0]) + turn
    length = max(rng.uniform(0.1, 0.4) * polyline_length(parent.points).sum(), 12.0)
    start = parent.points[at]
    end = start + length * np.array([np.cos(angle), np.sin(angle)])
    mean_width = max(parent.widths[at] * rng.uniform(0.3, 0.65), limits[0])
    return strand_between(rng, start, end, mean_width, limits, tapers=(False, True))


def map_cracking(rng: np.random.Generator, recipe: SceneRecipe) -> list[Strand]:
    """A net of fine cracks round irregular cells, as shrinkage leaves on a slab."""
    height, width = recipe.height, recipe.width
    low, high = recipe.crack_width_px
    cell = rng.uniform(0.22, 0.45) * min(height, width)
    mean_width = min(low * rng.uniform(1.0, 2.5), high)
    seeds = rng.uniform((-cell, -cell), (width + cell, height + cell), (_cells(recipe, cell), 2))
    net = Voronoi(seeds)
    strands = []
    for one, other in net.ridge_vertices:
        if one < 0 or rng.random() < 0.15:
            continue
        start, end = net.vertices[one], net.vertices[other]
        in_sight = ((start > -cell) & (start < (width + cell, height + cell))).all()
        if in_sight and 4 * STEP_PX < np.hypot(*(end - start)) < 4 * cell:
            taper = (bool(rng.random() < 0.15), bool(rng.random() < 0.15))
            size = max(mean_width * rng.uniform(0.6, 1.2), low)
            strands.append(strand_between(rng, start, end, size, recipe.crack_width_px, taper))
    return strands


def _cells(recipe: SceneRecipe, cell: float) -> int:
    return int((recipe.height + 2 * cell) * (recipe.width + 2 * cell) / cell**2) + 4


def _ends(rng: np.random.Generator, height: int, width: int) -> tuple[Points, Points]:
    """Two points far enough apart that a good part of the crack lies in the frame."""
    size = np.array([width, height], np.float64)
    middle = size * rng.uniform(0.2, 0.8, 2)
    angle = rng.uniform(0, np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    reach = rng.uniform(0.25, 0.9, 2) * np.hypot(height, width)
    return middle - reach[0] * along, middle + reach[1] * along


def _widths(
    rng: np.random.Generator,
    points: Points,
    mean_width: float,
    limits: tuple[float, float],
    tapers: tuple[bool, bool],
) -> NDArray[np.float64]:
    at = np.insert(np.cumsum(polyline_length(points)), 0, 0)
    length = at[-1]
    waves = np.zeros(len(points))
    # No swelling shorter than the crack is wide: it would look like a string of beads.
    cells = np.maximum([length / 3, 30.0, 10.0, 4.0], mean_width * np.array([1.0, 4.0, 2.0, 1.2]))
    for cell, strength in zip(cells, (0.25, 0.2, 0.15, 0.12), strict=True):
        knots = np.arange(-cell, length + 2 * cell, cell)
        waves += strength * np.interp(at, knots, rng.standard_normal(len(knots)))
    widths = mean_width * np.exp(waves)
    for thins, distance in ((tapers[0], at), (tapers[1], length - at)):
        if thins:
            widths = widths * np.sqrt(np.clip(distance / (rng.uniform(0.2, 0.6) * length), 0, 1))
    return np.clip(widths, *limits)
