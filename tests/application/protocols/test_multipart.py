"""Multipart forms, read while they come."""

import contextlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.domain.errors import PayloadTooLarge
from musearoo.protocols.rest.multipart import MAXIMUM_PARTS, Form, safe_name
from musearoo.protocols.rest.problems import HttpRefusal

TYPE = "multipart/form-data; boundary=bound"


def part(name: str, content: bytes, filename: str | None = None, kind: str = "audio/wav") -> bytes:
    file = f'; filename="{filename}"\r\nContent-Type: {kind}' if filename is not None else ""
    head = f'--bound\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def form(*parts: bytes, end: bytes = b"--bound--\r\n") -> bytes:
    return b"".join(parts) + end


async def pieces(content: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def read(content: bytes, size: int = 7, kind: str = TYPE) -> list[tuple[str, str, bytes]]:
    reader = Form(kind, pieces(content, size))
    found = []
    while (one := await reader.next_part()) is not None:
        found.append((one.name, one.filename, b"".join([chunk async for chunk in one.chunks()])))
    return found


async def test_fields_and_files_come_in_order() -> None:
    """Names, file names and contents, whatever the pieces."""
    content = form(part("analysis_type", b"quick"), part("audio_file", b"RIFF\r\n--boun", "a.wav"))
    assert await read(content) == [
        ("analysis_type", "", b"quick"),
        ("audio_file", "a.wav", b"RIFF\r\n--boun"),
    ]


@given(st.binary(max_size=2000), st.integers(1, 300))
async def test_any_content_survives_any_division(content: bytes, size: int) -> None:
    """What was sent is what is read."""
    if b"--bound" in content:
        return
    assert await read(form(part("f", content, "x.wav")), size) == [("f", "x.wav", content)]


@given(st.binary(max_size=400), st.integers(1, 100))
async def test_any_bytes_are_a_form_or_a_refusal(content: bytes, size: int) -> None:
    """Accepted, or refused with a documented error."""
    with contextlib.suppress(HttpRefusal, PayloadTooLarge):
        await read(content, size)


@given(st.integers(0, 120))
async def test_a_cut_form_is_refused(length: int) -> None:
    """Without the last boundary nothing is complete."""
    content = form(part("audio_file", b"RIFF" * 10, "a.wav"))
    with pytest.raises(HttpRefusal):
        await read(content[: min(length, len(content) - 6)])


@pytest.mark.parametrize(
    "kind",
    ["multipart/form-data", "text/plain", f"multipart/form-data; boundary={'x' * 80}", ""],
)
async def test_other_kinds_of_body_are_refused(kind: str) -> None:
    """Only a form with a boundary of at most 70 characters (RFC 2046 §5.1.1)."""
    with pytest.raises(HttpRefusal) as refused:
        await read(form(), kind=kind)
    assert refused.value.code == "unsupported-media-type"


async def test_too_many_parts_are_refused() -> None:
    """A form is not a way to make work."""
    with pytest.raises(PayloadTooLarge):
        await read(form(*[part("f", b"x") for _ in range(MAXIMUM_PARTS + 1)]), size=4096)


async def test_a_long_field_is_refused() -> None:
    """Fields are words; only the file may be long."""
    reader = Form(TYPE, pieces(form(part("analysis_type", b"x" * 9000)), 1000))
    field = await reader.next_part()
    assert field is not None
    with pytest.raises(PayloadTooLarge):
        await field.text()


async def test_a_field_that_is_no_text_is_refused() -> None:
    """UTF-8 or nothing."""
    reader = Form(TYPE, pieces(form(part("analysis_type", b"\xff\xfe")), 1000))
    field = await reader.next_part()
    assert field is not None
    with pytest.raises(HttpRefusal):
        await field.text()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("riff.wav", "riff.wav"),
        ("../../etc/passwd", "passwd"),
        ("C:\\music\\riff.wav", "riff.wav"),
        ("a\x00b\r\n.wav", "ab.wav"),
        ("x" * 300 + ".wav", "x" * 255),
    ],
)
def test_names_are_cut_to_their_last_step(name: str, kept: str) -> None:
    """A path in a name leads nowhere."""
    assert safe_name(name) == kept
