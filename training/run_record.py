"""`run.json`: what is needed to repeat a run, and what keeps another from going on in its folder."""

import dataclasses
import hashlib
import json
import platform
from pathlib import Path

import keras
import numpy as np

from training.config import SYNTHETIC, Recipe
from training.data import DataError, Row
from training.provenance import command_line, git_commit, rows_hash


def trained_on(recipe: Recipe, training: list[Row]) -> set[str]:
    """Sources that the recipe draws from, the generator included."""
    listed = {row.source for row in training if recipe.source_weights.get(row.source, 1.0) > 0}
    return listed | ({SYNTHETIC} if recipe.synthetic_share else set())


def write_record(
    folder: Path,
    recipe: Recipe,
    architecture: str,
    training: list[Row],
    validation: list[Row],
    seen: set[str],
    hard_places: Path | None = None,
) -> None:
    """Write `run.json`: what is needed to repeat the run. Refuses to resume under another recipe."""
    record = {
        "architecture": architecture,
        "recipe": json.loads(json.dumps(dataclasses.asdict(recipe), default=sorted)),
        "data": {
            "training_rows": len(training),
            "validation_rows": len(validation),
            "trained_on": sorted(seen),
            "rows_sha256": rows_hash(training + validation),
            "hard_places_sha256": hard_places
            and hashlib.sha256(hard_places.read_bytes()).hexdigest(),
        },
    }
    path = folder / "run.json"
    if path.exists():
        before = _completed(json.loads(path.read_text()))
        if any(before[key] != value for key, value in record.items()):
            raise DataError(
                f"{folder} holds a run of another recipe or other data; name a new folder"
            )
        return
    record["made_with"] = {
        "command": command_line(),
        "commit": git_commit(),
        "python": platform.python_version(),
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "numpy": np.__version__,
    }
    path.write_text(json.dumps(record, indent=2) + "\n")


def _completed(record: dict) -> dict:
    """The record as it would be written today: what it was too old to say had the value that is the default."""
    defaults = {
        field.name: field.default
        for field in dataclasses.fields(Recipe)
        if field.default is not dataclasses.MISSING
    }
    recipe = json.loads(json.dumps(defaults, default=sorted)) | record["recipe"]
    data = {"hard_places_sha256": None} | record["data"]
    return record | {"recipe": recipe, "data": data}
