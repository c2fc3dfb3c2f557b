"""Progressions: whole bars, in the key, closing at home, the same for the same seed."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.domain.context import EngineContext
from musearoo.domain.music.chord import Chord, ChordSpan
from musearoo.domain.music.key import SCALES, Key
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.progression import chords_of, progression
from musearoo.domain.music.style import STYLES

KEYS = st.builds(Key, st.integers(0, 11), st.sampled_from(sorted(SCALES)))
METERS = st.sampled_from(["4/4", "3/4", "6/8", "7/8", "5/4", "2/2", "3/8"]).map(Meter.parse)


class TestAnyProgression:
    @given(KEYS, METERS, st.integers(1, 40), st.sampled_from(STYLES), st.integers(0, 2**53))
    def test_fills_the_bars_without_gaps(self, key, meter, bars, style, seed):
        spans = progression(key, meter, bars, style, seed)
        assert spans[0].start == 0
        assert spans[-1].end == bars * meter.bar_ticks
        assert all(a.end == b.start for a, b in pairwise(spans))

    @given(KEYS, METERS, st.integers(1, 40), st.sampled_from(STYLES), st.integers(0, 2**53))
    def test_closes_on_the_tonic(self, key, meter, bars, style, seed):
        assert progression(key, meter, bars, style, seed)[-1].chord.root == key.tonic

    @given(KEYS, st.sampled_from(STYLES), st.integers(0, 2**53))
    def test_same_seed_same_chords(self, key, style, seed):
        one = progression(key, Meter(), 16, style, seed)
        assert one == progression(key, Meter(), 16, style, seed)


class TestStyles:
    def test_blues_is_twelve_bars_of_sevenths(self):
        spans = progression(Key(0), Meter(), 12, "blues", 1)
        assert [span.chord.root for span in spans] == [0, 5, 0, 0, 5, 5, 0, 0, 7, 5, 0, 0]
        assert {span.chord.quality for span in spans} == {"7"}

    def test_minor_blues_keeps_its_dominant(self):
        spans = progression(Key(9, "minor"), Meter(), 12, "blues", 1)
        assert [span.chord.quality for span in spans][:5] == ["min7"] * 5
        assert spans[8].chord == Chord(4, "7")

    def test_funk_goes_back_and_forth(self):
        spans = progression(Key(4, "dorian"), Meter(), 8, "funk", 3)
        assert spans[0].chord == spans[2].chord
        assert spans[1].chord == spans[3].chord

    def test_plain_styles_avoid_diminished_chords(self):
        assert not any(
            span.chord.quality == "dim"
            for seed in range(40)
            for span in progression(Key(9, "minor"), Meter(), 8, "pop", seed)
        )

    def test_jazz_has_sevenths_throughout(self):
        chords = {span.chord for seed in range(20) for span in progression(
            Key(5), Meter(), 8, "jazz", seed)}  # fmt: skip
        assert all(len(chord.intervals) == 4 for chord in chords)

    def test_minor_dominants_have_the_leading_tone(self):
        dominants = {
            span.chord.quality
            for seed in range(40)
            for span in progression(Key(9, "minor"), Meter(), 8, "folk", seed)
            if span.chord.root == 4
        }
        assert dominants <= {"maj", "7"}
        assert dominants

    @pytest.mark.parametrize("style", ["pop", "rock", "folk", "jazz"])
    def test_seeds_differ(self, style):
        found = {progression(Key(0), Meter(), 8, style, seed) for seed in range(60)}
        assert len(found) >= 20

    def test_nearly_all_tones_lie_in_the_key(self):
        tones = [
            tone
            for seed in range(60)
            for span in progression(Key(2), Meter(), 8, "pop", seed)
            for tone in span.chord.pitch_classes
        ]
        assert sum(Key(2).contains(tone) for tone in tones) / len(tones) > 0.95


class TestChordsOf:
    def test_known_chords_stay(self):
        known = (ChordSpan(0, 3840, Chord(5)),)
        assert chords_of(EngineContext(bars=1, chords=known), "rock") == known

    def test_players_think_of_the_same_chords(self):
        context = EngineContext(bars=8, key=Key(2))
        busy = EngineContext(bars=8, key=Key(2), energy=(900,), tempo_millibpm=90_000)
        assert chords_of(context, "rock") == chords_of(busy, "rock")
        assert chords_of(context, "rock")[-1].end == context.length
