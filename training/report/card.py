"""The model card: what the files in models/ say of themselves."""

import hashlib
from pathlib import Path

from app.contract import Contract
from training.data import DataError
from training.onnx_file import read_contract

# Licences of the sources, as found in the repositories that the copies came from.
WITHOUT_LICENCE = frozenset(
    {"cracksight", "cracksight-fullsize", "nha12d-asphalt", "nha12d-concretepavement", "phinet-coarse",
     "toshimickey-c1", "toshimickey-c1-negative"}
)  # fmt: skip
GPL = frozenset({"uav75", "dais-masonry", "fanlei-misc"})
CITATIONS = """\
CrackSight: Amirkhani, Allili, Lapointe, IEEE T-ASE 2025. uav75: Benz et al., IVCNZ 2019. NHA12D: Huang et
al. 2022. PEER Hub ImageNet (phinet): Gao, Mosalam. Dais et al., Automation in Construction 2021. Özgenel,
Mendeley Data 5y9wdsg2zt. SUT-Crack: Sabouri, Sepidbar 2023. Rissbilder, Volker: photos of
Bauhaus-Universität Weimar, as in khanhha/crack_segmentation and the Concrete Crack Conglomerate (Bianchi,
Hebdon 2021)."""

THRESHOLD_FROM = {"validation": "chosen on validation photos", "provisional": "not chosen yet"}

INTRODUCTION = """\
# The models

Written by `python -m training report` from the contracts inside the files; do not edit by hand.

**Intended:** to show an inspector where cracks in concrete may be, and to measure what was found, on photos
in focus in which the crack is at least two pixels wide. **Not intended:** to rate a structure, to say that
there is no crack, or to replace an inspection. Joints, edges, voids, lettering and cables may be taken for
cracks; faint hairlines may be missed. The figures below say how often; close-ups flatter, whole photos tell.
"""


def model_card(folder: Path) -> str:
    """The card of every model of the folder. Raises DataError where it holds none."""
    files = sorted(folder.glob("*.onnx"))
    if not files:
        raise DataError(f"{folder} holds no .onnx file; make one with `python -m training export`")
    return "\n".join([INTRODUCTION, *(_section(file, read_contract(file)) for file in files)])


def _section(file: Path, said: Contract) -> str:
    content = file.read_bytes()
    facts = {
        "file": f"`{file.name}`, {len(content) / 1e6:.1f} MB, SHA-256 `{hashlib.sha256(content).hexdigest()}`",
        "architecture": f"{said.architecture}, {said.parameters:,} parameters",
        "tile": f"{said.tile_size} px, overlap {said.overlap} px",
        "threshold": f"{said.threshold:g}, " + THRESHOLD_FROM[said.threshold_from],
        "weights": f"SHA-256 `{said.weights_sha256}`, {said.license}, trained at commit `{said.commit}`",
    }
    if said.made_from:
        facts["made from"] = f"the weights `{said.made_from}`, by `python -m training quantize`"
    lines = [f"## {said.label} {said.version}", "", "| | |", "|---|---|"]
    lines += [f"| {key} | {value} |" for key, value in facts.items()]
    lines += ["", *_figures(said), "", *_sources(said), ""]
    return "\n".join(lines)


def _figures(said: Contract) -> list[str]:
    """A row a source: the metrics are keyed `source/split/figure`."""
    places = sorted({key.rsplit("/", 1)[0] for key in said.metrics})
    if not places:
        return ["Not evaluated yet: run `python -m training evaluate ... --record`."]
    lines = [
        "| source / split | F1 | F1 within 2 px | false pixels on its crack-free photos |",
        "|---|---|---|---|",
    ]
    for place in places:
        cells = [
            said.metrics.get(f"{place}/{figure}")
            for figure in ("f1", "f1_within_2px", "false_pixels")
        ]
        shown = [f"{cells[0]:.3f}" if cells[0] is not None else "", f"{cells[1]:.3f}" if cells[1] is not None else "",
                 f"{cells[2]:.4%}" if cells[2] is not None else ""]  # fmt: skip
        lines.append(f"| {place.replace('/', ' / ')} | {' | '.join(shown)} |")
    return lines


def _sources(said: Contract) -> list[str]:
    trained = set(said.trained_on)
    notes = [f"Trained on: {', '.join(sorted(trained))}."]
    if unlicensed := sorted(trained & WITHOUT_LICENCE):
        notes.append(f"Without a stated licence: {', '.join(unlicensed)}.")
    if gpl := sorted(trained & GPL):
        notes.append(f"From repositories under GPL-3.0: {', '.join(gpl)}.")
    notes.append("The licence above is of the weights; none is claimed over the photos. To cite:")
    return [" ".join(notes), CITATIONS]
