"""`python -m training failures`: what one model or several get wrong, as figures and pictures."""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from app.registry import Model, load_model
from app.session import DevicePreference
from training.config import COARSE_SOURCES
from training.data import DataError, Row, check_pairs, read_mask, read_rows, select
from training.evaluation import run_log
from training.evaluation.command import provenance
from training.evaluation.prediction import read_as_served
from training.failures.photos import MOST_PHOTOS, DrawnPhoto, drawn_photos, seeds_of
from training.failures.pictures import draw_pictures
from training.failures.study import Study, truth_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("models", type=Path, nargs="+", metavar="MODEL", help=".onnx file")
    parser.add_argument(
        "--output", type=Path, required=True, help="folder for MODEL.json and the pictures"
    )
    parser.add_argument(
        "--photos",
        type=int,
        default=42,
        help="drawn photos with voids, as many with cracks and as many with look-alikes",
    )
    parser.add_argument("--data", type=Path, help="index .csv, to look at real masks as well")
    parser.add_argument("--split", default="val", help="rows of the index that are looked at")
    parser.add_argument(
        "--device", choices=("auto", "cuda", "cpu"), default="auto", help="where the models run"
    )
    parser.add_argument(
        "--log",
        type=Path,
        default=run_log.LOG,
        help="JSON lines; each model looked at on test or external adds one",
    )


def run(args: argparse.Namespace) -> int:
    """Measure, and write MODEL.json (training.failures says what is in it) and the pictures."""
    if not 1 <= args.photos <= MOST_PHOTOS:
        raise DataError(f"--photos must be from 1 to {MOST_PHOTOS}, got {args.photos}")
    rows = rows_with_cracks(args.data, args.split) if args.data else []
    check_pairs(rows, read_as_served)
    studies = {file.stem: Study(model) for file, model in load(args.models, args.device)}
    photos = list(drawn_photos(args.photos))
    look_at_drawn(photos, list(studies.values()))
    args.output.mkdir(parents=True, exist_ok=True)
    for name, study in studies.items():
        study.look_at_masks(rows)
        made_by = provenance(study.model, rows)
        if run_log.HELD_OUT & {row.split for row in rows}:
            run_log.log_run(args.log, made_by)
        result = made_by | {
            "threshold": study.model.contract.threshold,
            "split": args.split if rows else None,
            "drawn": seeds_of(photos),
        }
        path = args.output / f"{name}.json"
        path.write_text(json.dumps(result | study.rows(), indent=1) + "\n", encoding="utf-8")
        print(path)
    for picture in draw_pictures(studies, args.output):
        print(picture)
    return 0


def rows_with_cracks(index: Path, split: str) -> list[Row]:
    """The rows of the split whose mask shows a crack, coarse sources never. Raises DataError without any."""
    rows = select(read_rows(index), split, without=tuple(COARSE_SOURCES))
    kept = [row for row in rows if read_mask(row.mask).any()]
    if not kept:
        raise DataError(f"no row of split {split!r} in {index} shows a crack; name another --split")
    return kept


def load(files: Sequence[Path], device: DevicePreference) -> list[tuple[Path, Model]]:
    """The models, ready to run. Raises DataError for a missing file or two of one name."""
    for file in files:
        if not file.is_file():
            raise DataError(f"{file} does not exist; name an .onnx file")
    name, count = Counter(file.stem for file in files).most_common(1)[0]
    if count > 1:
        raise DataError(f"{count} models are named {name}.onnx; their results need unlike names")
    return [(file, load_model(file, device)) for file in files]


def look_at_drawn(photos: Sequence[DrawnPhoto], studies: Sequence[Study]) -> None:
    """Draw each photo once and show it to every model."""
    for photo in tqdm(photos, unit="photo", disable=None):
        scene = photo.draw()
        truth = truth_of(scene)
        for study in studies:
            study.look_at(photo, scene, truth)
