"""The cracks as CSV: RFC 4180, UTF-8, a header row, a row a crack."""

import csv
import io

from app.formats.figures import FIGURES, Figure, figures
from app.inspection import Result

# What says where a row comes from, so that rows of many photos can stand in one table.
ORIGIN = ("answer_id", "asset_id", "made_by", "threshold", "photo_sha256")
# What makes a spreadsheet take a cell for a formula (OWASP, "CSV Injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def table(result: Result) -> bytes:
    """A row a crack, every figure of it; a cell is empty where JSON has null."""
    origin = (
        result.id,
        result.parameters.asset_id,
        result.made_by,
        result.segmentation.threshold,
        result.photo.sha256,
    )
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*FIGURES, *ORIGIN])
    for crack in result.findings.cracks():
        writer.writerow(safe(figure) for figure in (*figures(crack).values(), *origin))
    return text.getvalue().encode()


def safe(figure: Figure) -> Figure:
    """Text that a spreadsheet would run as a formula, with an apostrophe before it; all else as it is."""
    if isinstance(figure, str) and figure.startswith(FORMULA_STARTS):
        return f"'{figure}"
    return figure
