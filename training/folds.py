"""`python -m training folds`: the paper protocol on deepcrack-256, over five folds by group.

Each fold is a run folder of `training train`, RUNS/ARCHITECTURE-foldK; where it is finished, it holds result.json
(training.fold_result). The same call goes on after an interruption. Where several folds are wanted, each runs in a
process of its own, so that no result depends on what ran before. What the paper leaves open and how it is read here:
docs/decisions/0007-paper-protocol.md.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from training import train
from training.checkpoints import epochs_done
from training.config import override, paper
from training.data import DataError, Row, read_rows, select
from training.evaluation import run_log
from training.fold_result import RESULT, Fold, add_test_figures, read_result, write_result
from training.networks import ARCHITECTURES
from training.run_record import write_record

SOURCE = "deepcrack-256"  # in place of the paper's 776 photos, which are not public


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", type=Path, help="folder of the folds' run folders")
    parser.add_argument("--data", type=Path, required=True, help=f"index .csv that lists {SOURCE}")
    parser.add_argument(
        "--architecture",
        action="append",
        choices=ARCHITECTURES,
        help="this network (repeatable); all where none is named",
    )
    parser.add_argument(
        "--fold",
        type=int,
        action="append",
        choices=range(train.FOLDS),
        help="this fold (repeatable); all where none is named",
    )
    parser.add_argument("--epochs", type=int, help="in place of the paper's 50")
    parser.add_argument(
        "--seed",
        type=int,
        help="of the division, the first weights and all draws; the recipe's is 0",
    )
    parser.add_argument(
        "--mixed-precision", action="store_true", help="train in bfloat16; figures stay float32"
    )
    parser.add_argument(
        "--test", action="store_true", help="score the best weights on the `test` rows too"
    )
    parser.add_argument(
        "--log", type=Path, default=run_log.LOG, help="JSON lines; each look at test rows adds one"
    )


def run(args: argparse.Namespace) -> int:
    if args.epochs is not None and args.epochs < 1:
        raise DataError(f"--epochs is {args.epochs}; train for one at least")
    train_rows, test_rows = protocol_rows(args)
    chosen = list(wanted_folds(args, train_rows))
    for fold in chosen:
        refuse_other_run(fold)
    for fold in chosen:
        if is_finished(fold, args.test):
            print(f"{fold.folder} is finished")
        elif len(chosen) == 1:
            run_fold(args, fold, test_rows)
        else:
            start_process(args, fold)
    return 0


def protocol_rows(args: argparse.Namespace) -> tuple[list[Row], list[Row]]:
    """The source's `train` and `test` rows. Raises DataError where the protocol cannot run on them."""
    rows = read_rows(args.data)
    found = [select(rows, split, sources=[SOURCE]) for split in ("train", "test")]
    for split, part, is_needed in zip(("train", "test"), found, (True, args.test), strict=True):
        if is_needed and not part:
            raise DataError(
                f"{args.data} lists no {split} rows of {SOURCE}; name an index file that does"
            )
    groups = len({row.group for row in found[0]})
    if groups < train.FOLDS:
        raise DataError(
            f"the train rows of {SOURCE} are of {groups} groups; {train.FOLDS} folds need as many"
        )
    return found[0], found[1]


def wanted_folds(args: argparse.Namespace, train_rows: list[Row]) -> Iterator[Fold]:
    """The folds that the arguments name, network by network."""
    for architecture in dict.fromkeys(args.architecture or ARCHITECTURES):
        recipe = override(paper(architecture), epochs=args.epochs, seed=args.seed)
        for number in dict.fromkeys(args.fold or range(train.FOLDS)):
            training, validation = train.split_rows(
                train_rows, recipe, sources=[SOURCE], without=[], fold=number
            )
            folder = args.runs / f"{architecture}-fold{number}"
            yield Fold(architecture, number, recipe, folder, training, validation)


def refuse_other_run(fold: Fold) -> None:
    """Raises DataError where the fold's folder holds a run of another recipe or other data."""
    if (fold.folder / "run.json").exists():
        write_record(
            fold.folder, fold.recipe, fold.architecture, fold.training, fold.validation, {SOURCE}
        )


def is_finished(fold: Fold, wants_test: bool) -> bool:
    result = read_result(fold)
    return result is not None and (not wants_test or "test" in result["figures"])


def run_fold(args: argparse.Namespace, fold: Fold, test_rows: list[Row]) -> None:
    """Train the fold in this process, from its last whole epoch on, and write its result."""
    result = read_result(fold)
    if result is None:
        before, began = epochs_done(fold.folder), time.monotonic()
        train.run(train_arguments(args, fold))
        result = write_result(
            fold,
            minutes=(time.monotonic() - began) / 60,
            timed_epochs=fold.recipe.epochs - before,
        )
    if args.test:
        result = add_test_figures(fold, result, test_rows)
        model = {"name": fold.folder.name, "weights_sha256": result["weights_sha256"]}
        run_log.log_run(args.log, {"model": model} | result["test_made_with"])
    for name, figures in result["figures"].items():
        shown = ", ".join(f"{key} {figures[key]:.4f}" for key in ("dice_soft_batch", "f1"))
        print(f"{fold.folder / RESULT}: {name} {shown}")


def train_arguments(args: argparse.Namespace, fold: Fold) -> argparse.Namespace:
    """The fold as arguments of `training train`."""
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    given = [str(fold.folder), "--recipe", "paper", "--source", SOURCE]
    return parser.parse_args([*given, *passed_on(args, fold)])


def start_process(args: argparse.Namespace, fold: Fold) -> None:
    """Run the one fold by this command in a new process. Raises DataError where it fails."""
    command = [sys.executable, "-m", "training", "folds", str(args.runs), *passed_on(args, fold)]
    if args.test:
        command += ["--test", "--log", str(args.log)]
    code = subprocess.run(command, check=False).returncode  # noqa: S603  (this very command)
    if code:
        raise DataError(
            f"{fold.folder} ended with exit status {code}, for the reason above; "
            "the same command goes on where it stopped"
        )


def passed_on(args: argparse.Namespace, fold: Fold) -> list[str]:
    """What `folds` and `train` both take."""
    given = [
        "--data",
        str(args.data),
        "--architecture",
        fold.architecture,
        "--fold",
        str(fold.number),
    ]
    for name in ("epochs", "seed"):
        if getattr(args, name) is not None:
            given += [f"--{name}", str(getattr(args, name))]
    return [*given, "--mixed-precision"] if args.mixed_precision else given
