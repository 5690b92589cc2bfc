"""What was measured, in the words of the API: pixels, millimetres with the scale's doubt, verdicts."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cached_property

import numpy as np

from app import schemas
from app.density import Density, default_cell_px
from app.density import density as density_of
from app.limits import Table, classify, interval_mm
from app.measurement import Crack, Measurement, Widths
from app.parameters import Parameters
from app.pattern import pattern as pattern_of
from app.quality import SMALLEST_WIDTH_PX, Quality
from app.scale import Scale

# A scale less sure than that says nothing of a width: no millimetres then, rather than wrong ones.
LARGEST_SCALE_DOUBT = 0.25
# Places along a crack at which the doubt is looked up; a hundred thousand would take a second.
MAX_DOUBTED = 200


@dataclass(frozen=True)
class InMillimetres:
    """A crack on the surface, the scale's doubt in the uncertainties of its width, and that doubt itself."""

    length: float
    width: Widths
    area_mm2: float
    doubt: float | None
    """One standard uncertainty of the scale where it is least sure along the crack, as a fraction; None: unknown."""


@dataclass(frozen=True)
class Findings:
    """A measured photo or mask of `height` x `width` pixels, and what its caller asked of it."""

    measurement: Measurement
    height: int
    width: int
    scale: Scale | None
    table: Table | None
    parameters: Parameters

    def statistics(self) -> schemas.Statistics:
        """Totals, with millimetres where every crack has them."""
        measured = self.measurement
        in_mm = [each for each in self._in_mm if each is not None]
        complete = self.scale is not None and len(in_mm) == measured.crack_count
        length = sum(each.length for each in in_mm)
        weighted = sum(each.length * each.width.mean for each in in_mm)
        largest = max((each.width.max for each in in_mm), default=0.0)
        return schemas.Statistics(
            total_pixels=measured.total_pixels,
            crack_pixels=measured.crack_pixels,
            crack_ratio=measured.crack_ratio,
            crack_count=measured.crack_count,
            total_length_px=round(measured.total_length_px, 2),
            mean_width_px=round(measured.mean_width_px, 3),
            max_width_px=round(measured.max_width_px, 3),
            total_length_mm=_mm(length) if complete else None,
            mean_width_mm=_mm(weighted / length if length else 0.0) if complete else None,
            max_width_mm=_mm(largest) if complete else None,
        )

    def scale_used(self) -> schemas.Scale | None:
        """The scale, its source and how sure it is."""
        if self.scale is None:
            return None
        return schemas.Scale(
            mm_per_px=self.scale.mm_per_px,
            source=self.scale.source,
            relative_uncertainty=self.scale.relative_uncertainty,
        )

    def cracks(self) -> list[schemas.Crack]:
        """The list of cracks as the parameters ask for it."""
        return self._cracks if self.parameters.cracks else []

    def pattern(self) -> schemas.Pattern:
        """How the cracks lie to one another."""
        found = pattern_of(self.measurement.cracks)
        return schemas.Pattern(
            kind=found.kind,
            axial_spread_deg=round(found.axial_spread_deg, 1),
            junctions_per_1000_px=round(found.junctions_per_1000_px, 3),
            closed_cells=found.closed_cells,
        )

    def density(self) -> schemas.Density:
        """Crack length per area, cell by cell."""
        found = self.density_grid()
        return schemas.Density(
            cell_px=found.cell_px,
            px_per_px2=np.round(found.px_per_px2, 6).tolist(),
            m_per_m2=None if found.m_per_m2 is None else np.round(found.m_per_m2, 6).tolist(),
        )

    def density_grid(self, cell_px: int | None = None) -> Density:
        """The same, unrounded, in cells of that size, if any. Raises InvalidParameter for too fine a grid."""
        cell = cell_px or self.parameters.cell_px or default_cell_px(self.height, self.width)
        lines = [line for crack in self.measurement.cracks for line in crack.centerlines_px]
        plane = self.scale.plane if self.scale else None
        return density_of(lines, self.height, self.width, plane, cell)

    def mean_density(self) -> Density:
        """Over the whole photo: one cell."""
        return self.density_grid(max(self.height, self.width))

    def warnings(self) -> list[str]:
        """What a reader of the cracks must know."""
        told = {
            "smallest-cracks-left-out": self.measurement.left_out > 0,
            "scale-indicative": self.scale is not None and self.scale.is_indicative,
            "scale-too-unsure": self.scale is not None and None in self._in_mm,
            "limits-need-scale": self.table is not None and self.scale is None,
        }
        return [warning for warning, holds in told.items() if holds]

    def _crack(self, crack: Crack, in_mm: InMillimetres | None) -> schemas.Crack:
        flags: list[schemas.Flag] = (
            ["below-resolution"] if crack.width_px.mean < SMALLEST_WIDTH_PX else []
        )
        below_resolution = crack.width_px.p95 < SMALLEST_WIDTH_PX  # the width that is held against
        interval = verdicts = None
        if self.table is not None and in_mm is not None:
            width = in_mm.width
            interval = interval_mm(
                width.p95, width.p95_uncertainty, is_below_resolution=below_resolution
            )
            verdicts = classify(
                width.p95, width.p95_uncertainty, self.table, is_below_resolution=below_resolution
            )
        return schemas.Crack(
            id=crack.id,
            area_px=crack.area_px,
            bbox_px=crack.bbox_px,
            length_px=round(crack.length_px, 2),
            width_px=_widths(crack.width_px, _px),
            max_width_at_px=_point(crack.max_width_at_px),
            orientation_deg=round(crack.orientation_deg, 1) % 180,
            mean_probability=round(crack.mean_probability, 4),
            centerlines_px=[_points(line) for line in crack.centerlines_px],
            centerline_widths_px=[
                np.round(widths, 2).tolist() for widths in crack.centerline_widths_px
            ],
            branch_count=len(crack.centerlines_px),
            junction_count=crack.junction_count,
            tortuosity=None if crack.tortuosity is None else round(crack.tortuosity, 3),
            gaps=[
                schemas.Gap(from_px=_point(gap.start_px), to_px=_point(gap.end_px))
                for gap in crack.gaps
            ],
            flags=flags,
            outline_px=None
            if crack.outline_px is None
            else [_points(line) for line in crack.outline_px],
            area_mm2=None if in_mm is None else _mm(in_mm.area_mm2),
            length_mm=None if in_mm is None else _mm(in_mm.length),
            scale_uncertainty=None if in_mm is None else in_mm.doubt,
            width_mm=None if in_mm is None else _widths(in_mm.width, _mm),
            width_interval_mm=interval and (_mm(interval[0]), _mm(interval[1])),
            limits=None if verdicts is None else list(verdicts),
        )

    @cached_property
    def _cracks(self) -> list[schemas.Crack]:
        pairs = zip(self.measurement.cracks, self._in_mm, strict=True)
        return [self._crack(crack, in_mm) for crack, in_mm in pairs]

    @cached_property
    def _in_mm(self) -> list[InMillimetres | None]:
        return [self._millimetres(crack) for crack in self.measurement.cracks]

    def _millimetres(self, crack: Crack) -> InMillimetres | None:
        """The crack on the surface; None where the scale, anywhere along it, is too unsure."""
        if self.scale is None or crack.in_mm is None:
            return None
        points = np.concatenate(crack.centerlines_px)
        doubts = self.scale.relative_uncertainty_at(points[:: 1 + len(points) // MAX_DOUBTED])
        doubt = 0.0 if doubts is None else float(doubts.max())
        if not doubt <= LARGEST_SCALE_DOUBT or not np.isfinite(crack.in_mm.area_mm2):
            return None
        width = crack.in_mm.width
        doubted = replace(
            width,
            uncertainty=float(np.hypot(width.uncertainty, width.mean * doubt)),
            p95_uncertainty=float(np.hypot(width.p95_uncertainty, width.p95 * doubt)),
        )
        known = None if doubts is None else doubt
        return InMillimetres(crack.in_mm.length, doubted, crack.in_mm.area_mm2, known)


def quality(assessed: Quality) -> schemas.Quality:
    """What the photo can show."""
    smallest_mm = assessed.smallest_measurable_width_mm
    return schemas.Quality(
        blur_sigma_px=round(assessed.blur_sigma_px, 2),
        sharpness=round(assessed.sharpness, 3),
        luminance_median=round(assessed.luminance_median, 1),
        black_share=round(assessed.black_share, 4),
        white_share=round(assessed.white_share, 4),
        smallest_measurable_width_px=round(assessed.smallest_measurable_width_px, 2),
        smallest_measurable_width_mm=None if smallest_mm is None else _mm(smallest_mm),
    )


def _widths(widths: Widths, rounded: Callable[[float], float]) -> schemas.Widths:
    return schemas.Widths(**{name: rounded(value) for name, value in asdict(widths).items()})


def _px(value: float) -> float:
    return round(value, 4)


def _mm(value: float) -> float:
    """To six digits: a micrograph's millimetres are small."""
    return float(f"{value:.6g}")


def _point(point: tuple[float, float]) -> schemas.Point:
    return round(point[0], 1), round(point[1], 1)


def _points(line: np.ndarray) -> list[schemas.Point]:
    return [(round(x, 1), round(y, 1)) for x, y in line.tolist()]
