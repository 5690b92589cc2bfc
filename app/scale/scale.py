"""A scale: millimetres for pixels, where they come from and how sure they are."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.plane import Plane

Floats = NDArray[np.float64]
Source = Literal["parameter", "points", "marker", "camera"]

# Directions in which a scale is compared; four see the worst of all directions to within a few per cent.
_DIRECTIONS = np.column_stack([np.cos(np.pi / 4 * np.arange(4)), np.sin(np.pi / 4 * np.arange(4))])


@dataclass(frozen=True, eq=False)
class Scale:
    """Scale of a photo.

    Attributes:
        plane: the surface; its scale differs from place to place where it is seen at an angle.
        mm_per_px: at the photo's centre, the geometric mean of both directions.
        source: where it comes from.
        relative_uncertainty: one standard uncertainty of the scale at the photo's centre, in the
            least sure direction, as a fraction; None where the caller gave the scale and nobody
            knows. Lengths that the caller measured count as exact.
        alternatives: planes as likely as `plane`, each off by one standard uncertainty of one
            independent measurement; none where the scale is as sure everywhere as at the centre.
    """

    plane: Plane
    mm_per_px: float
    source: Source
    relative_uncertainty: float | None
    alternatives: tuple[Plane, ...] = ()

    @classmethod
    def facing(
        cls, mm_per_px: float, source: Source, relative_uncertainty: float | None
    ) -> "Scale":
        """The same scale everywhere: the surface faces the camera."""
        return cls(Plane.facing(mm_per_px), mm_per_px, source, relative_uncertainty)

    @classmethod
    def of_plane(
        cls, plane: Plane, source: Source, centre: Floats, alternatives: tuple[Plane, ...]
    ) -> "Scale":
        """A scale that differs from place to place; `centre`, `[2]` pixels, is the photo's."""
        place = centre[None]
        return cls(
            plane,
            float(np.sqrt(plane.mm2_per_px(place)[0])),
            source,
            float(_uncertainty(plane, alternatives, place)[0]),
            alternatives,
        )

    @property
    def is_indicative(self) -> bool:
        """Too unsure for a width that somebody relies on: the camera's own word for its optics."""
        return self.source == "camera"

    def relative_uncertainty_at(self, points: Floats) -> Floats | None:
        """One standard uncertainty `[N]` of the local scale at points `[N, 2]`, pixels, as a fraction.

        In the least sure direction. Infinite at and beyond the horizon of the plane, where the photo does
        not show it. None where `relative_uncertainty` is None.
        """
        if self.relative_uncertainty is None:
            return None
        if not self.alternatives:
            return np.full(len(points), self.relative_uncertainty)
        return _uncertainty(self.plane, self.alternatives, points)


def depth(plane: Plane, points: Floats) -> Floats:
    """`[N]`, above 0 on the near side of the plane's horizon; the unit is arbitrary."""
    return np.asarray(points @ plane.to_mm[2, :2] + plane.to_mm[2, 2], np.float64)


def _uncertainty(plane: Plane, alternatives: tuple[Plane, ...], points: Floats) -> Floats:
    """Changes of the local scale from plane to each alternative, in quadrature; the worst direction `[N]`."""
    result = np.full(len(points), np.inf)
    visible = depth(plane, points) > 0
    places = points[visible]
    worst = np.zeros(len(places))
    for direction in _DIRECTIONS:
        directions = np.broadcast_to(direction, places.shape)
        scale = plane.mm_per_px(places, directions)
        changes = [other.mm_per_px(places, directions) / scale - 1 for other in alternatives]
        worst = np.maximum(worst, np.linalg.norm(changes, axis=0))
    result[visible] = worst
    return result
