"""Width limits: what the shipped tables say, and what a crack is told."""

import json
import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from app.errors import InvalidParameter
from app.limits import Limits, LimitsList, Table, Verdict, classify, interval_mm

DOCUMENT = (Path(__file__).parent.parent / "docs" / "limits.md").read_text(encoding="utf-8")
SHIPPED = Limits.load(None)
NAMES = [table.name for table in SHIPPED]
MM_PER_INCH = 25.4


def verdicts(width_mm: float, name: str, uncertainty_mm: float = 0.0, **flags) -> dict[str, str]:
    given = classify(width_mm, uncertainty_mm, SHIPPED.get(name), **flags)
    return {one.case: one.verdict for one in given}


# What is shipped


def test_the_tables_of_the_issue_are_shipped_and_none_claims_to_be_verified():
    assert {name: SHIPPED.get(name).kind for name in NAMES} == {
        "aashto-mbei-1110": "condition-class",
        "aashto-mbei-1130": "condition-class",
        "aci-224r-01": "design-limit",
        "burland": "condition-class",
        "en-1992-1-1-2004": "design-limit",
        "fib-mc-2020": "design-limit",
    }
    assert not any(each.verified for each in SHIPPED)
    assert all(each.source.startswith("Secondary, not compared with") for each in SHIPPED)


@pytest.mark.parametrize("name", NAMES)
def test_every_statement_says_that_it_screens_and_does_not_rate(name):
    statement = SHIPPED.get(name).statement
    assert "screen" in statement.lower()
    assert re.search(r"no (condition|damage) rating", statement)


@pytest.mark.parametrize(
    ("name", "limits_mm"),
    [
        ("en-1992-1-1-2004", [0.4, 0.3, 0.2, None]),
        ("fib-mc-2020", [0.4, 0.3, 0.4, 0.2, 0.0, 0.4, 0.3, 0.15, 0.2, 0.7]),
        ("aci-224r-01", [0.4064, 0.3048, 0.1778, 0.1524, 0.1016]),
    ],
)
def test_limits_are_those_of_the_sources(name, limits_mm):
    assert [case.limit_mm for case in SHIPPED.get(name).cases] == limits_mm


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(("aci", "aashto"))])
def test_where_the_document_has_inches_they_decide(name):
    for case in SHIPPED.get(name).cases:
        inches = [float(figure) for figure in re.findall(r"([\d.]+) in\b", case.note)]
        ends = [one.end_mm for one in case.classes[:-1]] or [case.limit_mm]
        assert ends == pytest.approx([inch * MM_PER_INCH for inch in inches], abs=1e-12)


@pytest.mark.parametrize(
    ("name", "width_mm", "expected"),
    [
        # 1130: CS1 below 0.012 in, CS2 from 0.012 to 0.05 in, CS3 above.
        ("aashto-mbei-1130", 0.0, "CS1"),
        ("aashto-mbei-1130", 0.302, "CS1"),
        ("aashto-mbei-1130", 0.3048, "CS2"),
        ("aashto-mbei-1130", 1.27, "CS2"),
        ("aashto-mbei-1130", 1.28, "CS3"),
        # 1110: below 0.004 in, 0.004 to 0.009 in, above.
        ("aashto-mbei-1110", 0.1, "CS1"),
        ("aashto-mbei-1110", 0.1016, "CS2"),
        ("aashto-mbei-1110", 0.2286, "CS2"),
        ("aashto-mbei-1110", 0.23, "CS3"),
        ("burland", 0.09, "category 0"),
        ("burland", 0.1, "category 1"),
        ("burland", 1.0, "category 1"),
        ("burland", 1.01, "category 2"),
        ("burland", 5.0, "category 2"),
        ("burland", 15.0, "category 3"),
        ("burland", 25.0, "category 4"),
        ("burland", 300.0, "category 5"),
    ],
)
def test_a_width_known_exactly_has_one_class(name, width_mm, expected):
    assert list(verdicts(width_mm, name).values()) == [expected]


def test_a_width_is_within_its_limit_up_to_the_limit():
    assert verdicts(0.3, "en-1992-1-1-2004") == {
        "RC, X0, XC1": "within",
        "RC, XC2-XC4, XD1-XD2, XS1-XS3": "within",
        "prestressed, X0, XC1-XC4": "exceeds",
        "prestressed, XD, XS": "not-applicable",
    }
    assert verdicts(0.301, "en-1992-1-1-2004")["RC, XC2-XC4, XD1-XD2, XS1-XS3"] == "exceeds"


def test_a_case_without_a_width_says_why():
    last = classify(5.0, 0.0, SHIPPED.get("en-1992-1-1-2004"))[-1]
    assert (last.verdict, last.candidates, last.limit_mm) == ("not-applicable", (), None)
    assert "Decompression" in last.note


def test_where_no_crack_is_allowed_a_width_surely_above_0_exceeds():
    case = "prestressed, PL1, XD, XS"
    assert verdicts(0.05, "fib-mc-2020", 0.02)[case] == "exceeds"
    assert verdicts(0.05, "fib-mc-2020", 0.03)[case] == "undetermined"


def test_an_unknown_name_is_answered_with_those_there_are():
    with pytest.raises(InvalidParameter) as refused:
        SHIPPED.get("nonsense")
    assert refused.value.detail == (
        f"limits: there is no table 'nonsense'; this service has {', '.join(NAMES)}"
    )


# Uncertainty


def test_the_interval_is_two_standard_uncertainties_either_way():
    assert interval_mm(0.28, 0.02) == pytest.approx((0.24, 0.32))
    assert interval_mm(0.03, 0.02) == pytest.approx((0.0, 0.07))
    assert interval_mm(0.15, 0.05, is_below_resolution=True) == pytest.approx((0.0, 0.25))


def test_the_example_of_the_document():
    assert "0.28 mm ± 2 × 0.02 mm" in DOCUMENT
    first, second, third, _ = classify(0.28, 0.02, SHIPPED.get("en-1992-1-1-2004"))
    assert first == Verdict("RC, X0, XC1", "within", limit_mm=0.4)
    assert second.verdict == "undetermined"
    assert second.candidates == ("within", "exceeds")
    assert second.limit_mm == 0.3
    assert third.verdict == "exceeds"


@pytest.mark.parametrize(
    ("width_mm", "uncertainty_mm", "candidates"),
    [
        (0.29, 0.01, ("CS1", "CS2")),
        (1.27, 0.001, ("CS2", "CS3")),
        (0.8, 0.3, ("CS1", "CS2", "CS3")),
    ],
)
def test_an_interval_over_an_end_is_undetermined(width_mm, uncertainty_mm, candidates):
    (one,) = classify(width_mm, uncertainty_mm, SHIPPED.get("aashto-mbei-1130"))
    assert (one.verdict, one.candidates) == ("undetermined", candidates)


@pytest.mark.parametrize(
    ("width_mm", "expected", "candidates"),
    [
        (0.1, "CS1", ()),
        (0.3, "undetermined", ("CS1", "CS2")),
        (0.6, "undetermined", ("CS1", "CS2")),  # of a sharp crack of this width: CS2
    ],
)
def test_below_resolution_a_width_is_an_upper_bound(width_mm, expected, candidates):
    mbei = SHIPPED.get("aashto-mbei-1130")
    (one,) = classify(width_mm, 0.05, mbei, is_below_resolution=True)
    assert (one.verdict, one.candidates) == (expected, candidates)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, -0.001])
def test_no_number_no_verdict(wrong):
    with pytest.raises(ValueError, match=r"^the width is .* mm; it must be finite"):
        classify(wrong, 0.1, SHIPPED.get("burland"))
    with pytest.raises(ValueError, match=r"^the standard uncertainty is .* mm; it must be finite"):
        classify(0.1, wrong, SHIPPED.get("burland"))


WIDTHS = st.floats(0, 50, allow_subnormal=False)
UNCERTAINTIES = st.floats(0, 10, allow_subnormal=False)
TABLES = st.sampled_from(list(SHIPPED))


def outcomes(verdict: Verdict) -> tuple[str, ...]:
    return verdict.candidates or (verdict.verdict,)


@given(WIDTHS, UNCERTAINTIES, TABLES, st.booleans())
def test_every_case_gets_one_verdict(width, uncertainty, each, is_below_resolution):
    given = classify(width, uncertainty, each, is_below_resolution=is_below_resolution)
    assert [one.case for one in given] == [case.name for case in each.cases]
    for one in given:
        assert (one.verdict == "undetermined") == (len(one.candidates) > 1)
        assert len(one.candidates) != 1
        assert (one.verdict == "not-applicable") == (one.note is not None)


@given(WIDTHS, UNCERTAINTIES, st.floats(-1, 1), TABLES)
def test_the_verdict_of_a_true_width_within_the_interval_is_among_the_candidates(
    width, uncertainty, share, each
):
    low, high = interval_mm(width, uncertainty)
    true_width = min(max(width + 2 * share * uncertainty, low), high)
    measured = classify(width, uncertainty, each)
    for found, truth in zip(measured, classify(true_width, 0.0, each), strict=True):
        assert truth.verdict in outcomes(found)


@given(WIDTHS, UNCERTAINTIES, TABLES)
def test_below_resolution_takes_no_possibility_away_and_never_the_lowest(width, uncertainty, each):
    sharp = classify(width, uncertainty, each)
    blurred = classify(width, uncertainty, each, is_below_resolution=True)
    lowest = classify(0.0, 0.0, each)
    for one, other, zero in zip(sharp, blurred, lowest, strict=True):
        assert {*outcomes(one), zero.verdict} <= {*outcomes(other)}


@given(WIDTHS, WIDTHS, TABLES)
def test_a_wider_crack_never_gets_a_lower_verdict(one, other, each):
    narrow, wide = sorted((one, other))
    for case, low, high in zip(
        each.cases, classify(narrow, 0.0, each), classify(wide, 0.0, each), strict=True
    ):
        order = [one.name for one in case.classes] or ["within", "exceeds", "not-applicable"]
        assert order.index(low.verdict) <= order.index(high.verdict)


# What the API shows, and what the document says


def test_an_answer_carries_tables_and_verdicts_as_they_are():
    class Answer(BaseModel):
        limits: Table | None
        crack: list[Verdict]

    each = SHIPPED.get("en-1992-1-1-2004")
    answer = Answer(limits=each, crack=list(classify(0.28, 0.02, each)))
    shown = json.loads(answer.model_dump_json())
    assert Table.model_validate_json(json.dumps(shown["limits"])) == each
    assert shown["crack"][1] == {
        "case": "RC, XC2-XC4, XD1-XD2, XS1-XS3",
        "verdict": "undetermined",
        "candidates": ["within", "exceeds"],
        "limit_mm": 0.3,
        "note": None,
    }
    listed = json.loads(LimitsList(limits=list(SHIPPED)).model_dump_json())
    assert [one["name"] for one in listed["limits"]] == NAMES
    assert "limits" in LimitsList.model_json_schema()["properties"]


def test_the_document_lists_the_tables_as_the_files_have_them():
    rows = ["| name | title | edition | kind | verified |", "|---|---|---|---|---|"]
    for each in SHIPPED:
        verified = "yes" if each.verified else "no"
        rows.append(
            f"| `{each.name}` | {each.title} | {each.edition} | `{each.kind}` | {verified} |"
        )
    found = re.search(r"<!-- tables -->\n(.*?)\n<!-- /tables -->", DOCUMENT, re.DOTALL)
    assert found is not None
    assert found[1] == "\n".join(rows)
