"""An answer about one photo in every form that the API speaks but JSON: a file each, all `Result -> bytes`."""

from app.formats.forms import asked, disposition, write

__all__ = ["asked", "disposition", "write"]
