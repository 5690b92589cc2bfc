"""Where a figure comes from: the commit that made it, the rows that it was made on."""

import hashlib
import shlex
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from training.data import Row


def git_commit() -> str:
    """The commit that is checked out, `unknown` outside a repository."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607  (the caller's own git)
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()


def rows_hash(rows: Iterable[Row]) -> str:
    """Identifies the pairs and their split, wherever the data lies."""
    lines = sorted(f"{r.source},{r.image.name},{r.group},{r.split}" for r in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def command_line(words: Sequence[str] | None = None) -> str:
    """This run's command, or the given words of one, without the folders of whoever ran it: `--data index.csv`."""
    given = sys.argv[1:] if words is None else words
    return shlex.join(["python", "-m", "training", *map(_without_folders, given)])


def _without_folders(word: str) -> str:
    flag, equals, value = word.partition("=")
    path = value if equals else word
    for kind in (PurePosixPath, PureWindowsPath):
        if kind(path).is_absolute() or ".." in kind(path).parts:
            path = kind(path).name
    return f"{flag}={path}" if equals else path
