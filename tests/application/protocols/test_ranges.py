"""Byte ranges and file names in headers."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.protocols.rest.ranges import (
    Unsatisfiable,
    disposition,
    file_chunks,
    requested_range,
)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("bytes=0-9", (0, 10)),
        ("bytes=90-", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes=50-1000", (50, 100)),
        ("bytes=5-4", None),
        ("bytes=0-1,5-6", None),
        ("bytes=-", None),
        ("items=0-1", None),
        ("nonsense", None),
        (None, None),
    ],
)
def test_ranges_of_a_hundred_bytes(field: str | None, expected: tuple[int, int] | None) -> None:
    """One range is honoured; several, other units and nonsense get the whole."""
    assert requested_range(field, 100) == expected


@pytest.mark.parametrize("field", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_after_the_end_is_unsatisfiable(field: str) -> None:
    """RFC 9110 §14.1.2."""
    with pytest.raises(Unsatisfiable):
        requested_range(field, 100)


@given(st.text(max_size=60), st.integers(0, 10**9))
def test_any_field_is_answered(field: str, size: int) -> None:
    """Whatever was sent: a range inside the file, everything, or a refusal."""
    try:
        found = requested_range(field, size)
    except Unsatisfiable:
        return
    assert found is None or 0 <= found[0] < found[1] <= size


def test_a_plain_name_needs_no_second_form() -> None:
    """ASCII names are written as they are."""
    assert disposition("drums.mid", inline=True) == 'inline; filename="drums.mid"'


@pytest.mark.parametrize("name", ['a"b\r\nX: y.wav', "ñandú.wav", "../../x", "🎸.wav", "\udc80"])
def test_a_hostile_name_stays_data(name: str) -> None:
    """No quote, line break or byte outside ASCII reaches the header as such."""
    header = disposition(name, inline=False)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    assert header.startswith('attachment; filename="')


@given(st.text(max_size=300))
def test_any_name_is_one_line_of_ascii(name: str) -> None:
    """Headers cannot be split by a name."""
    header = disposition(name, inline=False)
    assert header.isascii()
    assert "\n" not in header
    assert "\r" not in header


async def test_chunks_are_the_asked_for_bytes(tmp_path: Path) -> None:
    """From start to end, however long the file."""
    file = tmp_path / "file"
    file.write_bytes(bytes(range(256)) * 4096)
    found = b"".join([chunk async for chunk in file_chunks(str(file), 300, 600_000)])
    assert found == file.read_bytes()[300:600_000]
