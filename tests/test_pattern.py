"""Patterns of cracks: by hand-made lines that show the rule, and by drawn cracks that were measured."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.measurement import Crack, measure
from app.pattern import Pattern, pattern
from training.synthetic import SceneRecipe, draw_line
from training.synthetic.cracks import (
    Strand,
    branch_of,
    crack_with_branches,
    map_cracking,
    strand_between,
)
from training.synthetic.geometry import centreline_length, draw_polyline, mask_from

SIDE = 384
RECIPE = SceneRecipe(SIDE, SIDE, crack_width_px=(1.5, 6.0))
MIDDLE = np.array([SIDE / 2, SIDE / 2])


@cache
def some_crack() -> Crack:
    return measure(draw_line(30, 60, (10, 15), (50, 15), 2.0), 0.5).cracks[0]


def crack(*branches: list[tuple[float, float]], width: float = 2.0) -> Crack:
    """A crack of these branches, 2 px wide."""
    lines = tuple(np.array(branch, np.float64) for branch in branches)
    length = sum(float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in lines)
    widths = replace(some_crack().width_px, mean=width)
    return replace(some_crack(), length_px=length, width_px=widths, centerlines_px=lines)


def straight(x: float, y: float, length: float, degrees: float = 0.0) -> Crack:
    angle = np.deg2rad(degrees)
    return crack([(x, y), (x + length * np.cos(angle), y + length * np.sin(angle))])


STEM = [[(0, 0), (100, 0)], [(100, 0), (200, 0)]]
TEE = crack(*STEM, [(100, 0), (100, 60)])
GRID = crack(
    *([(100 * i, 100 * j), (100 * i + 100, 100 * j)] for i in range(3) for j in range(4)),
    *([(100 * i, 100 * j), (100 * i, 100 * j + 100)] for i in range(4) for j in range(3)),
)


@pytest.mark.parametrize(
    ("kind", "cracks"),
    [
        ("none", []),
        ("none", [straight(0, 0, 9), straight(50, 50, 12)]),
        ("single", [straight(0, 0, 200)]),
        ("single", [crack([(0, 0), (60, 40), (90, 10), (150, 90)])]),
        ("single", [straight(0, 0, 100), straight(110, 2, 100)]),  # end to end
        ("single", [straight(0, 0, 100), straight(80, 8, 100)]),  # their ends overlap by a fifth
        ("single", [straight(0, 0, 200), straight(0, 50, 200, 60)]),  # neither meet nor run alike
        ("single", [straight(0, 0, 200), straight(50, 50, 60)]),  # a crack and a small one
        ("single", [crack(*STEM, [(100, 0), (100, 3)])]),  # a spur as long as the crack is wide
        ("single", [crack([(0, 0), (50, 80), (100, 0), (0, 0)])]),  # a ring
        ("parallel", [straight(0, 0, 200), straight(30, 50, 150, 8)]),
        ("parallel", [straight(30 * i, 40 * i, 200, 90) for i in range(6)]),
        ("parallel", [straight(0, 0, 200, 2), straight(200, 50, 200, 178)]),  # either side of 0
        ("branching", [TEE]),
        ("branching", [TEE, straight(0, -100, 40)]),
        ("branching", [crack(*STEM, [(100, 0), (160, 60)], [(160, 60), (160, 90)])]),
        ("map", [GRID]),
        (
            "map",
            [straight(90 * i, 70 * j, 60, 50 * (i + 3 * j)) for i in range(3) for j in range(3)],
        ),
    ],
)
def test_rule(kind: str, cracks: list[Crack]) -> None:
    assert pattern(cracks).kind == kind


def test_figures_of_a_grid() -> None:
    """16 nodes, of which the 4 corners have two branches; 24 branches of 100 px round 9 cells."""
    figures = pattern([GRID])
    assert figures.junction_count == 12
    assert figures.closed_cells == 9
    assert figures.junctions_per_1000_px == pytest.approx(12 / 2.4)
    assert figures.axial_spread_deg == pytest.approx(np.degrees(np.sqrt(2) / 2))  # no direction
    assert figures.peer_count == 1


def test_figures_of_a_tee() -> None:
    """Doubled angles: 200 px along 0 and 60 along 180 degrees, so R = 140 / 260."""
    figures = pattern([TEE])
    assert figures.junction_count == 1
    assert figures.closed_cells == 0
    assert figures.side_branch_share == pytest.approx(60 / 260)
    expected = np.degrees(np.sqrt(2 * (1 - 140 / 260)) / 2)
    assert figures.axial_spread_deg == pytest.approx(expected)
    assert figures.peer_spread_deg == pytest.approx(0, abs=1e-5)


def test_figures_of_staggered_parallel_cracks() -> None:
    """Each 100 px, the second begins where half of the first is past: 200 px of shadow on 150."""
    figures = pattern([straight(0, 0, 100), straight(50, 30, 100)])
    assert figures.peer_count == 2
    assert figures.mean_abreast == pytest.approx(200 / 150)
    assert figures.axial_spread_deg == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("closes", [True, False])
def test_a_loop_is_a_cell_unless_it_is_as_small_as_a_hole_in_the_mask(closes: bool) -> None:
    high = 40.0 if closes else 2.0
    wide = 30.0 if closes else 3.0
    upper = [(100, 0), (100 + wide / 2, high), (100 + wide, 0)]
    lower = [(100, 0), (100 + wide / 2, -high), (100 + wide, 0)]
    figures = pattern([crack([(0, 0), (100, 0)], upper, lower, [(100 + wide, 0), (250, 0)])])
    assert figures.closed_cells == closes
    assert figures.junction_count == 2 * closes


def test_a_ring_is_one_cell_without_a_junction() -> None:
    figures = pattern([crack([(0, 0), (50, 80), (100, 0), (0, 0)])])
    assert (figures.closed_cells, figures.junction_count) == (1, 0)


def test_a_crossing_that_thinning_pulled_apart_is_one_junction() -> None:
    arms = [[(0, 0), (100, 0)], [(100, -90), (100, 0)], [(103, 0), (200, 0)], [(103, 0), (103, 90)]]
    assert pattern([crack(*arms, [(100, 0), (103, 0)])]).junction_count == 1


lengths = st.floats(1, 15.9)
EXAMPLES = [
    [straight(0, 0, 250)],
    [straight(0, 0, 200), straight(30, 50, 190, 8)],
    [TEE],
    [GRID],
]


@given(
    example=st.sampled_from(EXAMPLES),
    specks=st.lists(st.tuples(st.floats(0, 300), st.floats(0, 300), lengths, st.floats(0, 180))),
)
def test_specks_change_nothing(
    example: list[Crack], specks: list[tuple[float, float, float, float]]
) -> None:
    assert pattern([*example, *(straight(*speck) for speck in specks)]) == pattern(example)


@given(
    example=st.sampled_from(EXAMPLES),
    degrees=st.floats(0, 360),
    scale=st.floats(0.7, 20),
    shift=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
    mirrors=st.booleans(),
)
@settings(deadline=None)
def test_turned_scaled_shifted_and_mirrored_it_is_the_same_pattern(
    example: list[Crack],
    degrees: float,
    scale: float,
    shift: tuple[float, float],
    mirrors: bool,
) -> None:
    angle = np.deg2rad(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turn = turn @ np.diag([1, -1 if mirrors else 1])
    moved = [
        crack(*((line @ turn.T + shift).tolist() for line in each.centerlines_px))
        for each in reversed(example)
    ]
    before, after = pattern(example), pattern(moved)
    assert after.kind == before.kind
    assert after.junction_count == before.junction_count
    assert after.closed_cells == before.closed_cells
    assert after.axial_spread_deg == pytest.approx(before.axial_spread_deg, abs=1e-4)
    assert after.mean_abreast == pytest.approx(before.mean_abreast, rel=1e-6)


# --- drawn and measured -------------------------------------------------------------------------


def across(rng: np.random.Generator, middle: np.ndarray, degrees: float, reach: float) -> Strand:
    along = reach * np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])
    limits = RECIPE.crack_width_px
    width = rng.uniform(1.5, 4.0)
    return strand_between(rng, middle - along, middle + along, width, limits, (True, True))


def strands(kind: str, rng: np.random.Generator) -> list[Strand]:
    turn = rng.uniform(0, 180)
    if kind == "single":
        return [across(rng, MIDDLE, turn, rng.uniform(60, 180))]
    if kind == "parallel":
        beside = np.array([-np.sin(np.deg2rad(turn)), np.cos(np.deg2rad(turn))])
        places = (-90, 0, 90) if rng.random() < 0.5 else (-60, 60)
        return [across(rng, MIDDLE + p * beside, turn + rng.normal(0, 4), 120) for p in places]
    if kind == "branching":
        main = across(rng, MIDDLE, turn, 120)
        return [main, *(branch_of(rng, main, RECIPE.crack_width_px) for _ in range(2))]
    return map_cracking(rng, RECIPE)


def measured(drawn: list[Strand], specks: int = 0) -> Pattern:
    coverage, centreline = np.zeros((2, SIDE, SIDE), np.float32)
    for strand in drawn:
        coverage = np.maximum(coverage, draw_polyline(SIDE, SIDE, strand.points, strand.widths))
        centreline += centreline_length(SIDE, SIDE, strand.points)
    mask = mask_from(coverage, centreline).astype(np.float32)
    for row, column in np.random.default_rng(specks).integers(5, SIDE - 12, (specks, 2)):
        if not mask[row - 2 : row + 5, column - 2 : column + 9].any():
            mask[row : row + 3, column : column + 7] = 1
    return pattern(measure(mask, 0.5).cracks)


@pytest.mark.parametrize("kind", ["single", "parallel", "branching", "map"])
def test_drawn_cracks_are_named(kind: str) -> None:
    """One of ten may be missed: a branch may leave along its own crack, and two parallel ones may touch."""
    found = [measured(strands(kind, np.random.default_rng(seed))).kind for seed in range(10)]
    assert found.count(kind) >= 9


@pytest.mark.parametrize("kind", ["single", "parallel", "branching", "map"])
def test_specks_in_the_mask_do_not_change_the_name(kind: str) -> None:
    drawn = strands(kind, np.random.default_rng(1))
    assert measured(drawn, specks=40).kind == measured(drawn).kind == kind


def test_family_of_cracks_with_branches_is_never_a_map() -> None:
    families = [crack_with_branches(np.random.default_rng(seed), RECIPE) for seed in range(10)]
    assert {measured(family).kind for family in families} == {"single", "branching"}
