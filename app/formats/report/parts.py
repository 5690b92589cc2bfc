"""The parts of the page, each drawn where it is told. One that has a height of its own returns where it ends."""

from collections.abc import Sequence
from datetime import datetime

from app.formats.report import words
from app.formats.report.boxes import CAPTION_HEIGHT, GAP, Box, place_labels
from app.formats.report.sheet import (
    GREY,
    HEIGHT,
    MM,
    PALE,
    WIDTH,
    Sheet,
    Style,
    clipped,
    width_of,
)
from app.formats.report.words import Fact
from app.overlay import CRACK_COLOUR
from app.schemas import Crack

LEFT, TOP = 16 * MM, 14 * MM
INNER = WIDTH - 2 * LEFT
RIGHT = LEFT + INNER
SIGNATURE = HEIGHT - 25 * MM  # the lines to write on
FOOTER = HEIGHT - 17 * MM
WRITING_HEIGHT = 9 * MM

TITLE = Style(17, is_bold=True)
BODY = Style(7.5)
SMALL = Style(7, colour=GREY)
TAG = Style(7, is_bold=True)

FACT_HEIGHT = 11.0  # from one fact to the next
PARAGRAPH_GAP = 3.5
NAME_WIDTH = 86.0  # of a fact


def title(sheet: Sheet, made: datetime, answer_id: str) -> float:
    """The head of the page."""
    baseline = TOP + TITLE.size
    sheet.text(LEFT, baseline, words.TITLE, TITLE)
    sheet.text(RIGHT, baseline - SMALL.line, f"{made:%Y-%m-%d %H:%M:%S} UTC", BODY, "right")
    sheet.text(RIGHT, baseline, f"id {answer_id}", BODY, "right")
    baseline += 8
    sheet.line((LEFT, baseline), (RIGHT, baseline), CRACK_COLOUR, 1.2)
    return baseline


def caption(sheet: Sheet, box: Box, text: str) -> None:
    """Below a picture."""
    sheet.text(box.x, box.bottom + CAPTION_HEIGHT, text, SMALL)


def numbers(sheet: Sheet, frame: Box, cracks: Sequence[Crack], width: int, height: int) -> None:
    """The number of each crack on the overlay, joined to where it is widest; the photo is width x height px."""
    scale = frame.width / width, frame.height / height
    places = [
        (frame.x + (x + 0.5) * scale[0], frame.y + (y + 0.5) * scale[1])
        for x, y in (crack.max_width_at_px for crack in cracks)
    ]
    sizes = [(width_of(str(crack.id), TAG) + 5, TAG.size + 2.5) for crack in cracks]
    labels = [
        (crack, place, label)
        for crack, place, label in zip(
            cracks, places, place_labels(places, sizes, frame), strict=True
        )
        if label is not None
    ]
    for _, place, label in labels:
        sheet.line(place, label.middle, CRACK_COLOUR, 0.6)
    for crack, _, label in labels:
        sheet.tag(label, CRACK_COLOUR)
        sheet.text(label.middle[0], label.bottom - 2.4, str(crack.id), TAG, "centre")


def facts_height(facts: Sequence[Fact]) -> float:
    """Of a block with its heading."""
    return FACT_HEIGHT * (1 + len(facts)) + 3


def facts(sheet: Sheet, box: Box, heading: str, told: Sequence[Fact]) -> None:
    """A block of names and values under a heading."""
    baseline = box.y + BODY.size
    sheet.text(box.x, baseline, heading, BODY.bold())
    sheet.line((box.x, baseline + 3.5), (box.right, baseline + 3.5), PALE)
    baseline += 3
    for name, value in told:
        baseline += FACT_HEIGHT
        sheet.text(box.x, baseline, name, Style(BODY.size, colour=GREY))
        fitting = clipped(value, BODY, box.width - NAME_WIDTH)
        sheet.text(box.x + NAME_WIDTH, baseline, fitting, BODY)


def lines(sheet: Sheet, y: float, texts: Sequence[str], style: Style) -> float:
    """Lines of text over the whole width."""
    for i, text in enumerate(texts):
        sheet.text(LEFT, y + style.size + i * style.line, text, style)
    return y + style.line * len(texts)


def signature(sheet: Sheet) -> None:
    """Lines to write on."""
    width = (INNER - 2 * GAP) / 3
    for i, name in enumerate(("Name", "Date", "Signature")):
        x = LEFT + i * (width + GAP)
        sheet.line((x, SIGNATURE), (x + width, SIGNATURE))
        sheet.text(x, SIGNATURE + CAPTION_HEIGHT, name, SMALL)


def footer(sheet: Sheet, program: str, disclaimer: Sequence[str]) -> None:
    """What a reader must not overlook, and what made the page."""
    sheet.line((LEFT, FOOTER), (RIGHT, FOOTER), PALE)
    end = lines(sheet, FOOTER + 3, disclaimer, SMALL)
    sheet.text(RIGHT, end + SMALL.size, f"{program} · page 1 of 1", SMALL, "right")
