"""What the page is put together from: places, figures, verdicts, characters."""

import pytest
from conftest import GOOD_PHOTO, Service
from hypothesis import given
from hypothesis import strategies as st

from app.formats.report.boxes import CAPTION_HEIGHT, Box, arrange, place_labels
from app.formats.report.cells import by_width, cells
from app.formats.report.figures import PIXELS, Unit, significant
from app.formats.report.sheet import Style, clipped, printable, width_of, wrapped
from app.formats.report.verdicts import cases, in_short
from app.limits import Case, Limits, Table, Verdict, WidthClass
from app.schemas import Crack

SPACE = Box(45, 60, 504, 300)
STYLE = Style(7)


@given(st.floats(1e-4, 1e4), st.floats(160, 500))
def test_pictures_and_facts_stay_in_their_space_and_off_one_another(
    aspect: float, height: float
) -> None:
    frames = arrange(Box(SPACE.x, SPACE.y, SPACE.width, height), aspect, 90)
    boxes = (frames.overlay, frames.photo, frames.facts)
    assert frames.bottom <= SPACE.y + height + 1e-6
    for box in boxes:
        assert box.x >= SPACE.x
        assert box.right <= SPACE.right + 1e-6
    for picture in boxes[:2]:
        assert picture.width == pytest.approx(picture.height * aspect)
        captioned = Box(picture.x, picture.y, picture.width, picture.height + CAPTION_HEIGHT)
        assert not any(captioned.overlaps(other) for other in boxes if other is not picture)
    assert frames.overlay.width >= frames.photo.width


def test_a_wide_photo_gets_the_width_of_the_page() -> None:
    assert arrange(SPACE, 3.0, 90).overlay.width == SPACE.width


@given(st.lists(st.tuples(st.floats(45, 549), st.floats(60, 360)), max_size=60))
def test_labels_stay_on_the_picture_and_off_one_another(places: list[tuple[float, float]]) -> None:
    labels = [box for box in place_labels(places, [(14, 9)] * len(places), SPACE) if box]
    assert len(labels) >= min(len(places), 8)
    for i, box in enumerate(labels):
        assert box.x >= SPACE.x
        assert box.right <= SPACE.right
        assert box.y >= SPACE.y
        assert box.bottom <= SPACE.bottom
        assert not any(box.overlaps(other) for other in labels[:i])


@pytest.mark.parametrize(
    ("per_px", "width", "length"),
    [
        (1.0, "1.2", "1"),
        (0.5, "1.23", "1.2"),
        (0.1, "1.23", "1.2"),
        (0.02, "1.235", "1.23"),
        (12.0, "1", "1"),
        (1e-5, "1.2", "1.23457"),  # a fixed number of places would be too long for the column
    ],
)
def test_the_last_digit_is_about_a_tenth_of_a_pixel(per_px: float, width: str, length: str) -> None:
    unit = Unit("mm", per_px)
    assert (unit.width(1.234567), unit.length(1.234567)) == (width, length)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0026512, "0.00265"),
        (1.0, "1"),
        (12.34, "12.3"),
        (5210.4, "5210"),
        (99.96, "100"),
    ],
)
def test_significant_digits(value: float, text: str) -> None:
    assert significant(value) == text


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("Zürich, 0.3 mm² ± 2 °", "Zürich, 0.3 mm² ± 2 °"),
        ("a ≤ b − c × d", "a ≤ b − c × d"),
        ("Győr", "Gyor"),
        ("Łódź", "Łódz"),
        ("e\u0301", "é"),
        ("Мост 5", "???? 5"),
        ("裂缝", "??"),
        ("a\tb\nc\u00a0d\x00e", "a b c d e"),
        ("a\u200b\u202eb", "ab"),
        ("ﬀ", "ff"),
        ("\ud800", "?"),
        ("", ""),
    ],
)
def test_any_text_can_be_drawn(text: str, drawn: str) -> None:
    assert printable(text) == drawn


@given(st.text(), st.floats(10, 300))
def test_texts_are_cut_to_their_room(text: str, width: float) -> None:
    assert width_of(clipped(text, STYLE, width), STYLE) <= width
    lines = wrapped(text, STYLE, width, 3)
    assert len(lines) <= 3
    assert all(width_of(line, STYLE) <= width for line in lines)


def verdict(case: str, said: str, *candidates: str, limit_mm: float | None = 0.3) -> Verdict:
    return Verdict(case, said, candidates, limit_mm)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (None, "no millimetres"),
        ([verdict("a", "within")], "within"),
        ([verdict("a", "CS2", limit_mm=None)], "CS2"),
        ([verdict("a", "undetermined", "CS1", "CS2", limit_mm=None)], "CS1 or CS2"),
        ([verdict("a", "not-applicable", limit_mm=None)], "not applicable"),
        ([verdict("a", "within"), verdict("b", "exceeds")], "exceeds B · within A"),
        (
            [
                verdict(*each)
                for each in (
                    ("a", "within"),
                    ("b", "undetermined", "within", "exceeds"),
                    ("c", "exceeds"),
                    ("d", "exceeds"),
                    ("e", "exceeds"),
                    ("f", "within"),
                )
            ],
            "exceeds C–E · undetermined B · within A, F",
        ),
    ],
)
def test_verdicts_in_short(said: list[Verdict] | None, text: str) -> None:
    assert in_short(said) == text


def test_the_key_to_the_verdicts() -> None:
    assert cases(Limits.load(None).get("aashto-mbei-1130")).startswith(
        "reinforced concrete and other: CS1 below 0.3048 mm, CS2 "
    )
    table = Table(
        name="own",
        title="Own",
        edition="1",
        kind="condition-class",
        verified=True,
        source="us",
        statement="It screens.",
        cases=(
            Case(
                name="deck", classes=(WidthClass(name="low", up_to_mm=0.2), WidthClass(name="high"))
            ),
            *(Case(name=f"n{i}", note="none") for i in range(26)),
        ),
    )
    key = cases(table)
    assert key.startswith("A deck: low up to 0.2 mm, high · B n0: no width is given · ")
    assert key.endswith(" · A2 n25: no width is given")


def test_a_crack_without_millimetres_names_its_pixels_and_stands_last(service: Service) -> None:
    def crack(query: str) -> Crack:
        answer = service.post(f"/v1/segment?mask=none&{query}", GOOD_PHOTO).json()
        return Crack.model_validate(answer["cracks"][0])

    unsure, sure = crack(""), crack("mm_per_px=0.1")
    unit = Unit("mm", 0.1)
    assert by_width([unsure, sure], unit) == [sure, unsure]
    assert cells(unsure, unit, None)[1] == f"{unsure.length_px:.0f} px"
    assert cells(unsure, unit, None)[3].endswith(" px")
    assert not any("px" in cell for cell in cells(unsure, PIXELS, None))
    assert not any("px" in cell for cell in cells(sure, unit, None))
