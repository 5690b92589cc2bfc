"""Where the networks fail: voids, thin cracks, coarse edges, look-alikes, the models side by side."""

from training.report.markdown import shown, table
from training.report.results import Results

FOLDER = "results/failures"


def section(results: Results) -> list[str]:
    """The figures of `training failures`; what they mean stands in training/failures/__init__.py."""
    if not results.failures:
        return []
    return [
        "## Where they fail",
        "",
        "On drawn photos of seeds that training never draws, from the generator that it draws from: for comparing "
        "the models. Real masks of the validation split stand beside them.",
        "",
        *_recall(results),
        *_false_alarms(results),
        *_voids(results),
        *_edges(results),
    ]


def _rows(results: Results, kind: str, **wanted: object) -> dict[str, list[dict]]:
    """The rows of a list that have all the wanted values, by model."""
    return {
        name: [
            row for row in result[kind] if all(row[key] == value for key, value in wanted.items())
        ]
        for name, result in results.failures.items()
    }


def _recall(results: Results) -> list[str]:
    lines = []
    found = {name: {_width(row): row for row in rows}
             for name, rows in _rows(results, "recall", photos="drawn", by="width").items()}  # fmt: skip
    for width in next(iter(found.values())):
        lines.append([width, *(_interval(rows.get(width, {})) for rows in found.values())])
    real = {name: {row["photos"]: row for row in rows if row["photos"] != "drawn"}
            for name, rows in _rows(results, "recall", by="all").items()}  # fmt: skip
    for source in sorted(next(iter(real.values()))):
        lines.append(
            [f"{source}, all", *(_interval(rows.get(source, {})) for rows in real.values())]
        )
    return [
        "**Thin cracks**: recall of crack pixels within 2 px by the crack's width, with the 95 % interval over photos",
        "",
        *table(["width, px", *results.failures], lines),
        "",
        f"![recall by width]({FOLDER}/recall.png)",
        "",
        f"![thin cracks]({FOLDER}/thin.png)",
        "",
    ]


def _interval(row: dict) -> str:
    if row.get("recall") is None:
        return ""
    return f"{row['recall']:.3f} ({shown(row, 'low', '.2f')} to {shown(row, 'high', '.2f')})"


def _width(row: dict, start: str = "width_from_px", end: str = "width_to_px") -> str:
    low = f"{row[start] or 0:g}"
    return f"over {low}" if row[end] is None else f"{low} to {row[end]:g}"


def _false_alarms(results: Results) -> list[str]:
    found = {
        name: {row["photos"]: row for row in rows}
        for name, rows in _rows(results, "false_alarms").items()
    }
    lines = [
        [kind, *(f"{row['false_pixels']:.3%}, {row['photos_with_large_detection']:.0%}"
                 for row in (rows[kind] for rows in found.values()))]
        for kind in next(iter(found.values()))
    ]  # fmt: skip
    return [
        "**Look-alikes**: false pixels, and the share of photos with a false detection over 50 px, on walls with one "
        "thing on them (`voids`: about 2,000 a megapixel; `cracks`: away from the cracks)",
        "",
        *table(["drawn photos", *results.failures], lines),
        "",
        f"![look-alikes]({FOLDER}/lookalikes.png)",
        "",
    ]


def _voids(results: Results) -> list[str]:
    found = {name: {_width(row, "from_px", "to_px"): row for row in rows}
             for name, rows in _rows(results, "voids", photos="voids").items()}  # fmt: skip
    lines = [
        [radius, *(f"{shown(row, 'touched', '.1%')}, {shown(row, 'taken', '.1%')}"
                   for row in (rows[radius] for rows in found.values()))]
        for radius in next(iter(found.values()))
    ]  # fmt: skip
    return [
        "**Surface voids taken for cracks**: share of the voids with any pixel called crack, and with half of them",
        "",
        *table(["radius, px", *results.failures], lines),
        "",
        f"![voids]({FOLDER}/voids.png)",
        "",
    ]


def _edges(results: Results) -> list[str]:
    found = {name: {(row["photos"], _width(row) if row["by"] == "width" else "all"): row for row in rows}
             for name, rows in _rows(results, "edges").items()}  # fmt: skip
    lines = []
    for photos, width in next(iter(found.values())):
        rows = [each.get((photos, width), {}) for each in found.values()]
        lines.append([f"{photos}, {width}", *map(_edge, rows)])
    return [
        "**Coarse edges**: on what was found, mean distance of the contours in px / error of area / mean error of the "
        "measured width in px (drawn cracks alone: nobody knows the true width of the others that well)",
        "",
        *table(["photos, width in px", *results.failures], lines),
        "",
        f"![edges]({FOLDER}/edges.png)",
        "",
    ]


def _edge(row: dict) -> str:
    figures = (("contour_px", ".2f"), ("area_error", "+.0%"), ("width_error_px", ".2f"))
    return " / ".join(shown(row, name, form) for name, form in figures)
