"""`python -m training evaluate`: how an .onnx file does on the rows of an index file, through the serving code."""

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from app.contract import Contract, label
from app.registry import Model, load_model
from app.session import Device
from training.config import COARSE_SOURCES
from training.data import DataError, Row, check_pairs, read_rows, straddling_groups
from training.evaluation import run_log
from training.evaluation.calibration import Bins, calibration, count_bins
from training.evaluation.centerlines import traced
from training.evaluation.figures import Compared, Figures, by_source, by_split, compare
from training.evaluation.prediction import Prediction, predict_rows, read_as_served
from training.evaluation.table import table
from training.evaluation.threshold import choose_threshold
from training.onnx_file import read_contract, update_contract
from training.provenance import command_line, git_commit, rows_hash

BOTH: tuple[Device, ...] = ("cpu", "cuda")


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
    parser.add_argument(
        "--float16", action="store_true", help="run it as GPUs do, in float16, on any device"
    )
    parser.add_argument(
        "--openvino", action="store_true", help="run it by OpenVINO, as CPUs do that have it"
    )
    parser.add_argument("--output", type=Path, help="JSON file for the result")
    parser.add_argument(
        "--record", action="store_true", help="write threshold or figures into the file's contract"
    )
    parser.add_argument(
        "--log",
        type=Path,
        default=run_log.LOG,
        help="JSON lines; each run on test or external adds one",
    )


def run(args: argparse.Namespace) -> int:
    listed = read_rows(args.data)
    rows = wanted_rows(listed, args)
    model = wanted_model(args)
    check_pairs(rows, read_as_served)
    bins: dict[str, Bins] = {}
    predictions = binned(predict_rows(rows, model), bins)
    if args.choose_threshold:
        result = choose_threshold(predictions)
    else:
        result = score(predictions, model.contract.threshold, straddling_groups(listed))
    made_by = provenance(model, rows)
    result |= {"calibration": calibration(bins)} | made_by
    looked = bool(run_log.HELD_OUT & {row.split for row in rows})
    runs = run_log.log_run(args.log, made_by) if looked else 0  # first: what follows may fail
    print(table(result))
    if args.output:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        args.output.write_text(json.dumps(result, indent=2) + "\n")
    if looked:
        print(f"runs on test or external in {args.log}: {runs}")
    if args.record:
        update_contract(args.model, **recorded(result, model.contract, args.choose_threshold))
    return 0


def wanted_model(args: argparse.Namespace) -> Model:
    """The file as it is, or as it is computed elsewhere. Raises DataError where that is not possible or no record."""
    if args.float16 and args.openvino:
        raise DataError("--float16 is what GPUs do, --openvino what CPUs do; give one of them")
    if args.float16 and read_contract(args.model).precision != "float32":
        raise DataError(
            f"{args.model} is no float32 file; give --float16 the file it was made from"
        )
    if args.record and (args.float16 or args.openvino):
        raise DataError(
            "figures of another arithmetic are not the file's own; leave out --record, --float16 and --openvino"
        )
    model = load_model(
        args.model,
        args.device,
        float16_on=BOTH if args.float16 else (),
        with_openvino=args.openvino,
    )
    if args.float16 and model.precision != "float16":
        raise DataError(
            f"{args.model} does not run in float16 on this device; see the warning above"
        )
    if args.openvino and not model.engine.runs_by_openvino:
        raise DataError(
            f"{args.model} does not run by OpenVINO here; install the extra `openvino` and give --device cpu"
        )
    return model


def recorded(result: Mapping, said: Contract, is_choice: bool) -> dict[str, object]:
    """What changes in the contract: the chosen threshold, or the figures beside those of other splits."""
    if is_choice:  # figures and widths belong to the threshold that they were measured at
        return {
            "threshold": result["threshold"],
            "threshold_from": "validation",
            "metrics": {},
            "width_calibration": (),
        }
    return {"metrics": dict(said.metrics) | flat_figures(result["sources"])}


def wanted_rows(listed: Sequence[Row], args: argparse.Namespace) -> list[Row]:
    """The rows to score, coarse sources never among them. Raises DataError where a split has none left."""
    if unknown := sorted({*args.source, *args.without} - {row.source for row in listed}):
        raise DataError(f"{args.data} lists no source {' or '.join(unknown)}; check the spelling")
    without = {*args.without, *COARSE_SOURCES}
    rows = [row for row in listed if row.split in args.split and row.source not in without]
    if args.source:
        rows = [row for row in rows if row.source in args.source]
    if empty := sorted(set(args.split) - {row.split for row in rows}):
        raise DataError(
            f"no row is left to score in {' and '.join(empty)}; check --split, --source and --without"
        )
    if args.choose_threshold and {row.split for row in rows} != {"val"}:
        raise DataError(
            "a threshold is chosen on `val` rows alone; on others it would be an oracle"
        )
    return rows


def binned(predictions: Iterable[Prediction], bins: dict[str, Bins]) -> Iterator[Prediction]:
    """Pass the predictions on, each one's bins of calibration added to those of its source on the way."""
    for prediction in predictions:
        source = prediction.row.source
        bins[source] = bins.get(source, Bins()) + count_bins(
            prediction.probability, prediction.true
        )
        yield prediction


def score(
    predictions: Iterable[Prediction], threshold: float, straddling: frozenset[tuple[str, str]]
) -> dict:
    """Figures by source and by split at the model's threshold and at 0.5 (keys that end in `_at_half`)."""
    levels = {"": threshold, "_at_half": 0.5}
    photos: dict[str, list[tuple[Row, Compared]]] = {suffix: [] for suffix in levels}
    for prediction in predictions:
        true = traced(prediction.true)
        for suffix, level in levels.items():
            predicted = traced(prediction.probability >= level)
            photos[suffix].append((prediction.row, compare(prediction.row.group, predicted, true)))
    result: dict = {"threshold": threshold}
    for suffix, compared in photos.items():
        result[f"sources{suffix}"] = by_source(compared, straddling)
        result[f"overall{suffix}"] = by_split(compared)
    return result


def flat_figures(sources: Mapping[str, Figures]) -> dict[str, float]:
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
        "model": {"name": label(model.name, model.precision, by_openvino=model.engine.runs_by_openvino),
                  "version": model.contract.version,
                  "file_sha256": model.sha256, "weights_sha256": model.contract.weights_sha256},
        "rows": {"count": len(rows), "sha256": rows_hash(rows),
                 "splits": sorted({row.split for row in rows}), "sources": sorted({row.source for row in rows})},
        "command": command_line(),
        "commit": git_commit(),
        "seed": 0,
    }  # fmt: skip
