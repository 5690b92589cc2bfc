"""docs/accuracy/README.md: every figure of it is read from a file of results, none is typed."""

from collections.abc import Sequence

from app.contract import Contract
from training.evaluation.threshold import AS_GOOD
from training.report import failures, precisions, protocol, variants
from training.report.markdown import shown, table
from training.report.results import Results

# What the project set out to reach: place, figure, bound (at least for scores, at most for false alarms).
TARGETS = (
    ("deepcrack-256/test", "f1", 0.85),
    ("samir-concrete256/test", "f1", 0.90),
    ("cracksight/external", "f1_within_2px", 0.60),
    ("", "false_pixels", 0.0005),
    ("", "photos_with_large_detection", 0.05),
)
CALLED = {
    "f1": "micro F1",
    "f1_within_2px": "F1 within 2 px",
    "false_pixels": "false pixels",
    "photos_with_large_detection": "photos with a detection over 50 px",
}
AT_MOST = frozenset({"false_pixels", "photos_with_large_detection"})
CRACK_FREE = "crack-free photos of the test split"
COLUMNS = (
    ("photos", "photos", "d"),
    ("F1", "f1", ".3f"),
    ("by photo: mean", "f1_photo_mean", ".3f"),
    ("95 %, from", "f1_photo_mean_low", ".3f"),
    ("to", "f1_photo_mean_high", ".3f"),
    ("median", "f1_photo_median", ".3f"),
    ("precision", "precision", ".3f"),
    ("recall", "recall", ".3f"),
    ("IoU", "iou", ".3f"),
    ("F1 within 2 px", "f1_within_2px", ".3f"),
    ("clDice", "cldice", ".3f"),
    ("length", "length_error", "+.1%"),
    ("area", "area_error", "+.1%"),
)
CRACK_FREE_COLUMNS = (
    ("photos", "crack_free_photos", "d"),
    ("false pixels", "false_pixels", ".3%"),
    ("photos with any detection", "photos_with_detection", ".1%"),
    ("with one over 50 px", "photos_with_large_detection", ".1%"),
)
INTRODUCTION = """\
# How accurate the masks are

Written by `python -m training report` from the files in `results/`; do not edit by hand. Each figure of a shipped
model was made by the command that stands under [Commands](#commands), run on the committed file through the code that
serves requests, at the photo's own size and the model's own threshold. *Micro* figures pool the pixels of all photos;
*within 2 px* counts a pixel as right where the other mask has one within 2 px; *clDice* compares centrelines (Shit et
al., CVPR 2021); *length* and *area* are errors of the totals; intervals redraw whole groups, of tiles of one photograph
or photos of one site. Rows of the splits `test` and `external` are never trained on, nor a threshold chosen on them.
"""


def accuracy_page(results: Results, contracts: Sequence[Contract]) -> str:
    """The page, as Markdown."""
    lines = [INTRODUCTION, *_targets(results, contracts)]
    for said in contracts:
        lines += _model(results, said)
    lines += precisions.section(results, contracts)
    lines += _calibration(results, contracts)
    lines += failures.section(results)
    lines += protocol.section(results)
    lines += variants.section(results)
    lines += _curves(results)
    lines += _commands(results)
    return "\n".join(lines).rstrip() + "\n"


def _targets(results: Results, contracts: Sequence[Contract]) -> list[str]:
    names = [said.label for said in contracts]
    lines = []
    for place, figure, bound in TARGETS:
        asked = f"{bound:.2%} at most" if figure in AT_MOST else f"{bound:.2f} at least"
        label = f"{place.replace('/', ' ') or CRACK_FREE}, {CALLED[figure]}"
        lines.append(
            [label, asked, *(_against(results, said, place, figure, bound) for said in contracts)]
        )
    return ["## Against the targets", "", *table(["", "asked", *names], lines), ""]


def _against(results: Results, said: Contract, place: str, figure: str, bound: float) -> str:
    """The model's figure and whether it is good enough; one that no result has may stand in the model's file."""
    if place:
        recorded = said.metrics.get(f"{place}/{figure}")
        figures = results.figures(said.label, place) or ({figure: recorded} if recorded else {})
    else:
        figures = results.figures(said.label, "test", "overall")
    if figure not in figures:
        return "not measured"
    value = figures[figure]
    if figure in AT_MOST:
        verdict = "met" if value <= bound else "short"
        return f"{value:.3%} of {figures['crack_free_photos']} photos, {verdict}"
    return f"{value:.3f}, {'met' if value >= bound else 'short'}"


def _model(results: Results, said: Contract) -> list[str]:
    """The figures by source of one model, cracks and crack-free photos apart."""
    evaluations = results.evaluations.get(said.label, [])
    if not evaluations:
        where = (
            "the figures that its file carries stand in [models/README.md](../../models/README.md)."
        )
        return [f"## {said.label}", "", f"No result of `evaluate` is kept for it yet; {where}", ""]
    sources = {
        place: figures for result in evaluations for place, figures in result["sources"].items()
    }
    halves = {
        place: figures
        for result in evaluations
        for place, figures in result["sources_at_half"].items()
    }
    with_cracks = [
        [
            _named(place),
            *(shown(figures, key, form) for _, key, form in COLUMNS),
            shown(halves[place], "f1", ".3f"),
        ]
        for place, figures in sorted(sources.items())
        if "f1" in figures
    ]
    crack_free = [
        [_named(place), *(shown(figures, key, form) for _, key, form in CRACK_FREE_COLUMNS)]
        for place, figures in sorted(sources.items())
        if "crack_free_photos" in figures
    ]
    head = ["photos with cracks", *(label for label, _, _ in COLUMNS), "F1 at 0.5"]
    trained = ", ".join(sorted(said.trained_on))
    lines = [
        f"## {said.label}",
        "",
        f"Threshold {said.threshold:g}. Trained on rows of {trained}.",
        "",
    ]
    if with_cracks:
        lines += [*table(head, with_cracks), ""]
    if crack_free:
        lines += [
            *table(
                ["crack-free photos", *(label for label, _, _ in CRACK_FREE_COLUMNS)], crack_free
            ),
            "",
        ]
    return lines


def _named(place: str) -> str:
    return place.replace("/", " / ")


def _calibration(results: Results, contracts: Sequence[Contract]) -> list[str]:
    lines = []
    for said in contracts:
        if result := results.thresholds.get(said.label):
            curve = {float(level): mean for level, mean in result["curve"].items()}
            best = max(curve, key=lambda level: curve[level])
            error = result["calibration"]["expected_calibration_error"]
            lines.append([said.label, f"{said.threshold:g}", f"{curve[said.threshold]:.4f}",
                          f"{curve[best]:.4f} at {best:g}", f"{error:.4f}"])  # fmt: skip
    if not lines:
        return []
    return [
        "## Threshold and calibration",
        "",
        "A model gets the highest threshold whose mean over the sources of F1 within 2 px on validation photos lies "
        f"within {AS_GOOD} of the best; a file from before [decision 0009](../decisions/0009-threshold.md) has the "
        "best one. The expected calibration error is over all pixels of those photos, sources alike; nearly all of "
        "them are background.",
        "",
        *table(["", "threshold", "mean there", "best mean", "expected calibration error"], lines),
        "",
        "![mean F1 within 2 px over the threshold, and the share of crack over the probability](calibration.png)",
        "",
    ]  # fmt: skip


def _curves(results: Results) -> list[str]:
    if not results.runs:
        return []
    lines = [
        "## Learning curves",
        "",
        "Training solid (the running mean, over augmented crops), validation dotted.",
    ]
    for name, record in results.runs.items():
        made = record["made_with"]
        lines += ["", f"`{name}`: {record['architecture']}, recipe `{record['recipe']['name']}`, commit "
                  f"`{made['commit'][:12]}`, Keras {made['keras']} on {made['backend']}: `{made['command']}`",
                  "", f"![learning curves of {name}](curves-{name}.png)"]  # fmt: skip
    return [*lines, ""]


def _commands(results: Results) -> list[str]:
    lines = []
    for name, result in results.made_by_commands():
        model = result["model"]
        lines.append([f"`{result['command']}`", name, f"`{model['weights_sha256'][:12]}`",
                      f"`{result['commit'][:12]}`", str(result["seed"]), str(result["rows"]["count"])])  # fmt: skip
    for name, folds in results.folds.items():
        for fold in folds:
            made, rows = (
                fold["made_with"],
                fold["data"]["training_rows"] + fold["data"]["validation_rows"],
            )
            lines.append([f"`{made['command']}`", f"{name}, fold {fold['fold']}", f"`{fold['weights_sha256'][:12]}`",
                          f"`{made['commit'][:12]}`", str(fold["recipe"]["seed"]), str(rows)])  # fmt: skip
    head = ["command", "model", "weights, SHA-256", "commit", "seed", "photos of the index"]
    return [
        "## Commands",
        "",
        *table(head, lines),
        "",
        f"{len(results.looks)} runs on `test` or `external` are listed in [test-runs.jsonl](test-runs.jsonl), those of "
        "models that were not kept included; those before the log began stand in "
        "[decision 0005](../decisions/0005-field-training.md).",
        "",
    ]
