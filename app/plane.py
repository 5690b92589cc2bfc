"""From pixels of the photo to millimetres on the flat surface in it, seen straight on or at an angle. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Plane:
    """A surface in the photo. `to_mm`, `[3, 3]`, is the homography from pixels (x, y, 1) to millimetres on it.

    The centre of the top left pixel is (0, 0). A photo taken straight on has one scale everywhere; one taken
    at an angle has another at every place and in every direction. On its horizon nothing is finite, and beyond
    it nothing means anything.
    """

    to_mm: Floats

    @classmethod
    def facing(cls, mm_per_px: float) -> "Plane":
        """The plane that faces the camera: the same scale everywhere."""
        return cls(np.diag([mm_per_px, mm_per_px, 1.0]))

    def mm(self, points: Floats) -> Floats:
        """Place on the surface, millimetres `[N, 2]`, of points (x, y), pixels `[N, 2]`."""
        mapped = points @ self.to_mm[:, :2].T + self.to_mm[:, 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(mapped[:, :2] / mapped[:, 2:], np.float64)

    def mm_per_px(self, points: Floats, directions: Floats) -> Floats:
        """Local scale `[N]` at points `[N, 2]` along directions `[N, 2]` of length 1 (Jacobian times direction)."""
        columns = self._jacobian(points) * directions[:, None, :]
        return np.asarray(np.hypot(*columns.sum(axis=2).T), np.float64)

    def mm2_per_px(self, points: Floats) -> Floats:
        """Square millimetres `[N]` that a pixel covers at points `[N, 2]`."""
        (a, b), (c, d) = self._jacobian(points).transpose(1, 2, 0)
        return np.asarray(np.abs(a * d - b * c), np.float64)

    def _jacobian(self, points: Floats) -> Floats:
        """`[N, 2, 2]`, row: coordinate on the surface, column: coordinate in the photo."""
        mapped = points @ self.to_mm[:, :2].T + self.to_mm[:, 2]
        depth = mapped[:, 2, None, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            places = (mapped[:, :2] / mapped[:, 2:])[:, :, None]
            linear = self.to_mm[None, :2, :2] - places * self.to_mm[2, :2]
            return np.asarray(linear / depth, np.float64)
