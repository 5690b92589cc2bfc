"""What the camera wrote about itself: the EXIF fields that give a photo its scale, as plain numbers, unjudged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import SupportsFloat


@dataclass(frozen=True)
class CameraExif:
    """Fields of the Exif IFD (CIPA DC-008); None where the photo does not say, NaN for a fraction over zero."""

    focal_length_mm: float | None = None
    focal_length_35mm: float | None = None
    """The focal length that sees the same diagonal angle on 24 x 36 mm film; 0 stands for unknown."""
    focal_plane_x_resolution: float | None = None
    focal_plane_y_resolution: float | None = None
    """Pixels on the sensor a unit of length, across and down."""
    focal_plane_unit: float | None = None
    """2 inch, 3 centimetre, 4 millimetre, 5 micrometre."""
    pixel_x_dimension: float | None = None
    pixel_y_dimension: float | None = None
    """Pixels of the photo as the camera stored it."""

    @classmethod
    def of(cls, tags: Mapping[int, object]) -> "CameraExif":
        """Pick the fields out of an Exif IFD, tag to value; what is no number counts as not said."""
        return cls(
            focal_length_mm=_number(tags.get(0x920A)),
            focal_length_35mm=_number(tags.get(0xA405)),
            focal_plane_x_resolution=_number(tags.get(0xA20E)),
            focal_plane_y_resolution=_number(tags.get(0xA20F)),
            focal_plane_unit=_number(tags.get(0xA210)),
            pixel_x_dimension=_number(tags.get(0xA002)),
            pixel_y_dimension=_number(tags.get(0xA003)),
        )


def _number(value: object) -> float | None:
    if not isinstance(value, SupportsFloat):
        return None
    try:
        return float(value)
    except (ValueError, ArithmeticError):
        return None
