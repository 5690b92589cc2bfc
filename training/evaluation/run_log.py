"""The log of runs on rows that no choice may rest on: who looks often enough at them chooses by them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

HELD_OUT = frozenset({"test", "external"})  # splits; each look at them is logged
LOG = Path("docs/accuracy/test-runs.jsonl")


def log_run(file: Path, provenance: Mapping[str, object]) -> int:
    """Append a line of JSON, the date (UTC) and what made the figures; returns how many runs the file lists then."""
    file.parent.mkdir(parents=True, exist_ok=True)
    line = {"date": datetime.now(UTC).isoformat(timespec="seconds"), **provenance}
    with file.open("a+", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")
        log.seek(0)
        return sum(1 for _ in log)
