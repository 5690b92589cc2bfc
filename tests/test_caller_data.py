"""`asset_id` and `metadata`: echoed as they were given, or refused."""

import json
from urllib.parse import quote, urlencode

import pytest
from conftest import GOOD_PHOTO, Service, assert_problem, encode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_measure_route import MAP, measure
from test_service import segment

from app.caller_data import parse_metadata

OBJECT = {"bridge": "B-12", "span": 3, "tags": ["north", None, True], "at": {"x": -1.5, "ü": "☃"}}


def test_both_come_back(service: Service) -> None:
    query = urlencode({"asset_id": "Brücke 12/3 é", "metadata": json.dumps(OBJECT)})
    for answer in (segment(service, query), measure(service, query)):
        assert answer["asset_id"] == "Brücke 12/3 é"
        assert answer["metadata"] == OBJECT
    for answer in (segment(service), measure(service)):
        assert answer["asset_id"] is None
        assert answer["metadata"] is None


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


def test_limits_are_met_exactly(service: Service) -> None:
    assert segment(service, f"asset_id={quote('ü' * 200)}")["asset_id"] == "ü" * 200
    longest = json.dumps({"a": "x" * (8192 - 9)})
    assert len(longest) == 8192
    assert segment(service, f"metadata={quote(longest)}")["metadata"] == json.loads(longest)
    assert segment(service, f"metadata={quote(nested(16))}")["metadata"] == json.loads(nested(16))
    huge = {"a": int("9" * 100)}
    assert segment(service, f"metadata={quote(json.dumps(huge))}")["metadata"] == huge


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("asset_id", "", "1 character"),
        ("asset_id", "x" * 201, "200"),
        ("asset_id", "a\nb", "control characters"),
        ("asset_id", "a\0b", "control characters"),
        ("asset_id", "a\x85b", "control characters"),
        ("asset_id", "a\u2028b", "control characters"),
        ("metadata", "", "one JSON object"),
        ("metadata", "bridge", "one JSON object"),
        ("metadata", "[1]", "one JSON object"),
        ("metadata", "null", "one JSON object"),
        ("metadata", '{"a": 1', "one JSON object"),
        ("metadata", '{"a": 1} {}', "one JSON object"),
        ("metadata", '{"a": NaN}', "NaN"),
        ("metadata", '{"a": -Infinity}', "-Infinity"),
        ("metadata", '{"a": 1e999}', "send it as text"),
        ("metadata", '{"a": ' + "9" * 101 + "}", "send it as text"),
        ("metadata", '{"a": {"b": 1, "b": 2}}', "give it once"),
        ("metadata", '{"a": "\\ud800"}', "surrogate"),
        ("metadata", '{"\\udfff": 1}', "surrogate"),
        ("metadata", json.dumps({"a": "x" * 8184}), "8192"),
        ("metadata", json.dumps({"a": "ü" * 4092}, ensure_ascii=False), "8192"),
        ("metadata", nested(17), "flatter"),
        ("metadata", '{"a":' + "[" * 8000, "flatter"),
        ("metadata", '{"a":' + "[" * 20, "one JSON object"),
        ("metadata", '{"a":' + "[" * 4000 + "]" * 4000 + "}", "flatter"),
    ],
)
def test_bad_ones_are_refused(service: Service, name: str, value: str, word: str) -> None:
    query = urlencode({name: value})
    for path, body in (("segment", GOOD_PHOTO), ("measure", encode(MAP))):
        answer = service.post(f"/v1/{path}?{query}", body)
        assert_problem(answer, 422, "invalid-parameter", name, word)


json_like = st.one_of(
    st.text(),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ).map(json.dumps),
    st.lists(st.sampled_from([*'{}[]":,\\ud8\0e9-.', "NaN", "1e999", '"a"'])).map("".join),
)


@given(json_like)
def test_what_is_taken_is_what_json_says(text: str) -> None:
    try:
        read = parse_metadata(text)
    except ValueError:
        return
    assert read == json.loads(text)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(max_size=250), json_like)
def test_nothing_harms(service: Service, asset_id: str, metadata: str) -> None:
    query = urlencode({"asset_id": asset_id, "metadata": metadata}, errors="surrogatepass")
    answer = service.post(f"/v1/measure?{query}", encode(MAP))
    assert answer.status in (200, 422), answer.body
    if answer.status == 200:
        assert answer.json()["metadata"] == json.loads(metadata)
        assert answer.json()["asset_id"] == asset_id
