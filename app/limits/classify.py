"""The width of a crack held against a table, its uncertainty included. Pure."""

import math
from dataclasses import dataclass

from app.limits.table import NOT_APPLICABLE, UNDETERMINED, Case, Table

# About 95 % of a normal distribution lie within two standard deviations (ISO/IEC Guide 98-3, GUM, 6.3.3).
COVERAGE_FACTOR = 2.0
_BY_LIMIT = ("within", "exceeds")


@dataclass(frozen=True)
class Verdict:
    """What one case of a table says of a crack; it screens and does not rate.

    Attributes:
        case: the case's name.
        verdict: `within` or `exceeds` a limit, or the name of a class; `undetermined` where the interval of the
            width holds more than one of them; `not-applicable` where the document gives no width.
        candidates: what an `undetermined` width can be, narrowest first; else empty.
        limit_mm: the limit, where the case has one.
        note: why nothing was compared, where it was `not-applicable`.
    """

    case: str
    verdict: str
    candidates: tuple[str, ...] = ()
    limit_mm: float | None = None
    note: str | None = None


def classify(
    width_mm: float,
    standard_uncertainty_mm: float,
    table: Table,
    *,
    is_below_resolution: bool = False,
) -> tuple[Verdict, ...]:
    """A verdict for each case of the table, in its order.

    The width to give is the 95 % quantile along the crack: the characteristic width w_k that EN 1992-1-1 limits
    (7.3.1, 7.3.4) is understood as a 95 % fractile, and unlike the maximum it does not hang on one pixel. Its
    uncertainty must hold that of the scale. Arguments and errors as for `interval_mm`.
    """
    low, high = interval_mm(
        width_mm, standard_uncertainty_mm, is_below_resolution=is_below_resolution
    )
    return tuple(_verdict(case, low, high) for case in table.cases)


def interval_mm(
    width_mm: float, standard_uncertainty_mm: float, *, is_below_resolution: bool = False
) -> tuple[float, float]:
    """Narrowest and widest width, millimetres, that the measurement allows: COVERAGE_FACTOR uncertainties either way.

    Of a crack of fewer than 3 px, `is_below_resolution`, blur and the network decide how wide it looks, and they
    widen: the measured width bounds it from above, and nothing but 0 from below. 0.15 mm ± 2 × 0.05 mm is then
    0 to 0.25 mm: within a limit of 0.3 mm, undetermined at 0.2 mm, and never beyond either.

    Raises ValueError unless width and standard uncertainty are finite and at least 0.
    """
    for name, value in (("width", width_mm), ("standard uncertainty", standard_uncertainty_mm)):
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"the {name} is {value} mm; it must be finite and at least 0")
    reach = COVERAGE_FACTOR * standard_uncertainty_mm
    low = 0.0 if is_below_resolution else max(0.0, width_mm - reach)
    return low, width_mm + reach


def _verdict(case: Case, low_mm: float, high_mm: float) -> Verdict:
    if case.limit_mm is None and not case.classes:
        return Verdict(case.name, NOT_APPLICABLE, note=case.note)
    names = _possible(case, low_mm, high_mm)
    if len(names) == 1:
        return Verdict(case.name, names[0], limit_mm=case.limit_mm)
    return Verdict(case.name, UNDETERMINED, names, case.limit_mm)


def _possible(case: Case, low_mm: float, high_mm: float) -> tuple[str, ...]:
    """What the case says of the widths from low to high, narrowest first."""
    if case.limit_mm is not None:
        return _BY_LIMIT[low_mm > case.limit_mm : 1 + (high_mm > case.limit_mm)]
    first = sum(one.ends_before(low_mm) for one in case.classes)
    last = sum(one.ends_before(high_mm) for one in case.classes)
    return tuple(one.name for one in case.classes[first : last + 1])
