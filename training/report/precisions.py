"""What float16 and 8 bits cost: the same rows, the same threshold, another arithmetic."""

from collections.abc import Mapping, Sequence

from app.contract import Contract, Precision, label
from training.data import DataError
from training.evaluation.threshold import AS_GOOD
from training.report.markdown import table
from training.report.results import Results

VNNI = "CPUs with AVX-512 VNNI or AVX-VNNI"
WHERE: Mapping[tuple[Precision, bool], str] = {  # by precision, and whether by OpenVINO
    ("float16", False): "GPUs",
    ("int8", False): VNNI,
    ("float32", True): "other CPUs, by OpenVINO",
    ("int8", True): f"{VNNI}, by OpenVINO",
    ("bfloat16", True): "CPUs with AVX-512 BF16 or AMX, by OpenVINO",
}
COMPARED = (("F1", "f1"), ("F1 within 2 px", "f1_within_2px"))


def section(results: Results, contracts: Sequence[Contract]) -> list[str]:
    """A row for each source that a model was scored on in float32 and in another precision as well."""
    lines = []
    for said in contracts:
        if said.precision != "float32":
            continue
        for (precision, by_openvino), where in WHERE.items():
            other = label(said.name, precision, by_openvino=by_openvino)
            lines += [
                [f"{said.name} in {precision} ({where}), {place.replace('/', ' ')}", *cells]
                for place, cells in _compared(results, said.name, other)
            ]
    if not lines:
        return []
    return [
        "## Precisions",
        "",
        "The service runs a model in the precision that suits its device "
        "([decision 0008](../decisions/0008-precisions.md)); float16 is computed here on a CPU, as a GPU would round. "
        f"A precision may cost {AS_GOOD} of F1 at most.",
        "",
        *table(["", *(f"{name}{what}" for name, _ in COMPARED for what in ("", ", change"))], lines),
        "",
    ]  # fmt: skip


def _compared(results: Results, exact: str, other: str) -> list[tuple[str, list[str]]]:
    """(place, cells) of the sources that both were scored on. Raises DataError where photos or threshold differ."""
    found = []
    for result in results.evaluations.get(other, []):
        for place, ours in sorted(result["sources"].items()):
            theirs = results.figures(exact, place)
            if "f1" not in ours or "f1" not in theirs:
                continue
            same = [each for each in results.evaluations[exact] if place in each["sources"]]
            if result["threshold"] != same[0]["threshold"] or ours["photos"] != theirs["photos"]:
                raise DataError(
                    f"{place} of {other} and {exact} is of other photos or thresholds; run `evaluate` on both again"
                )
            found.append((place, _cells(ours, theirs)))
    return found


def _cells(ours: dict, theirs: dict) -> list[str]:
    cells = []
    for _, key in COMPARED:
        change = ours[key] - theirs[key]
        verdict = "met" if change >= -AS_GOOD else "short"
        cells += [f"{ours[key]:.4f}", f"{change:+.4f}, {verdict}"]
    return cells
