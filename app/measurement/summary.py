"""From the widths at the points of the centrelines to the widths of whole cracks."""

from dataclasses import dataclass

import numpy as np

from app.measurement.arrays import Floats, Integers
from app.measurement.result import Widths

# Where the two edges together lie is uncertain by half a pixel, whatever the map.
EDGE_DOUBT_PX = 0.5
# Standard error of the 95 % quantile of n normal samples over that of their mean: sqrt(0.95 0.05) / 0.1031, the
# normal density there (Kendall and Stuart, The Advanced Theory of Statistics, 10.10).
P95_ERROR = 2.11


@dataclass(frozen=True)
class Stretches:
    """Points that stand for the widths of cracks.

    Attributes:
        point: [N] which points of the centrelines.
        crack: [N] crack of each, 0 to count - 1; every crack has one at least.
        count: number of cracks.
    """

    point: Integers
    crack: Integers
    count: int

    def mean(self, values: Floats) -> Floats:
        """[count] mean over each crack of values [points]."""
        return self._sum(values[self.point]) / self._sum(np.ones(len(self.point)))

    def _sum(self, values: Floats) -> Floats:
        sums = np.bincount(self.crack, weights=values, minlength=self.count)
        return np.asarray(sums, np.float64)

    def widths(self, values: Floats, widths_px: Floats, unit: Floats) -> list[Widths]:
        """Widths of each crack.

        Args:
            values: [points] the widths, in any unit.
            widths_px: [points] the same in pixels.
            unit: [count] a pixel of each crack, in the unit of `values`.
        """
        chosen = values[self.point]
        samples = self._sum(np.ones(len(chosen)))
        mean = self._sum(chosen) / samples
        variance = self._sum((chosen - mean[self.crack]) ** 2) / samples
        # Stretches as long as the crack is wide count as one sample each.
        independent = np.maximum(1.0, samples / np.maximum(self.mean(widths_px), 1.0))
        errors = [
            np.sqrt((EDGE_DOUBT_PX * unit) ** 2 + factor**2 * variance / independent)
            for factor in (1.0, P95_ERROR)
        ]
        ordered = chosen[np.lexsort((chosen, self.crack))]
        median, p95, largest = (self._quantile(ordered, share) for share in (0.5, 0.95, 1.0))
        columns = np.column_stack([mean, median, p95, largest, *errors])
        return [Widths(*row) for row in columns.tolist()]

    def widest(self, values: Floats) -> Integers:
        """[count] the point where each crack is widest."""
        order = np.lexsort((values[self.point], self.crack))
        is_last = np.append(np.diff(self.crack[order]) > 0, True)
        return np.asarray(self.point[order][is_last], np.int64)

    def _quantile(self, ordered: Floats, share: float) -> Floats:
        """[count] quantile of values ordered by crack and size, linear between neighbours."""
        sizes = np.bincount(self.crack, minlength=self.count)
        position = np.cumsum(sizes) - sizes + share * (sizes - 1)
        below = np.floor(position).astype(np.int64)
        above = np.ceil(position).astype(np.int64)
        return np.asarray(
            ordered[below] + (position - below) * (ordered[above] - ordered[below]), np.float64
        )
