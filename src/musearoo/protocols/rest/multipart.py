"""Multipart forms (RFC 7578) part by part, so that a file can go to disk while it comes."""

from collections import deque
from collections.abc import AsyncIterator
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from musearoo.domain.errors import PayloadTooLarge
from musearoo.protocols.rest.problems import HttpCode, HttpRefusal

MAXIMUM_PARTS: Final = 20
MAXIMUM_TEXT: Final = 8 * 1024
_MAXIMUM_NAME: Final = 255


class Part:
    """One part of a form. Read its `chunks` or its `text` before asking for the next part."""

    def __init__(self, form: "Form", headers: dict[bytes, bytes]) -> None:
        self._form = form
        options = parse_options_header(headers.get(b"content-disposition", b""))[1]
        self.name = _text(options.get(b"name", b""))
        filename = options.get(b"filename")
        self.is_file = filename is not None
        self.filename = safe_name(_text(filename or b""))
        self.media_type = _text(headers.get(b"content-type", b"application/octet-stream"))[:100]

    async def chunks(self) -> AsyncIterator[bytes]:
        """The content as it comes."""
        while (chunk := await self._form.next_chunk()) is not None:
            yield chunk

    async def text(self) -> str:
        """The content of a field."""
        size, pieces = 0, []
        async for chunk in self.chunks():
            size += len(chunk)
            if size > MAXIMUM_TEXT:
                raise PayloadTooLarge(f"The field {self.name[:40]} is larger than 8 KB.")
            pieces.append(chunk)
        try:
            return b"".join(pieces).decode("utf-8")
        except UnicodeDecodeError:
            raise malformed("a field is not UTF-8 text") from None


class Form:
    """A form that is being received."""

    def __init__(self, content_type: str, chunks: AsyncIterator[bytes]) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary or len(boundary) > 70:
            raise HttpRefusal(
                HttpCode.UNSUPPORTED_MEDIA_TYPE,
                "Send the recording as multipart/form-data, in the field audio_file.",
            )
        self._chunks = chunks
        self._events: deque[tuple[str, bytes | dict[bytes, bytes]]] = deque()
        self._headers: dict[bytes, bytes] = {}
        self._field = b""
        self._parts = 0
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_begin": self._on_header_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )

    async def next_part(self) -> Part | None:
        """The next part, or None at the end of the form."""
        while (event := await self._next_event()) is not None:
            if event[0] == "part" and isinstance(event[1], dict):
                return Part(self, event[1])
        return None

    async def next_chunk(self) -> bytes | None:
        """More of the present part, or None at its end."""
        event = await self._next_event()
        if event is None:
            raise malformed("the form ends inside a part")
        return event[1] if event[0] == "data" and isinstance(event[1], bytes) else None

    async def _next_event(self) -> tuple[str, bytes | dict[bytes, bytes]] | None:
        while not self._events:
            chunk = await anext(self._chunks, None)
            if chunk is None:
                if not self._ended:
                    raise malformed("the form ends before its last boundary")
                return None
            try:
                self._parser.write(chunk)
            except FormParserError as error:
                raise malformed(str(error)[:100]) from None
        return self._events.popleft()

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > MAXIMUM_PARTS:
            raise PayloadTooLarge(f"A form may have at most {MAXIMUM_PARTS} parts.")
        self._headers = {}

    def _on_header_begin(self) -> None:
        self._field = b""

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end].lower()

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._headers[self._field] = self._headers.get(self._field, b"") + data[start:end]

    def _on_headers_finished(self) -> None:
        self._events.append(("part", self._headers))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(("data", data[start:end]))

    def _on_part_end(self) -> None:
        self._events.append(("end", b""))

    def _on_end(self) -> None:
        self._ended = True


def safe_name(name: str) -> str:
    """A file name as data: the last step of a path, printable, not too long."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(each for each in last if each.isprintable())[:_MAXIMUM_NAME].strip()


def malformed(why: str) -> HttpRefusal:
    """A form that cannot be read."""
    return HttpRefusal(HttpCode.MALFORMED, f"The form cannot be read: {why}.")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace")
