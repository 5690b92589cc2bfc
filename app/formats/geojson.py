"""GeoJSON (RFC 7946) for GIS: of every crack its outline and its centreline, as two features.

Two features, and no GeometryCollection, because QGIS draws none and GDAL writes it into few formats; told apart by
`part`, each of one type, MultiPolygon or MultiLineString: QGIS opens the file as one layer of polygons and one of
lines, and a filter `part = 'outline'` makes a table of one row a crack. Properties are flat, for they are columns:
`width_px.mean` is `width_px_mean`, as GDAL itself flattens. `id` is `crack_id`, for GDAL would take an `id` that two
features share for theirs and count it on. Rings follow the right-hand rule.

Coordinates are longitude and latitude where `georeference` can tell them; else pixels of the photo. The foreign member
`frame` says which, and why. There is no `crs`, which RFC 7946 took out; so GIS takes pixels for degrees too, unless its
user says otherwise.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import JsonValue

from app import schemas
from app.formats.polygons import polygons, signed_area
from app.georeference import Georeference, Reason, georeference
from app.inspection import Result
from app.measurement import Crack
from app.measurement.arrays import Floats

# Digits behind the point: half pixels and a simplification to 0.5 px need two, and a millionth of a metre is 9e-12
# degrees; pixels of 0.1 mm would fall together at the seven digits that RFC 7946 (11.2) finds enough for a position.
PIXEL_DIGITS, DEGREE_DIGITS = 2, 11
# What is a place in the photo, a list a point, or too large for a column.
NO_COLUMNS = frozenset(
    {"id", "bbox_px", "max_width_at_px", "centerlines_px", "centerline_widths_px", "gaps", "outline_px",
     "width_px", "width_mm"}
)  # fmt: skip


@dataclass(frozen=True)
class Frame:
    """What coordinates mean in this file."""

    placed: Georeference | Reason
    height_px: int
    width_px: int

    def said(self) -> dict[str, JsonValue]:
        """The foreign member `frame`."""
        if isinstance(self.placed, Georeference):
            return {
                "kind": "wgs84",
                "axes": ["longitude", "latitude"],
                "unit": "degree",
                "position_source": self.placed.source,
                "latitude_deg": self.placed.latitude_deg,
                "longitude_deg": self.placed.longitude_deg,
                "heading_deg": round(self.placed.heading_deg, 2),
                "mm_per_px": self.placed.mm_per_px,
                "uncertainty_m": round(self.placed.uncertainty_m, 3),
            }
        return {
            "kind": "photo",
            "axes": ["right", "down"],
            "unit": "pixel",
            "origin": "centre of the top left pixel of the upright photo",
            "width_px": self.width_px,
            "height_px": self.height_px,
            "not_georeferenced": self.placed,
        }

    def turns(self, lines: Sequence[Floats]) -> float:
        """Whole turns that bring the lines `[N, 2]` of one crack, in pixels, within 180 degrees of 0, or on past 180.

        What crosses the 180th meridian goes on past it: two halves, as RFC 7946 (3.1.9) would have it, would be two
        cracks.
        """
        if not isinstance(self.placed, Georeference) or not lines:
            return 0.0
        longitudes = np.concatenate([self.placed.lonlat(line) for line in lines])[:, 0]
        return float(np.round((longitudes.min() + longitudes.max()) / 720))

    def coordinates(self, lines: Sequence[Floats], turns: float) -> list[Floats]:
        """Lines `[N, 2]` in pixels as this frame has them, so many turns of longitude back."""
        if not isinstance(self.placed, Georeference):
            return [np.round(line, PIXEL_DIGITS) for line in lines]
        back = np.array([360 * turns, 0])
        return [np.round(self.placed.lonlat(line) - back, DEGREE_DIGITS) for line in lines]


def geojson(result: Result) -> bytes:
    """UTF-8 of a FeatureCollection. `asset_id` and `model` stand at every crack, the caller's `metadata` once."""
    photo, parameters = result.photo, result.parameters
    frame = Frame(georeference(photo, result.findings.scale), photo.height, photo.width)
    pairs = zip(result.findings.measurement.cracks, result.findings.cracks(), strict=True)
    given: dict[str, JsonValue] = {"asset_id": parameters.asset_id, "model": result.made_by}
    features = [
        feature for crack, told in pairs for feature in _features(crack, told, frame, given)
    ]
    collection = {
        "type": "FeatureCollection",
        "frame": frame.said(),
        "photo_sha256": photo.sha256,
        **given,
        "metadata": parameters.caller_metadata(),
        "features": features,
    }
    return json.dumps(collection, ensure_ascii=False, allow_nan=False).encode()


def _features(
    crack: Crack, told: schemas.Crack, frame: Frame, given: dict[str, JsonValue]
) -> Iterator[dict[str, JsonValue]]:
    columns = _columns(told)
    outline = crack.outline_px or ()
    turns = frame.turns([*outline, *crack.centerlines_px])  # once: both parts lie in one place
    for part, geometry in (
        ("outline", _outline(outline, frame, turns)),
        ("centerline", _centerline(crack, frame, turns)),
    ):
        properties = {"crack_id": told.id, "part": part, **given, **columns}
        yield {"type": "Feature", "geometry": geometry, "properties": properties}


def _columns(told: schemas.Crack) -> dict[str, JsonValue]:
    """The crack's figures by the API's names, the same columns for every crack."""
    columns: dict[str, JsonValue] = told.model_dump(mode="json", exclude=set(NO_COLUMNS))
    columns["flags"] = ",".join(told.flags)  # GDAL makes text of a list
    for name, widths in (("width_px", told.width_px), ("width_mm", told.width_mm)):
        for figure in schemas.Widths.model_fields:
            columns[f"{name}_{figure}"] = None if widths is None else getattr(widths, figure)
    return columns


def _outline(outline: Sequence[Floats], frame: Frame, turns: float) -> JsonValue:
    found = polygons(outline)
    if not found:  # simplified to nothing; such a feature is unlocated (RFC 7946, 3.2)
        return None
    rings = iter(frame.coordinates([ring for polygon in found for ring in polygon], turns))
    coordinates: JsonValue = [
        [_ring(next(rings), is_hole=number > 0) for number in range(len(polygon))]
        for polygon in found
    ]
    return {"type": "MultiPolygon", "coordinates": coordinates}


def _ring(ring: Floats, *, is_hole: bool) -> JsonValue:
    """Closed, outer rings counterclockwise and holes clockwise by their coordinates (RFC 7946, 3.1.6)."""
    if (signed_area(ring) < 0) != is_hole:
        ring = ring[::-1]
    closed: JsonValue = np.concatenate([ring, ring[:1]]).tolist()
    return closed


def _centerline(crack: Crack, frame: Frame, turns: float) -> JsonValue:
    lines = frame.coordinates(crack.centerlines_px, turns)
    return {"type": "MultiLineString", "coordinates": [line.tolist() for line in lines]}
