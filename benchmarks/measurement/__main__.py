"""Are lengths and widths right? `python -m benchmarks.measurement docs/accuracy/measurement.md`

Measures cracks of exactly known course and width, beside what others do on the same cracks, then odd masks, and
with `--model` a network's own output on photos drawn from seeds never trained on; with `--data` also real photos
against their masks. Writes the page and, beside it, `measurement.png`.
"""

import argparse
import platform
from collections.abc import Sequence
from pathlib import Path

import cv2
import matplotlib.pyplot as plt
import numpy as np

from app.measurement import measure
from app.registry import load_model
from benchmarks.measurement import speed
from benchmarks.measurement.cracks import SHAPES, WIDTHS_PX, Drawn, all_cracks
from benchmarks.measurement.oblique import TILTS_DEG, width_errors
from benchmarks.measurement.on_model import Comparison, on_drawn_photos, on_masks
from benchmarks.measurement.others import LENGTHS, WIDTHS
from training.provenance import git_commit

SOFT, BINARY = "Hairline, probability", "Hairline, mask"
REAL_SOURCES = ("samir-concrete256", "conglomerate-rissbilder", "cracksight")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("page", type=Path, help="the .md file to write")
    parser.add_argument("--model", type=Path, help="an .onnx file")
    parser.add_argument("--photos", type=int, default=60, help="drawn photos for the model")
    parser.add_argument("--data", type=Path, help="index .csv, for real masks (validation rows)")
    parser.add_argument("--step", type=int, default=5, help="degrees from direction to direction")
    args = parser.parse_args()
    cracks = list(all_cracks(args.step))
    parts = [introduction(args), ours(cracks), beside_others(cracks, args.page.with_suffix(".png"))]
    parts += [turned(cracks), by_marker(), odd_masks()]
    if args.model:
        parts.append(off_a_model(args.model, args.photos, args.data))
    args.page.parent.mkdir(parents=True, exist_ok=True)
    args.page.write_text("\n".join(parts), encoding="utf-8")
    print(args.page)


def introduction(args: argparse.Namespace) -> str:
    said = f" --model {args.model} --photos {args.photos}" if args.model else ""
    said += f" --data {args.data.name}" if args.data else ""
    return f"""# Lengths and widths, checked

Written by `python -m benchmarks.measurement {args.page}{said}` at commit {git_commit()[:12]}
on Python {platform.python_version()}, NumPy {np.__version__}; do not edit by hand.

Cracks of {WIDTHS_PX[0]:g} to {WIDTHS_PX[-1]:g} px, straight, wavy and branching, in every direction, drawn with exact
area coverage (`benchmarks/measurement/cracks.py`), measured by `app.measurement.measure`. Widths are means along a
crack. "Worst" is the worst single crack.
"""


def ours(cracks: Sequence[Drawn]) -> str:
    """The table of the targets."""
    rows = []
    for shape in (*SHAPES, "all"):
        errors = np.array([_errors(each) for each in cracks if shape in (each.shape, "all")])
        width, length, turn, lost = errors.T
        rows.append(
            f"| {shape} | {len(errors)} | {width.mean():.3f} / {width.max():.3f} px "
            f"| {length.mean():.2%} / {length.max():.2%} | {turn.max():.2f}° | {int(lost.sum())} |"
        )
    return _table(
        "## On exact probability maps\n",
        [
            "shape",
            "cracks",
            "width, mean / worst",
            "length, mean / worst",
            "direction, worst",
            "lost or split",
        ],
        [*rows, "| target | | 0.05 / 0.25 px | 1 % / 3 % | 1° | 0 |"],
    )


def _errors(drawn: Drawn) -> tuple[float, float, float, bool]:
    measured = measure(drawn.probability, 0.5)
    if not measured.cracks:
        return drawn.width_px, 1.0, 90.0, True
    crack = measured.cracks[0]
    turn = abs((crack.orientation_deg - drawn.orientation_deg + 90) % 180 - 90)
    return (
        abs(crack.width_px.mean - drawn.width_px),
        abs(crack.length_px / drawn.length_px - 1),
        turn,
        measured.crack_count != 1,
    )


def beside_others(cracks: Sequence[Drawn], picture: Path) -> str:
    """The same cracks by other estimators, as table and plot. Every third direction: crossings are slow."""
    some = [each for each in cracks if each.shape == "straight"][::3]
    some += [each for each in cracks if each.shape == "wavy"][::3]
    by_width: dict[str, list[tuple[float, float]]] = {}
    lengths: dict[str, list[float]] = {}
    for drawn in some:
        mask = drawn.probability >= 0.5
        soft, hard = measure(drawn.probability, 0.5), measure(mask.astype(np.float32), 0.5)
        widths = {SOFT: soft.mean_width_px, BINARY: hard.mean_width_px}
        widths |= {name: estimate(mask) for name, estimate in WIDTHS.items()}
        long = {SOFT: soft.total_length_px, BINARY: hard.total_length_px}
        long |= {name: estimate(mask) for name, estimate in LENGTHS.items()}
        for name, value in widths.items():
            by_width.setdefault(name, []).append((drawn.width_px, value - drawn.width_px))
        for name, value in long.items():
            lengths.setdefault(name, []).append(value / drawn.length_px - 1)
    _plot(by_width, picture)
    width_rows = []
    for name, errors in by_width.items():
        signed = np.array(errors)[:, 1]
        thin = np.array([error for width, error in errors if width <= 2])
        width_rows.append(
            f"| {name} | {np.abs(signed).mean():.3f} | {np.abs(signed).max():.2f} "
            f"| {signed.mean():+.3f} | {thin.mean():+.2f} |"
        )
    length_rows = [
        f"| {name} | {np.abs(errors).mean():.1%} | {np.abs(errors).max():.1%} | {np.mean(errors):+.1%} |"
        for name, errors in lengths.items()
    ]
    return (
        _table(
            f"## Beside what others do\n\nOn {len(some)} straight and wavy cracks. Masks are the maps at 0.5.\n\n"
            f"![Error of the width by the width]({picture.name})\n",
            ["width by", "mean error, px", "worst, px", "bias, px", "bias at 1 to 2 px"],
            width_rows,
        )
        + "\n"
        + _table("", ["length by", "mean error", "worst", "bias"], length_rows)
    )


def _plot(by_width: dict[str, list[tuple[float, float]]], picture: Path) -> None:
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    for name, errors in by_width.items():
        widths, signed = np.array(errors).T
        means = [signed[widths == width].mean() for width in np.unique(widths)]
        axes.plot(np.unique(widths), means, marker=".", label=name)
    axes.axhline(0, color="grey", linewidth=0.5)
    axes.set(xlabel="true width, px", ylabel="mean error, px", xscale="log")
    axes.set_xticks([1, 2, 3, 5, 10, 20], ["1", "2", "3", "5", "10", "20"])
    axes.legend(fontsize=8)
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=110)
    plt.close(figure)


def turned(cracks: Sequence[Drawn]) -> str:
    """What a turn of the photo by 90 degrees changes."""
    changes = []
    for drawn in cracks[::3]:
        one = measure(drawn.probability, 0.5)
        other = measure(np.rot90(drawn.probability).copy(), 0.5)
        changes.append(
            (
                abs(other.total_length_px / one.total_length_px - 1),
                abs(other.mean_width_px / one.mean_width_px - 1),
                other.crack_pixels != one.crack_pixels or other.crack_count != one.crack_count,
            )
        )
    length, width, others = np.array(changes).T
    return f"""## Turned by 90 degrees

Largest change over {len(changes)} cracks: length {length.max():.2%}, mean width {width.max():.2%} (target: 0.5 %);
area or count changed in {int(others.sum())}.
"""


def by_marker(photos: int = 12) -> str:
    """Widths in millimetres on rendered photos."""
    rows = []
    for tilt in TILTS_DEG:
        errors = np.abs(width_errors(tilt, photos))
        rows.append(f"| {tilt}° | {len(errors)} | {errors.mean():.2%} | {errors.max():.2%} |")
    return _table(
        "## Millimetres by a printed marker\n\nAn AprilTag of 60 mm and cracks of 2 to 4 mm on a tilted surface,\n"
        f"rendered {photos} times a tilt with blur, noise and JPEG (`benchmarks/measurement/oblique.py`); cracks as\n"
        "exact coverage, mean widths.\n",
        ["tilt", "cracks", "width error, mean", "worst"],
        [*rows, "| target | | | 3 % |"],
    )


def odd_masks() -> str:
    """Times on 12 megapixels, on one core."""
    cv2.setNumThreads(1)
    usual = speed.usual()
    rows = [_timed(f"cracks on {(usual >= 0.5).mean():.1%} of the pixels", usual)]
    rows += [_timed(name, mask) for name, mask in speed.odd()]
    return _table(
        "## 12 megapixels on one core\n\nShortest of five runs, processor time. Target: 150 ms.\n",
        ["mask", "cracks", "ms"],
        rows,
    )


def _timed(name: str, mask: np.ndarray) -> str:
    taken, count = speed.seconds(mask)
    return f"| {name} | {count if count >= 0 else 'refused'} | {1000 * taken:.0f} |"


def off_a_model(file: Path, photos: int, data: Path | None) -> str:
    """The network's own output, where the truth is known."""
    model = load_model(file, "auto")
    rows = [
        _summary(f"{photos} drawn photos, seeds never trained on", on_drawn_photos(model, photos))
    ]
    if data:
        for source in REAL_SOURCES:
            rows.append(
                _summary(
                    f"{source}, validation, against its masks", on_masks(model, data, source, "val")
                )
            )
    return _table(
        f"## Off the network's own output\n\n`{file.name}` {model.contract.version}, weights "
        f"`{model.contract.weights_sha256[:12]}`, threshold {model.contract.threshold}. A crack of the network's "
        "counts where it runs within 4 px of a true one, false alarms do not; "
        "width errors are of the mean width of a photo.\n",
        [
            "photos",
            "with a crack found",
            "width error, mean",
            "width bias",
            "length found / true",
            "length error a photo, median",
        ],
        [*rows, "| target (drawn) | | 0.7 px | | 0.95 to 1.05 | |"],
    )


def _summary(name: str, compared: Sequence[Comparison]) -> str:
    found = [each for each in compared if each.length_px > 0]
    widths = np.array([each.width_px - each.true_width_px for each in found])
    length = sum(each.length_px for each in compared) / sum(
        each.true_length_px for each in compared
    )
    errors = [abs(each.length_px / each.true_length_px - 1) for each in compared]
    return (
        f"| {name} | {len(found)} of {len(compared)} | {np.abs(widths).mean():.2f} px "
        f"| {widths.mean():+.2f} px | {length:.3f} | {np.median(errors):.1%} |"
    )


def _table(head: str, columns: Sequence[str], rows: Sequence[str]) -> str:
    return "\n".join([head, f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", *rows, ""])


if __name__ == "__main__":
    main()
