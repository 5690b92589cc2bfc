"""One table of width limits: what its JSON file must say, read and refused here."""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from app.errors import StartupError

UNDETERMINED = "undetermined"
NOT_APPLICABLE = "not-applicable"

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Millimetres = Annotated[float, Field(ge=0, allow_inf_nan=False)]

_CONFIG = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class WidthClass(BaseModel):
    """A class of widths, from where the class before it ends. Only the last one has no end."""

    model_config = _CONFIG

    name: Text
    below_mm: Annotated[Millimetres, Field(gt=0)] | None = None
    """The class ends here, and a crack of exactly this width belongs to the next one."""
    up_to_mm: Annotated[Millimetres, Field(gt=0)] | None = None
    """The class ends here, and a crack of exactly this width still belongs to it."""

    @property
    def end_mm(self) -> float | None:
        return self.below_mm if self.up_to_mm is None else self.up_to_mm

    def ends_before(self, width_mm: float) -> bool:
        """Whether a crack of this width is too wide for the class."""
        if self.up_to_mm is not None:
            return width_mm > self.up_to_mm
        return self.below_mm is not None and width_mm >= self.below_mm

    @model_validator(mode="after")
    def _one_end(self) -> "WidthClass":
        if self.below_mm is not None and self.up_to_mm is not None:
            raise ValueError(f"{self.name!r} has below_mm and up_to_mm; leave one of them out")
        if self.name in (UNDETERMINED, NOT_APPLICABLE):
            raise ValueError(f"{self.name!r} is an answer of its own; name the class otherwise")
        return self


class Case(BaseModel):
    """One exposure or kind of element: a limit, or classes, or neither where the document gives no width."""

    model_config = _CONFIG

    name: Text
    limit_mm: Millimetres | None = None
    """Widest crack that is within the limit."""
    classes: tuple[WidthClass, ...] = ()
    """Narrowest first."""
    note: Text | None = None
    """What the figures leave unsaid: the figure of the document where it is in inches, or why there is none."""

    @model_validator(mode="after")
    def _limit_or_classes_or_note(self) -> "Case":
        if self.limit_mm is not None and self.classes:
            raise ValueError("limit_mm and classes exclude each other; leave one of them out")
        if self.limit_mm is None and not self.classes and self.note is None:
            raise ValueError("a case without limit_mm and classes needs a note that says why")
        return self

    @model_validator(mode="after")
    def _classes_ascend(self) -> "Case":
        if not self.classes:
            return self
        if len(self.classes) == 1:
            raise ValueError("classes: one class tells nothing apart; give two or more")
        if repeated := _repeated([one.name for one in self.classes]):
            raise ValueError(f"classes: {repeated!r} stands twice; give each class its own name")
        *bounded, last = (one.end_mm for one in self.classes)
        ends = [end for end in bounded if end is not None]
        if last is not None or len(ends) < len(bounded):
            raise ValueError(
                "classes: all but the last, and not the last, need below_mm or up_to_mm"
            )
        if any(after <= before for before, after in pairwise(ends)):
            raise ValueError("classes: each must end at a greater width than the one before it")
        return self


class Table(BaseModel):
    """A table of width limits, as its file has it and as the API shows it."""

    model_config = _CONFIG

    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    """What `limits` of a query calls it, and the file's name before `.json`."""
    title: Text
    edition: Text
    kind: Literal["design-limit", "condition-class"]
    """`design-limit`: a crack is `within` or `exceeds`. `condition-class`: it has a class by its width."""
    verified: bool
    """Whether an engineer compared the figures with the text of the document itself."""
    source: Text
    """Where the figures were read."""
    statement: Text
    """What an answer by this table means and does not mean; every answer repeats it."""
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _cases_fit(self) -> "Table":
        if repeated := _repeated([case.name for case in self.cases]):
            raise ValueError(f"cases: {repeated!r} stands twice; give each case its own name")
        for case in self.cases:
            if self.kind == "design-limit" and case.classes:
                raise ValueError(f"cases: {case.name!r} has classes, and a design-limit limit_mm")
            if self.kind == "condition-class" and case.limit_mm is not None:
                raise ValueError(
                    f"cases: {case.name!r} has limit_mm, and a condition-class classes"
                )
        return self


def read_table(file: Path) -> Table:
    """The table of a JSON file. Raises StartupError, which names the file and the field that is wrong."""
    try:
        text = file.read_text(encoding="utf-8-sig")  # editors on Windows write the mark in front
    except (OSError, UnicodeDecodeError):
        raise StartupError(
            f"{file} cannot be read as UTF-8 text; save it again or remove it"
        ) from None
    try:
        table = Table.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise StartupError(
            f"{file}: {f'{field}: ' if field else ''}{reason}; docs/limits.md shows a table"
        ) from None
    if table.name != file.stem:
        raise StartupError(
            f"{file}: name is {table.name!r}; it must be the file's own, so call the file {table.name}.json"
        )
    return table


def _repeated(names: list[str]) -> str | None:
    """The first name that stands twice."""
    return next((name for name in names if names.count(name) > 1), None)
