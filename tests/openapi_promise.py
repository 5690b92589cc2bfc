"""`make openapi`: write docs/openapi.json, unless something that it promises would be lost."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from conftest import write_model

from app.main import create_app
from app.settings import Settings

COMMITTED = Path(__file__).parent.parent / "docs" / "openapi.json"
METHODS = frozenset({"get", "put", "post", "delete", "patch"})

Document = dict[str, Any]


def current() -> Document:
    """The document of a service with every route there can be."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_model(folder)
        key = folder / "key"
        key.write_text("Token 0123456789\n")
        settings = Settings(
            models_dir=folder,
            default_model="darkness",
            device="cpu",
            label_studio_url="http://127.0.0.1:1",
            label_studio_key_file=key,
        )
        document: Document = create_app(settings).openapi()
    return json.loads(json.dumps(document))


def lost(before: Document, after: Document) -> list[str]:
    """What of `before` a client can no longer rely on in `after`: removed, renamed, or of another type."""
    return [
        *_lost_operations(before["paths"], after["paths"]),
        *_lost_schemas(before["components"]["schemas"], after["components"]["schemas"], "schema "),
    ]


def _lost_operations(before: Document, after: Document) -> Iterator[str]:
    for path, item in before.items():
        for method in METHODS & item.keys():
            where = f"{method.upper()} {path}"
            if method not in after.get(path, {}):
                yield where
                continue
            old, new = item[method], after[path][method]
            yield from _lost_parameters(old, new, where)
            yield from _lost_answers(old["responses"], new["responses"], where)
            sent, taken = (each.get("requestBody", {}).get("content", {}) for each in (old, new))
            yield from (f"{where}: body {kind}" for kind in sent.keys() - taken.keys())


def _lost_parameters(before: Document, after: Document, where: str) -> Iterator[str]:
    new = {(each["in"], each["name"]): each for each in after.get("parameters", [])}
    for each in before.get("parameters", []):
        found = new.pop((each["in"], each["name"]), None)
        if found is None:
            yield f"{where}: parameter {each['name']}"
        else:
            yield from _lost_of(
                each["schema"], found["schema"], f"{where}: parameter {each['name']}"
            )
    yield from (
        f"{where}: {name} must be given now"
        for (_, name), one in new.items()
        if one.get("required")
    )


def _lost_answers(before: Document, after: Document, where: str) -> Iterator[str]:
    for status, answer in before.items():
        found = after.get(status)
        if found is None:
            yield f"{where}: answer {status}"
            continue
        gone = answer.get("content", {}).keys() - found.get("content", {}).keys()
        yield from (f"{where}: answer {status} as {kind}" for kind in gone)


def _lost_schemas(before: Document, after: Document, where: str) -> Iterator[str]:
    for name, schema in before.items():
        if name not in after:
            yield where + name
        else:
            yield from _lost_of(schema, after[name], where + name)


def _lost_of(before: Document, after: Document, where: str) -> Iterator[str]:
    """Properties, values and types of a schema."""
    if _type(before) - _type(after):
        yield f"{where} is {_type(after)}, was {_type(before)}"
    gone = set(map(str, before.get("enum", []))) - set(map(str, after.get("enum", [])))
    if "enum" in after:
        yield from (f"{where}: value {value}" for value in sorted(gone))
    yield from _lost_schemas(before.get("properties", {}), after.get("properties", {}), f"{where}.")
    if isinstance(before.get("items"), dict) and isinstance(after.get("items"), dict):
        yield from _lost_of(before["items"], after["items"], f"{where}[]")


def _type(schema: Document) -> frozenset[str]:
    """Names of the types that it may be."""
    if "anyOf" in schema or "oneOf" in schema:
        return frozenset().union(*map(_type, schema.get("anyOf", schema.get("oneOf"))))
    return frozenset({schema.get("$ref") or schema.get("type") or "any"})


def main() -> int:
    document = current()
    if COMMITTED.exists():
        gone = lost(json.loads(COMMITTED.read_text("utf-8")), document)
        if gone:
            print("promised, and gone:", *gone, sep="\n  ", file=sys.stderr)
            print("bring it back: /v1 only grows (CONTRIBUTING.md)", file=sys.stderr)
            return 1
    COMMITTED.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
