"""What float16 and 8 bits cost: the same rows, the same threshold, another arithmetic."""

from collections.abc import Sequence

from app.contract import Contract, label
from training.report.markdown import table
from training.report.results import Results

ALLOWED = 0.005  # of F1
WHERE = {"float16": "GPUs", "int8": "CPUs with AVX-512 VNNI or AVX-VNNI"}
COMPARED = (("F1", "f1"), ("F1 within 2 px", "f1_within_2px"))


def section(results: Results, contracts: Sequence[Contract]) -> list[str]:
    """A row for each source that a model was scored on in float32 and in another precision as well."""
    lines = []
    for said in contracts:
        if said.precision != "float32":
            continue
        for precision, where in WHERE.items():
            lines += [
                [f"{said.name} in {precision} ({where}), {place.replace('/', ' ')}", *cells]
                for place, cells in _compared(results, said.name, label(said.name, precision))
            ]
    if not lines:
        return []
    return [
        "## Precisions",
        "",
        "The service runs a model in the precision that suits its device "
        "([decision 0008](../decisions/0008-precisions.md)); float16 is computed here on a CPU, as a GPU would round. "
        f"A precision may cost {ALLOWED} of F1 at most.",
        "",
        *table(["", *(f"{name}{what}" for name, _ in COMPARED for what in ("", ", change"))], lines),
        "",
    ]  # fmt: skip


def _compared(results: Results, exact: str, other: str) -> list[tuple[str, list[str]]]:
    found = []
    places = {place for result in results.evaluations.get(other, []) for place in result["sources"]}
    for place in sorted(places):
        ours, theirs = results.figures(other, place), results.figures(exact, place)
        if "f1" in ours and "f1" in theirs:
            cells = [
                text
                for _, key in COMPARED
                for text in (f"{ours[key]:.4f}", f"{ours[key] - theirs[key]:+.4f}")
            ]
            found.append((place, cells))
    return found
