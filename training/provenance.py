"""Where a figure comes from: the commit that made it, the rows that it was made on."""

import hashlib
import subprocess
from collections.abc import Iterable
from pathlib import Path

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
