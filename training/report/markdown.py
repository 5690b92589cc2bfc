"""Tables of a page."""

from collections.abc import Sequence


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table; the first column reads, the others are figures."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (head, rule, *lines)]


def shown(figures: dict, name: str, form: str) -> str:
    """A figure by its format, empty where there is none."""
    return format(figures[name], form) if figures.get(name) is not None else ""
