"""What a run keeps after each epoch. A file is written beside its name and then put in its place, so that a kill at
any moment leaves the last whole one."""

import csv
import math
from pathlib import Path

import keras

from training.data import DataError

BEST = "best.weights.h5"
LAST = "last-{epoch:04d}.weights.h5"  # weights and optimizer after so many whole epochs


def save(model: keras.Model, path: Path) -> None:
    """Write the weights, and those of the optimizer."""
    unfinished = path.with_name("unfinished.weights.h5")
    model.save_weights(unfinished)
    unfinished.replace(path)


def epochs_done(folder: Path) -> int:
    """Whole epochs that the folder's last state has behind it; 0 where it holds none."""
    states = sorted(folder.glob(LAST.format(epoch=0).replace("0000", "*")))
    return int(states[-1].name.removeprefix("last-").partition(".")[0]) if states else 0


def restore(model: keras.Model, folder: Path) -> int:
    """Bring a compiled model to the folder's last whole epoch; the number of epochs it has behind it."""
    epochs = epochs_done(folder)
    if epochs:
        model.optimizer.build(model.trainable_variables)
        model.load_weights(folder / LAST.format(epoch=epochs))
    return epochs


def forget_unfinished(log: Path, epochs: int) -> None:
    """Drop the lines of epochs that were not kept: they run again and are logged again."""
    if log.exists():
        lines = log.read_bytes().splitlines(keepends=True)
        log.write_bytes(b"".join(lines[: 1 + epochs]))


def best_so_far(log: Path, monitor: str) -> float:
    """The best value of the epochs already run; minus infinity at the start.

    Raises DataError where the log has no such figure.
    """
    if not log.exists():
        return -math.inf
    with log.open(newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames and monitor not in reader.fieldnames:
            raise DataError(
                f"{log} is of a version that did not log {monitor}; name a new run folder and start from "
                f"{log.with_name(BEST)} with --initial-weights"
            )
        values = [float(line[monitor]) for line in reader]
    return max((value for value in values if math.isfinite(value)), default=-math.inf)


class KeepBest(keras.callbacks.Callback):
    """Keeps the weights of the epoch with the highest `monitor`."""

    def __init__(self, folder: Path, monitor: str, best: float):
        super().__init__()
        self._path = folder / BEST
        self._monitor = monitor
        self._best = best

    def on_epoch_end(self, epoch, logs=None):
        if logs[self._monitor] > self._best:
            self._best = logs[self._monitor]
            save(self.model, self._path)


class KeepLast(keras.callbacks.Callback):
    """Keeps the state after the last whole epoch, to go on from. Raises DataError where the loss is no number."""

    def __init__(self, folder: Path):
        super().__init__()
        self._folder = folder

    def on_epoch_end(self, epoch, logs=None):
        if not math.isfinite(logs["loss"]):
            raise DataError(
                f"the loss was no number in epoch {epoch + 1}; run again with a lower --learning-rate, "
                "and it goes on from the epoch before"
            )
        path = self._folder / LAST.format(epoch=epoch + 1)
        save(self.model, path)
        for older in set(self._folder.glob("last-*.weights.h5")) - {path}:
            older.unlink()
