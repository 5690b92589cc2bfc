"""An owner's tables of width limits: which files are taken, and how the others are refused."""

import json
import math
import re
from pathlib import Path

import pytest

from app.errors import StartupError
from app.limits import Limits, classify

DOCUMENT = (Path(__file__).parent.parent / "docs" / "limits.md").read_text(encoding="utf-8")
LIMIT = {
    "name": "own-limit",
    "title": "Own",
    "edition": "1",
    "kind": "design-limit",
    "verified": True,
    "source": "Measured here",
    "statement": "It screens.",
    "cases": [{"name": "deck", "limit_mm": 0.3}],
}
CLASSES = [{"name": "a", "below_mm": 0.1}, {"name": "b", "up_to_mm": 1.0}, {"name": "c"}]
CLASSED = LIMIT | {
    "name": "own-classes",
    "kind": "condition-class",
    "cases": [{"name": "deck", "classes": CLASSES}],
}


def put(folder: Path, content: dict, file: str | None = None) -> Path:
    path = folder / (file or f"{content['name']}.json")
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_an_owners_tables_come_after_the_shipped_ones(tmp_path):
    put(tmp_path, LIMIT)
    put(tmp_path, CLASSED)
    (tmp_path / "README.md").write_text("# Ours")
    shipped = [each.name for each in Limits.load(None)]
    limits = Limits.load(tmp_path)
    assert [each.name for each in limits] == [*shipped, "own-classes", "own-limit"]
    assert [v.verdict for v in classify(0.2, 0.0, limits.get("own-classes"))] == ["b"]


def test_a_byte_order_mark_is_passed_over(tmp_path):
    (tmp_path / "own-limit.json").write_text(json.dumps(LIMIT), encoding="utf-8-sig")
    assert Limits.load(tmp_path).get("own-limit").cases[0].limit_mm == 0.3


@pytest.mark.parametrize("folder", ["empty", "missing"])
def test_a_folder_without_tables_is_refused(tmp_path, folder):
    (tmp_path / "empty").mkdir()
    with pytest.raises(StartupError, match=rf"{folder} holds no \.json file of width limits"):
        Limits.load(tmp_path / folder)


def test_the_name_of_a_shipped_table_is_refused(tmp_path):
    put(tmp_path, LIMIT | {"name": "burland"})
    with pytest.raises(StartupError, match=r"burland\.json: name 'burland' is that of a shipped"):
        Limits.load(tmp_path)


def test_a_name_that_is_not_the_files_is_refused(tmp_path):
    put(tmp_path, LIMIT, file="other.json")
    with pytest.raises(StartupError, match=r"other\.json: name is 'own-limit'.*own-limit\.json$"):
        Limits.load(tmp_path)


def with_classes(*classes: dict) -> dict:
    return CLASSED | {"cases": [{"name": "deck", "classes": list(classes)}]}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (LIMIT | {"editon": "2"}, "editon: Extra inputs"),
        ({k: v for k, v in LIMIT.items() if k != "statement"}, "statement: Field required"),
        (LIMIT | {"statement": " "}, "statement: String should have at least 1"),
        (LIMIT | {"name": "Own Limit"}, "name: String should match"),
        (LIMIT | {"kind": "severity"}, "kind: Input should be 'design-limit' or"),
        (LIMIT | {"verified": "no"}, "verified: Input should be a valid boolean"),
        (LIMIT | {"cases": []}, "cases: Tuple should have at least 1"),
        (LIMIT | {"cases": [{"name": "a", "limit_mm": "0.3"}]}, "cases.0.limit_mm: Input should"),
        (LIMIT | {"cases": [{"name": "a", "limit_mm": -0.3}]}, "cases.0.limit_mm: Input should"),
        (LIMIT | {"cases": [{"name": "a", "limit_mm": math.nan}]}, "cases.0.limit_mm: Input"),
        (LIMIT | {"cases": [{"name": "a", "limit_mm": math.inf}]}, "cases.0.limit_mm: Input"),
        (LIMIT | {"cases": [{"name": "a"}]}, "cases.0: a case without limit_mm and classes needs"),
        (LIMIT | {"cases": LIMIT["cases"] * 2}, "cases: 'deck' stands twice"),
        (LIMIT | {"cases": CLASSED["cases"]}, "cases: 'deck' has classes, and a design-limit"),
        (CLASSED | {"cases": LIMIT["cases"]}, "cases: 'deck' has limit_mm, and a condition"),
        (
            CLASSED | {"cases": [{"name": "deck", "limit_mm": 0.3, "classes": CLASSES}]},
            "cases.0: limit_mm and classes exclude",
        ),
        (with_classes({"name": "a"}), "cases.0: classes: one class tells nothing apart"),
        (
            with_classes(CLASSES[0], CLASSES[0] | {"up_to_mm": 1}),
            "cases.0.classes.1: 'a' has below",
        ),
        (with_classes(*CLASSES, {"name": "d"}), "cases.0: classes: all but the last"),
        (with_classes(*CLASSES[:2]), "cases.0: classes: all but the last"),
        (with_classes(CLASSES[1], CLASSES[0], CLASSES[2]), "cases.0: classes: each must end at"),
        (with_classes(CLASSES[0], CLASSES[0], CLASSES[2]), "cases.0: classes: 'a' stands twice"),
        (
            with_classes({"name": "a", "below_mm": 1}, {"name": "b", "up_to_mm": 1}, {"name": "c"}),
            "cases.0: classes: each must end at",
        ),
        (with_classes({"name": "a", "below_mm": 0}, {"name": "b"}), "cases.0.classes.0.below_mm"),
        (
            with_classes({"name": "undetermined", "below_mm": 1}, {"name": "b"}),
            "cases.0.classes.0: 'undetermined' is an answer of its own",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_file_is_refused_in_one_sentence_that_names_file_and_field(
    tmp_path, content, complaint
):
    path = put(tmp_path, content, file="broken.json")
    with pytest.raises(StartupError) as refused:
        Limits.load(tmp_path)
    assert str(refused.value).startswith(f"{path}: {complaint}")
    assert str(refused.value).endswith("; docs/limits.md shows a table")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", ": Invalid JSON"),
        (b"{'name'}", ": Invalid JSON"),
        (b"[]", ": Input should be an object"),
        (b"\xff\xfe{", " cannot be read as UTF-8 text"),
    ],
)
def test_a_file_that_is_no_json_is_refused(tmp_path, data, complaint):
    path = tmp_path / "broken.json"
    path.write_bytes(data)
    with pytest.raises(StartupError, match=f"^{re.escape(str(path) + complaint)}"):
        Limits.load(tmp_path)


def test_a_folder_called_as_a_table_is_refused(tmp_path):
    (tmp_path / "own.json").mkdir()
    with pytest.raises(StartupError, match=r"own\.json cannot be read"):
        Limits.load(tmp_path)


def test_the_documents_own_table_is_one(tmp_path):
    found = re.search(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    assert found is not None
    (tmp_path / "county-bridges.json").write_text(found[1])
    bridges = Limits.load(tmp_path).get("county-bridges")
    assert [v.verdict for v in classify(0.2, 0.0, bridges)] == ["report", "not-applicable"]
