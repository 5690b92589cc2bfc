"""Outlines as polygons that GIS takes for valid."""

import json
from pathlib import Path

import numpy as np
import pyogrio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.formats.polygons import polygons, signed_area
from app.measurement.outline import outlines, smoothed
from app.measurement.regions import find_regions

masks = arrays(np.bool_, st.tuples(st.integers(1, 14), st.integers(1, 14)))


def of_mask(mask: np.ndarray, tolerance_px: float = 0) -> list[list[list[np.ndarray]]]:
    """Polygons of each component."""
    regions, _ = find_regions(mask.astype(np.float32), 0.5, 0)
    return [polygons([smoothed(one, tolerance_px) for one in each]) for each in outlines(regions)]


def picture(*rows: str) -> np.ndarray:
    return np.array([[each == "#" for each in row] for row in rows])


@pytest.mark.parametrize(
    ("rows", "holes"),
    [
        (["##", "##"], [0]),
        (["###", "#.#", "###"], [1]),
        (["#.", ".#"], [0, 0]),  # they touch by a corner: two polygons
        ([".#.", "#.#", ".#."], [0, 0, 0, 0]),  # and round a hole four
        (["####", "#.##", "##.#", "####"], [2]),  # the holes touch
        (["#####", "#...#", "#.#.#", "#...#", "#####"], [1]),  # an island is a crack of its own
        (["#####", "#.###", "##.##", "#...#", "#####"], [2]),
        (["#####", "#..##", "#.#.#", "#####"], [2]),  # a pixel within touches the rest by a corner
    ],
)  # fmt: skip
def test_pieces_and_holes(rows: list[str], holes: list[int]) -> None:
    first = of_mask(picture(*rows))[0]
    assert sorted(len(polygon) - 1 for polygon in first) == holes


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(mask=masks, tolerance_px=st.sampled_from([0, 0.5]))
def test_gdal_finds_every_one_valid(tmp_path: Path, mask: np.ndarray, tolerance_px: float) -> None:
    found = of_mask(mask, tolerance_px)
    features = [
        {
            "type": "Feature",
            "properties": {},
            "geometry": {
                "type": "MultiPolygon",
                "coordinates": [
                    [np.concatenate([ring, ring[:1]]).tolist() for ring in polygon]
                    for polygon in crack
                ],
            },
        }
        for crack in found
    ]
    if not features:
        return
    file = tmp_path / "polygons.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    sql = "SELECT ST_IsValid(geometry) AS valid, ST_Area(geometry) AS area FROM polygons"
    valid, areas = pyogrio.raw.read(file, sql=sql, sql_dialect="SQLITE")[3]
    assert valid.all()
    if not tolerance_px:
        assert areas.sum() == mask.sum()


def test_outer_rings_and_holes_run_against_each_other() -> None:
    ((outer, hole),) = of_mask(picture("####", "#..#", "####"))[0]
    assert signed_area(outer) == -12
    assert signed_area(hole) == 2


def test_nothing_is_no_polygon() -> None:
    assert polygons([]) == []
    assert polygons([np.array([[0.0, 0.0], [1.0, 1.0]])]) == []
