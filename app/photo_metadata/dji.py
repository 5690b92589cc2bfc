"""Which way a DJI drone and its gimbal looked, and how high it was, from the photo's XMP packet.

A packet is read by expat and not by a regular expression: attribute or element, any prefix, either quote and the
entities of XML itself come out right. Hostile ones are met so: more than MAX_XMP_BYTES are not looked at; a DOCTYPE,
without which there is no entity to expand and no file to fetch, ends the reading before the first element; UTF-8 and,
by its mark, UTF-16 are read, whatever encoding the packet names; no tree is built, so depth costs nothing. What stands
before an error is kept, because packets are padded with zeros and cut off.
"""

import contextlib
import re
from dataclasses import dataclass
from xml.parsers import expat

from app.photo_metadata.values import number

NAMESPACE = "http://www.dji.com/drone-dji/1.0/"
# A drone's packet has some 5 kB; those with previews in them are no drone's.
MAX_XMP_BYTES = 256 * 1024
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?", re.ASCII)


@dataclass(frozen=True)
class DjiPose:
    """Where drone and gimbal were and how they were turned; latitude and longitude are both known or both None.

    Angles turn the frame north, east, down by yaw, then pitch, then roll (DJI's manuals: "NED", "ZYX").
    Yaw runs clockwise from north; a gimbal pitched to -90 looks straight down.
    """

    gimbal_roll_deg: float | None = None
    gimbal_yaw_deg: float | None = None
    gimbal_pitch_deg: float | None = None
    flight_roll_deg: float | None = None
    flight_yaw_deg: float | None = None
    flight_pitch_deg: float | None = None
    relative_altitude_m: float | None = None
    """Above the place of take-off, not above what the photo shows."""
    absolute_altitude_m: float | None = None
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    rtk_flag: int | None = None
    """50: fixed, to centimetres; 32 to 49: float; 16: without corrections; 0: failed."""
    rtk_std_latitude_m: float | None = None
    """Standard deviation, as is rtk_std_longitude_m."""
    rtk_std_longitude_m: float | None = None


_ANGLE, _METRES, _STD = (-360.0, 360.0), (-12_000.0, 100_000.0), (0.0, 1e6)
# What firmware has called a field, and its range; where two names fill one field, the first that can be read does.
_FIELDS: dict[str, tuple[str, tuple[float, float]]] = {
    "GimbalRollDegree": ("gimbal_roll_deg", _ANGLE),
    "GimbalYawDegree": ("gimbal_yaw_deg", _ANGLE),
    "GimbalPitchDegree": ("gimbal_pitch_deg", _ANGLE),
    "FlightRollDegree": ("flight_roll_deg", _ANGLE),
    "FlightYawDegree": ("flight_yaw_deg", _ANGLE),
    "FlightPitchDegree": ("flight_pitch_deg", _ANGLE),
    "RelativeAltitude": ("relative_altitude_m", _METRES),
    "AbsoluteAltitude": ("absolute_altitude_m", _METRES),
    "GpsLatitude": ("latitude_deg", (-90.0, 90.0)),
    "GPSLatitude": ("latitude_deg", (-90.0, 90.0)),
    "GpsLongitude": ("longitude_deg", (-180.0, 180.0)),
    "GPSLongitude": ("longitude_deg", (-180.0, 180.0)),
    "GpsLongtitude": ("longitude_deg", (-180.0, 180.0)),  # so DJI spells it
    "GPSLongtitude": ("longitude_deg", (-180.0, 180.0)),
    "RtkStdLat": ("rtk_std_latitude_m", _STD),
    "RtkStdLon": ("rtk_std_longitude_m", _STD),
}


def read_dji(xmp: bytes) -> DjiPose | None:
    """What the packet says; None where it says nothing of that.

    Latitude and longitude are both known or both None; 0 north and 0 east is a drone without satellites.
    """
    said = _properties(xmp)
    values: dict[str, float | None] = {}
    for name, (field, limits) in _FIELDS.items():
        if values.get(field) is None:
            values[field] = _number(said.get(name), *limits)
    latitude, longitude = values["latitude_deg"], values["longitude_deg"]
    if latitude is None or longitude is None or not (latitude or longitude):
        values |= {"latitude_deg": None, "longitude_deg": None}
    flag = _number(said.get("RtkFlag"), 0, 255)
    found = DjiPose(**values, rtk_flag=None if flag is None else round(flag))
    return None if found == DjiPose() else found


def _number(said: str | None, low: float, high: float) -> float | None:
    """Of "+12.30" or " -90 ", within the range; DJI writes no exponents."""
    line = (said or "").strip()
    return number(float(line), low, high) if _NUMBER.fullmatch(line) else None


def _properties(xmp: bytes) -> dict[str, str]:
    """Local name to text of every property in DJI's namespace, the first of a name."""
    reader = _Reader()
    if len(xmp) <= MAX_XMP_BYTES:
        # A DOCTYPE, or XML that is broken from here on.
        with contextlib.suppress(expat.ExpatError, _Doctype):
            reader.read(xmp)
    return reader.properties


class _Doctype(Exception):
    """The packet declares a document type, which no XMP does."""


class _Reader:
    """Properties as attributes (drone-dji:X="1") and as elements (<drone-dji:X>1</drone-dji:X>)."""

    def __init__(self) -> None:
        self.properties: dict[str, str] = {}
        self._inside: str | None = None
        self._pieces: list[str] = []

    def read(self, xmp: bytes) -> None:
        parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.Parse(xmp, True)

    def _doctype(self, *declaration: object) -> None:
        raise _Doctype

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._inside, self._pieces = _local(name), []
        for each, value in attributes.items():
            self._keep(_local(each), value)

    def _characters(self, data: str) -> None:
        if self._inside:
            self._pieces.append(data)

    def _end(self, name: str) -> None:
        if self._inside:
            self._keep(self._inside, "".join(self._pieces))
        self._inside = None

    def _keep(self, name: str | None, value: str) -> None:
        if name:
            self.properties.setdefault(name, value)


def _local(name: str) -> str | None:
    """The name within DJI's namespace; expat puts namespace and name together with a space between."""
    namespace, _, local = name.rpartition(" ")
    return local if namespace == NAMESPACE else None
