"""The tables that a service has, by name: the shipped ones and its owner's."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from app.errors import InvalidParameter, StartupError
from app.limits.table import Table, read_table

SHIPPED = Path(__file__).parent / "tables"


class Limits:
    """Tables in the order of their names, the shipped ones first."""

    def __init__(self, tables: Iterable[Table]):
        self._tables = {table.name: table for table in tables}

    @classmethod
    def load(cls, folder: Path | None) -> "Limits":
        """The shipped tables and, where there is a folder, every `.json` file of it.

        Raises StartupError for a folder without one, a file that is no table, and a name that is already shipped.
        """
        tables = _read_folder(SHIPPED)
        if folder is not None:
            shipped = {table.name for table in tables}
            for table in _read_folder(folder):
                if table.name in shipped:
                    raise StartupError(
                        f"{folder / table.name}.json: name {table.name!r} is that of a shipped table; "
                        f"give name and file another, such as {table.name}-own"
                    )
                tables.append(table)
        return cls(tables)

    def __iter__(self) -> Iterator[Table]:
        return iter(self._tables.values())

    def get(self, name: str) -> Table:
        """The named table. Raises InvalidParameter, which lists those there are."""
        if name not in self._tables:
            raise InvalidParameter(
                f"limits: there is no table {name[:40]!r}; this service has {', '.join(self._tables)}"
            )
        return self._tables[name]


def _read_folder(folder: Path) -> list[Table]:
    files = sorted(folder.glob("*.json"))
    if not files:
        raise StartupError(
            f"{folder} holds no .json file of width limits; name a folder that does, or none"
        )
    return [read_table(file) for file in files]
