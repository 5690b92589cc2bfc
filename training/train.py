"""`python -m training train`: a recipe, a network and an index file become a run folder.

A run folder holds what repeats the run: `run.json` (recipe, data, versions, command), `log.csv` (a line an
epoch), `curves.png`, `best.weights.h5` (best validation epoch) and `last-N.weights.h5` (to go on after N epochs).
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from training.checkpoints import (
    KeepBest,
    KeepLast,
    best_so_far,
    epochs_done,
    forget_unfinished,
    restore,
)
from training.config import NON_COMMERCIAL_SOURCES, RECIPES, Recipe, override
from training.crops import CropDataset, CropSampler, HardPlace, PairCache
from training.curves import draw_curves
from training.data import DataError, Row, check_pairs, folds, read_rows, select
from training.hard_places import read_hard_places
from training.initial_weights import inherited_sources, load_initial_weights
from training.losses import LOSSES
from training.metrics import paper_metrics
from training.networks import ARCHITECTURES, build, side_step, switch_off_dropout
from training.recalibration import RecalibrateNormalization
from training.resized import ResizedDataset
from training.run_record import trained_on, write_record
from training.validation import ScoreSources, fixed_crops

FOLDS = 5  # as in the paper
DRAWS_PER_EPOCH = 1_000_000  # of a dropout layer, at most: one a step


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, help="run folder; an interrupted run in it is resumed")
    parser.add_argument(
        "--data", type=Path, required=True, help="index .csv, or folder with images/ and masks/"
    )
    parser.add_argument("--architecture", choices=ARCHITECTURES, default="unet")
    parser.add_argument("--recipe", choices=sorted(RECIPES), default="field")
    parser.add_argument(
        "--source", action="append", default=[], help="train on this source only (repeatable)"
    )
    parser.add_argument(
        "--without",
        action="append",
        default=None,
        help="leave this source out (repeatable; where neither this nor --source is given: "
        f"{', '.join(NON_COMMERCIAL_SOURCES)})",
    )
    parser.add_argument(
        "--fold",
        type=int,
        choices=range(FOLDS),
        help="divide the train rows in five by group: train on all folds but this one",
    )
    parser.add_argument(
        "--initial-weights",
        type=Path,
        help="start from these .weights.h5 of another run folder, or from an .onnx file; "
        "the new run inherits the sources that they were trained on",
    )
    parser.add_argument(
        "--hard-places",
        type=Path,
        help="a file of `python -m training mine`: the recipe's share of crops is taken round its places",
    )
    parser.add_argument(
        "--mixed-precision", action="store_true", help="bfloat16 compute, float32 weights and loss"
    )
    parser.add_argument("--epochs", type=int, help="default: the recipe's")
    parser.add_argument("--steps-per-epoch", type=int, help="default: the recipe's")
    parser.add_argument("--batch-size", type=int, help="default: the recipe's")
    parser.add_argument(
        "--crop-size", type=int, help="pixels, a multiple of 16 (fcn8s: 32); default: the recipe's"
    )
    parser.add_argument("--learning-rate", type=float, help="peak; default: the recipe's")
    parser.add_argument("--seed", type=int, help="default: the recipe's")


def run(args: argparse.Namespace) -> int:
    recipe = override(
        RECIPES[args.recipe](args.architecture),
        epochs=args.epochs,
        steps_per_epoch=args.steps_per_epoch,
        batch_size=args.batch_size,
        crop_size=args.crop_size,
        learning_rate=args.learning_rate,
        seed=args.seed,
    )
    step = side_step(args.architecture)
    if recipe.crop_size < step or recipe.crop_size % step:
        raise DataError(f"crop size is {recipe.crop_size}; it must be a multiple of {step}")
    # Whoever names sources means them.
    default = () if args.source else NON_COMMERCIAL_SOURCES
    without = default if args.without is None else args.without
    training_rows, validation_rows = split_rows(
        read_rows(args.data), recipe, sources=args.source, without=without, fold=args.fold
    )
    if args.hard_places and not recipe.hard_share:
        raise DataError(
            f"the recipe {recipe.name} takes no crops round --hard-places; leave it out"
        )
    hard = read_hard_places(args.hard_places, training_rows) if args.hard_places else []
    check_pairs(training_rows + validation_rows)
    keras.utils.set_random_seed(recipe.seed)
    if args.mixed_precision:
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    model = build(args.architecture)
    if not recipe.dropout:
        switch_off_dropout(model)
    seen = inherited_sources(args.initial_weights) | trained_on(recipe, training_rows)
    # A run that goes on has weights of its own.
    if args.initial_weights and not epochs_done(args.run):
        load_initial_weights(model, args.initial_weights)
    args.run.mkdir(parents=True, exist_ok=True)
    write_record(
        args.run, recipe, args.architecture, training_rows, validation_rows, seen, args.hard_places
    )
    fit(model, recipe, training_rows, validation_rows, args.run, hard)
    return 0


def split_rows(
    rows: list[Row],
    recipe: Recipe,
    *,
    sources: list[str],
    without: list[str] | tuple[str, ...],
    fold: int | None,
) -> tuple[list[Row], list[Row]]:
    """Training and validation rows. With a fold, the `train` rows are divided in five by group."""
    training = select(rows, "train", sources=sources, without=without)
    if fold is None:
        validation = select(rows, "val", sources=sources, without=without)
    else:
        divided = folds(training, FOLDS, recipe.seed)
        validation = divided[fold]
        training = [row for number, part in enumerate(divided) if number != fold for row in part]
    if (
        recipe.validation_crops
    ):  # what is not good enough to learn from, or of unknown extent, cannot judge
        validation = [
            row
            for row in validation
            if row.source not in recipe.coarse_sources
            and recipe.source_weights.get(row.source, 1.0)
        ]
    for name, part in (("train", training), ("val", validation)):
        if not part:
            raise DataError(
                f"no {name} rows are left; check --source, --without and the split column"
            )
    return training, validation


def fit(
    model: keras.Model,
    recipe: Recipe,
    training: list[Row],
    validation: list[Row],
    folder: Path,
    hard_places: Sequence[HardPlace] = (),
) -> None:
    """Train to the recipe's last epoch, from the last whole epoch on where the folder holds one."""
    cache = PairCache(recipe.coarse_sources)
    if recipe.augment:
        dataset = CropDataset(CropSampler(training, recipe, cache, hard_places), recipe)
        crops = fixed_crops(validation, recipe, cache)
        validation_pairs = (crops.photos, crops.targets)
        # The paper's protocol knows neither step.
        judges = [RecalibrateNormalization(dataset), ScoreSources(crops)]
    else:
        dataset = ResizedDataset(training, recipe, cache, shuffle=True)
        validation_pairs = ResizedDataset(validation, recipe, cache, shuffle=False)
        judges = []
    model.compile(
        optimizer=optimizer(recipe, len(dataset)), loss=LOSSES[recipe.loss], metrics=paper_metrics()
    )
    epochs_done = restore(model, folder)
    model.fit(
        dataset,
        initial_epoch=epochs_done,
        epochs=recipe.epochs,
        validation_data=validation_pairs,
        callbacks=callbacks(dataset, recipe, folder, epochs_done, judges),
        shuffle=False,  # Keras would order the batches by a generator that a resumed run starts anew
        verbose=1 if sys.stdout.isatty() else 2,
    )


def optimizer(recipe: Recipe, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """Adam as Keras has it (beta 0.9 and 0.999, epsilon 1e-7, the paper's delta); AdamW where weights decay."""
    rate: float | keras.optimizers.schedules.LearningRateSchedule = recipe.learning_rate
    if recipe.cosine_decay:
        steps = recipe.epochs * steps_per_epoch
        warmup = round(recipe.warmup_share * steps)
        rate = keras.optimizers.schedules.CosineDecay(
            0.0,
            decay_steps=steps - warmup,
            warmup_target=recipe.learning_rate,
            warmup_steps=warmup,
        )
    if recipe.weight_decay:
        return keras.optimizers.AdamW(
            rate, weight_decay=recipe.weight_decay, global_clipnorm=recipe.clip_norm
        )
    return keras.optimizers.Adam(rate, global_clipnorm=recipe.clip_norm)


class FollowEpoch(keras.callbacks.Callback):
    """Draws of dataset and dropout depend on the epoch alone, so that a resumed run sees what it would have seen."""

    def __init__(self, dataset, seed: int):
        super().__init__()
        self._dataset = dataset
        self._seed = seed

    def on_epoch_begin(self, epoch, logs=None):
        self._dataset.epoch = epoch
        keras.utils.set_random_seed(
            self._seed + epoch
        )  # where dropout draws from the backend's own
        for variable in self.model.variables:
            if (
                variable.name == "seed_generator_state"
            ):  # (seed, draws so far), which no backup holds
                seed, _ = keras.ops.convert_to_numpy(variable)
                variable.assign(np.array([seed, epoch * DRAWS_PER_EPOCH]))


class DrawCurves(keras.callbacks.Callback):
    def __init__(self, folder: Path):
        super().__init__()
        self._folder = folder

    def on_epoch_end(self, epoch, logs=None):
        draw_curves(self._folder / "log.csv", self._folder / "curves.png")


def callbacks(
    dataset,
    recipe: Recipe,
    folder: Path,
    epochs_done: int,
    judges: Sequence[keras.callbacks.Callback],
) -> list[keras.callbacks.Callback]:
    """In order: figures before what keeps the best of them, and the log before the state, so that a kill between
    the two repeats an epoch and loses none."""
    log = folder / "log.csv"
    forget_unfinished(log, epochs_done)
    return [
        FollowEpoch(dataset, recipe.seed),
        *judges,
        KeepBest(folder, recipe.monitor, best_so_far(log, recipe.monitor)),
        keras.callbacks.CSVLogger(log, append=log.exists()),
        DrawCurves(folder),
        KeepLast(folder),
    ]
