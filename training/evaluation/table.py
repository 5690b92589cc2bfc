"""What `python -m training evaluate` prints: a block a threshold, a line a source."""

# Label, figure, format.
COLUMNS = (
    ("photos", "photos", "d"),
    ("F1", "f1", ".3f"),
    ("F1 photo", "f1_photo_mean", ".3f"),
    ("precision", "precision", ".3f"),
    ("recall", "recall", ".3f"),
    ("IoU", "iou", ".3f"),
    ("F1 2px", "f1_within_2px", ".3f"),
    ("clDice", "cldice", ".3f"),
    ("length err", "length_error", "+.1%"),
    ("area err", "area_error", "+.1%"),
    ("false px", "false_pixels", ".3%"),
    ("any", "photos_with_detection", ".1%"),
    ("large", "photos_with_large_detection", ".1%"),
)


def table(result: dict) -> str:
    """The figures by source at the model's threshold and at 0.5, for reading; columns without a figure left out."""
    blocks = (
        (f"threshold {result['threshold']:g}", result["sources"], result.get("overall", {})),
        ("threshold 0.5", result["sources_at_half"], result.get("overall_at_half", {})),
    )
    return "\n\n".join(_block(title, *lines) for title, *lines in blocks)


def _block(title: str, sources: dict, overall: dict) -> str:
    lines = sources | {f"{split}, sources together": figures for split, figures in overall.items()}
    columns = [column for column in COLUMNS if any(column[1] in each for each in lines.values())]
    first = max(map(len, (title, *lines)))
    shown = [" ".join([title.ljust(first), *(f"{label:>6}" for label, _, _ in columns)])]
    for place, figures in lines.items():
        cells = [
            (format(figures[name], form) if name in figures else "").rjust(max(6, len(label)))
            for label, name, form in columns
        ]
        shown.append(" ".join([place.ljust(first), *cells]).rstrip())
    return "\n".join(shown)
