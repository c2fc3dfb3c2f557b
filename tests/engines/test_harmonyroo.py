"""HarmonyRoo lays chords under the hands, moves little, and comps as its knobs say."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest

from musearoo.domain.context import EngineContext, Groove, Section
from musearoo.domain.engine import EngineParameters
from musearoo.domain.music.chord import Chord
from musearoo.domain.music.key import Key
from musearoo.domain.music.note import Note
from musearoo.domain.music.style import STYLES
from musearoo.domain.music.voice_leading import has_parallels, motion
from musearoo.engines.harmonyroo.controls import VOICES
from musearoo.engines.harmonyroo.voicing import colours, thinned, with_thirteenth
from tests.engines.pitched import (
    ENGINES,
    SONGS,
    notes_of,
    off_beat,
    steps_of,
    syncopations,
    take,
    voicings_of,
)
from tests.engines.takes import METERS, context_of, monotone

C_MAJOR = context_of("pop", chords=SONGS[0], key="C major")
SHORT = context_of("pop", bars=4, chords=SONGS[0], key="C major")
CHANGES = (
    "C",
    "A7",
    "Dm7",
    "G7",
    "Em",
    "Am|F#dim",
    "Bb",
    "Fm6",
    "C/E",
    "Abmaj7",
    "Dm7b5",
    "G7sus4",
)
HELD: dict[str, Any] = {"texture": "pad", "complexity": 0.0}
MANY = context_of("pop", bars=12, chords=CHANGES, key="C major")


def onsets(notes) -> int:
    return len({note.start for note in notes})


class TestAnyContext:
    @pytest.mark.parametrize("meter", METERS)
    @pytest.mark.parametrize("bars", [1, 8])
    def test_notes_begin_inside_their_bars(self, meter, bars):
        context = context_of("rock", meter, bars=bars)
        played = take("harmonyroo", context, 3)
        assert [bar.index for bar in played] == list(range(bars))
        for bar in played:
            start = bar.index * context.meter.bar_ticks
            assert bar.notes
            assert all(start <= n.start < start + context.meter.bar_ticks for n in bar.notes)
            assert all(n.length > 0 and 1 <= n.velocity <= 127 for n in bar.notes)

    @pytest.mark.parametrize("style", STYLES)
    @pytest.mark.parametrize("meter", ["4/4", "3/4", "6/8", "7/8"])
    def test_every_style_comps_in_range(self, style, meter):
        context = context_of(style, meter, bars=8, chords=CHANGES, key="C major")
        notes = notes_of(take("harmonyroo", context, 5))
        assert all(48 <= n.pitch <= 84 for n in notes)
        assert {n.voice for n in notes} <= set(VOICES)

    @pytest.mark.parametrize("texture", ["block", "strum", "arpeggio", "pad"])
    @pytest.mark.parametrize("voicing", ["close", "drop-2", "rootless", "power", "pads", "spread"])
    def test_every_layout_in_every_texture(self, texture, voicing):
        for voices in (3, 4, 5):
            bars = take("harmonyroo", MANY, 5, texture=texture, voicing=voicing, voices=voices)
            notes = notes_of(bars)
            assert all(48 <= n.pitch <= 84 for n in notes)
            assert max(map(len, voicings_of(bars))) <= voices

    @pytest.mark.parametrize("style", STYLES)
    def test_no_voice_sounds_over_itself(self, style):
        """A voice ends before it begins again, over bar lines too."""
        context = context_of(style, bars=12, chords=CHANGES, key="C major")
        for voice in VOICES:
            own = [n for n in notes_of(take("harmonyroo", context, 9)) if n.voice == voice]
            assert all(a.end <= b.start for a, b in pairwise(own))

    def test_without_chords_it_makes_its_own(self):
        context = EngineContext(bars=8, key=Key(7), style="folk")
        bars = take("harmonyroo", context, 4)
        assert len({tuple(sorted({n.pitch % 12 for n in bar.notes})) for bar in bars}) >= 3
        assert sum(context.key.contains(n.pitch) for n in notes_of(bars)) >= 0.9 * len(
            notes_of(bars)
        )

    def test_256_bars(self):
        context = context_of("pop", bars=256, chords=SONGS[0], key="C major")
        assert len(take("harmonyroo", context, 2)) == 256


class TestRecipe:
    def test_a_bar_alone_is_the_bar_of_the_whole(self):
        whole = take("harmonyroo", MANY, 11)
        for bar in range(12):
            assert take("harmonyroo", MANY, 11, bars=(bar,)) == [whole[bar]]

    def test_a_voice_alone_is_the_voice_of_the_whole(self):
        whole = take("harmonyroo", MANY, 11)
        for voice in VOICES:
            alone = notes_of(take("harmonyroo", MANY, 11, only=(voice,)))
            assert alone == [n for n in notes_of(whole) if n.voice == voice]

    def test_seeds_differ(self):
        found = {
            tuple((n.start, n.pitch, n.velocity) for n in notes_of(played))
            for played in (take("harmonyroo", C_MAJOR, seed) for seed in range(100))
        }
        assert len(found) >= 99

    def test_without_variation_another_seed_lays_the_same_chords(self):
        """So one voice can be played anew and still fit the others."""
        one, other = (
            voicings_of(take("harmonyroo", MANY, seed, variation=0.0, **HELD)) for seed in (1, 2)
        )
        assert one == other


class TestVoiceLeading:
    @pytest.mark.parametrize("style", sorted({*STYLES} - {"punk", "metal"}))
    def test_voices_move_little(self, style):
        """At most 1.5 semitones a voice and change (people: 1.3 to 1.6)."""
        context = context_of(style, bars=12, chords=CHANGES, key="C major")
        laid = voicings_of(take("harmonyroo", context, 3, **HELD))
        moves = [motion(a, b) / len(b) for a, b in pairwise(laid) if a != b]
        assert sum(moves) / len(moves) <= 1.5

    @pytest.mark.parametrize("style", STYLES)
    @pytest.mark.parametrize("voices", [3, 4, 5])
    def test_strict_hands_make_no_parallels(self, style, voices):
        context = context_of(style, bars=12, chords=CHANGES, key="C major")
        bars = take("harmonyroo", context, 3, texture="pad", voices=voices, strict=True)
        laid = voicings_of(bars)
        assert not any(has_parallels(a, b) for a, b in pairwise(laid))

    def test_power_chords_have_no_third(self):
        context = context_of("metal", chords=("Em", "C", "D", "Em"), key="E minor")
        for bar, root in zip(take("harmonyroo", context, 1), (4, 0, 2, 4), strict=False):
            struck_on_one = {n.pitch % 12 for n in bar.notes if n.start % 3840 == 0}
            assert struck_on_one <= {root, (root + 7) % 12}

    def test_all_chord_tones_sound(self):
        laid = voicings_of(take("harmonyroo", C_MAJOR, 1, tension=0.4, **HELD))
        for voicing, symbol in zip(laid, SONGS[0] * 2, strict=True):
            assert {p % 12 for p in voicing} == set(Chord.parse(symbol).pitch_classes)

    def test_stays_under_the_melody(self):
        high = tuple(
            Note(id=str(bar), start=bar * 3840, length=3840, pitch=67, velocity=90)
            for bar in range(8)
        )
        context = msgspec.structs.replace(C_MAJOR, parts={"melody": high})
        assert max(n.pitch for n in notes_of(take("harmonyroo", context, 2))) <= 67


class TestColours:
    def test_tension_adds_what_the_key_has(self):
        key = Key(0)
        assert colours(Chord(0), key, 400) == (0, 4, 7)
        assert colours(Chord(0), key, 700) == (0, 4, 7, 11)
        assert colours(Chord(0), key, 1000) == (0, 4, 7, 11, 2)
        assert colours(Chord(7), key, 700) == (7, 11, 2, 5) or colours(Chord(7), key, 700)[3] == 4
        assert colours(Chord(2, "min7"), key, 0) == (2, 5, 9)
        assert colours(Chord(4, "min7"), key, 1000)[-1] != 5
        assert colours(Chord(0, "sus4"), key, 1000) == (0, 5, 7)

    def test_fifth_goes_first_then_root(self):
        assert thinned((0, 4, 7, 11, 2), 4) == (0, 4, 11, 2)
        assert thinned((0, 4, 7, 11, 2), 3) == (4, 11, 2)
        assert thinned((0, 4, 7), 3) == (0, 4, 7)

    def test_a_dominant_takes_the_thirteenth_where_the_key_has_it(self):
        assert with_thirteenth((7, 11, 2, 5, 9), Chord(7, "7"), Key(0))[2] == 4
        assert with_thirteenth((9, 1, 4, 7, 11), Chord(9, "7"), Key(0))[2] == 4


class TestControls:
    @pytest.mark.parametrize(
        ("name", "measure"),
        [
            ("density", onsets),
            ("complexity", lambda notes: syncopations(C_MAJOR, notes)),
            ("intensity", lambda notes: sum(n.velocity for n in notes) / len(notes)),
            ("register", lambda notes: sum(n.pitch for n in notes) / len(notes)),
        ],
    )
    def test_knob_does_what_it_says(self, name, measure):
        def mean(value):
            return sum(
                measure(notes_of(take("harmonyroo", SHORT, seed, **{name: value})))
                for seed in range(8)
            )

        assert monotone(mean) >= 0.95

    def test_swing(self):
        context = context_of("rock", bars=4, chords=SONGS[0], key="C major")

        def mean(value):
            return sum(off_beat(take("harmonyroo", context, s, swing=value)) for s in range(4))

        assert monotone(mean, 0.5, 0.75) >= 0.95

    def test_tension_thickens_the_chords(self):
        def tones(value):
            bars = take("harmonyroo", MANY, 4, tension=value, **HELD)
            return sum(len({p % 12 for p in voicing}) for voicing in voicings_of(bars))

        assert tones(0.0) < tones(0.5) <= tones(0.75) < tones(1.0) or tones(0.0) < tones(1.0)

    def test_variation_0_repeats_the_pattern(self):
        bars = take("harmonyroo", C_MAJOR, 4, variation=0.0, fills=0.0, follow=0.0)
        rows = [steps_of(C_MAJOR, bar) for bar in bars]
        assert all(rows[bar] == rows[bar + 2] for bar in range(6))

    def test_a_strum_rolls_over_the_strings(self):
        bars = take("harmonyroo", C_MAJOR, 4, texture="strum", humanise=0.0)
        first = [n for n in bars[0].notes if n.start == 0]
        down = sorted(first, key=lambda n: n.pitch)
        assert [n.offset_us for n in down] == [0, 9_000, 18_000, 27_000]

    def test_an_arpeggio_strikes_one_voice_at_a_time(self):
        bars = take("harmonyroo", C_MAJOR, 4, texture="arpeggio", density=0.7)
        assert all(len(voicing) == 1 for voicing in voicings_of(bars))

    def test_a_pad_holds_each_chord(self):
        bars = take("harmonyroo", C_MAJOR, 4, voicing="pads", complexity=0.0)
        assert all(steps_of(C_MAJOR, bar) == {0} for bar in bars)
        assert all(n.length > 3700 for n in notes_of(bars))
        lively = take("harmonyroo", C_MAJOR, 4, voicing="pads", complexity=0.0, density=1.0)
        assert all(steps_of(C_MAJOR, bar) == {0, 4, 8, 12} for bar in lively)


class TestFollowing:
    def test_accents_pull_strokes(self):
        strong = {0, 3, 6, 10, 12}
        accents = tuple(950 if step in strong else 60 for step in range(16))
        context = msgspec.structs.replace(C_MAJOR, groove=Groove(16, (accents,)))

        def share(follow):
            found = [
                step
                for seed in range(20)
                for bar in take("harmonyroo", context, seed, follow=follow, density=0.6)
                for step in steps_of(context, bar)
            ]
            return sum(step in strong for step in found) / len(found)

        assert share(1.0) > share(0.0) + 0.1

    def test_leaves_the_melody_room(self):
        busy = tuple(
            Note(id=str(n), start=n * 240 + 3840 * bar, length=200, pitch=80, velocity=100)
            for bar in range(8)
            for n in range(8)
        )
        context = msgspec.structs.replace(C_MAJOR, parts={"melody": busy})

        def early(follow):
            return sum(
                len({s for s in steps_of(context, bar) if s < 8})
                for seed in range(10)
                for bar in take("harmonyroo", context, seed, follow=follow)
            )

        assert early(1.0) < early(0.0)

    def test_last_bars_are_livelier_with_fills(self):
        form = (Section("A", 0, 4), Section("B", 4, 4))
        context = context_of("soul", chords=SONGS[1], key="C major", sections=form)

        def ends(fills):
            return sum(
                onsets(bar.notes)
                for seed in range(20)
                for bar in take("harmonyroo", context, seed, fills=fills, bars=(3, 7))
            )

        assert ends(1.0) > ends(0.0)


class TestConfidence:
    def test_own_chords_are_trusted_more_than_noise(self):
        engine = ENGINES["harmonyroo"]
        parameters = EngineParameters(engine.description.resolved({}))
        bars = tuple(take("harmonyroo", C_MAJOR, 1))
        noise = tuple(
            msgspec.structs.replace(bar, notes=tuple(
                msgspec.structs.replace(n, pitch=20 + (n.pitch * 37 + n.start) % 90)
                for n in bar.notes))
            for bar in bars
        )  # fmt: skip
        assert engine.confidence(C_MAJOR, parameters, bars) >= 850
        assert engine.confidence(C_MAJOR, parameters, noise) < 700
        assert engine.confidence(C_MAJOR, parameters, ()) == 0
