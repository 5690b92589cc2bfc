"""multipart/form-data without the temporary files of the usual readers: a photo is never written to disk."""

from collections.abc import Collection

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.errors import BadRequest, MissingFile

FIELD = "file"
MAX_PARTS = 8


class Form:
    """Takes the field `file`, and others that are asked for, out of a body that comes in pieces; of all other fields,
    only the names are kept."""

    def __init__(self, content_type: str, others: Collection[str] = ()):
        """Raises BadRequest where the header names no usable boundary."""
        self._wanted = (FIELD, *others)
        self._fields: list[str] = []
        self._files: dict[str, bytearray] = {}
        self._file: bytearray | None = None
        """What is being read; None between the parts and in parts that are not wanted."""
        self._is_complete = False
        self._header = self._value = self._disposition = b""
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            raise _malformed("its Content-Type has no boundary")
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._read_header,
                    "on_header_value": self._read_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_part_data": self._read_data,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise _malformed(str(error)) from None

    def write(self, piece: bytes) -> None:
        """Raises BadRequest for what is no form, or one of too many parts."""
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise _malformed(str(error)) from None

    def finish(self) -> dict[str, bytes]:
        """The wanted fields that were sent. Raises BadRequest where the form has no end, MissingFile without `file`."""
        if not self._is_complete:
            raise _malformed("it ends before its closing boundary")
        if FIELD not in self._files:
            sent = ", ".join(self._fields) or "none"
            raise MissingFile(
                f"no field {FIELD!r} (fields sent: {sent}); send curl -F {FIELD}=@PHOTO"
            )
        return {name: bytes(data) for name, data in self._files.items()}

    def _begin_part(self) -> None:
        self._disposition = b""

    def _read_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _read_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _end_headers(self) -> None:
        name = parse_options_header(self._disposition)[1].get(b"name")
        if name is None:
            raise _malformed("a part has no name")
        field = name.decode(errors="replace")
        self._fields.append(field)
        if len(self._fields) > MAX_PARTS:
            raise _malformed(f"it has more than {MAX_PARTS} fields")
        self._file = None
        if field in self._wanted:
            if field in self._files:
                raise _malformed(f"it has more than one field {field!r}, and one is taken")
            self._file = self._files[field] = bytearray()

    def _read_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file += memoryview(data)[start:end]

    def _end(self) -> None:
        self._is_complete = True


def _malformed(reason: str) -> BadRequest:
    return BadRequest(
        f"the multipart body is malformed: {reason.rstrip('.')}; let your client build it"
    )
