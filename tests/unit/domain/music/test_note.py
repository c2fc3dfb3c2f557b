"""Notes and patterns: limits, order, moving about."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.note import Note, Pattern, checked, in_playing_order


def note(**fields) -> Note:
    known: dict[str, Any] = {"id": "n", "start": 0, "length": 240, "pitch": 60, "velocity": 80}
    return Note(**(known | fields))


NOTES = st.lists(
    st.builds(
        note, id=st.text("abc", max_size=2), start=st.integers(0, 4000), pitch=st.integers(40, 80)
    ),
    max_size=12,
)


class TestChecked:
    def test_a_sound_note_passes(self):
        sound = note(offset_us=-500_000, articulation="staccato")
        assert checked(sound) is sound

    @pytest.mark.parametrize(
        ("field", "value"),
        [("start", -1), ("length", 0), ("pitch", -1), ("pitch", 128), ("velocity", 0),
         ("velocity", 128), ("offset_us", 500_001), ("offset_us", -500_001)],
    )  # fmt: skip
    def test_the_field_at_fault_is_named(self, field, value):
        with pytest.raises(InvalidValue, match=f"note.{field}"):
            checked(note(**{field: value}))

    def test_end(self):
        assert note(start=100, length=20).end == 120


class TestPattern:
    @given(NOTES)
    def test_notes_stand_in_playing_order(self, notes):
        pattern = Pattern.of(notes, 4800)
        assert list(pattern.notes) == sorted(notes, key=in_playing_order)

    @given(NOTES, st.integers(0, 4000), st.integers(0, 4000))
    def test_between_is_half_open(self, notes, start, end):
        inside = Pattern.of(notes, 4800).between(start, end)
        assert all(start <= each.start < end for each in inside)
        assert len(inside) == sum(start <= each.start < end for each in notes)

    @given(NOTES, st.integers(0, 4000))
    def test_shifting_forth_and_back_changes_nothing(self, notes, ticks):
        pattern = Pattern.of(notes, 4800)
        assert pattern.shifted(ticks).shifted(-ticks) == pattern

    @given(NOTES, st.integers(-12, 12))
    def test_transposing_forth_and_back_changes_nothing(self, notes, semitones):
        pattern = Pattern.of(notes, 4800)
        assert pattern.transposed(semitones).transposed(-semitones) == pattern

    def test_leaving_the_keyboard_is_refused(self):
        with pytest.raises(InvalidValue, match=r"note\.pitch"):
            Pattern.of([note(pitch=120)], 960).transposed(12)

    def test_a_pattern_travels_as_a_message(self):
        pattern = Pattern.of([note()], 960)
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(pattern), type=Pattern) == pattern
