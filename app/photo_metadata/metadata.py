"""All of it together, and what EXIF says of camera and exposure."""

from dataclasses import dataclass

from app.photo_metadata.capture_time import captured_at
from app.photo_metadata.dji import DjiPose, read_dji
from app.photo_metadata.gps import Gps, read_gps
from app.photo_metadata.values import Tags, number, text


@dataclass(frozen=True)
class CameraUsed:
    """The camera and how it was set."""

    make: str | None = None
    model: str | None = None
    lens: str | None = None
    focal_length_mm: float | None = None
    exposure_time_s: float | None = None
    f_number: float | None = None
    iso: int | None = None


@dataclass(frozen=True)
class PhotoMetadata:
    """What a photo says of itself; None where it does not."""

    captured_at: str | None = None
    """ISO 8601; with a zone where EXIF has one."""
    gps: Gps | None = None
    camera: CameraUsed | None = None
    dji: DjiPose | None = None

    @classmethod
    def of(cls, first: Tags, exif: Tags, gps: Tags, xmp: bytes) -> "PhotoMetadata":
        """Pick it out of EXIF's first directory, its Exif and GPS directories and the XMP packet; any may be empty."""
        return cls(captured_at(exif), read_gps(gps, exif), _camera(first, exif), read_dji(xmp))


def _camera(first: Tags, exif: Tags) -> CameraUsed | None:
    iso = number(exif.get(0x8827), 1, 1e9)
    found = CameraUsed(
        make=text(first.get(0x010F)),
        model=text(first.get(0x0110)),
        lens=text(exif.get(0xA434)),
        focal_length_mm=number(exif.get(0x920A), 1e-3, 1e5),
        exposure_time_s=number(exif.get(0x829A), 1e-9, 1e6),
        f_number=number(exif.get(0x829D), 1e-2, 1e4),
        iso=None if iso is None else round(iso),
    )
    return None if found == CameraUsed() else found
