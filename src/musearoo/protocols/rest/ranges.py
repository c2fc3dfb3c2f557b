"""Byte ranges of a file (RFC 9110 §14), and file names in headers (RFC 6266, RFC 8187)."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote

_CHUNK: Final = 256 * 1024
_RANGE: Final = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*")
# attr-char of RFC 8187 §3.2.1.
_ATTRIBUTE: Final = "!#$&+-.^_`|~"
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9 ._()\[\]+-]")


class Unsatisfiable(Exception):
    """The range begins after the end."""


def requested_range(field: str | None, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last; None to send everything.

    Several ranges, other units and nonsense are ignored, as the RFC allows.
    """
    match = _RANGE.fullmatch(field) if field is not None else None
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        length = int(match[2])
        if length == 0 or size == 0:
            raise Unsatisfiable
        return max(0, size - length), size
    start = int(match[1])
    end = int(match[2]) + 1 if match[2] else size
    if match[2] and end <= start:
        return None
    if start >= size:
        raise Unsatisfiable
    return start, min(end, size)


def disposition(name: str, *, inline: bool) -> str:
    """A `Content-Disposition` for any name: ASCII for old readers, the whole name for others."""
    plain = _UNSAFE.sub("_", name).strip() or "file"
    kind = "inline" if inline else "attachment"
    header = f'{kind}; filename="{plain}"'
    if plain != name:
        encoded = quote(name, safe=_ATTRIBUTE, errors="replace")
        header += f"; filename*=UTF-8''{encoded}"
    return header


async def file_chunks(path: str, start: int, end: int) -> AsyncIterator[bytes]:
    """The bytes of a file, read in threads."""
    file = await asyncio.to_thread(_open, path, start)
    try:
        left = end - start
        while left > 0:
            chunk = await asyncio.to_thread(file.read, min(_CHUNK, left))
            if not chunk:
                return
            left -= len(chunk)
            yield chunk
    finally:
        file.close()


def _open(path: str, start: int) -> BinaryIO:
    file = Path(path).open("rb")  # noqa: SIM115  closed by the generator
    file.seek(start)
    return file
