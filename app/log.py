"""Log lines: text for people, or JSON for what collects them. Nothing of a photo, a key or a place is in any."""

import json
import logging
import sys
import time
from typing import Any, Literal

LogFormat = Literal["text", "json"]
FIELDS = "fields"  # of a record: what the JSON line says beside its message


def set_up_logging(level: str, form: LogFormat = "text") -> None:
    """Log to standard error, one line an event."""
    handler = logging.StreamHandler(sys.stderr)
    if form == "json":
        handler.setFormatter(JsonLines())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # At debug Pillow writes down every tag of EXIF, the place of the photo among them.
    logging.getLogger("PIL").setLevel(logging.INFO)


class JsonLines(logging.Formatter):
    """A JSON object a line: time (UTC, RFC 3339), level, logger, message, the record's fields, the traceback if any."""

    def format(self, record: logging.LogRecord) -> str:
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "time": f"{seconds}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= getattr(record, FIELDS, {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
