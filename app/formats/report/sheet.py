"""The only door to reportlab: one A4 page to draw on, in points from its top left corner."""

import io
import threading
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import reportlab
from reportlab import rl_config
from reportlab.lib.utils import ImageReader, simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from app.formats.report.boxes import Box

WIDTH, HEIGHT = 595.28, 841.89  # A4
MM = 72 / 25.4
LINE = 1.32  # of a text, in sizes of its font

# Fonts that come with reportlab and travel inside the file, so that it looks alike wherever it is opened. They have
# Latin letters; see `printable`.
_FONTS = Path(reportlab.__file__).parent / "fonts"
_REGULAR, _BOLD = (
    TTFont("Vera", str(_FONTS / "Vera.ttf")),
    TTFont("VeraBd", str(_FONTS / "VeraBd.ttf")),
)
_DRAWABLE = frozenset(_REGULAR.face.charToGlyph) & frozenset(_BOLD.face.charToGlyph)
for _font in (_REGULAR, _BOLD):
    pdfmetrics.registerFont(_font)
rl_config.useA85 = 0  # written as ASCII, pictures would be a quarter larger
# Files under way share the fonts, and to write one moves the place at which a font is read.
_one_at_a_time = threading.Lock()

Colour = tuple[int, int, int]
BLACK: Colour = (0, 0, 0)
GREY: Colour = (95, 95, 95)  # 6.4 : 1 on white: WCAG asks for 4.5
PALE: Colour = (190, 190, 190)  # rules alone
Align = Literal["left", "right", "centre"]


@dataclass(frozen=True)
class Style:
    """How a text looks; `size` in points."""

    size: float = 7.5
    is_bold: bool = False
    colour: Colour = BLACK

    @property
    def font(self) -> str:
        return "VeraBd" if self.is_bold else "Vera"

    @property
    def line(self) -> float:
        """From one baseline to the next."""
        return LINE * self.size

    def bold(self) -> "Style":
        return replace(self, is_bold=True)


def printable(text: str) -> str:
    """The text in characters that the fonts have.

    A letter whose accent they lack loses it ("Győr" is "Gyor"), blanks and line breaks are spaces, marks without
    width go, and what remains, as Cyrillic and Chinese, is a question mark each.
    """
    return "".join(map(_printable, unicodedata.normalize("NFC", text)))


def _printable(character: str) -> str:
    if character.isprintable() and ord(character) in _DRAWABLE:
        return character
    if character.isspace() or unicodedata.category(character) == "Cc":
        return " "
    if unicodedata.category(character) in ("Cf", "Mn", "Me"):
        return ""
    parts = unicodedata.normalize("NFKD", character)
    return "".join(part for part in parts if ord(part) in _DRAWABLE) or "?"


def width_of(text: str, style: Style) -> float:
    """Points."""
    return float(pdfmetrics.stringWidth(printable(text), style.font, style.size))


def clipped(text: str, style: Style, width: float) -> str:
    """The text, or as much of its beginning as fits before an ellipsis."""
    text = printable(text)
    if width_of(text, style) <= width:
        return text
    fitting, too_long = 0, len(text)
    while too_long - fitting > 1:
        middle = (fitting + too_long) // 2
        fits = width_of(text[:middle] + "…", style) <= width
        fitting, too_long = (middle, too_long) if fits else (fitting, middle)
    return text[:fitting].rstrip() + "…"


def wrapped(text: str, style: Style, width: float, most: int) -> list[str]:
    """The text in lines, at most `most`; an ellipsis stands for what does not fit."""
    lines = simpleSplit(printable(text), style.font, style.size, width)
    if len(lines) > most:
        lines = [*lines[: most - 1], " ".join(lines[most - 1 : most + 1]) + " …"]
    return [clipped(line, style, width) for line in lines]


class Sheet:
    """The page while it is drawn. A screen reader hears texts in the order in which they were drawn."""

    def __init__(self, title: str, author: str, made: datetime) -> None:
        self._file = io.BytesIO()
        # `invariant` takes the clock out of the file; what the page says of time, its properties say too.
        self._canvas = Canvas(
            self._file,
            (WIDTH, HEIGHT),
            pageCompression=1,
            invariant=True,
            initialFontName=Style().font,
        )
        self._canvas.setDateFormatter(lambda *_: f"D:{made:%Y%m%d%H%M%S}Z")
        self._canvas.setTitle(printable(title))
        self._canvas.setAuthor(printable(author))
        self._canvas.setCreator(printable(author))
        self._canvas.setSubject("Cracks that a program found on a photo of concrete")
        self._canvas.setCatalogEntry("Lang", "en")
        self._canvas.setViewerPreference("DisplayDocTitle", "true")

    def text(
        self, x: float, baseline: float, text: str, style: Style, align: Align = "left"
    ) -> None:
        """One line, whose left end, right end or middle is at x."""
        self._canvas.setFont(style.font, style.size)
        self._canvas.setFillColorRGB(*_shares(style.colour))
        draw = {
            "left": self._canvas.drawString,
            "right": self._canvas.drawRightString,
            "centre": self._canvas.drawCentredString,
        }[align]
        draw(x, HEIGHT - baseline, printable(text))

    def line(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        colour: Colour = BLACK,
        thickness: float = 0.5,
    ) -> None:
        """A straight line between two points (x, y)."""
        self._canvas.setStrokeColorRGB(*_shares(colour))
        self._canvas.setLineWidth(thickness)
        self._canvas.line(start[0], HEIGHT - start[1], end[0], HEIGHT - end[1])

    def tag(self, box: Box, colour: Colour) -> None:
        """A white field with rounded corners and a thin border."""
        self._canvas.setFillColorRGB(1, 1, 1)
        self._canvas.setStrokeColorRGB(*_shares(colour))
        self._canvas.setLineWidth(0.6)
        bottom = HEIGHT - box.bottom
        self._canvas.roundRect(box.x, bottom, box.width, box.height, 2, stroke=1, fill=1)

    def picture(self, box: Box, jpeg: bytes) -> None:
        """A JPEG, taken into the file as it is."""
        reader = ImageReader(io.BytesIO(jpeg))
        self._canvas.drawImage(reader, box.x, HEIGHT - box.bottom, box.width, box.height)

    def finish(self) -> bytes:
        """The file."""
        with _one_at_a_time:
            self._canvas.save()
        return self._file.getvalue()


def _shares(colour: Colour) -> tuple[float, float, float]:
    red, green, blue = colour
    return red / 255, green / 255, blue / 255
