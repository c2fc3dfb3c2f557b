"""How well notes fit: measures with answers that can be counted by hand."""

from musearoo.domain.context import EngineContext, Groove
from musearoo.domain.music.chord import Chord, ChordSpan
from musearoo.domain.music.fit import chord_tone_ratio, in_key_ratio, onset_alignment
from musearoo.domain.music.key import Key
from musearoo.domain.music.note import Note

ACCENTS = (1000, *([0] * 7), 800, *([0] * 7))
CONTEXT = EngineContext(
    bars=1,
    key=Key(9, "minor"),
    chords=(ChordSpan(0, 3840, Chord(9, "min")),),
    groove=Groove(16, (ACCENTS,)),
)


def note(start: int, pitch: int, length: int = 240) -> Note:
    return Note(id="", start=start, length=length, pitch=pitch, velocity=80)


def test_chord_tones_count_by_sounding_time() -> None:
    """A long chord tone outweighs a short passing note."""
    assert chord_tone_ratio([note(0, 57, 720), note(720, 59, 240)], CONTEXT) == 0.75


def test_in_key_counts_notes() -> None:
    """One of two notes is outside A minor."""
    assert in_key_ratio([note(0, 57), note(240, 58)], CONTEXT) == 0.5


def test_alignment_counts_the_strongest_accents_that_are_met() -> None:
    """Beat 3 is met within half a sixteenth, beat 1 is not."""
    assert onset_alignment([note(1920 + 100, 57)], CONTEXT) == 0.5
    assert onset_alignment([note(0, 57), note(1920, 57)], CONTEXT) == 1.0


def test_silence_fits_everything_it_can() -> None:
    """No notes: nothing out of key, no accent met."""
    assert (chord_tone_ratio([], CONTEXT), in_key_ratio([], CONTEXT)) == (1.0, 1.0)
    assert onset_alignment([], CONTEXT) == 0.0
    assert onset_alignment([], EngineContext(bars=1)) == 1.0
