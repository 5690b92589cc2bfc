"""What a table of limits says of a crack, in the little room of one cell, and the key to it. Pure."""

from collections.abc import Sequence
from string import ascii_uppercase

from app.limits import NOT_APPLICABLE, UNDETERMINED, Table, Verdict

# What to look at first: what is beyond a limit, then what may be. Classes keep the order of their cases.
_FIRST = {"exceeds": 0, UNDETERMINED: 1}


def in_short(said: Sequence[Verdict] | None) -> str:
    """What the cases of a table say, in one line: "exceeds D · undetermined C · within A, B".

    Letters are those of `cases`; a table of one case needs none.
    """
    if said is None:
        return "no millimetres"
    told: dict[str, list[int]] = {}
    for place, one in enumerate(said):
        if one.verdict != NOT_APPLICABLE:
            told.setdefault(_verdict(one), []).append(place)
    if not told:
        return "not applicable"
    names = _letters(len(said))
    groups = sorted(told.items(), key=lambda group: _FIRST.get(group[0], len(_FIRST)))
    return " · ".join(f"{verdict} {_runs(places, names)}".strip() for verdict, places in groups)


def _runs(places: Sequence[int], names: Sequence[str]) -> str:
    """The names at ascending places; three or more in a row are "A–C"."""
    runs: list[list[int]] = []
    for place in places:
        if runs and place == runs[-1][-1] + 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return ", ".join(
        f"{names[run[0]]}–{names[run[-1]]}" if len(run) > 2 else ", ".join(names[i] for i in run)
        for run in runs
    )


def _verdict(one: Verdict) -> str:
    if one.verdict == UNDETERMINED and one.limit_mm is None:
        return " or ".join(one.candidates)
    return one.verdict


def _letters(count: int) -> list[str]:
    """A name for each case: A to Z, then A2 to Z2; nothing for a case that is alone."""
    if count == 1:
        return [""]
    return [ascii_uppercase[i % 26] + (str(1 + i // 26) if i >= 26 else "") for i in range(count)]


def cases(table: Table) -> str:
    """What the letters stand for: "A RC, X0, XC1: 0.4 mm · B ..."."""
    told = []
    for letter, case in zip(_letters(len(table.cases)), table.cases, strict=True):
        if case.limit_mm is not None:
            says = f"{case.limit_mm:g} mm"
        elif case.classes:
            says = ", ".join(
                _class(each.name, each.below_mm, each.up_to_mm) for each in case.classes
            )
        else:
            says = "no width is given"
        told.append(f"{letter} {case.name}: {says}".strip())
    return " · ".join(told)


def _class(name: str, below_mm: float | None, up_to_mm: float | None) -> str:
    if below_mm is not None:
        return f"{name} below {below_mm:g} mm"
    return name if up_to_mm is None else f"{name} up to {up_to_mm:g} mm"
