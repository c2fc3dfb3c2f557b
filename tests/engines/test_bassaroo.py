from itertools import pairwise
from statistics import mean, pstdev

import pytest

from musearoo.domain.context import EngineContext
from musearoo.domain.engine import EngineParameters
from musearoo.domain.music.chord import Chord
from musearoo.domain.music.key import Key
from musearoo.domain.music.note import checked
from musearoo.domain.music.rhythm import grid_of, syncopation
from musearoo.domain.music.style import STYLES
from musearoo.engines.bassaroo import engine
from musearoo.engines.bassaroo.lexicon import ROLES
from musearoo.engines.bassaroo.pitches import degree_pitch, root_of, scale_of
from musearoo.engines.bassaroo.settings import HIGHEST, LOWEST
from tests.engines.takes import (
    METERS,
    accented,
    context_of,
    monotone,
    notes_of,
    steps_of,
    take,
    with_drums,
    without_ids,
)

BASS = "bassaroo"


def _first_in(notes, span):
    return next((note for note in notes if span.start <= note.start < span.end), None)


def _roots_met(context, notes):
    met = [
        first is not None
        and first.pitch % 12 in {span.chord.root, span.chord.bass_pitch_class}
        and first.start == span.start
        for span in context.chords
        for first in [_first_in(notes, span)]
    ]
    return sum(met) / len(met)


class TestLine:
    @pytest.mark.parametrize("style", STYLES)
    def test_one_note_at_a_time_within_the_instrument(self, style):
        """Monophonic, E1 to G4, valid notes, in every role."""
        for role in ("auto", *ROLES):
            context = with_drums(context_of(style, bars=4))
            notes = notes_of(take(BASS, context, role=role, density=0.9, complexity=0.9))
            assert all(LOWEST <= checked(note).pitch <= HIGHEST for note in notes)
            assert all(a.end <= b.start for a, b in pairwise(notes))

    @pytest.mark.parametrize("role", ["auto", *ROLES])
    def test_chords_begin_with_their_root(self, role):
        """At least nine in ten chord changes get the root at once, also in mid-bar."""
        for style in ("rock", "funk", "jazz", "reggae", "latin"):
            context = with_drums(context_of(style, chords=("Am", "F|Dm", "C|Em", "G7")))
            ratios = [
                _roots_met(context, notes_of(take(BASS, context, seed, role=role, swing=0.5)))
                for seed in range(3)
            ]
            assert mean(ratios) >= 0.9

    def test_slash_chords_get_their_bass_note(self):
        """C/E begins on E, F/A on A."""
        context = context_of(chords=("C/E", "F/A", "G", "C"), key="C major")
        notes = notes_of(take(BASS, context))
        firsts = [_first_in(notes, span).pitch % 12 for span in context.chords]
        assert [4, 9, 7, 0] * 2 == firsts

    @pytest.mark.parametrize("style", ["rock", "funk", "jazz", "soul", "latin", "afrobeat"])
    def test_leaps_over_an_octave_are_rare(self, style):
        """At most one interval in fifty."""
        context = context_of(style)
        leaps = [
            abs(later.pitch - earlier.pitch) > 12
            for seed in range(8)
            for earlier, later in pairwise(notes_of(take(BASS, context, seed)))
        ]
        assert sum(leaps) <= 0.02 * len(leaps)

    @pytest.mark.parametrize("style", ["rock", "pop", "jazz", "country", "ballad"])
    def test_notes_belong_to_key_or_chord(self, style):
        """At least .97 without chromatic approaches."""
        context = context_of(style)
        notes = [
            note
            for seed in range(6)
            for note in notes_of(take(BASS, context, seed, approach="diatonic"))
        ]
        inside = [
            context.key.contains(note.pitch)
            or note.pitch % 12 in context.chord_at(note.start).pitch_classes
            for note in notes
        ]
        assert sum(inside) >= 0.97 * len(inside)

    def test_chromatic_approaches_step_into_the_root(self):
        """Walking with chromatic approaches, most chords are entered by a semitone."""
        context = context_of("jazz", bpm=150, chords=("Dm7", "G7", "Cmaj7", "A7"), key="C major")
        notes = notes_of(take(BASS, context, role="walking", approach="chromatic", fills=0.0))
        entries = [
            abs(later.pitch - earlier.pitch)
            for earlier, later in pairwise(notes)
            if later.start in {span.start for span in context.chords}
        ]
        assert sum(step == 1 for step in entries) >= 0.5 * len(entries)

    def test_walking_is_a_note_a_beat(self):
        """Jazz walks quarters by itself."""
        context = context_of("jazz", bpm=160)
        bars = take(BASS, context, fills=0.0, variation=0.0)
        assert all({0, 4, 8, 12} == steps_of(context, bar) for bar in bars)

    def test_no_chords_known_is_the_tonic(self):
        """An empty project has at least a key."""
        context = EngineContext(bars=4, key=Key.parse("D minor"))
        notes = notes_of(take(BASS, context, complexity=0.0, fills=0.0))
        assert {2} == {note.pitch % 12 for note in notes}


class TestMeters:
    @pytest.mark.parametrize("meter", METERS)
    def test_bars_are_kept(self, meter):
        """Notes begin and end inside their bar, in any meter."""
        context = with_drums(context_of("rock", meter))
        length = context.meter.bar_ticks
        for bar in take(BASS, context, density=1.0):
            assert bar.notes
            for note in bar.notes:
                assert bar.index * length <= note.start < note.end <= (bar.index + 1) * length

    def test_a_chord_off_the_grid_still_gets_its_root(self):
        """A change that analysis put between two steps is played there."""
        context = context_of(chords=("Am",), bars=1)
        first = context.chords[0]
        spans = (
            type(first)(0, 1000, first.chord),
            type(first)(1000, 2840, Chord.parse("F")),
        )
        moved = context_of(bars=1)
        moved = type(moved)(bars=1, key=moved.key, chords=spans)
        notes = notes_of(take(BASS, moved, fills=0.0))
        assert 5 == next(note for note in notes if note.start == 1000).pitch % 12


class TestBand:
    @pytest.mark.parametrize("style", ["rock", "funk", "pop", "hip hop", "dance", "metal"])
    def test_follow_locks_to_the_kick(self, style):
        """At `follow` 1 at least .7 of the kicks have the bass, and of the notes a kick."""
        kicks_met, notes_met = [], []
        for seed in range(4):
            context = with_drums(context_of(style), seed)
            bars = take(BASS, context, seed, follow=1.0, fills=0.0, variation=0.0)
            for bar in bars:
                start = bar.index * context.meter.bar_ticks
                kicks = {
                    (note.start - start) // 240
                    for note in context.parts["drums"]
                    if note.voice == "kick" and 0 <= note.start - start < 3840
                }
                played = {(note.start - start) // 240 for note in bar.notes}
                kicks_met.append(len(kicks & played) / len(kicks))
                notes_met.append(len(kicks & played) / len(played))
        assert mean(kicks_met) >= 0.7
        assert mean(notes_met) >= 0.7

    def test_without_drums_the_riff_is_followed(self):
        """The strongest accents of the recording have a note."""
        strong = {0, 3, 6, 10}
        context = context_of(groove=accented(16, strong))
        bars = take(BASS, context, follow=1.0, fills=0.0, variation=0.0)
        assert mean(len(strong & steps_of(context, bar)) for bar in bars) >= 3.5

    def test_bass_lands_with_the_kick(self):
        """Following fully, a note on a kick takes the kick's microtiming."""
        context = with_drums(context_of("soul"))
        late = {n.start: n.offset_us for n in context.parts["drums"] if n.voice == "kick"}
        notes = notes_of(take(BASS, context, follow=1.0, humanise=0.0))
        together = [note for note in notes if note.start in late]
        assert together
        assert all(late[note.start] == note.offset_us for note in together)


class TestRegeneration:
    def test_a_bar_alone_is_the_bar_of_the_whole(self):
        """Bars do not depend on what was streamed before them."""
        context = with_drums(context_of("funk"))
        whole = take(BASS, context)
        for index in (0, 4, 7):
            assert [whole[index]] == take(BASS, context, bars=(index,))

    def test_seeds_give_different_takes(self):
        """200 seeds, at least 198 different results of eight bars."""
        context = context_of("rock")
        results = {
            tuple((n.start, n.pitch, n.velocity) for n in without_ids(take(BASS, context, seed)))
            for seed in range(200)
        }
        assert len(results) >= 198


def _mean_over(seeds, measure, context, name, **fixed):
    return lambda value: mean(
        measure(context, take(BASS, context, seed, **fixed, **{name: value}))
        for seed in range(seeds)
    )


def _involved(context, bars):
    weights = grid_of(context.meter).weights
    steps = mean(syncopation(steps_of(context, bar), weights) for bar in bars)
    colours = [note.pitch % 12 != context.chord_at(note.start).root for note in notes_of(bars)]
    return steps + mean(len(bar.notes) for bar in bars) / 2 + 4 * mean(colours)


def _loudness(context, bars):
    return mean(note.velocity for note in notes_of(bars))


def _count(context, bars):
    return len(notes_of(bars))


def _unevenness(context, bars):
    return pstdev(note.offset_us for note in notes_of(bars))


def _height(context, bars):
    return mean(note.pitch for note in notes_of(bars))


def _change(context, bars):
    pairs = pairwise(steps_of(context, bar) for bar in bars)
    return mean(1 - len(a & b) / max(1, len(a | b)) for a, b in pairs)


def _fill_notes(context, bars):
    last = [note for note in bars[-1].notes if note.start % 3840 >= 1920]
    return len({note.pitch for note in last})


def _alignment(context, bars):
    strong = {0, 3, 6, 10, 13}
    played = [steps_of(context, bar) for bar in bars]
    return mean(len(steps & strong) / len(steps | strong) for steps in played)


def _off_beat(context, bars):
    places = [note.start % 960 for note in notes_of(bars)]
    return mean(place for place in places if 480 <= place <= 720)


class TestControls:
    """Each control does what it says: Spearman's correlation over 25 settings."""

    @pytest.mark.parametrize(
        ("name", "measure", "seeds"),
        [
            ("intensity", _loudness, 1),
            ("density", _count, 8),
            ("humanise", _unevenness, 2),
            ("complexity", _involved, 16),
            ("variation", _change, 16),
            ("fills", _fill_notes, 16),
            ("register", _height, 4),
        ],
    )
    def test_more_is_more(self, name, measure, seeds):
        """At least .95."""
        context = context_of("rock")
        assert monotone(_mean_over(seeds, measure, context, name)) >= 0.95

    def test_follow_brings_bass_and_riff_together(self):
        """Coincidence of notes and accents grows with `follow`."""
        context = context_of("rock", groove=accented(16, {0, 3, 6, 10, 13}))
        assert monotone(_mean_over(6, _alignment, context, "follow", fills=0.0)) >= 0.95

    def test_swing_is_measured_where_it_was_asked_for(self):
        """Off-beats of a country bass fall within a hundredth of a beat of the setting."""
        context = context_of("rock")
        place = _mean_over(2, _off_beat, context, "swing", role="octave", fills=0.0)
        assert monotone(place, 0.5, 0.75) >= 0.95
        assert abs(place(0.75) - 720) <= 9


class TestPitches:
    def test_roots_stay_close_to_the_anchor(self):
        """Every root lies within a tritone of the anchor, and never below E1."""
        for anchor in (34, 38, 54):
            roots = [root_of(Chord(root), anchor) for root in range(12)]
            assert all(LOWEST <= root and abs(root - anchor) <= 6 for root in roots)

    @pytest.mark.parametrize(
        ("symbol", "degrees"),
        [("C:maj7", "0 4 7 11"), ("C:min", "0 3 7 10"), ("C:maj", "0 4 7 9"), ("C:dim", "0 3 6 9")],
    )
    def test_degrees_are_those_of_the_chord(self, symbol, degrees):
        """R 3 5 7 are chord tones; a triad borrows its seventh or sixth from the key."""
        key = Key.parse("C minor" if "min" in symbol else "C major")
        chord = Chord.parse(symbol)
        pitches = [degree_pitch(degree, chord, key, 38) % 12 for degree in "R357"]
        assert degrees == " ".join(map(str, pitches))

    def test_a_foreign_chord_bends_the_scale(self):
        """E7 in A minor has G sharp and leaves out G."""
        scale = scale_of(Chord.parse("E7"), Key.parse("A minor"))
        assert 8 in scale
        assert 7 not in scale


class TestConfidence:
    def test_a_usual_take_is_trusted(self):
        """Roots on changes, small leaps, together with the kick."""
        context = with_drums(context_of("rock"))
        parameters = EngineParameters(engine.description.resolved())
        assert engine.confidence(context, parameters, tuple(take(BASS, context))) >= 800

    def test_without_drums_chords_and_leaps_decide(self):
        """Nothing to lock to is no fault."""
        context = context_of("rock")
        parameters = EngineParameters(engine.description.resolved())
        assert engine.confidence(context, parameters, tuple(take(BASS, context))) >= 900

    def test_nothing_is_worth_nothing(self):
        """No bars, no confidence."""
        parameters = EngineParameters(engine.description.resolved())
        assert 0 == engine.confidence(context_of(), parameters, ())
