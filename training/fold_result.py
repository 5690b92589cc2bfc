"""What one fold of the paper protocol came to: its best weights scored, in one small JSON file."""

import csv
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from training.checkpoints import BEST
from training.config import Recipe
from training.crops import PairCache
from training.data import Row
from training.losses import LOSSES
from training.metrics import paper_metrics
from training.networks import build
from training.provenance import command_line, git_commit, rows_hash
from training.resized import ResizedDataset

RESULT = "result.json"


@dataclass(frozen=True)
class Fold:
    """One network on one division of the rows."""

    architecture: str
    number: int
    recipe: Recipe
    folder: Path  # run folder of `training train`
    training: list[Row]
    validation: list[Row]


def read_result(fold: Fold) -> dict | None:
    """The fold's result, None as long as there is none."""
    path = fold.folder / RESULT
    return json.loads(path.read_text()) if path.is_file() else None


def write_result(fold: Fold, *, minutes: float, timed_epochs: int) -> dict:
    """Score a trained fold and write its result.

    The record of the run; `best_epoch`, from 1, by the recipe's `monitor`; `figures` of the training and validation
    rows; `history`, the run's log by column; SHA-256 of the weights' file; the `minutes` that the last call took,
    and for how many epochs.
    """
    history = read_history(fold.folder / "log.csv")
    figures = score(fold, {"training": fold.training, "validation": fold.validation})
    with (fold.folder / BEST).open("rb") as file:
        weights_sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    result = json.loads((fold.folder / "run.json").read_text()) | {
        "fold": fold.number,
        "best_epoch": best_epoch(history[fold.recipe.monitor]),
        "figures": figures,
        "history": history,
        "weights_sha256": weights_sha256,
        "minutes": round(minutes, 2),
        "timed_epochs": timed_epochs,
    }
    _write(fold, result)
    return result


def add_test_figures(fold: Fold, result: dict, test: Sequence[Row]) -> dict:
    """The result with figures of the untouched rows too, all and without groups that the fold has seen; written."""
    seen = {row.group for row in (*fold.training, *fold.validation)}
    parts = {"test": test}
    if unseen := [row for row in test if row.group not in seen]:
        parts["test_without_straddling_groups"] = unseen
    result = result | {
        "figures": result["figures"] | score(fold, parts),
        "test_made_with": {
            "command": command_line(),
            "commit": git_commit(),
            "rows": {"count": len(test), "sha256": rows_hash(test)},
        },
    }
    _write(fold, result)
    return result


def score(fold: Fold, parts: dict[str, Sequence[Row]]) -> dict[str, dict[str, float]]:
    """Loss and metrics of training.metrics by part, with the count of its rows.

    By the best weights in float32, without dropout; the batches follow the order of the rows.
    """
    keras.utils.clear_session()
    keras.config.set_dtype_policy("float32")
    model = build(fold.architecture, fold.recipe.crop_size)
    model.load_weights(fold.folder / BEST)
    model.compile(loss=LOSSES[fold.recipe.loss], metrics=paper_metrics())
    cache = PairCache(fold.recipe.coarse_sources)
    figures = {}
    for name, rows in parts.items():
        dataset = ResizedDataset(rows, fold.recipe, cache, shuffle=False)
        found = model.evaluate(dataset, verbose=0, return_dict=True)
        figures[name] = {"rows": len(rows)} | {key: float(value) for key, value in found.items()}
    return figures


def read_history(log: Path) -> dict[str, list[float]]:
    """The columns of a run's log. `epoch` counts from 1 here, from 0 in the file."""
    with log.open(newline="") as file:
        lines = list(csv.DictReader(file))
    columns = {name: [float(line[name]) for line in lines] for name in lines[0]}
    return columns | {"epoch": [int(line["epoch"]) + 1 for line in lines]}


def best_epoch(values: Sequence[float]) -> int:
    """The first epoch, from 1, of the highest value: the one whose weights are kept."""
    return int(np.nanargmax(values)) + 1


def _write(fold: Fold, result: dict) -> None:
    """Put the file in its place at once, so that a kill leaves none or a whole one."""
    unfinished = fold.folder / f"{RESULT}.partial"
    unfinished.write_text(json.dumps(result, indent=2) + "\n")
    unfinished.replace(fold.folder / RESULT)
