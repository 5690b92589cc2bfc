"""Pictures of the failures, of drawn photos alone: a few photos with truth and predictions, and recall by width."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

mpl.use("Agg")
import matplotlib.pyplot as plt  # the backend is chosen first

from training.evaluation.scoring import Mask
from training.failures.photos import LOOKALIKES, NOTHING, NOTICEABLE, DrawnPhoto
from training.failures.study import DRAWN, Study
from training.failures.voids import region_of
from training.synthetic import Scene

# Noise of concrete does not compress: a few greys and no colour keep a picture in a repository.
GREYS = 20
COLOURS = {  # readable by the colour-blind (Okabe and Ito 2008)
    "void": (215, 215, 215),
    "found": (85, 85, 85),
    "missed": (0, 114, 178),
    "called crack, is none": (213, 94, 0),
}
DPI = 100
TILE_PX, GAP_PX, LEFT_PX, TOP_PX, BOTTOM_PX, LEAST_WIDTH_PX = 192, 8, 26, 46, 30, 460
# A void or look-alike weighs this much beside a wrong pixel in what a window should show.
SUSPECT_WEIGHT = 0.02


@dataclass(frozen=True)
class Panel:
    """A picture: what it shows, how badness is written, and the side of its windows (TILE_PX or a part of it)."""

    title: str
    unit: str
    window_px: int = TILE_PX


PANELS = {
    "voids": Panel("Walls full of voids, no crack: pixels called crack", "{:,.0f} px"),
    "thin": Panel("Cracks up to 3 px wide: the share missed", "{:.0%}"),
    "edges": Panel(
        "Edges of what was found: mean distance between the contours", "{:.2f} px", TILE_PX // 2
    ),
    "lookalikes": Panel(
        "One thing that resembles a crack, no crack: pixels called crack", "{:,.0f} px"
    ),
}


@dataclass(frozen=True)
class Example:
    """A photo to show, and what to write above it."""

    label: str
    photo: DrawnPhoto


def draw_pictures(studies: Mapping[str, Study], folder: Path) -> list[Path]:
    """Write voids.png, thin.png, edges.png, lookalikes.png and recall.png, whatever of them has photos.

    Photos are ranked by the mean of all models' badness. Shown are the worst, the one that a tenth are worse than,
    and the median; of look-alikes the worst of each kind; of each photo the place where the wrong pixels are
    densest, and beside them what may have misled the models.
    """
    paths = []
    for name, panel in PANELS.items():
        badness = mean_badness([study.badness.get(name, {}) for study in studies.values()])
        ranked = worst_of_each_kind(badness) if name == "lookalikes" else by_rank(badness)
        chosen = [
            Example(f"{why}: {panel.unit.format(badness[photo])}", photo)
            for photo, why in ranked.items()
        ]
        if chosen:
            paths.append(folder / f"{name}.png")
            _draw_panel(panel, chosen, studies, paths[-1])
    if any(DRAWN in study.cracks for study in studies.values()):
        paths.append(folder / "recall.png")
        _draw_recall(studies, paths[-1])
    return paths


def mean_badness(of_models: Sequence[Mapping[DrawnPhoto, float]]) -> dict[DrawnPhoto, float]:
    """By photo, of the photos that every model has a figure for."""
    shared = [photo for photo in of_models[0] if all(photo in own for own in of_models)]
    return {photo: float(np.mean([own[photo] for own in of_models])) for photo in shared}


def by_rank(badness: Mapping[DrawnPhoto, float]) -> dict[DrawnPhoto, str]:
    """Worst, upper tenth and median, each photo once; of several alike the lower seed first."""
    order = sorted(badness, key=lambda photo: (-badness[photo], photo.seed))
    ranks = {len(order) // 2: "median", len(order) // 10: "a tenth are worse", 0: "worst"}
    return {order[rank]: ranks[rank] for rank in sorted(ranks)} if order else {}


def worst_of_each_kind(badness: Mapping[DrawnPhoto, float]) -> dict[DrawnPhoto, str]:
    """The worst photo of each look-alike, of several alike the one of the lowest seed."""
    worst: dict[str, DrawnPhoto] = {}
    for photo in sorted(badness, key=lambda photo: (-badness[photo], photo.seed)):
        worst.setdefault(photo.kind, photo)
    kinds = dict.fromkeys(photo.kind for photo in badness)
    return {worst[kind]: kind for kind in kinds if kind != NOTHING}


def window_of(marks: NDArray[np.float64], side: int) -> tuple[slice, slice]:
    """The square of this side round the place where marks, [H, W], are densest; the photo is no smaller."""
    density = cv2.stackBlur(marks.astype(np.float32), (side | 1, side | 1))
    middle = np.unravel_index(int(density.argmax()), density.shape)
    corner = [
        int(np.clip(at - side // 2, 0, size - side))
        for at, size in zip(middle, marks.shape, strict=True)
    ]
    return slice(corner[0], corner[0] + side), slice(corner[1], corner[1] + side)


def _marks(photo: DrawnPhoto, scene: Scene, predictions: Sequence[Mask]) -> NDArray[np.float64]:
    """What a window should show, [H, W]: where the models are wrong, and what may have misled them."""
    wrong = np.sum([mask ^ scene.mask for mask in predictions], axis=0, dtype=np.float64)
    suspect = scene.mask
    if photo.kind == "voids":
        suspect = region_of(scene.voids, scene.mask.shape, 0)
    elif photo.kind in LOOKALIKES:
        bare = DrawnPhoto(NOTHING, photo.seed).draw().photo
        suspect = cv2.absdiff(scene.photo, bare).max(axis=2) > 255 * NOTICEABLE
    return wrong + SUSPECT_WEIGHT * suspect


def _draw_panel(
    panel: Panel, chosen: Sequence[Example], studies: Mapping[str, Study], path: Path
) -> None:
    """A column a photo: the photo, then what each model made of it."""
    figure, axes = _grid(1 + len(studies), len(chosen))
    for column, example in zip(axes.T, chosen, strict=True):
        scene = example.photo.draw()
        predictions = [study.seen[example.photo] for study in studies.values()]
        window = window_of(_marks(example.photo, scene, predictions), panel.window_px)
        _show(column[0], _greys(scene.photo[window]))
        column[0].set_title(example.label, fontsize=8, pad=3)
        for place, mask in zip(column[1:], predictions, strict=True):
            _show(place, _compared(scene, mask)[window])
    for place, name in zip(axes[:, 0], ("drawn photo", *studies), strict=True):
        place.set_ylabel(name, fontsize=8)
    figure.suptitle(panel.title, fontsize=9, y=1 - 6 / (DPI * figure.get_figheight()), va="top")
    legend = [
        Patch(color=(r / 255, g / 255, b / 255), label=name) for name, (r, g, b) in COLOURS.items()
    ]
    figure.legend(handles=legend, loc="lower center", ncols=4, fontsize=7, frameon=False)
    figure.savefig(path, dpi=DPI)
    plt.close(figure)


def _grid(rows: int, columns: int) -> tuple[Figure, NDArray[np.object_]]:
    """Places of exactly TILE_PX, so that a pixel of a window is whole pixels of the picture."""
    right, high = LEFT_PX + columns * (TILE_PX + GAP_PX), rows * (TILE_PX + GAP_PX) - GAP_PX
    width, height = max(right, LEAST_WIDTH_PX), TOP_PX + high + BOTTOM_PX
    places = {
        "left": LEFT_PX / width,
        "right": (right - GAP_PX) / width,
        "bottom": BOTTOM_PX / height,
        "top": 1 - TOP_PX / height,
        "wspace": GAP_PX / TILE_PX,
        "hspace": GAP_PX / TILE_PX,
    }
    return plt.subplots(
        rows, columns, figsize=(width / DPI, height / DPI), squeeze=False, gridspec_kw=places
    )


def _show(place: Axes, pixels: NDArray[np.uint8]) -> None:
    place.imshow(pixels, interpolation="nearest")
    place.set(xticks=[], yticks=[])


def _greys(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    steps = np.rint(grey / 255 * (GREYS - 1)) * (255 / (GREYS - 1))
    return np.repeat(np.rint(steps).astype(np.uint8)[..., None], 3, axis=2)


def _compared(scene: Scene, predicted: Mask) -> NDArray[np.uint8]:
    """Truth and prediction in COLOURS on white, [H, W, 3]."""
    shown = np.full((*predicted.shape, 3), 255, np.uint8)
    shown[region_of(scene.voids, predicted.shape, 0)] = COLOURS["void"]
    shown[scene.mask & predicted] = COLOURS["found"]
    shown[scene.mask & ~predicted] = COLOURS["missed"]
    shown[predicted & ~scene.mask] = COLOURS["called crack, is none"]
    return shown


def _draw_recall(studies: Mapping[str, Study], path: Path) -> None:
    """Recall within 2 px by true width, a line a model, with 95 % intervals."""
    figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for name, study in studies.items():
        rows = [row for row in study.rows()["recall"] if row["photos"] == DRAWN]
        rows = [row for row in rows if row["by"] == "width"]
        low, high, lower, recall, upper = (
            np.array([row[key] for row in rows], float)
            for key in ("width_from_px", "width_to_px", "low", "recall", "high")
        )
        middles = np.sqrt(low * high)
        line = axes.plot(middles, recall, marker=".", label=name)[0]
        axes.fill_between(middles, lower, upper, color=line.get_color(), alpha=0.15, linewidth=0)
    axes.set(xscale="log", ylim=(0, 1.02), xlabel="true width, px (drawn cracks)")
    axes.set_ylabel("true pixels within 2 px of a predicted one")
    axes.set_xticks([0.7, 1, 2, 3, 5, 10, 20, 30], ["0.7", "1", "2", "3", "5", "10", "20", "30"])
    axes.minorticks_off()
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=110)
    plt.close(figure)
