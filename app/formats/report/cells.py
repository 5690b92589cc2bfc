"""What stands in the columns and rows of the table of cracks. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.formats.report.figures import Sizes, Unit
from app.formats.report.verdicts import in_short
from app.limits import Table
from app.schemas import Crack


@dataclass(frozen=True)
class Column:
    """A column; `share` is its part of the width, of all shares together."""

    heading: str
    unit: str
    share: float
    align: Literal["left", "right"] = "right"


def columns(unit: Unit, table: Table | None) -> list[Column]:
    """The columns, left to right; that of the limits where there are any."""
    found = [
        Column("No.", "", 9),
        Column("Length", unit.name, 16),
        Column("Mean width", unit.name, 20),
        Column("95 % width", unit.name, 30),
        Column("Max. width", unit.name, 20),
        Column("Orientation", "°", 20),
        Column("Flags", "", 28, "left"),
    ]
    return found if table is None else [*found, Column("Limits", table.name, 57, "left")]


def by_width(cracks: Sequence[Crack], unit: Unit) -> list[Crack]:
    """The widest by the 95 % width first; those that have none in the unit stand last."""

    def rank(crack: Crack) -> tuple[bool, float]:
        sizes = Sizes.of(crack, unit)
        return sizes.unit == unit, sizes.width.p95

    return sorted(cracks, key=rank, reverse=True)


def cells(crack: Crack, unit: Unit, table: Table | None) -> list[str]:
    """A row. A crack without millimetres in a table of millimetres names its pixels."""
    sizes = Sizes.of(crack, unit)
    own, width = sizes.unit, sizes.width
    named = "" if own == unit else f" {own.name}"
    row = [
        str(crack.id),
        own.length(sizes.length) + named,
        own.width(width.mean) + named,
        f"{own.width(width.p95)} ± {own.width(width.p95_uncertainty)}{named}",
        own.width(width.max) + named,
        str(round(crack.orientation_deg) % 180),
        ", ".join(flag.replace("-", " ") for flag in crack.flags),
    ]
    return row if table is None else [*row, in_short(crack.limits)]
