"""The page: what stands where, from top to bottom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import chain

from app.formats.report import parts, pictures, words
from app.formats.report.boxes import GAP, Box, Frames, arrange
from app.formats.report.cells import by_width
from app.formats.report.figures import PIXELS, Unit
from app.formats.report.parts import BODY, INNER, LEFT, SMALL
from app.formats.report.sheet import MM, Sheet, Style, wrapped
from app.formats.report.table import CrackTable
from app.formats.report.verdicts import cases
from app.formats.report.words import Fact
from app.inspection import Result
from app.limits import Table
from app.schemas import Crack

END = parts.SIGNATURE - parts.WRITING_HEIGHT
"""Of what is reported; below it people write."""
LEAST_HEIGHT, MOST_HEIGHT = 60 * MM, 150 * MM  # of pictures and totals
STRONG = Style(9, is_bold=True)
OVERLAY_CAPTION = "Cracks, numbered where there is room"
WANTED_ROWS = 20  # fewer leave the pictures more room, more take none from them


def now() -> datetime:
    """The time that the report bears."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Content:
    """All that the page says, and how high its parts are."""

    found: list[Fact]
    method: list[Fact]
    source: list[Fact]
    identity: list[str]
    notes: list[str]
    table: CrackTable
    nothing: list[str]
    """Stands in place of an empty table."""
    legend: list[list[str]]
    """Paragraphs below the table."""

    @classmethod
    def of(cls, result: Result) -> "Content":
        cracks, scale = result.findings.cracks(), result.findings.scale
        has_mm = not cracks or any(crack.length_mm is not None for crack in cracks)
        unit = Unit("mm", scale.mm_per_px) if scale and has_mm else PIXELS
        limits = result.findings.table if scale else None
        notes = [wrapped(f"• {note}", BODY, INNER, 2) for note in words.notes(result)]
        nothing = [wrapped(each, STRONG, INNER, 2) for each in words.nothing_found(result)]
        return cls(
            words.found(result, unit),
            words.method(result),
            words.source(result),
            wrapped(f"SHA-256 of the photo: {result.photo.sha256}", SMALL, INNER, 1),
            list(chain.from_iterable(notes)),
            CrackTable(by_width(cracks, unit), unit, limits),
            list(chain.from_iterable(nothing)),
            _legend(cracks, limits),
        )

    @property
    def facts_height(self) -> float:
        """Of what stands between pictures and table."""
        block = max(parts.facts_height(self.method), parts.facts_height(self.source))
        notes = len(self.notes) * BODY.line + GAP if self.notes else 0
        identity = parts.PARAGRAPH_GAP + len(self.identity) * SMALL.line
        return block + identity + GAP + notes

    @property
    def table_height(self) -> float:
        """What the table asks for, or what stands in its place."""
        if not self.table.cracks:
            return len(self.nothing) * STRONG.line
        return self.table.height(WANTED_ROWS)

    @property
    def legend_height(self) -> float:
        return sum(len(lines) * SMALL.line + parts.PARAGRAPH_GAP for lines in self.legend)


def _legend(cracks: Sequence[Crack], limits: Table | None) -> list[list[str]]:
    paragraphs = []
    if cracks:
        has_flags = any(crack.flags for crack in cracks)
        paragraphs.append(wrapped(words.legend(has_flags), SMALL, INNER, 3))
    if limits is not None:
        paragraphs.append(wrapped(f"{limits.name}: {cases(limits)}", SMALL, INNER, 4))
        paragraphs.append(wrapped(words.limits(limits), SMALL, INNER, 5))
    return paragraphs


def write(result: Result) -> bytes:
    """PDF, one page of A4."""
    made, program = now(), f"Hairline {version('hairline')}"
    content = Content.of(result)
    sheet = Sheet(f"{words.TITLE} {result.id}", program, made)
    top = parts.title(sheet, made, result.id) + GAP
    frames = _frames(content, top, result.photo.width / result.photo.height)
    y = frames.bottom + GAP
    shown = content.table.shown(END - y - content.facts_height - content.legend_height)
    _pictures(sheet, frames, result, content.table, shown)
    parts.facts(sheet, frames.facts, "Found", content.found)
    y = _facts(sheet, y, content)
    y = parts.lines(sheet, y, content.nothing, STRONG)
    if content.table.cracks:
        y = content.table.draw(sheet, y, shown)
    for lines in content.legend:
        y = parts.lines(sheet, y + parts.PARAGRAPH_GAP, lines, SMALL)
    parts.signature(sheet)
    parts.footer(sheet, program, wrapped(words.DISCLAIMER, SMALL, INNER, 2))
    return sheet.finish()


def _frames(content: Content, top: float, aspect: float) -> Frames:
    """As large as the page allows, once what must be said has its room."""
    said = content.facts_height + content.table_height + content.legend_height
    room = END - top - GAP - said
    space = Box(LEFT, top, INNER, max(LEAST_HEIGHT, min(room, MOST_HEIGHT)))
    return arrange(space, aspect, parts.facts_height(content.found))


def _pictures(sheet: Sheet, frames: Frames, result: Result, table: CrackTable, shown: int) -> None:
    photo = result.photo
    sheet.picture(frames.overlay, pictures.overlay(result, frames.overlay))
    parts.numbers(sheet, frames.overlay, table.cracks[:shown], photo.width, photo.height)
    parts.caption(sheet, frames.overlay, OVERLAY_CAPTION if table.cracks else "Overlay: no crack")
    sheet.picture(frames.photo, pictures.photo(result, frames.photo))
    parts.caption(sheet, frames.photo, "Photo as it was sent, upright")


def _facts(sheet: Sheet, y: float, content: Content) -> float:
    """What was looked at and how, and what to know before relying on it."""
    width = (INNER - GAP) / 2
    blocks = (("Photo", content.source), ("Method", content.method))
    for i, (heading, told) in enumerate(blocks):
        box = Box(LEFT + i * (width + GAP), y, width, parts.facts_height(told))
        parts.facts(sheet, box, heading, told)
    y += max(parts.facts_height(told) for _, told in blocks)
    y = parts.lines(sheet, y + parts.PARAGRAPH_GAP, content.identity, SMALL) + GAP
    if not content.notes:
        return y
    return parts.lines(sheet, y, content.notes, BODY) + GAP
