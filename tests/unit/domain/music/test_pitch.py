"""Pitch classes: reading, spelling, and the nearest pitch of a class."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.pitch import nearest_pitch, parse_pitch_class, spell


class TestParsing:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [("C", 0), ("c", 0), ("F#", 6), ("F♯", 6), ("Bb", 10), ("B♭", 10), ("Ebb", 2), ("B#", 0),
         ("Cb", 11), ("G##", 9), ("b", 11), ("bb", 10)],
    )  # fmt: skip
    def test_names(self, text, expected):
        assert parse_pitch_class(text) == expected

    @pytest.mark.parametrize("text", ["", "H", "#", "C+", "Cis", "C #", "1"])
    def test_what_is_no_note_is_refused(self, text):
        with pytest.raises(InvalidValue, match="a letter A to G"):
            parse_pitch_class(text)

    @given(st.integers(0, 11), st.booleans())
    def test_spelling_reads_back(self, pitch_class, flats):
        assert parse_pitch_class(spell(pitch_class, flats=flats)) == pitch_class

    def test_spelling_wraps_at_the_octave(self):
        assert spell(13, flats=True) == "Db"


class TestNearestPitch:
    @given(st.integers(0, 11), st.integers(12, 115))
    def test_is_of_the_class_and_within_a_tritone(self, pitch_class, anchor):
        pitch = nearest_pitch(pitch_class, anchor)
        assert pitch % 12 == pitch_class
        assert -6 <= pitch - anchor <= 5

    def test_a_tritone_goes_down(self):
        assert nearest_pitch(6, 60) == 54
