"""Keys: names, signatures, scales."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.key import SCALES, Key

KEYS = st.builds(Key, st.integers(0, 11), st.sampled_from(sorted(SCALES)))


class TestParsing:
    @given(KEYS)
    def test_the_name_reads_back(self, key):
        assert Key.parse(key.name) == key

    @pytest.mark.parametrize(
        ("text", "tonic", "mode"),
        [
            ("A minor", 9, "minor"), ("Am", 9, "minor"), ("F#m", 6, "minor"), ("Bb", 10, "major"),
            ("  Eb   MAJOR ", 3, "major"), ("C", 0, "major"), ("D dorian", 2, "dorian"),
            ("A aeolian", 9, "minor"), ("C ionian", 0, "major"), ("G maj", 7, "major"),
            ("E min", 4, "minor"), ("A  Harmonic   Minor", 9, "harmonic minor"),
            ("g# minor pentatonic", 8, "minor pentatonic"),
        ],
    )  # fmt: skip
    def test_usual_spellings(self, text, tonic, mode):
        assert Key.parse(text) == Key(tonic, mode)

    @pytest.mark.parametrize("text", ["", "  ", "H major", "C happy", "m", "Cmaj minor"])
    def test_what_is_no_key_is_refused(self, text):
        with pytest.raises(InvalidValue):
            Key.parse(text)

    @pytest.mark.parametrize(("tonic", "mode"), [(-1, "major"), (12, "major"), (0, "sad")])
    def test_values_out_of_range_are_refused(self, tonic, mode):
        with pytest.raises(InvalidValue):
            Key(tonic, mode)


class TestSignature:
    @pytest.mark.parametrize(
        ("name", "fifths"),
        [
            ("C major", 0), ("G major", 1), ("D major", 2), ("F major", -1), ("Bb major", -2),
            ("Eb major", -3), ("Db major", -5), ("F# major", 6), ("A minor", 0), ("E minor", 1),
            ("C minor", -3), ("D dorian", 0), ("E phrygian", 0), ("F lydian", 0),
            ("G mixolydian", 0), ("B locrian", 0), ("A harmonic minor", 0), ("A blues", 0),
            ("C major pentatonic", 0), ("A minor pentatonic", 0), ("D melodic minor", -1),
        ],
    )  # fmt: skip
    def test_fifths(self, name, fifths):
        assert Key.parse(name).fifths == fifths

    @given(KEYS)
    def test_stays_on_the_circle(self, key):
        assert -5 <= key.fifths <= 6

    def test_flat_keys_are_spelled_with_flats(self):
        assert Key(10).name == "Bb major"
        assert Key(6).name == "F# major"
        assert Key(3, "minor").name == "D# minor"


class TestScale:
    @given(KEYS)
    def test_contains_its_own_notes_in_every_octave(self, key):
        assert all(
            key.contains(tone + 12 * octave) for tone in key.pitch_classes for octave in (0, 5)
        )
        assert sum(key.contains(pitch) for pitch in range(60, 72)) == len(SCALES[key.mode])

    @given(KEYS)
    def test_begins_on_the_tonic(self, key):
        assert key.pitch_classes[0] == key.tonic

    def test_minor_keys_have_the_minor_third(self):
        minor = {mode for mode in SCALES if Key(0, mode).is_minor}
        assert minor == {
            "minor", "dorian", "phrygian", "locrian", "harmonic minor", "melodic minor",
            "minor pentatonic", "blues",
        }  # fmt: skip
