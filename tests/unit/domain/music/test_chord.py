"""Chords: Harte's symbols and lead sheets' read and print, tones follow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.chord import QUALITIES, Chord, ChordSpan

CHORDS = st.builds(
    Chord, st.integers(0, 11), st.sampled_from(sorted(QUALITIES)), st.none() | st.integers(0, 11)
)


class TestHarte:
    @given(CHORDS, st.booleans())
    def test_the_symbol_reads_back(self, chord, flats):
        assert Chord.parse(chord.symbol(flats=flats)) == chord

    @pytest.mark.parametrize(
        ("text", "symbol"),
        [
            ("A:min7/b3", "A:min7/C"), ("C:maj/5", "C:maj/G"), ("G:7/b7", "G:7/F"),
            ("D:maj/#4", "D:maj/G#"), ("C:maj/1", "C:maj"), ("C:7/13", "C:7/A"),
            ("F#:hdim7", "F#:hdim7"), ("G:sus4(b7)/C", "G:sus4(b7)/C"), ("C:", "C:maj"),
        ],
    )  # fmt: skip
    def test_degrees_in_the_bass(self, text, symbol):
        assert Chord.parse(text).symbol() == symbol

    def test_flats_where_asked(self):
        assert Chord(10, "7", 8).symbol(flats=True) == "Bb:7/Ab"


class TestLeadSheets:
    @pytest.mark.parametrize(
        ("text", "root", "quality", "bass"),
        [
            ("C", 0, "maj", None), ("Am", 9, "min", None), ("Am7/C", 9, "min7", 0),
            ("F#", 6, "maj", None), ("Bb7", 10, "7", None), ("Ebmaj7", 3, "maj7", None),
            ("CΔ", 0, "maj7", None), ("CM7", 0, "maj7", None), ("Bø", 11, "hdim7", None),
            ("Bm7b5", 11, "hdim7", None), ("C°7", 0, "dim7", None), ("Co", 0, "dim", None),
            ("G+", 7, "aug", None), ("D7sus4", 2, "sus4(b7)", None), ("Dsus", 2, "sus4", None),
            ("E5", 4, "5", None), ("F6", 5, "maj6", None), ("Fm6", 5, "min6", None),
            ("A-7", 9, "min7", None), ("CmM7", 0, "minmaj7", None), ("Dm9", 2, "min9", None),
            ("G9", 7, "9", None), ("D/F#", 2, "maj", 6), (" G/B ", 7, "maj", 11),
            ("Dbdim", 1, "dim", None), ("Caug", 0, "aug", None), ("Cmin", 0, "min", None),
            ("B♭m7", 10, "min7", None),
        ],
    )  # fmt: skip
    def test_usual_symbols(self, text, root, quality, bass):
        assert Chord.parse(text) == Chord(root, quality, bass)


class TestRefusals:
    @pytest.mark.parametrize(
        "text", ["", "H", "C:foo", "Cxyz", "C/", "C/H", "N", "C" * 33, "C:maj/x", "/C", "7"]
    )
    def test_what_is_no_chord_is_refused(self, text):
        with pytest.raises(InvalidValue):
            Chord.parse(text)

    @given(st.text(max_size=40))
    def test_any_text_is_a_chord_or_refused(self, text):
        try:
            chord = Chord.parse(text)
        except InvalidValue:
            return
        assert Chord.parse(chord.symbol()) == chord

    @pytest.mark.parametrize(
        ("root", "quality", "bass"),
        [(12, "maj", None), (-1, "maj", None), (0, "x", None), (0, "maj", 12)],
    )
    def test_values_out_of_range_are_refused(self, root, quality, bass):
        with pytest.raises(InvalidValue):
            Chord(root, quality, bass)


class TestTones:
    def test_pitch_classes_rise_from_the_root(self):
        assert Chord(9, "min7").pitch_classes == (9, 0, 4, 7)
        assert Chord(7, "9").pitch_classes == (7, 11, 2, 5, 9)

    def test_the_root_in_the_bass_is_no_inversion(self):
        assert Chord(4, "maj", 4) == Chord(4)
        assert Chord(4).bass_pitch_class == 4
        assert Chord(4, "maj", 8).bass_pitch_class == 8

    @given(CHORDS)
    def test_minor_is_heard_from_the_third(self, chord):
        assert chord.is_minor == (3 in chord.intervals)

    def test_a_span_ends_where_the_next_begins(self):
        assert ChordSpan(960, 1920, Chord(0)).end == 2880
