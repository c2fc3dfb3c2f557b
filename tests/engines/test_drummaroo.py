from statistics import mean, pstdev
from typing import Any

import pytest

from musearoo.domain.context import Section
from musearoo.domain.engine import EngineParameters
from musearoo.domain.music.drums import DRUM_PITCHES
from musearoo.domain.music.note import checked
from musearoo.domain.music.rhythm import grid_of, mean_repetition, syncopation
from musearoo.domain.music.style import STYLES
from musearoo.engines.drummaroo import engine
from tests.engines.takes import (
    METERS,
    SNARES,
    TOMS,
    accented,
    context_of,
    feet_can,
    monotone,
    notes_of,
    spearman,
    steps_of,
    struck,
    take,
    two_hands_can,
    without_ids,
)

DRUMS = "drummaroo"
WILD: dict[str, Any] = {
    "complexity": 1.0,
    "density": 1.0,
    "fills": 1.0,
    "fill_complexity": 1.0,
    "ghost_notes": 1.0,
}
SPARSE: dict[str, Any] = {"complexity": 0.0, "density": 0.0, "fills": 0.0, "ghost_notes": 0.0}


class TestStyles:
    @pytest.mark.parametrize("style", STYLES)
    def test_every_style_plays_itself(self, style):
        """Eight bars with kick or snare in each, and no note out of range."""
        context = context_of(style)
        bars = take(DRUMS, context)
        assert all(steps_of(context, bar, "kick", *SNARES) for bar in bars)
        assert all(checked(note).pitch == DRUM_PITCHES[note.voice] for note in notes_of(bars))

    @pytest.mark.parametrize(
        ("style", "least"), [("afrobeat", 16), ("new orleans", 24), ("country", 11), ("rock", 20)]
    )
    def test_a_style_has_many_grooves(self, style, least):
        """Forty seeds play so many different pairs of bars of kick and loud snare."""
        context = context_of(style, bars=2)
        pairs = {
            tuple(
                (note.voice, note.start)
                for note in notes_of(
                    take(DRUMS, context, seed, variation=0.0, fills=0.0, follow=0.0)
                )
                if note.voice in ("kick", *SNARES) and note.velocity > 60
            )
            for seed in range(40)
        }
        assert len(pairs) >= least

    @pytest.mark.parametrize(
        ("style", "least"), [("rock", 0.8), ("soul", 0.8), ("dance", 0.8), ("funk", 0.8)]
    )
    def test_backbeat_styles_have_a_backbeat(self, style, least):
        """The snare is on 2 and 4, outside fills and now and then displaced."""
        context = context_of(style)
        met = [
            len({4, 12} & steps_of(context, bar, *SNARES)) / 2
            for seed in range(6)
            for bar in take(DRUMS, context, seed, fills=0.0)
        ]
        assert mean(met) >= least

    def test_dance_has_four_on_the_floor(self):
        """Plain dance music keeps the kick on every beat."""
        context = context_of("dance", bpm=124)
        for bar in take(DRUMS, context, complexity=0.2, fills=0.0):
            assert {0, 4, 8, 12} <= steps_of(context, bar, "kick")

    def test_jazz_rides_and_keeps_two_and_four_with_the_foot(self):
        """The riding hand is on the ride, the pedal hat on 2 and 4."""
        context = context_of("jazz", bpm=160)
        for bar in take(DRUMS, context):
            assert {4, 12} == steps_of(context, bar, "pedal hat")
            assert not steps_of(context, bar, "closed hat")

    def test_reggae_drops_the_one_at_any_usual_tempo(self):
        """One drop: on 3 when counted fast, on 2 and 4 when counted slow."""
        for bpm, drop in ((144, {8}), (76, {4, 12})):
            context = context_of("reggae", bpm=bpm)
            takes = [take(DRUMS, context, seed, complexity=0.0, fills=0.0) for seed in range(4)]
            steps = [steps_of(context, bar, "kick", *SNARES) for bars in takes for bar in bars]
            assert sum(drop <= played for played in steps) >= 0.8 * len(steps)

    def test_auto_takes_the_style_of_the_context(self):
        """`auto` in a funk project is funk; an unknown word is played as rock."""
        funk, unknown = context_of("funk"), context_of("zouk")
        assert without_ids(take(DRUMS, funk)) == without_ids(take(DRUMS, funk, style="funk"))
        assert without_ids(take(DRUMS, unknown)) == without_ids(take(DRUMS, unknown, style="rock"))

    def test_auto_at_a_slow_tempo_is_a_ballad(self):
        """Nothing known but a tempo of 60."""
        context = context_of("auto", bpm=60)
        assert without_ids(take(DRUMS, context)) == without_ids(
            take(DRUMS, context, style="ballad")
        )


class TestMeters:
    @pytest.mark.parametrize("meter", METERS)
    def test_bars_are_full_and_nothing_crosses_them(self, meter):
        """Every stroke begins inside its own bar."""
        context = context_of("rock", meter)
        length = context.meter.bar_ticks
        for bar in take(DRUMS, context, **WILD):
            assert bar.notes
            assert all(bar.index == note.start // length for note in bar.notes)

    @pytest.mark.parametrize("meter", ["3/4", "5/4", "6/8", "7/8", "7/8 3+2+2", "9/8", "12/8"])
    def test_plain_strokes_fall_on_metrical_beats(self, meter):
        """Without complexity, kick and snare mark the beats of the meter's grouping."""
        context = context_of("rock", meter)
        grid = grid_of(context.meter)
        beats = {tick // grid.step_ticks for tick in context.meter.beats}
        cut = {step + 4 for step in beats} if "7/8" in meter else set()
        for bar in take(DRUMS, context, variation=0.0, follow=0.0, **SPARSE):
            played = steps_of(context, bar, "kick", *SNARES)
            assert 0 in played
            assert played <= beats | cut

    def test_half_time_puts_the_backbeat_on_three(self):
        """Feel half: snare on 3 alone; feel double: on every off-beat eighth."""
        context = context_of("rock")
        plain: dict[str, Any] = {
            "variation": 0.0,
            "complexity": 0.0,
            "fills": 0.0,
            "ghost_notes": 0.0,
        }
        half = take(DRUMS, context, feel="half", **plain)
        double = take(DRUMS, context, feel="double", **plain)
        assert all({8} == steps_of(context, bar, "snare") for bar in half)
        assert all({2, 6, 10, 14} == steps_of(context, bar, "snare") for bar in double)

    def test_swing_moves_off_beats_and_nothing_else(self):
        """Swung 0.66, jazz eighths fall at two thirds of the beat."""
        context = context_of("jazz", bpm=120)
        straight, swung = (
            notes_of(take(DRUMS, context, swing=swing, fills=0.0, humanise=0.0))
            for swing in (0.5, 0.75)
        )
        places = {(note.start % 960) for note in swung if note.voice == "ride"}
        assert places <= {0, 360, 720, 840}
        assert len(straight) == len(swung)


class TestPlayability:
    @pytest.mark.parametrize("style", STYLES)
    def test_two_hands_and_two_feet_are_enough(self, style):
        """Wild settings at a common and at an absurd tempo."""
        for number, bpm in enumerate((70, 128, 240)):
            meter = METERS[(len(style) + number) % len(METERS)]
            context = context_of(style, meter, bpm, bars=4)
            notes = notes_of(take(DRUMS, context, seed=number, intensity=0.9, **WILD))
            assert two_hands_can(notes, context)
            assert feet_can(notes)

    def test_no_stroke_is_hit_twice_at_once(self):
        """A piece sounds once at a time, also where a crash brings its own kick."""
        for seed in range(6):
            notes = notes_of(take(DRUMS, context_of("rock"), seed, intensity=1.0))
            assert len(notes) == len({(note.start, note.voice) for note in notes})


class TestForm:
    def test_fills_stand_at_the_ends_of_sections_and_a_crash_follows(self):
        """Toms in the last bars only, and the next section opens with a crash."""
        form = (Section("verse", 0, 8), Section("chorus", 8, 8))
        context = context_of(bars=16, sections=form)
        bars = take(DRUMS, context, fills=0.5, fill_complexity=0.7)
        filled = {bar.index for bar in bars if steps_of(context, bar, *TOMS)}
        assert {7, 15} <= filled <= {3, 7, 11, 15}
        assert 0 in steps_of(context, bars[8], "crash")

    def test_a_section_that_returns_brings_its_groove_back(self):
        """A A B A by label: equal labels share their cell, others have their own."""
        labels = ("verse", "verse", "chorus", "verse")
        form = tuple(Section(label, 4 * index, 4) for index, label in enumerate(labels))
        context = context_of("funk", bars=16, sections=form)
        bars = take(DRUMS, context, variation=0.0, fills=0.0, follow=0.0, intensity=0.1)
        sections = [[struck(context, bar) for bar in bars[i : i + 4]] for i in range(0, 16, 4)]
        assert sections[0] == sections[1] == sections[3]
        assert sections[0] != sections[2]

    def test_louder_sections_move_the_riding_hand(self):
        """The hat grows to the ride and the crash with the energy of the music."""
        quiet, bright, loud = (context_of("rock", energy=(energy,)) for energy in (300, 800, 1000))
        assert any("closed hat" == note.voice for note in notes_of(take(DRUMS, quiet)))
        assert any("ride" == note.voice for note in notes_of(take(DRUMS, bright)))
        assert (
            sum("crash" == note.voice for note in notes_of(take(DRUMS, loud, intensity=0.8))) > 16
        )

    @pytest.mark.parametrize(
        ("hats", "piece"), [("closed", "closed hat"), ("open", "open hat"), ("ride", "ride")]
    )
    def test_hats_can_be_chosen(self, hats, piece):
        """A chosen piece stays at any intensity."""
        notes = notes_of(take(DRUMS, context_of(), hats=hats, intensity=1.0))
        others = {"closed hat", "ride"} - {piece}
        assert piece in {note.voice for note in notes}
        assert not others & {note.voice for note in notes}


class TestRegeneration:
    def test_a_bar_alone_is_the_bar_of_the_whole(self):
        """Bars do not depend on what was streamed before them."""
        context = context_of("funk")
        whole = take(DRUMS, context)
        for index in (0, 3, 7):
            assert [whole[index]] == take(DRUMS, context, bars=(index,))

    def test_a_voice_alone_is_the_voice_of_the_whole(self):
        """Leaving voices out changes neither notes nor ids of the others."""
        context = context_of("rock")
        whole = take(DRUMS, context)
        kicks = take(DRUMS, context, voices=("kick",))
        assert [n for n in notes_of(whole) if n.voice == "kick"] == notes_of(kicks)

    def test_the_seed_alone_decides(self):
        """Same seed, same bytes; another seed, another take."""
        context = context_of()
        assert take(DRUMS, context, 5) == take(DRUMS, context, 5)
        assert without_ids(take(DRUMS, context, 5)) != without_ids(take(DRUMS, context, 6))

    @pytest.mark.parametrize(
        ("control", "moved"),
        [("ghost_notes", {"snare"}), ("hats", {"closed hat", "open hat", "ride"})],
    )
    def test_a_control_of_one_voice_leaves_the_others_bit_identical(self, control, moved):
        """Voices draw from streams of their own."""
        context = context_of("funk", bpm=96)
        settings: tuple[Any, Any] = (1.0, 0.0) if control == "ghost_notes" else ("ride", "closed")
        first, second = (
            {
                n
                for n in without_ids(take(DRUMS, context, **{control: value}))
                if n.voice not in moved
            }
            for value in settings
        )
        assert first == second

    def test_a_new_fill_leaves_other_bars_alone(self):
        """More fills change the ends of phrases and the downbeats after them only."""
        context = context_of("rock")
        plain = take(DRUMS, context, fills=0.0)
        filled = take(DRUMS, context, fills=0.5)
        for index in (1, 2, 5, 6):
            assert plain[index] == filled[index]

    def test_seeds_give_different_takes(self):
        """200 seeds, at least 198 different results of eight bars."""
        context = context_of("pop")
        results = {
            tuple((n.start, n.voice, n.velocity) for n in notes_of(take(DRUMS, context, seed)))
            for seed in range(200)
        }
        assert len(results) >= 198


def _mean_over(seeds, measure, context, **fixed):
    """A function of a control's value: the measure's mean over seeds."""

    def at(name):
        return lambda value: mean(
            measure(context, take(DRUMS, context, seed, **fixed, **{name: value}))
            for seed in range(seeds)
        )

    return at


def _involved(context, bars):
    weights = grid_of(context.meter).weights
    played = [struck(context, bar) for bar in bars]
    return mean(2 * syncopation({s for _, s in bar}, weights) + len(bar) for bar in played)


def _syncopated(context, bars):
    weights = grid_of(context.meter).weights
    return mean(syncopation({s for _, s in struck(context, bar)}, weights) for bar in bars)


def _loudness(context, bars):
    return mean(note.velocity for note in notes_of(bars))


def _strokes(context, bars):
    return len(notes_of(bars))


def _lateness(context, bars):
    return mean(abs(note.offset_us) for note in notes_of(bars))


def _unevenness(context, bars):
    return pstdev(note.offset_us for note in notes_of(bars))


def _contrast(context, bars):
    return pstdev(n.velocity for n in notes_of(bars) if n.voice == "closed hat")


def _fill_strokes(context, bars):
    return sum(note.voice in TOMS for note in notes_of(bars))


def _last_bar(context, bars):
    pieces = (*TOMS, "snare")
    return sum(n.voice in pieces and n.articulation is None for n in bars[-1].notes)


def _change(context, bars):
    return -mean_repetition([steps_of(context, bar, "kick") for bar in bars])


def _ghosts(context, bars):
    return sum(note.articulation == "ghost" for note in notes_of(bars))


def _alignment(context, bars):
    strong = {0, 3, 6, 10, 13}
    kicks = [steps_of(context, bar, "kick") for bar in bars]
    return mean(len(kick & strong) / len(kick | strong) for kick in kicks)


def _off_beat(context, bars):
    places = [note.start % 960 for note in notes_of(bars) if note.voice == "ride"]
    return mean(place for place in places if 480 <= place <= 720)


class TestControls:
    """Each control does what it says: Spearman's correlation over 25 settings."""

    @pytest.mark.parametrize(
        ("name", "measure", "seeds", "fixed"),
        [
            ("intensity", _loudness, 1, {}),
            ("density", _strokes, 5, {}),
            ("groove", _lateness, 1, {"humanise": 0.0}),
            ("groove", _contrast, 1, {"humanise": 0.0}),
            ("humanise", _unevenness, 1, {"groove": 0.0}),
            ("fills", _fill_strokes, 12, {}),
            ("fill_complexity", _last_bar, 4, {"fills": 1.0}),
            ("ghost_notes", _ghosts, 6, {}),
        ],
    )
    def test_more_is_more(self, name, measure, seeds, fixed):
        """At least .95."""
        context = context_of("rock", bars=4)
        assert monotone(_mean_over(seeds, measure, context, **fixed)(name)) >= 0.95

    @pytest.mark.parametrize(("style", "meter"), [("rock", "4/4"), ("funk", "4/4"), ("pop", "7/8")])
    def test_complexity_is_syncopation_and_strokes(self, style, meter):
        """Together at least .95, syncopation alone at least .90."""
        context = context_of(style, meter, bars=4)
        steps = [
            [take(DRUMS, context, seed, complexity=step / 24) for seed in range(10)]
            for step in range(25)
        ]
        both, alone = (
            spearman([mean(measure(context, bars) for bars in takes) for takes in steps])
            for measure in (_involved, _syncopated)
        )
        assert both >= 0.95
        assert alone >= 0.90

    def test_variation_makes_bars_differ(self):
        """Jaccard's index of neighbouring kicks falls as variation grows."""
        assert monotone(_mean_over(8, _change, context_of("rock"))("variation")) >= 0.95

    def test_follow_brings_kick_and_riff_together(self):
        """Coincidence of kick and accents grows with `follow`."""
        context = context_of("rock", bars=4, groove=accented(16, {0, 3, 6, 10, 13}))
        assert monotone(_mean_over(6, _alignment, context)("follow")) >= 0.95

    def test_follow_hears_the_bass(self):
        """At `follow` 1 the kick is where the bass plays."""
        context = context_of("rock", bars=4)
        bass = take("bassaroo", context, 3)
        heard = context_of("rock", bars=4, parts={"bass": tuple(notes_of(bass))})
        drums = take(DRUMS, heard, follow=1.0, variation=0.0, fills=0.0)
        for kick, line in zip(drums, bass, strict=True):
            wanted = steps_of(context, line) - steps_of(context, kick, *SNARES)
            met = wanted & steps_of(context, kick, "kick")
            assert len(met) >= 0.7 * len(wanted)

    def test_swing_is_measured_where_it_was_asked_for(self):
        """From the style's own up to the setting, within a hundredth of a beat."""
        context = context_of("jazz", bpm=120, bars=4)
        place = _mean_over(1, _off_beat, context, fills=0.0)("swing")
        assert monotone(place, 0.5, 0.75) >= 0.95
        assert abs(place(0.75) - 720) <= 9

    def test_push_moves_every_note(self):
        """12 ms late is 12 ms late."""
        context = context_of(bars=2)
        on, late = (notes_of(take(DRUMS, context, push=push)) for push in (0.0, 12.0))
        assert {12_000} == {b.offset_us - a.offset_us for a, b in zip(on, late, strict=True)}


class TestConfidence:
    def test_a_usual_take_is_trusted_more_than_a_wild_one(self):
        """Confidence is closeness to human bars of the style."""
        context = context_of("rock")
        values = []
        for settings in ({}, WILD):
            parameters = EngineParameters(engine.description.resolved(settings))
            takes = [tuple(take(DRUMS, context, seed, **settings)) for seed in range(4)]
            values.append(mean(engine.confidence(context, parameters, bars) for bars in takes))
        assert values[0] > values[1]
        assert 600 <= values[0] <= 1000

    def test_nothing_is_worth_nothing(self):
        """No bars, no confidence."""
        parameters = EngineParameters(engine.description.resolved())
        assert 0 == engine.confidence(context_of(), parameters, ())
