"""What the documents say, compared with the program."""

import re
from pathlib import Path

import pytest

from app.cli import main
from app.errors import RequestError
from app.negotiation import MEDIA_TYPES
from app.settings import Settings, flag, variable
from training.__main__ import COMMANDS
from training.__main__ import main as training

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [
    path
    for path in [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "models").glob("*.md"),
    ]
    if path.is_file()
]


def settings_table() -> str:
    """The table as it must stand in the README."""
    lines = ["| variable | flag | default | what it does |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = f"`{field.default}`" if field.default not in (None, "") else "none"
        if name == "models_dir":
            default = "the `models/` beside the package"
        lines.append(f"| `{variable(name)}` | `{flag(name)}` | {default} | {field.description} |")
    return "\n".join(lines)


def test_readme_lists_every_setting_as_the_program_has_it():
    found = re.search(r"<!-- settings -->\n(.*?)\n<!-- /settings -->", README, re.DOTALL)
    assert found is not None
    assert found[1] == settings_table()


def test_readme_lists_every_form_of_an_answer():
    found = re.search(r"<!-- forms -->\n(.*?)\n<!-- /forms -->", README, re.DOTALL)
    assert found is not None
    rows = re.findall(r"^\| `([a-z-]+)` \| `([a-z+/-]+)` \|", found[1], re.MULTILINE)
    assert rows == list(MEDIA_TYPES.items())


def test_help_names_every_setting_with_its_variable(capsys):
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for name in Settings.model_fields:
        assert flag(name) in shown
        assert variable(name) in shown


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (document.parent / target).exists(), f"{document.name} leads to {target}"


def test_the_pages_of_figures_are_what_the_results_say():
    places = ["--models", str(ROOT / "models"), "--accuracy", str(ROOT / "docs" / "accuracy")]
    assert training(["report", "--check", *places]) == 0


def test_readme_names_make_targets_that_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE))
    assert {"serve", "test"} <= named
    assert named <= targets


def test_readme_names_training_commands_that_exist():
    named = set(re.findall(r"^training ([a-z]+)", README, re.MULTILINE))
    assert named == set(COMMANDS)


def leaves(kind: type) -> list[type]:
    return (
        [kind]
        if not kind.__subclasses__()
        else [x for s in kind.__subclasses__() for x in leaves(s)]
    )


def test_the_error_tree_is_drawn_as_it_is():
    drawn = (ROOT / "app" / "errors.py").read_text(encoding="utf-8").split('"""')[1]
    for error in leaves(RequestError):
        assert re.search(rf"{error.__name__} +{error.status} {error.code}\n", drawn), error.__name__
