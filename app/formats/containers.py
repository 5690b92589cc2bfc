"""Several forms in one answer."""

import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass

# Compressed as they are: deflating them again takes a second for a large photo and saves nothing.
COMPRESSED = (".png", ".jpg", ".pdf")


@dataclass(frozen=True)
class Part:
    """One form: `headers` say what it is."""

    file_name: str
    headers: dict[str, str]
    content: bytes


def zipped(parts: Iterable[Part]) -> bytes:
    """A ZIP archive with a file a part."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for part in parts:
            is_compressed = part.file_name.endswith(COMPRESSED)
            how = zipfile.ZIP_STORED if is_compressed else zipfile.ZIP_DEFLATED
            archive.writestr(part.file_name, part.content, how)
    return buffer.getvalue()


def multipart(parts: Iterable[Part], boundary: str) -> bytes:
    """multipart/mixed (RFC 2046, section 5.1), the content of the parts in binary, as HTTP sends it."""
    written = []
    for part in parts:
        headers = "".join(f"{name}: {value}\r\n" for name, value in part.headers.items())
        written.append(f"--{boundary}\r\n{headers}\r\n".encode() + part.content + b"\r\n")
    return b"".join(written) + f"--{boundary}--\r\n".encode()
