"""An answer about one photo in every form that the API speaks: a file each, all `Result -> bytes`."""

from app.formats.forms import asked, headers, write
from app.formats.pictures import photo

__all__ = ["asked", "headers", "photo", "write"]
