"""`python -m training evaluate`: how an .onnx file does on the rows of an index file, through the serving code."""

import argparse
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from app import image
from app.engine import Engine
from app.pipeline import Options, predict
from app.registry import Model
from app.telemetry import Stopwatch
from training import scoring
from training.config import COARSE_SOURCES
from training.data import DataError, Row, read_mask, read_rows
from training.onnx_file import update_contract
from training.provenance import git_commit, rows_hash
from training.scoring import Counts

MAX_PIXELS = 120_000_000
CANDIDATES = tuple(
    round(0.02 * step, 2) for step in range(1, 50)
)  # thresholds that a choice is made among
COLUMNS = (
    "photos",
    "f1",
    "precision",
    "recall",
    "iou",
    "f1_within_2px",
    "false_pixels",
    "photos_with_large_detection",
)


@dataclass(frozen=True)
class Prediction:
    """A row with what was predicted and what is true: float32 and bool, `[H, W]`."""

    row: Row
    probability: NDArray[np.float32]
    true: NDArray[np.bool_]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help=".onnx file")
    parser.add_argument(
        "--data", type=Path, required=True, help="index .csv, or folder with images/ and masks/"
    )
    parser.add_argument(
        "--split", action="append", required=True, help="val, test or external (repeatable)"
    )
    parser.add_argument(
        "--source", action="append", default=[], help="this source only (repeatable)"
    )
    parser.add_argument(
        "--without", action="append", default=[], help="leave this source out (repeatable)"
    )
    parser.add_argument(
        "--choose-threshold", action="store_true", help="on these rows, which must all be `val`"
    )
    parser.add_argument(
        "--device", choices=("auto", "cuda", "cpu"), default="auto", help="where the model runs"
    )
    parser.add_argument("--output", type=Path, help="JSON file for the result")
    parser.add_argument(
        "--record", action="store_true", help="write threshold or figures into the file's contract"
    )


def run(args: argparse.Namespace) -> int:
    rows = wanted_rows(args)
    engine = Engine(args.model, args.device)
    model = Model(engine.contract, hashlib.sha256(args.model.read_bytes()).hexdigest(), engine)
    predictions = predict_rows(rows, model)
    if args.choose_threshold:
        result = choose_threshold(predictions)
        # Figures belong to the threshold that they were measured at.
        changes: dict[str, object] = {
            "threshold": result["threshold"],
            "threshold_from": "validation",
            "metrics": {},
        }
    else:
        result = score(predictions, model.contract.threshold)
        changes = {"metrics": dict(model.contract.metrics) | flat_figures(result["sources"])}
    result |= provenance(model, rows)
    print(table(result))
    if args.record:
        update_contract(args.model, **changes)
    if args.output:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        args.output.write_text(json.dumps(result, indent=2) + "\n")
    return 0


def wanted_rows(args: argparse.Namespace) -> list[Row]:
    """The rows to score, coarse sources never among them. Raises DataError where none is left."""
    without = {*args.without, *COARSE_SOURCES}
    rows = [
        row for row in read_rows(args.data) if row.split in args.split and row.source not in without
    ]
    if args.source:
        rows = [row for row in rows if row.source in args.source]
    if not rows:
        raise DataError("no row is left to score; check --split, --source and --without")
    if args.choose_threshold and {row.split for row in rows} != {"val"}:
        raise DataError(
            "a threshold is chosen on `val` rows alone; on others it would be an oracle"
        )
    return rows


def predict_rows(rows: Sequence[Row], model: Model) -> Iterator[Prediction]:
    """Decode, tile, run and stitch each row as the service does."""
    for row in tqdm(rows, unit="photo", disable=None):
        photo = image.decode(image.identify(row.image.read_bytes(), MAX_PIXELS))
        true = read_mask(row.mask) > 0
        if photo.pixels.shape[:2] != true.shape:
            raise DataError(f"{row.mask} is not of its photo's size; make them the same size")
        yield Prediction(row, predict(photo.pixels, model, Options(), Stopwatch()), true)


def score(predictions: Iterator[Prediction], threshold: float) -> dict:
    """Figures by split and source, at the model's threshold and at 0.5."""
    thresholds = {"sources": threshold, "sources_at_half": 0.5}
    counts: dict[str, dict[str, list[Counts]]] = {key: defaultdict(list) for key in thresholds}
    largest: dict[str, dict[str, list[int]]] = {key: defaultdict(list) for key in thresholds}
    for prediction in predictions:
        place = f"{prediction.row.source}/{prediction.row.split}"
        for key, level in thresholds.items():
            predicted = prediction.probability >= level
            counts[key][place].append(scoring.count(predicted, prediction.true))
            largest[key][place].append(scoring.largest_detection(predicted))
    summaries = {
        key: {
            place: scoring.summarise(photos, largest[key][place])
            for place, photos in sorted(found.items())
        }
        for key, found in counts.items()
    }
    return {"threshold": threshold, **summaries}


def choose_threshold(predictions: Iterator[Prediction]) -> dict:
    """The threshold with the best mean over sources of F1 within 2 px; sources without cracks have no say."""
    counts: dict[str, list[Counts]] = {}
    for prediction in predictions:
        found = [
            scoring.count(prediction.probability >= level, prediction.true) for level in CANDIDATES
        ]
        before = counts.setdefault(prediction.row.source, [Counts()] * len(CANDIDATES))
        counts[prediction.row.source] = [a + b for a, b in zip(before, found, strict=True)]
    cracked = {source: pooled for source, pooled in counts.items() if pooled[0].tp + pooled[0].fn}
    if not cracked:
        raise DataError("no row has a crack; a threshold cannot be chosen")
    means = [
        float(np.mean([pooled[i].f1_within_2px() for pooled in cracked.values()]))
        for i in range(len(CANDIDATES))
    ]
    best = middle_of_best(means)
    sources = {
        source: {"f1": p[best].f1(), "f1_within_2px": p[best].f1_within_2px()}
        for source, p in cracked.items()
    }
    return {
        "threshold": CANDIDATES[best],
        "sources": sources,
        "curve": dict(zip(map(str, CANDIDATES), means, strict=True)),
    }


def middle_of_best(values: Sequence[float]) -> int:
    """Index of the largest value; of several alike, the middle one: the safest of a plateau."""
    ties = np.flatnonzero(np.isclose(values, max(values), rtol=0, atol=1e-9))
    return int(ties[len(ties) // 2])


def flat_figures(sources: dict[str, dict[str, float]]) -> dict[str, float]:
    """What the contract carries: `deepcrack-256/test/f1` and so on, to four digits."""
    wanted = ("f1", "f1_within_2px", "false_pixels")
    return {
        f"{place}/{name}": round(figures[name], 6 if name == "false_pixels" else 4)
        for place, figures in sources.items()
        for name in wanted
        if name in figures
    }


def provenance(model: Model, rows: Sequence[Row]) -> dict:
    """What made a figure, so that it can be made again."""
    return {
        "model": {"name": model.name, "version": model.contract.version, "file_sha256": model.sha256,
                  "weights_sha256": model.contract.weights_sha256},
        "rows": {"count": len(rows), "sha256": rows_hash(rows)},
        "command": " ".join(["python -m training", *sys.argv[1:]]),
        "commit": git_commit(),
        "seed": 0,
    }  # fmt: skip


def table(result: dict) -> str:
    """The figures by source, for reading."""
    width = max(len(place) for place in result["sources"])
    head = f"threshold {result['threshold']}"
    lines = [
        f"{head:{width}}  "
        + "  ".join(f"{name.replace('photos_with_', ''):>15}" for name in COLUMNS)
    ]
    for place, figures in result["sources"].items():
        cells = [f"{figures[name]:15.4f}" if name in figures else " " * 15 for name in COLUMNS]
        lines.append(f"{place:{width}}  " + "  ".join(cells))
    return "\n".join(lines)
