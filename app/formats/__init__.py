"""An answer about one photo in every form that the API speaks: a file each, all `Result -> bytes`."""

from app.formats.forms import asked, content_type, disposition, write

__all__ = ["asked", "content_type", "disposition", "write"]
