"""Where the networks fail: voids, thin cracks, coarse edges, look-alikes, the models side by side."""

from collections.abc import Callable, Mapping

from training.report.markdown import shown, table
from training.report.results import Results

FOLDER = "results/failures"

# The rows of a table, by what their first cell says.
Rows = Mapping[str, dict]


def section(results: Results) -> list[str]:
    """The figures of `training failures`; what they mean stands in training/failures/__init__.py."""
    if not results.failures:
        return []
    first = next(iter(results.failures.values()))
    real = (
        f" Real masks stand beside them: {first['rows']['count']} photos of the split `{first['split']}`."
        if first["split"]
        else ""
    )
    return [
        "## Where they fail",
        "",
        "On drawn photos of seeds that training never draws, from the generator that it draws from: for comparing "
        f"the models.{real}",
        "",
        *_recall(results),
        *_false_alarms(results),
        *_voids(results),
        *_edges(results),
    ]


def _side_by_side(
    results: Results, first: str, of_model: Callable[[dict], Rows], cell: Callable[[dict], str]
) -> list[str]:
    """A table with a column a model; a row that only some models have stays empty in the others."""
    found = [of_model(result) for result in results.failures.values()]
    labels = dict.fromkeys(label for rows in found for label in rows)
    lines = [
        [label, *(cell(rows[label]) if label in rows else "" for rows in found)] for label in labels
    ]
    return [*table([first, *results.failures], lines), ""]


def _recall(results: Results) -> list[str]:
    def rows(result: dict) -> Rows:
        drawn = {
            _width(row): row
            for row in result["recall"]
            if row["photos"] == "drawn" and row["by"] == "width"
        }
        real = {
            f"{row['photos']}, all": row
            for row in result["recall"]
            if row["photos"] != "drawn" and row["by"] == "all"
        }
        return drawn | dict(sorted(real.items()))

    def cell(row: dict) -> str:
        if row["recall"] is None:
            return ""
        return f"{row['recall']:.3f} ({shown(row, 'low', '.2f')} to {shown(row, 'high', '.2f')})"

    return [
        "**Thin cracks**: recall of crack pixels within 2 px by the crack's width, with the 95 % interval over photos",
        "",
        *_side_by_side(results, "width, px", rows, cell),
        f"![recall by width]({FOLDER}/recall.png)",
        "",
        f"![thin cracks]({FOLDER}/thin.png)",
        "",
    ]


def _width(row: dict, start: str = "width_from_px", end: str = "width_to_px") -> str:
    low = f"{row[start] or 0:g}"
    return f"over {low}" if row[end] is None else f"{low} to {row[end]:g}"


def _false_alarms(results: Results) -> list[str]:
    def cell(row: dict) -> str:
        large = round(row["photos_with_large_detection"] * row["count"])
        return f"{shown(row, 'false_pixels', '.3%')}, {large} of {row['count']}"

    return [
        "**Look-alikes**: false pixels, and photos with a false detection over 50 px, on walls with one thing on them "
        "(`voids`: about 2,000 a megapixel; `cracks`: away from the cracks)",
        "",
        *_side_by_side(
            results,
            "drawn photos",
            lambda result: {row["photos"]: row for row in result["false_alarms"]},
            cell,
        ),
        f"![look-alikes]({FOLDER}/lookalikes.png)",
        "",
    ]


def _voids(results: Results) -> list[str]:
    def rows(result: dict) -> Rows:
        return {
            _width(row, "from_px", "to_px"): row
            for row in result["voids"]
            if row["photos"] == "voids"
        }

    return [
        "**Surface voids taken for cracks**: share of the voids with any pixel called crack, and with half of them",
        "",
        *_side_by_side(
            results,
            "radius, px",
            rows,
            lambda row: f"{shown(row, 'touched', '.1%')}, {shown(row, 'taken', '.1%')}",
        ),
        f"![voids]({FOLDER}/voids.png)",
        "",
    ]


def _edges(results: Results) -> list[str]:
    figures = (("contour_px", ".2f"), ("area_error", "+.0%"), ("width_error_px", ".2f"))

    def rows(result: dict) -> Rows:
        return {
            f"{row['photos']}, {_width(row) if row['by'] == 'width' else 'all'}": row
            for row in result["edges"]
        }

    return [
        "**Coarse edges**: on what was found, mean distance of the contours in px / error of area / mean error of the "
        "measured width in px (drawn cracks alone: nobody knows the true width of the others that well)",
        "",
        *_side_by_side(
            results,
            "photos, width in px",
            rows,
            lambda row: " / ".join(shown(row, name, form) for name, form in figures),
        ),
        f"![edges]({FOLDER}/edges.png)",
        "",
    ]
