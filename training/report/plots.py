"""The plots of docs/accuracy/, drawn from results alone."""

from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt  # the backend is chosen first

from training.curves import draw_curves
from training.report.results import Results

DPI = 80


def draw_plots(results: Results, folder: Path) -> Iterator[Path]:
    """Draw what there are results for; yields the files."""
    if results.thresholds:
        yield _calibration(results, folder / "calibration.png")
    for name in results.runs:
        picture = folder / f"curves-{name}.png"
        draw_curves(folder / "results" / "runs" / name / "log.csv", picture)
        yield picture
    if results.folds:
        yield _folds(results, folder / "folds.png")


def _calibration(results: Results, picture: Path) -> Path:
    """Left the curve that the threshold was chosen on, right the share of crack by probability."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for name, result in results.thresholds.items():
        levels = [float(level) for level in result["curve"]]
        (line,) = left.plot(levels, list(result["curve"].values()), label=name)
        left.axvline(result["threshold"], color=line.get_color(), linestyle=":")
        filled = [each for each in result["calibration"]["bins"] if each["pixels"]]
        right.plot(
            [each["mean_probability"] for each in filled],
            [each["crack_share"] for each in filled],
            "o-",
            markersize=3,
            label=name,
        )
    right.plot([0, 1], [0, 1], color="grey", linewidth=0.8, label="calibrated")
    left.set(xlabel="threshold", ylabel="mean F1 within 2 px, validation")
    right.set(xlabel="probability", ylabel="share of crack, validation")
    for axis in (left, right):
        axis.grid(alpha=0.3)
        axis.legend()
    return _saved(figure, picture)


def _folds(results: Results, picture: Path) -> Path:
    """Soft Dice over epochs, a line a fold: training solid, validation dotted, as the paper draws them."""
    figure, axes = plt.subplots(
        1, len(results.folds), figsize=(4.5 * len(results.folds), 3.4), layout="constrained", squeeze=False
    )  # fmt: skip
    for axis, (name, folds) in zip(axes[0], results.folds.items(), strict=True):
        for fold in folds:
            history = fold["history"]
            (line,) = axis.plot(history["epoch"], history["dice_soft_batch"], "-", linewidth=1)
            axis.plot(history["epoch"], history["val_dice_soft_batch"], ":", color=line.get_color())
        axis.set(title=name, xlabel="epoch", ylabel="soft Dice of a batch", ylim=(0, 1))
        axis.grid(alpha=0.3)
    return _saved(figure, picture)


def _saved(figure, picture: Path) -> Path:
    figure.savefig(picture, dpi=DPI)
    plt.close(figure)
    return picture
