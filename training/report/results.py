"""The files of results that docs/accuracy/ is made from, sorted by what they hold.

results/evaluate/*.json   `evaluate --output`, with and without --choose-threshold
results/failures/*.json   `failures --output`, and its pictures
results/folds/*.json      result.json of `folds`, one a fold
results/runs/NAME/        run.json and log.csv of the runs that the shipped models came from
test-runs.jsonl           each look at rows that nothing may be chosen by
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.contract import Contract
from training.data import DataError


@dataclass(frozen=True)
class Results:
    """What was measured. Evaluations, thresholds and failures are of the models that are shipped, by name."""

    folder: Path
    evaluations: dict[str, list[dict]]
    thresholds: dict[str, dict]
    failures: dict[str, dict]
    folds: dict[str, list[dict]]
    """By architecture, in the order of the folds."""
    runs: dict[str, dict]
    """The record of a run, by its folder's name."""
    looks: list[dict]
    """Lines of the log of runs on test and external rows."""

    def figures(self, model: str, place: str, *, at_half: bool = False) -> dict[str, float]:
        """The figures of a model at `source/split`, at its own threshold or at 0.5; {} where there are none."""
        key = "sources_at_half" if at_half else "sources"
        for result in self.evaluations.get(model, []):
            if place in result[key]:
                return result[key][place]
        return {}

    def made_by(self) -> Iterator[tuple[str, dict]]:
        """Every result that a command on a shipped file made, with the place of its file."""
        for results in self.evaluations.values():
            yield from (("evaluate", result) for result in results)
        yield from (("threshold", result) for result in self.thresholds.values())
        yield from (("failures", result) for result in self.failures.values())


def read_results(folder: Path, contracts: Sequence[Contract]) -> Results:
    """Everything under `folder`. Raises DataError for a result of another file than the one that is shipped."""
    shipped = {said.name: said for said in contracts}
    scored = [_of_shipped(path, shipped) for path in _json_files(folder, "evaluate")]
    failures = [_of_shipped(path, shipped) for path in _json_files(folder, "failures")]
    folds: dict[str, list[dict]] = {}
    for path in _json_files(folder, "folds"):
        result = json.loads(path.read_text(encoding="utf-8"))
        folds.setdefault(result["architecture"], []).append(result)
    evaluations: dict[str, list[dict]] = {}
    for result in scored:
        if "curve" not in result:
            evaluations.setdefault(result["model"]["name"], []).append(result)
    log = folder / "test-runs.jsonl"
    return Results(
        folder,
        evaluations,
        {result["model"]["name"]: result for result in scored if "curve" in result},
        {result["model"]["name"]: result for result in failures},
        {name: sorted(found, key=lambda each: each["fold"]) for name, found in folds.items()},
        {
            path.parent.name: json.loads(path.read_text(encoding="utf-8"))
            for path in sorted((folder / "results" / "runs").glob("*/run.json"))
        },
        [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        if log.is_file()
        else [],
    )


def _json_files(folder: Path, kind: str) -> list[Path]:
    return sorted((folder / "results" / kind).glob("*.json"))


def _of_shipped(path: Path, shipped: dict[str, Contract]) -> dict:
    """A result whose command was run on the weights and at the threshold that are shipped."""
    result = json.loads(path.read_text(encoding="utf-8"))
    name = result["model"]["name"]
    if name not in shipped:
        raise DataError(f"{path} is of the model {name!r}, which is not shipped; remove it")
    said = shipped[name]
    if result["model"]["weights_sha256"] != said.weights_sha256:
        raise DataError(
            f"{path} is of other weights than the shipped {name}; run again: {result['command']}"
        )
    if result["threshold"] != said.threshold:
        raise DataError(
            f"{path} was made at the threshold {result['threshold']}, the shipped {name} has "
            f"{said.threshold}; run again: {result['command']}"
        )
    return result
