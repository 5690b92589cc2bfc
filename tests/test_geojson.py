"""format=geojson over HTTP, read back by GDAL as a GIS reads it."""

import json
import struct
from pathlib import Path

import numpy as np
import pyogrio
import pytest
from conftest import GOOD_PHOTO, Answer, Service, assert_problem, crack_photo, encode
from photos import LONDON, LOOKING_DOWN, jpeg, packet
from test_georeference import metres_a_degree

DOWN, ASLANT = packet(LOOKING_DOWN), packet(LOOKING_DOWN | {"GimbalPitchDegree": "-60"})
DRONE = jpeg(gps=LONDON, xmp=DOWN)
ENLARGED = {0xA002: 320, 0xA003: 240}  # as the camera took it
COLUMNS = [
    "crack_id", "part", "asset_id", "model", "area_px", "length_px", "orientation_deg",
    "mean_probability", "branch_count", "junction_count", "tortuosity", "flags", "area_mm2",
    "length_mm", "scale_uncertainty", "width_interval_mm", "limits",
    *(f"width_{unit}_{figure}" for unit in ("px", "mm")
      for figure in ("mean", "median", "p95", "max", "uncertainty", "p95_uncertainty")),
]  # fmt: skip


def ask(service: Service, query: str = "", photo: bytes = GOOD_PHOTO) -> Answer:
    answer = service.post(f"/v1/segment?format=geojson&{query}", photo)
    assert answer.status == 200, answer.body
    return answer


def by_gdal(body: bytes, folder: Path) -> tuple[dict, list[list[list[np.ndarray]]], dict]:
    """Layer, geometries (polygons of rings, or one list of lines) and columns."""
    file = folder / "cracks.geojson"
    file.write_bytes(body)
    layer, _, geometries, columns = pyogrio.raw.read(file)
    sql = "SELECT ST_IsValid(geometry) AS valid FROM cracks"
    assert pyogrio.raw.read(file, sql=sql, sql_dialect="SQLITE")[3][0].all()
    return (
        layer,
        [parts(each) for each in geometries],
        dict(zip(layer["fields"], columns, strict=True)),
    )


def parts(wkb: bytes) -> list[list[np.ndarray]]:
    """Little-endian WKB of a MultiPolygon, or of a MultiLineString as one list of lines."""
    kind, count = struct.unpack_from("<xII", wkb)
    assert kind in (5, 6), kind
    found, at = [], 9
    for _ in range(count):
        at += 5
        rings, lines = 1, []
        if kind == 6:
            (rings,) = struct.unpack_from("<I", wkb, at)
            at += 4
        for _ in range(rings):
            (points,) = struct.unpack_from("<I", wkb, at)
            lines.append(np.frombuffer(wkb, "<f8", 2 * points, at + 4).reshape(-1, 2))
            at += 4 + 16 * points
        found.append(lines)
    return found if kind == 6 else [[line for (line,) in found]]


def area(ring: np.ndarray) -> float:
    """Signed: positive counterclockwise."""
    x, y = (ring - ring[0]).T
    return float(x[:-1] @ y[1:] - x[1:] @ y[:-1]) / 2


def test_by_pixels_of_the_photo(service: Service, tmp_path: Path) -> None:
    answer = ask(service, "asset_id=B-12")
    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-disposition"].endswith('.geojson"')
    said = answer.json()
    assert "crs" not in said
    assert said["frame"] == {
        "kind": "photo", "axes": ["right", "down"], "unit": "pixel",
        "origin": "centre of the top left pixel of the upright photo",
        "width_px": 160, "height_px": 120, "not_georeferenced": "no-scale",
    }  # fmt: skip
    _, (outline, centreline), columns = by_gdal(answer.body, tmp_path)
    assert list(columns) == COLUMNS
    assert columns["part"].tolist() == ["outline", "centerline"]
    assert columns["asset_id"].tolist() == ["B-12"] * 2
    assert columns["model"].tolist() == ["darkness 1.0.0"] * 2
    (((ring),),) = outline
    assert area(ring) == 400
    assert (ring.min(axis=0).tolist(), ring.max(axis=0).tolist()) == ([29.5, 49.5], [129.5, 53.5])
    ((line,),) = centreline
    np.testing.assert_allclose(line[:, 1], 51.5, atol=0.5)


def test_the_figures_are_those_of_the_json(service: Service, tmp_path: Path) -> None:
    query = "mm_per_px=0.2&limits=en-1992-1-1-2004&cracks=false"
    (crack,) = service.post(f"/v1/segment?{query[:-13]}", GOOD_PHOTO).json()["cracks"]
    _, _, columns = by_gdal(ask(service, query).body, tmp_path)
    assert columns["crack_id"].tolist() == [crack["id"]] * 2
    for name in ("area_px", "length_px", "length_mm", "area_mm2", "orientation_deg"):
        assert columns[name].tolist() == [crack[name]] * 2
    for unit in ("px", "mm"):
        for figure, value in crack[f"width_{unit}"].items():
            assert columns[f"width_{unit}_{figure}"].tolist() == [value] * 2
    assert json.loads(columns["limits"][0]) == crack["limits"]


def test_holes_and_the_right_hand_rule(service: Service, tmp_path: Path) -> None:
    photo = np.full((120, 160, 3), 200, np.uint8)
    photo[30:90, 30:90] = 10
    photo[40:80, 40:80] = 200
    photo[55:65, 100:150] = 10
    for query, body in (("", encode(photo)), ("mm_per_px=1", on_the_ground(photo))):
        _, geometries, columns = by_gdal(ask(service, query, body).body, tmp_path)
        assert columns["crack_id"].tolist() == [1, 1, 2, 2]
        ((outer, hole),) = geometries[0]
        assert area(outer) > 0 > area(hole)
        assert len(geometries[2][0]) == 1


def on_the_ground(photo: np.ndarray, **changes: str) -> bytes:
    """The same, taken by a drone over London."""
    return jpeg(gps=LONDON, xmp=packet(LOOKING_DOWN | changes), photo=photo)


@pytest.mark.parametrize("yaw", [0, 90, 180, -90])
def test_by_longitude_and_latitude(service: Service, tmp_path: Path, yaw: int) -> None:
    photo = on_the_ground(crack_photo(), GimbalYawDegree=f"{yaw:+.2f}")
    answer = ask(service, "mm_per_px=2", photo)
    frame = answer.json()["frame"]
    assert (frame["kind"], frame["axes"]) == ("wgs84", ["longitude", "latitude"])
    assert frame["position_source"] == "exif"
    assert frame["heading_deg"] == yaw % 360
    assert frame["uncertainty_m"] == pytest.approx(2.5, abs=0.01)
    layer, (((ring,),), ((line,),)), _ = by_gdal(answer.body, tmp_path)
    assert layer["crs"] == "EPSG:4326"
    latitude, longitude = 51 + 30 / 60 + 26.4 / 3600, -(7 / 60 + 39.9 / 3600)
    metres = (ring - [longitude, latitude]) * metres_a_degree(latitude)
    assert area(metres) == pytest.approx(400 * 0.002**2, rel=1e-3)
    # The crack's middle is 0 px right of the photo's and 8 px above it, 16 mm.
    east, north = metres[:-1].mean(axis=0)
    away = {0: (0, 0.016), 90: (0.016, 0), 180: (0, -0.016), -90: (-0.016, 0)}[yaw]
    assert (east, north) == (pytest.approx(away[0], abs=1e-4), pytest.approx(away[1], abs=1e-4))
    along = 0 if yaw in (0, 180) else 1
    assert np.ptp(metres, axis=0)[along] == pytest.approx(0.2, abs=1e-4)
    assert np.ptp(line, axis=0)[along] > np.ptp(line, axis=0)[1 - along]


def test_longitudes_wrap_at_the_180th_meridian(service: Service, tmp_path: Path) -> None:
    photo = np.full((120, 160, 3), 200, np.uint8)
    photo[30:34, 10:60] = photo[60:64, 100:150] = photo[90:94, 60:100] = 10
    edge = LONDON | {3: "E", 4: (180.0, 0.0, 0.0)}
    answer = ask(service, "mm_per_px=100", jpeg(gps=edge, xmp=DOWN, photo=photo))
    _, geometries, columns = by_gdal(answer.body, tmp_path)
    outlines = {
        int(id): geometry[0][0][:, 0]
        for id, part, geometry in zip(columns["crack_id"], columns["part"], geometries, strict=True)
        if part == "outline"
    }
    (wrapped,) = [each for each in outlines.values() if each.max() < 0]
    (before,) = [each for each in outlines.values() if each.min() > 0 and each.max() < 180]
    (across,) = [each for each in outlines.values() if each.max() > 180]
    a_longitude, _ = metres_a_degree(51.5073)
    # 100 to 150 px less the centre at 79.5 and half a pixel, of 0.1 m each.
    assert (wrapped.min() + 180) * a_longitude == pytest.approx(2.0, abs=0.01)
    assert (wrapped.max() + 180) * a_longitude == pytest.approx(7.0, abs=0.01)
    assert (before.min() - 180) * a_longitude == pytest.approx(-7.0, abs=0.01)
    assert np.ptp(across) * a_longitude == pytest.approx(4.0, abs=0.01)  # in one piece


@pytest.mark.parametrize("column", range(74, 84))
def test_both_parts_of_a_crack_lie_on_one_side_of_the_meridian(
    service: Service, column: int
) -> None:
    photo = np.full((120, 160, 3), 200, np.uint8)
    photo[20:100, column : column + 4] = photo[20:24, column : column + 9] = 10
    edge = LONDON | {3: "E", 4: (180.0, 0.0, 0.0)}
    answer = ask(service, "mm_per_px=100", jpeg(gps=edge, xmp=DOWN, photo=photo))
    outline, centerline = (each["geometry"]["coordinates"] for each in answer.json()["features"])
    assert np.ptp([np.mean(points, axis=0)[0] for points in (outline[0][0], centerline[0])]) < 1


@pytest.mark.parametrize(
    ("query", "photo", "reason"),
    [
        ("", DRONE, "no-scale"),
        ("mm_per_px=1", GOOD_PHOTO, "no-position"),
        ("mm_per_px=1", jpeg(gps=LONDON), "no-gimbal-angles"),
        ("mm_per_px=1", jpeg(gps=LONDON | {2: (85.5,)}, xmp=DOWN), "near-pole"),
        ("mm_per_px=1", jpeg(first={0x0112: 3}, gps=LONDON, xmp=DOWN), "not-upright"),
        ("mm_per_px=1", jpeg(gps=LONDON, xmp=ASLANT), "not-straight-down"),
        ("mm_per_px=1", jpeg(exif=ENLARGED, gps=LONDON, xmp=DOWN), "resized-or-cropped"),
    ],
)  # fmt: skip
def test_pixels_where_the_ground_is_not_known(
    service: Service, query: str, photo: bytes, reason: str
) -> None:
    said = ask(service, query, photo).json()
    assert said["frame"]["not_georeferenced"] == reason
    assert said["features"][0]["geometry"]["coordinates"][0][0][0][0] > 1


def test_a_photo_without_cracks_is_an_empty_collection(service: Service, tmp_path: Path) -> None:
    body = ask(service, "", encode(np.full((70, 90, 3), 200, np.uint8))).body
    assert json.loads(body)["features"] == []
    (tmp_path / "empty.geojson").write_bytes(body)
    assert pyogrio.read_info(tmp_path / "empty.geojson")["features"] == 0


def test_what_the_caller_said_stands_in_it(service: Service) -> None:
    said = ask(service, "metadata=%7B%22span%22:3%7D&asset_id=B").json()
    assert said["metadata"] == {"span": 3}
    assert [each["properties"]["asset_id"] for each in said["features"]] == ["B", "B"]


def test_accept_asks_for_it(service: Service) -> None:
    answer = service.post("/v1/segment", GOOD_PHOTO, Accept="application/geo+json")
    assert answer.json()["type"] == "FeatureCollection"
    refused = service.post("/v1/segment", GOOD_PHOTO, Accept="application/vnd.geo+json")
    assert_problem(refused, 406, "not-acceptable", "application/geo+json")


@pytest.mark.parametrize("value", [0, 10])
def test_a_photo_of_one_pixel(service: Service, tmp_path: Path, value: int) -> None:
    _, ((((ring,)),), _), _ = by_gdal(
        ask(service, "", encode(np.full((1, 1, 3), value, np.uint8))).body, tmp_path
    )
    assert area(ring) == 1
