"""The files of results that docs/accuracy/ is made from, sorted by what they hold.

results/evaluate/*.json   `evaluate --output`, with and without --choose-threshold
results/variants/*.json   the same of weights that are not shipped, by the file's name
results/failures/*.json   `failures --output`, and its pictures
results/folds/*.json      result.json of `folds`, one a fold
results/runs/NAME/        run.json and log.csv of the runs that the shipped models came from
test-runs.jsonl           each look at rows that nothing may be chosen by
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.contract import Contract, Precision, label
from training.data import DataError

RESULTS = "results"  # the folder of the files, in that of the page
MADE_BY = ("command", "commit", "rows", "seed")  # of a result, what a line under Commands says


@dataclass(frozen=True)
class Results:
    """What was measured. Evaluations, thresholds and failures are of the models that are shipped, by name."""

    folder: Path
    evaluations: dict[str, list[dict]]
    thresholds: dict[str, dict]
    variants: dict[str, dict]
    """Evaluations of weights that are not shipped."""
    failures: dict[str, dict]
    folds: dict[str, list[dict]]
    """By architecture, in the order of the folds."""
    runs: dict[str, dict]
    """The record of a run, by its folder's name."""
    looks: list[dict]
    """Lines of the log of runs on test and external rows."""

    def figures(self, model: str, place: str, key: str = "sources") -> dict[str, float]:
        """The figures of a model at `source/split`, or of a whole split with the key `overall`; {} for none."""
        for result in self.evaluations.get(model, []):
            if place in result[key]:
                return result[key][place]
        return {}

    def made_by_commands(self) -> Iterator[tuple[str, dict]]:
        """Every result of a command on a file, with what the page calls that file."""
        for name, results in self.evaluations.items():
            yield from ((name, result) for result in results)
        for by_name in (self.thresholds, self.failures, self.variants):
            yield from by_name.items()


def read_results(folder: Path, contracts: Sequence[Contract]) -> Results:
    """Everything under `folder`. Raises DataError for a result of another file than the one that is shipped."""
    shipped = {name: said for said in contracts for name in _names(said)}
    scored = [_of_shipped(path, shipped) for path in _json_files(folder, "evaluate")]
    failures = [_of_shipped(path, shipped) for path in _json_files(folder, "failures")]
    _refuse_unlike(failures, folder, "drawn", "split", "rows")
    evaluations: dict[str, list[dict]] = {}
    for result in scored:
        if "curve" not in result:
            evaluations.setdefault(result["model"]["name"], []).append(result)
    for name, found in evaluations.items():
        _refuse_twice(name, found)
    log = folder / "test-runs.jsonl"
    return Results(
        folder,
        evaluations,
        {result["model"]["name"]: result for result in scored if "curve" in result},
        {
            path.stem: _of_variant(path, {said.weights_sha256 for said in contracts})
            for path in _json_files(folder, "variants")
        },
        {result["model"]["name"]: result for result in failures},
        _read_folds(folder),
        {
            path.parent.name: _read_run(path)
            for path in sorted((folder / RESULTS / "runs").glob("*/run.json"))
        },
        [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        if log.is_file()
        else [],
    )


def _names(said: Contract) -> Iterator[str]:
    """What `evaluate` calls the file, by how it was run."""
    yield said.label
    computed: tuple[Precision, ...] = ("float32", "bfloat16")
    if said.precision == "float32":
        yield label(said.name, "float16")
    else:
        computed = (said.precision,)
    yield from (label(said.name, precision, by_openvino=True) for precision in computed)


def _json_files(folder: Path, kind: str) -> list[Path]:
    return sorted((folder / RESULTS / kind).glob("*.json"))


def _read(path: Path, *keys: str) -> dict:
    """A file of results. Raises DataError where it is not one of the kind that has these keys."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError:
        raise DataError(f"{path} is no JSON; make it again") from None
    if missing := sorted(set(keys) - result.keys()):
        raise DataError(
            f"{path} lacks {', '.join(missing)}: it is of another kind or older; make it again"
        )
    return result


def _read_folds(folder: Path) -> dict[str, list[dict]]:
    """The folds of each network. Raises DataError where they are not of one experiment."""
    folds: dict[str, list[dict]] = {}
    for path in _json_files(folder, "folds"):
        result = _read(path, "architecture", "fold", "figures", "history", "recipe", "data")
        folds.setdefault(result["architecture"], []).append(result)
    for found in folds.values():
        _refuse_unlike(found, folder, "recipe")
        _refuse_unlike([fold["data"] for fold in found], folder, "rows_sha256")
        if len({fold["fold"] for fold in found}) < len(found):
            raise DataError(
                f"{folder} holds a fold of {found[0]['architecture']} twice; remove one"
            )
        found.sort(key=lambda fold: fold["fold"])
    return folds


def _read_run(path: Path) -> dict:
    if not path.with_name("log.csv").is_file():
        raise DataError(f"{path} has no log.csv beside it; copy it from the run folder")
    return _read(path, "architecture", "recipe", "made_with")


def _refuse_unlike(results: Sequence[dict], folder: Path, *keys: str) -> None:
    """What stands side by side has to be of the same photos, or the same recipe."""
    for key in keys:
        if any(result[key] != results[0][key] for result in results):
            raise DataError(
                f"results under {folder} differ in {key} and cannot stand side by side; make them by one command"
            )


def _refuse_twice(name: str, results: Sequence[dict]) -> None:
    for key in ("sources", "overall"):
        places = [place for result in results for place in result[key]]
        if twice := sorted({place for place in places if places.count(place) > 1}):
            raise DataError(
                f"{twice[0]} of {name} was scored in two results; keep one, or score the split by one command"
            )


def _of_variant(path: Path, shipped: set[str]) -> dict:
    """A result of weights that are not shipped."""
    result = _read(path, "model", "threshold", "sources", *MADE_BY)
    if result["model"]["weights_sha256"] in shipped:
        raise DataError(f"{path} is of weights that are shipped; it belongs to evaluate/")
    return result


def _of_shipped(path: Path, shipped: dict[str, Contract]) -> dict:
    """A result whose command was run on the weights and at the threshold that are shipped."""
    result = _read(path, "model", "threshold", *MADE_BY)
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
