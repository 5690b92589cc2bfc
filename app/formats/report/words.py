"""What the report says beside its table: facts with their names, and sentences. Pure."""

from app import schemas
from app.formats.report.figures import PIXELS, Unit, significant
from app.inspection import Result
from app.limits import Table

Fact = tuple[str, str]
SHORT_SHA256 = 16
"""Hexadecimal digits: 64 bits tell any two files of weights apart."""

TITLE = "Crack report"
DISCLAIMER = (
    "Made by a program. What it found may be false, and cracks may have been missed: compare with the photo and the "
    "structure. This report is no substitute for an inspection."
)
_WARNINGS = {
    "blurred": "The photo is blurred: cracks may be there and not be found, and narrow ones look wider.",
    "underexposed": "The photo is too dark: cracks may be there and not be found.",
    "overexposed": "Parts of the photo are overexposed: cracks may be there and not be found.",
    "too-far": "Taken from too far away: a crack of 0.3 mm is narrower than the three pixels that a width needs, and "
    "may be missed.",
    "first-frame-only": "The file holds several pictures; only the first was looked at.",
    "scale-indicative": "The scale comes from what the camera says of its optics: millimetres are indicative only.",
    "scale-too-unsure": "The scale is too unsure for some cracks: those are given in pixels.",
    "limits-need-scale": "Limits were asked for, but without a scale no width can be held against them.",
    "smallest-cracks-left-out": "There were more cracks than are measured singly: the smallest are in the share of "
    "the photo and neither counted nor listed.",
    "probability-given": "The crack probabilities came with the photo: of an earlier run, or corrected by a person.",
}
_SOURCES = {
    "parameter": "given by the caller",
    "points": "from two points a known distance apart",
    "marker": "from a printed marker",
    "camera": "from the camera's optics and its distance",
}


def found(result: Result, unit: Unit) -> list[Fact]:
    """Totals; in pixels where a crack has no millimetres."""
    totals = result.findings.statistics()
    length, mean, largest = totals.total_length_mm, totals.mean_width_mm, totals.max_width_mm
    if unit == PIXELS or length is None or mean is None or largest is None:
        unit, length = PIXELS, totals.total_length_px
        mean, largest = totals.mean_width_px, totals.max_width_px
    return [
        ("Cracks", str(totals.crack_count)),
        ("Total length", f"{unit.length(length)} {unit.name}"),
        ("Mean width", f"{unit.width(mean)} {unit.name}"),
        ("Maximum width", f"{unit.width(largest)} {unit.name}"),
        ("Share of the photo", f"{significant(100 * totals.crack_ratio)} %"),
        ("Crack density", _density(result)),
        ("Pattern", result.findings.pattern().kind),
    ]


def _density(result: Result) -> str:
    mean = result.findings.mean_density()
    if mean.m_per_m2 is not None:
        return f"{significant(float(mean.m_per_m2[0, 0]))} m/m²"
    return f"{significant(float(mean.px_per_px2[0, 0]))} px/px²"


def method(result: Result) -> list[Fact]:
    """What found the cracks, and how."""
    parameters = result.parameters
    mode: str = parameters.mode
    if mode == "tile":
        mode += f", resolution scale {parameters.resolution_scale:g}"
    facts = [
        *_model(result),
        ("Threshold", f"{result.segmentation.threshold:g}"),
        ("Mode", mode),
    ]
    if parameters.min_area_px:
        facts.append(("Smallest area", f"{parameters.min_area_px} px; smaller ones are left out"))
    return facts


def _model(result: Result) -> list[Fact]:
    return [
        ("Model", result.made_by),
        ("Weights", f"SHA-256 {result.model.sha256[:SHORT_SHA256]}…"),
    ]


def source(result: Result) -> list[Fact]:
    """What was looked at, and what is known of it."""
    photo, quality, table = result.photo, result.quality, result.findings.table
    smallest = f"{quality.smallest_measurable_width_px:.1f} px"
    if quality.smallest_measurable_width_mm is not None:
        smallest += f" ({significant(quality.smallest_measurable_width_mm, 2)} mm)"
    return [
        *_asked_for(result),
        ("Photo", f"{photo.format}, {photo.width} × {photo.height} px"),
        *_scale(result.findings.scale_used()),
        ("Measurable from", smallest),
        *_limits(table),
    ]


def _asked_for(result: Result) -> list[Fact]:
    """Whose photo it is, where the caller said so; when and where it was taken, where the caller asked."""
    parameters, taken = result.parameters, result.photo.metadata
    facts = [("Asset", parameters.asset_id)] if parameters.asset_id else []
    if not parameters.photo_metadata:
        return facts
    if taken.captured_at:
        facts.append(("Taken", taken.captured_at))
    if taken.gps and taken.gps.latitude_deg is not None:
        facts.append(
            ("At", f"{taken.gps.latitude_deg:.6f}°, {taken.gps.longitude_deg:.6f}° (WGS 84)")
        )
    return facts


def _limits(table: Table | None) -> list[Fact]:
    if table is None:
        return [("Limits", "none asked for")]
    return [("Limits", table.name), ("Their edition", table.edition)]


def _scale(scale: schemas.Scale | None) -> list[Fact]:
    if scale is None:
        return [("Scale", "no scale: no millimetres")]
    doubt = scale.relative_uncertainty
    sure = (
        "not known"
        if doubt is None
        else f"{significant(100 * doubt, 2)} % (one standard uncertainty)"
    )
    return [
        ("Scale", f"{significant(scale.mm_per_px, 4)} mm/px, {_SOURCES[scale.source]}"),
        ("Its uncertainty", sure),
    ]


def notes(result: Result) -> list[str]:
    """A sentence for each warning; one that has none yet is named."""
    return [_WARNINGS.get(warning, warning.replace("-", " ")) for warning in result.warnings]


def nothing_found(result: Result) -> list[str]:
    """What stands in place of an empty table; nothing where there is one."""
    if result.segmentation.measurement.crack_count:
        return []
    sentences = [f"No crack was found at this threshold ({result.segmentation.threshold:g})."]
    if result.quality.warnings:
        sentences.append(
            "That is not the same as no crack: this photo could not have shown every crack. Not assessable."
        )
    return sentences


def legend(has_flags: bool) -> str:
    """How to read the table."""
    told = (
        "No. as on the overlay and in JSON. 95 % width: 95 % of the crack's length are narrower; ± one standard "
        "uncertainty. Orientation: 0° horizontal, 90° vertical, 45° rising to the right."
    )
    if has_flags:
        told += (
            " Below resolution: fewer than 3 px wide in the mean, so the width is an upper bound."
        )
    return told


def limits(table: Table) -> str:
    """The table that widths were held against, and how far that goes."""
    checked = "" if table.verified else " Its figures were not compared with the document itself."
    return (  # what a reader must not miss comes first: an owner's title can be of any length
        "Limits screen cracks and do not rate the structure. Held against them were the 95 % width and two standard "
        f"uncertainties either way. {table.title}; edition {table.edition}.{checked} {table.statement}"
    )
