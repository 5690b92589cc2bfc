"""The paper's Tables 2 and 3 beside the folds that were run."""

import statistics

from training.config import paper
from training.report.markdown import table
from training.report.results import Results

# Hadinata et al. (2021), Tables 2 and 3; FCN: the training figure that they cite of Yang et al. (2018).
PAPER = {
    "training": {
        "unet": {"accuracy": 0.9657, "f1": 0.8755, "precision": 0.8815, "recall": 0.8894},
        "deeplabv3plus": {"accuracy": 0.9647, "f1": 0.8529, "precision": 0.9207, "recall": 0.8184},
        "fcn8s": {"f1": 0.7995},
    },
    "validation": {
        "unet": {"accuracy": 0.9645, "f1": 0.8351, "precision": 0.8437, "recall": 0.8457},
        "deeplabv3plus": {"accuracy": 0.9595, "f1": 0.7937, "precision": 0.8130, "recall": 0.8160},
    },
}
# Our figure, and the paper's that stands beside it: its F1 is most likely the soft Dice of a batch (decision 0007).
FIGURES = (
    ("F1 as soft Dice of a batch", "dice_soft_batch", "f1"),
    ("F1 of all pixels", "f1", ""),
    ("precision", "precision", "precision"),
    ("recall", "recall", "recall"),
    ("accuracy", "accuracy", "accuracy"),
)
PARTS = {
    "training": "Table 2, training",
    "validation": "Table 3, validation",
    "test": "Not in the paper: the untouched test split",
    "test_without_straddling_groups": "The same without the photographs of which train rows show other crops",
}
ARCHITECTURES = tuple(PAPER["training"])
FOLDS, EPOCHS = 5, paper("unet").epochs
COMMAND = "python -m training folds RUNS --data index.csv --test"


def section(results: Results) -> list[str]:
    """Ours and the paper's, mean and spread over the folds that there are, and which are missing."""
    lines = [
        "## The paper's protocol",
        "",
        "`deepcrack-256` stands in for the paper's photos, which are not public; where the paper leaves room: "
        "[decision 0007](../decisions/0007-paper-protocol.md).",
        "",
    ]
    for part, title in PARTS.items():
        if any(part in fold["figures"] for folds in results.folds.values() for fold in folds):
            lines += [f"**{title}**", "", *_part(results, part), ""]
    if results.folds:
        lines += ["![soft Dice of the folds over the epochs](folds.png)", ""]
    done = [f"{name} {_run(results, name)}" for name in ARCHITECTURES]
    return [*lines, f"Folds run, of {FOLDS} each: {', '.join(done)}. The others: `{COMMAND}`.", ""]


def _run(results: Results, name: str) -> str:
    folds = results.folds.get(name, [])
    epochs = sorted({len(fold["history"]["epoch"]) for fold in folds})
    return f"{len(folds)}" + (
        f" ({' and '.join(map(str, epochs))} of the paper's {EPOCHS} epochs)" if folds else ""
    )


def _part(results: Results, part: str) -> list[str]:
    head, lines = [""], [[label] for label, _, _ in FIGURES]
    for name in ARCHITECTURES:
        head += [f"{name}, paper", f"{name}, here"]
        folds = [
            fold["figures"][part] for fold in results.folds.get(name, []) if part in fold["figures"]
        ]
        for line, (_, ours, theirs) in zip(lines, FIGURES, strict=True):
            printed = PAPER.get(part, {}).get(name, {}).get(theirs)
            line += [f"{printed:.4f}" if printed else "", _mean([fold[ours] for fold in folds])]
    return table(head, lines)


def _mean(values: list[float]) -> str:
    """Mean and, of several, the standard deviation over the folds."""
    if not values:
        return ""
    spread = f" ± {statistics.stdev(values):.4f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.4f}{spread}"
