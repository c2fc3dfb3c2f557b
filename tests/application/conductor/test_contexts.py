"""From an analysis to what engines hear."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.conductor.contexts import adopted, engine_context, repeated
from musearoo.domain.analysis import Accents, Analysis, HeardChord, HeardSection
from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.chord import Chord, ChordSpan
from musearoo.domain.session.state import SessionState


def heard(**changes: object) -> Analysis:
    """Two bars of Am and F at 120 bpm that begin half a second into the recording."""
    fields: dict[str, object] = {
        "depth": "comprehensive",
        "duration": 5.0,
        "tempo": 120.0,
        "beats": tuple(0.5 + 0.5 * n for n in range(9)),
        "downbeats": (0, 4, 8),
        "time_signature": "4/4",
        "key": "A minor",
        "chords": (
            HeardChord(0.48, 2.51, "A:min", 0.9),
            HeardChord(2.51, 4.5, "F:maj", 0.9),
        ),
        "energy": (0.2, 0.2, 0.2, 0.2, 0.8, 0.8, 0.8, 0.8),
        "style": "funk",
    }
    return Analysis(**{**fields, **changes})  # type: ignore[arg-type]


class TestAdopted:
    def test_tick_zero_is_the_first_downbeat(self) -> None:
        """Bar 1 of the band meets bar 1 of the riff."""
        music = adopted(None, heard())
        assert music.tempo_map.seconds_at(0) == 0.5
        assert music.tempo_map.seconds_at(3840) == 2.5
        assert music.bars == 2

    def test_chords_land_on_the_grid_without_gaps(self) -> None:
        """A chord heard ten milliseconds late begins on its beat."""
        spans = adopted(None, heard()).chords
        assert spans == (
            ChordSpan(0, 3840, Chord(9, "min")),
            ChordSpan(3840, 3840, Chord(5, "maj")),
        )

    def test_energy_is_averaged_per_bar(self) -> None:
        """One value of 0 to 1000 a bar."""
        assert adopted(None, heard()).energy == (200, 800)

    def test_what_was_not_heard_gets_the_usual_value(self) -> None:
        """Silence gives a playable context all the same."""
        music = adopted(None, Analysis(depth="quick", duration=3.0, tempo=None))
        assert (music.tempo_map.bpm, music.meter.name, music.key.name) == (120, "4/4", "C major")
        assert (music.bars, music.chords, music.style) == (2, (), "auto")

    def test_beats_that_wander_make_a_tempo_map_through_each(self) -> None:
        """Every beat of a rubato riff falls on its tick."""
        beats = (0.0, 0.5, 1.1, 1.5, 2.2, 2.6, 3.1, 3.9, 4.4)
        music = adopted(None, heard(beats=beats, duration=4.6))
        for number, seconds in enumerate(beats):
            assert music.tempo_map.seconds_at(number * 960) == pytest.approx(seconds)

    def test_a_tempo_that_rises_a_little_is_followed(self) -> None:
        """Three in a hundred over eight bars: the band stays within 25 ms of every beat."""
        beats = tuple(0.3 + n * 60 / 72 * (1 - 0.03 * n / 64) for n in range(33))
        music = adopted(None, heard(beats=beats, downbeats=tuple(range(0, 33, 4)), duration=28.0))
        for number, seconds in enumerate(beats):
            assert music.tempo_map.seconds_at(number * 960) == pytest.approx(seconds, abs=0.025)
        assert len(music.tempo_map.changes) == 8  # one a bar, not one a beat

    def test_loose_playing_is_no_change_of_tempo(self) -> None:
        """Beats 20 ms around a steady pulse keep one tempo, to the end of the riff."""
        beats = tuple(0.5 + 0.5 * n + 0.02 * (-1) ** n for n in range(33))
        music = adopted(None, heard(beats=beats, tempo=119.0, duration=17.0))
        assert [round(change.bpm, 1) for change in music.tempo_map.changes] == [120.0]

    @pytest.mark.parametrize(
        ("signature", "beats_a_bar", "bar_ticks"),
        [("6/8", 2, 2880), ("7/8", 7, 3360), ("3/4", 3, 2880)],
    )
    def test_each_kind_of_beat_has_its_length(
        self, signature: str, beats_a_bar: int, bar_ticks: int
    ) -> None:
        """Wandering beats of any meter put every bar line on its tick."""
        beats = tuple(0.4 * n + 0.03 * (n % 3) for n in range(2 * beats_a_bar + 1))
        music = adopted(
            None,
            heard(
                beats=beats,
                downbeats=(0, beats_a_bar, 2 * beats_a_bar),
                time_signature=signature,
                duration=beats[-1] + 0.1,
                chords=(),
            ),
        )
        for bar in range(3):
            expected = beats[bar * beats_a_bar]
            assert music.tempo_map.seconds_at(bar * bar_ticks) == pytest.approx(expected, abs=0.05)

    def test_sections_become_bars(self) -> None:
        """Sections in seconds are rounded to bars and fill the form."""
        sections = (HeardSection(0.5, 2.4, "A", 0.8), HeardSection(2.4, 4.5, "B", 0.8))
        music = adopted(None, heard(sections=sections))
        assert [(s.label, s.first_bar, s.bars) for s in music.sections] == [
            ("A", 0, 1),
            ("B", 1, 1),
        ]

    def test_accents_and_swing_are_the_groove(self) -> None:
        """The riff's accents are what engines follow."""
        music = adopted(None, heard(accents=Accents(16, ((1000,) + (0,) * 15,), 640)))
        assert (music.groove.swing, music.groove.accents[0][0]) == (640, 1000)


class TestEngineContext:
    def test_a_short_riff_repeats_until_the_bars_are_full(self) -> None:
        """Two bars of chords carry eight bars of music."""
        music = adopted(None, heard())
        context = engine_context(music, style="auto", bars=8, parts={})
        roots = [context.chord_at(bar * 3840).root for bar in range(8)]
        assert roots == [9, 5] * 4
        assert context.style == "funk"

    def test_without_chords_all_parts_agree_on_the_same(self) -> None:
        """Parts that are made apart, in whatever style, hear one chord track."""
        tracks = {
            engine_context(SessionState(), style=style, bars=8, parts={}).chords
            for style in ("auto", "jazz", "rock")
        }
        (track,) = tracks
        assert len({span.chord for span in track}) > 1
        assert track[-1].end == 8 * 3840

    @pytest.mark.parametrize("bars", [0, -1, 257])
    def test_impossible_lengths_are_refused(self, bars: int) -> None:
        """1 to 256 bars."""
        with pytest.raises(InvalidValue, match="1 to 256"):
            engine_context(SessionState(), style="auto", bars=bars, parts={})


class TestRepeated:
    @given(
        st.lists(st.tuples(st.integers(0, 3839), st.integers(0, 11)), min_size=1, max_size=6),
        st.integers(1, 20_000),
    )
    def test_spans_fill_the_length_exactly(
        self, chords: list[tuple[int, int]], length: int
    ) -> None:
        """No gap, no overlap, whatever the cycle and the length."""
        starts = sorted(dict(chords).items())
        track = [ChordSpan(start, 1, Chord(root)) for start, root in starts]
        spans = repeated(track, 3840, length)
        assert spans[0].start == 0
        assert all(a.end == b.start for a, b in pairwise(spans))
        assert spans[-1].end == length
