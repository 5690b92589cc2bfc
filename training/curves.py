"""Learning curves of a run, drawn from its log alone."""

import csv
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # the backend is chosen first

PANELS = ("loss", "accuracy", "f1", "precision", "recall")


def draw_curves(log: Path, picture: Path) -> None:
    """Loss and the four metrics over epochs; training solid, validation dotted, as the paper draws them."""
    with log.open(newline="") as file:
        lines = list(csv.DictReader(file))
    epochs = [int(line["epoch"]) + 1 for line in lines]
    figure, axes = pyplot.subplots(
        1, len(PANELS), figsize=(4 * len(PANELS), 3.2), layout="constrained"
    )
    for axis, name in zip(axes, PANELS, strict=True):
        axis.plot(epochs, [float(line[name]) for line in lines], "-", label="training")
        axis.plot(epochs, [float(line[f"val_{name}"]) for line in lines], ":", label="validation")
        axis.set(title=name, xlabel="epoch")
        axis.grid(alpha=0.3)
    axes[0].legend()
    figure.savefig(picture, dpi=80)
    pyplot.close(figure)
