"""Networks that were trained and measured and are not shipped: what another choice of photos would bring."""

from training.report.markdown import shown, table
from training.report.results import Results

# With its own train rows a network is asked to pass the best published Dice on these test rows, 0.866
# (huggingface.co/ishaan1402/crack-seg).
PLACE, ASKED = "deepcrack-256/test", 0.89
COLUMNS = (
    ("photos", "photos", "d"),
    ("F1", "f1", ".3f"),
    ("precision", "precision", ".3f"),
    ("recall", "recall", ".3f"),
    ("IoU", "iou", ".3f"),
    ("F1 within 2 px", "f1_within_2px", ".3f"),
)


def section(results: Results) -> list[str]:
    """Figures by variant and place; nothing where there is no variant."""
    if not results.variants:
        return []
    lines = [
        [f"{name}, {place.replace('/', ' / ')}", f"{variant['threshold']:g}",
         *(shown(figures, key, form) for _, key, form in COLUMNS), _verdict(place, figures)]
        for name, variant in results.variants.items()
        for place, figures in sorted(variant["sources"].items())
        if "f1" in figures
    ]  # fmt: skip
    return [
        "## Not shipped",
        "",
        "Weights that were trained and measured and stay here: some of these sources may not be used commercially.",
        "",
        *table(["variant", "threshold", *(label for label, _, _ in COLUMNS), "asked"], lines),
        "",
    ]


def _verdict(place: str, figures: dict[str, float]) -> str:
    if place != PLACE:
        return ""
    return f"{ASKED:.2f}, {'met' if figures['f1'] >= ASKED else 'short'}"
