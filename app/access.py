"""Who may call: API keys kept as hashes in a file, each with its own rate limit where the file names one."""

import hashlib
import hmac
import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.errors import RateLimited, StartupError, Unauthorized

logger = logging.getLogger(__name__)

LINE = re.compile(r"([^:]+):([0-9a-fA-F]{64})(?::([1-9][0-9]{0,8}))?")


@dataclass(frozen=True)
class Key:
    """`sha256` is the hash of the key in hexadecimal; `per_minute` None is no limit."""

    name: str
    sha256: str
    per_minute: int | None


class Access:
    """The keys of a file, re-read when it changes; a file that turns bad leaves the former keys in force."""

    def __init__(self, file: Path, now: Callable[[], float] = time.monotonic):
        """Raises StartupError where the file cannot be read or holds no valid line."""
        self._file = file
        self._now = now
        self._lock = threading.Lock()
        self._changed = self._stamp()
        self._keys = read_keys(file)
        self._buckets: dict[str, tuple[float, float]] = {}  # name: (calls left, when that was so)

    def admit(self, *presented: str | None) -> str:
        """The name of the first key presented that fits. Raises Unauthorized or RateLimited."""
        with self._lock:
            self._reread()
            key = self._find([one for one in presented if one is not None])
            self._take(key)
        return key.name

    def _stamp(self) -> tuple[int, int] | None:
        """What changes when the file does; None where there is none."""
        try:
            status = self._file.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size

    def _reread(self) -> None:
        changed = self._stamp()
        if changed == self._changed:
            return
        self._changed = changed
        try:
            self._keys = read_keys(self._file)
        except StartupError as error:
            logger.error("%s; the former keys stay in force", error)
        else:
            logger.info("read %d API keys", len(self._keys))

    def _find(self, presented: list[str]) -> Key:
        found = None
        for digest in [hashlib.sha256(one.encode()).hexdigest() for one in presented]:
            for key in self._keys:  # all of them, so that the time taken tells nothing
                if hmac.compare_digest(key.sha256, digest):
                    found = found or key
        if found is None:
            raise Unauthorized(
                "send a valid key as `Authorization: Bearer KEY` or `X-API-Key: KEY`"
            )
        return found

    def _take(self, key: Key) -> None:
        """A token bucket: a minute's calls at once, then one each 60 / per_minute seconds."""
        if key.per_minute is None:
            return
        now = self._now()
        left, since = self._buckets.get(key.name, (float(key.per_minute), now))
        left = min(left + (now - since) * key.per_minute / 60, float(key.per_minute))
        if left < 1:
            self._buckets[key.name] = left, now
            raise RateLimited(
                f"key {key.name} may call {key.per_minute} times a minute; wait and try again",
                retry_after_s=(1 - left) * 60 / key.per_minute,
            )
        self._buckets[key.name] = left - 1, now


def read_keys(file: Path) -> tuple[Key, ...]:
    """The keys of a file, a line each `name:sha256[:requests-a-minute]`; blank lines and `#` lines are passed over.

    Raises StartupError, which names the line and never shows it.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise StartupError(f"HAIRLINE_API_KEYS_FILE: {file} cannot be read as text") from None
    keys = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = LINE.fullmatch(line.strip())
        if match is None:
            raise StartupError(
                f"{file}, line {number}: expected name:sha256 or name:sha256:requests-a-minute"
            )
        name, digest, limit = match.groups()
        keys.append(Key(name, digest.lower(), int(limit) if limit else None))
    if not keys:
        raise StartupError(
            f"{file} holds no key; add a line name:sha256 or unset HAIRLINE_API_KEYS_FILE"
        )
    return tuple(keys)
