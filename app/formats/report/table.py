"""The table of cracks as it is drawn: as many rows as fit, and a line for the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from app.formats.report.cells import Column, cells, columns
from app.formats.report.figures import PIXELS, Sizes, Unit
from app.formats.report.parts import INNER, LEFT, RIGHT, SMALL
from app.formats.report.sheet import BLACK, PALE, Sheet, Style, wrapped
from app.limits import Table
from app.schemas import Crack

CELL = Style(7)
INSET = 12.0  # of a column that begins at its left, so that it keeps its distance from the figures before it
ROW_HEIGHT, HEAD_HEIGHT = 11.0, 23.0
MOST_ROWS = 80  # more than any page has room for
MOST_LINES = 2  # of a cell
ROUNDING = 1e-6  # of sums of heights

Row = list[list[str]]
"""The lines of each cell."""


@dataclass(frozen=True)
class CrackTable:
    """The table of all cracks, of which the page shows the first."""

    cracks: Sequence[Crack]
    """In the order of the rows."""
    unit: Unit
    limits: Table | None

    def height(self, rows: int) -> float:
        """Of the head and the first rows."""
        return HEAD_HEIGHT + sum(self._heights[:rows])

    def shown(self, height: float) -> int:
        """How many rows fit, with the line for the rest where there is one."""
        ends = [HEAD_HEIGHT + end - ROUNDING for end in accumulate(self._heights)]
        if len(ends) == len(self.cracks) and all(end <= height for end in ends):
            return len(ends)
        return sum(end <= height - ROW_HEIGHT for end in ends)

    def draw(self, sheet: Sheet, y: float, shown: int) -> float:
        """Draw the head, the first rows and a line for the rest; returns where it ends."""
        heads = [[column.heading] for column in self._columns]
        units = [[column.unit] for column in self._columns]
        self._draw_row(sheet, y + 8, heads, CELL.bold())
        self._draw_row(sheet, y + 8 + CELL.line, units, SMALL)
        y += HEAD_HEIGHT
        sheet.line((LEFT, y - 1), (RIGHT, y - 1), BLACK, 0.7)
        for row, height in zip(self._rows[:shown], self._heights[:shown], strict=True):
            self._draw_row(sheet, y + 7, row, CELL)
            y += height
            sheet.line((LEFT, y - 1), (RIGHT, y - 1), PALE, 0.3)
        if rest := self.cracks[shown:]:
            sheet.text(LEFT, y + 7, _rest(rest, self.unit), CELL)
            y += ROW_HEIGHT
        return y

    def _draw_row(self, sheet: Sheet, baseline: float, row: Row, style: Style) -> None:
        for column, left, width, lines in zip(
            self._columns, self._lefts, self._widths, row, strict=True
        ):
            x = left + (width if column.align == "right" else INSET)
            for i, line in enumerate(lines):
                sheet.text(x, baseline + i * style.line, line, style, column.align)

    @cached_property
    def _columns(self) -> list[Column]:
        return columns(self.unit, self.limits)

    @cached_property
    def _widths(self) -> list[float]:
        total = sum(column.share for column in self._columns)
        return [INNER * column.share / total for column in self._columns]

    @cached_property
    def _lefts(self) -> list[float]:
        return [LEFT + end for end in accumulate(self._widths[:-1], initial=0.0)]

    @cached_property
    def _rows(self) -> list[Row]:
        rooms = [
            width - INSET * (column.align == "left")
            for column, width in zip(self._columns, self._widths, strict=True)
        ]
        return [
            [
                wrapped(text, CELL, room, MOST_LINES)
                for text, room in zip(cells(crack, self.unit, self.limits), rooms, strict=True)
            ]
            for crack in self.cracks[:MOST_ROWS]
        ]

    @cached_property
    def _heights(self) -> list[float]:
        return [ROW_HEIGHT + CELL.line * (max(map(len, row)) - 1) for row in self._rows]


def _rest(cracks: Sequence[Crack], unit: Unit) -> str:
    sizes = [Sizes.of(crack, unit) for crack in cracks]
    if any(
        each.unit != unit for each in sizes
    ):  # some have no millimetres: all of them in pixels then
        sizes = [Sizes.of(crack, PIXELS) for crack in cracks]
    unit, length = sizes[0].unit, sum(each.length for each in sizes)
    return (
        f"and {len(cracks)} more, in total {unit.length(length)} {unit.name} long "
        "(CSV or JSON has them all)"
    )
