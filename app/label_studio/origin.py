"""The one address that photos are fetched from; whatever else a task may name is refused."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit

from app.errors import InvalidParameter, StartupError

PORTS = {"http": 80, "https": 443}
MAX_CHARACTERS = 4096
PHOTOS = "/data/"
"""Where Label Studio keeps uploads and local files: the key opens everything else too, so nothing else is asked for."""
UNSAFE = re.compile(r"[\x00-\x1f\x7f\\]")
SEPARATORS = re.compile(r"[/?&=;]")
# All that RFC 3986 lets stand in path and query, and % because most addresses are quoted already.
SAFE = "/?:@!$&'()*+,;=~%"


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port (RFC 6454) of the Label Studio that was set."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Origin":
        """Raises StartupError for what is no address of a server alone."""
        parts = _split(url)
        origin = None if parts is None else _origin(parts)
        if (
            parts is None
            or origin is None
            or parts.path.strip("/")
            or parts.query
            or parts.fragment
        ):
            raise StartupError(
                "HAIRLINE_LABEL_STUDIO_URL: expected an address such as http://label-studio:8080, "
                "without a path, a name or a password"  # and not shown, for it may hold one
            )
        return origin

    def target(self, address: object) -> str:
        """Path and query by which this server is asked for a task's photo.

        Raises InvalidParameter for an address of anything else, and of anything there that is no photo.
        """
        if not isinstance(address, str) or len(address) > MAX_CHARACTERS:
            raise InvalidParameter("the task names no address of a photo; check the label config")
        shown = address[:80]
        if address.startswith("data:"):
            raise InvalidParameter("a photo within the task is not read; upload it to Label Studio")
        parts = _split(address)
        if parts is None or not (address.startswith("/") or parts.scheme):
            raise InvalidParameter(f"{shown!r} is no address of a photo; upload it to Label Studio")
        if (parts.scheme or parts.netloc) and _origin(parts) != self:
            raise InvalidParameter(
                f"{shown!r} is not at {self}, and photos are fetched from there alone; upload it there"
            )
        if not parts.path.startswith(PHOTOS):
            raise InvalidParameter(
                f"{shown!r} is no photo of Label Studio: those are under {PHOTOS}"
            )
        return quote(parts.path + ("?" + parts.query if parts.query else ""), safe=SAFE)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


def _split(address: str) -> SplitResult | None:
    """None for what cannot be read, or might be read in two ways: a backslash, a control character, a step upwards."""
    decoded = unquote(unquote(address))  # once by us, once by a server that decodes too often
    if UNSAFE.search(decoded) or ".." in SEPARATORS.split(decoded):
        return None
    try:
        return urlsplit(address)
    except ValueError:
        return None


def _origin(parts: SplitResult) -> Origin | None:
    """None where there is none, and where a name or a password stands before the host."""
    try:
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    return Origin(parts.scheme, parts.hostname, PORTS[parts.scheme] if port is None else port)
