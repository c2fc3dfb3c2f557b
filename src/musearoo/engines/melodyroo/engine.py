"""The singer: form to bars, bars to rhythm, rhythm to a line that suits the chords."""

from typing import Final

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.engine import Bar, EngineDescription, EngineParameters
from musearoo.domain.music.chance import Chance
from musearoo.domain.music.chord import Chord, ChordSpan
from musearoo.domain.music.progression import chords_of
from musearoo.domain.music.rhythm import grid_of
from musearoo.engines.melodyroo.controls import DESCRIPTION, NAME, Controls, read_controls
from musearoo.engines.melodyroo.form import BarPlan, form_of
from musearoo.engines.melodyroo.ladder import ladder_of, left_out
from musearoo.engines.melodyroo.line import BEAT, STRONG, WEAK, Goal, Place, Slot, Taste, line
from musearoo.engines.melodyroo.measure import Measure, measure_of
from musearoo.engines.melodyroo.novelty import Trail
from musearoo.engines.melodyroo.performance import Tone, notes_of
from musearoo.engines.melodyroo.quality import confidence
from musearoo.engines.melodyroo.recall import Motif, Onset, finals, recalled
from musearoo.engines.melodyroo.statistics import STATISTICS, repertoire

PART: Final = "melody"


class MelodyState(msgspec.Struct, frozen=True):
    """The plan, the motifs sung so far, the bar's rhythm, and where the line stands.

    `seed` is the take's; a bar with another one changes its motif.
    """

    seed: int
    context: EngineContext
    controls: Controls
    taste: Taste
    plans: tuple[BarPlan, ...]
    motifs: dict[str, Motif]
    measure: Measure
    place: Place | None = None


class MelodyRoo:
    """Sings motifs in phrases, with statistics counted from human melodies."""

    @property
    def description(self) -> EngineDescription:
        return DESCRIPTION

    def begin(self, context: EngineContext, parameters: EngineParameters, seed: int) -> MelodyState:
        controls = read_controls(context, parameters)
        chords = chords_of(context, controls.style)
        heard = msgspec.structs.replace(context, chords=chords, style=controls.style)
        plans = form_of(heard, controls, seed)
        measure = measure_of(heard, controls, plans[0], seed, 0).unheld()
        return MelodyState(seed, heard, controls, _taste(heard, controls), plans, {}, measure)

    def play_bar(
        self,
        context: EngineContext,  # noqa: ARG002 - the state has it with its chords
        parameters: EngineParameters,  # noqa: ARG002
        seed: int,
        state: MelodyState,
        bar: int,
    ) -> tuple[Bar, MelodyState]:
        if seed != state.seed:
            state = msgspec.structs.replace(state, measure=_anew(state, seed, bar))
        following = _following(state, bar)
        tied = following.held_from_before if following else 0
        onsets = _onsets(state, tied, bar)
        slots = _slots(onsets, state, seed, bar)
        place = _standing_place(state, bar) or state.place
        goal = _goal(slots, state, seed, bar)
        chance = Chance(seed, NAME, "line", bar)
        places = line(slots, place, state.taste, goal, chance)
        tones = [
            Tone(onset.step, onset.length, slot.ladder.pitch(passed.step))
            for onset, slot, passed in zip(onsets, slots, places, strict=True)
        ]
        name, motifs = state.plans[bar].motif, state.motifs
        if name not in motifs:
            sung = {o.step: passed.step for o, passed in zip(onsets, places, strict=True)}
            motifs = {**motifs, name: sung}
        after = msgspec.structs.replace(
            state,
            motifs=motifs,
            measure=following or state.measure,
            place=places[-1] if places else place,
        )
        return Bar(bar, notes_of(tones, state.context, state.controls, seed, bar)), after

    def confidence(
        self,
        context: EngineContext,
        parameters: EngineParameters,
        bars: tuple[Bar, ...],
    ) -> int:
        return confidence(context, parameters, bars)


def _anew(state: MelodyState, seed: int, bar: int) -> Measure:
    """Another rhythm for a bar, which leaves what is held into it as it is."""
    plan = state.plans[bar]
    found = measure_of(state.context, state.controls, plan, state.seed, bar, anew=seed)
    held = state.measure.held_from_before
    return found.unheld() if not held else state.measure


def _following(state: MelodyState, bar: int) -> Measure | None:
    """The next bar's rhythm, for what is held into it; none after the last bar."""
    if bar + 1 == len(state.plans):
        return None
    measure = measure_of(state.context, state.controls, state.plans[bar + 1], state.seed, bar + 1)
    return measure.unheld() if state.measure.text.endswith(".") else measure


def _taste(context: EngineContext, controls: Controls) -> Taste:
    songs = repertoire(controls.style)
    return Taste(
        steps=STATISTICS.steps[songs],
        relations=STATISTICS.relations[songs],
        lowest=controls.lowest,
        highest=controls.highest,
        left_out=left_out(context.key, controls.style),
        hold=16 + controls.hook * 64 // 1000,
        contour=3 + controls.range * 4 // 1000,
        care=1250 - controls.complexity * 500 // 1000,
    )


def _onsets(state: MelodyState, tied: int, bar: int) -> list[Onset]:
    """The notes of a bar's signs, each with the chord under its middle."""
    context, text = state.context, state.measure.text
    grid, origin = grid_of(context.meter), bar * context.meter.bar_ticks
    spans = context.chords_in_bar(bar)
    found: list[Onset] = []
    for step, sign in enumerate(text):
        if sign != "x":
            continue
        length = len(text[step + 1 :]) - len(text[step + 1 :].lstrip("-")) + 1
        if step + length == len(text):
            length += tied
        middle = origin + (2 * step + min(length, 4)) * grid.step_ticks // 2
        chord = _chord_at(middle, spans)
        ladder = ladder_of(context.key, chord)
        rest = text[step - 1 : step] == "."
        found.append(Onset(step, length, chord, ladder, _strength(step, context), rest))
    return found


def _chord_at(tick: int, spans: tuple[ChordSpan, ...]) -> Chord:
    for span in spans:
        if tick < span.end:
            return span.chord
    return spans[-1].chord


def _strength(step: int, context: EngineContext) -> str:
    """Strong on the first and middle beat, as the statistics were counted."""
    grid = grid_of(context.meter)
    beats = len(context.meter.grouping)
    if step == 0:
        return STRONG
    if grid.beat_of[step] == grid.beat_of[step - 1]:
        return WEAK
    return STRONG if beats % 2 == 0 and grid.beat_of[step] == beats // 2 else BEAT


def _slots(onsets: list[Onset], state: MelodyState, seed: int, bar: int) -> list[Slot]:
    plan, grid = state.plans[bar], grid_of(state.context.meter)
    origin, beat = bar * state.context.meter.bar_ticks, grid.steps // (grid.beat_of[-1] + 1)
    chance = Chance(seed, NAME, "recall", bar)
    wanted = recalled(state.motifs.get(plan.motif, {}), plan, onsets, chance)
    goal = grid.steps if state.measure.goal is None else state.measure.goal
    return [
        Slot(
            ladder=onset.ladder,
            strength=onset.strength,
            target=_target(onset, state, bar),
            start=origin + onset.step * grid.step_ticks,
            length=onset.length * grid.step_ticks,
            long=onset.length >= beat,
            motif=wanted.get(onset.step) if onset.step < goal else None,
            finals=_finals(onset, state, seed, bar) if onset.step == goal else (),
            after_rest=onset.after_rest,
        )
        for onset in onsets
    ]


def _target(onset: Onset, state: MelodyState, bar: int) -> int:
    """Where the phrase's contour runs, in scale steps."""
    plan, controls = state.plans[bar], state.controls
    start, end = plan.rises
    height = start + (end - start) * onset.step // grid_of(state.context.meter).steps
    lift = (state.context.energy_of(bar) - 500) // 250 + (controls.intensity - 500) // 250
    middle = onset.ladder.nearest((controls.lowest + controls.highest) // 2)
    return middle + lift + (height * (300 + controls.range * 5 // 2) + 500) // 1000


def _finals(onset: Onset, state: MelodyState, seed: int, bar: int) -> tuple[int, ...]:
    chance = Chance(seed, NAME, "final", bar)
    span = (state.controls.lowest, state.controls.highest)
    close = state.plans[bar].close
    return finals(onset.ladder, _target(onset, state, bar), close, span, chance)


def _goal(slots: list[Slot], state: MelodyState, seed: int, bar: int) -> Goal | None:
    """What the line heads for: this bar's close, the next bar's, or a note that stands."""
    for index, slot in enumerate(slots):
        if slot.finals:
            return Goal(slot.finals[0], index)
    following = _standing_after(state, bar)
    if following is not None:
        return Goal(following, len(slots))
    if bar + 1 < len(state.plans) and state.plans[bar + 1].close:
        start = (bar + 1) * state.context.meter.bar_ticks
        chord = _chord_at(start, state.context.chords_in_bar(bar + 1))
        ladder = ladder_of(state.context.key, chord)
        onset = Onset(0, 1, chord, ladder, STRONG, after_rest=False)
        return Goal(_finals(onset, state, seed, bar + 1)[0], len(slots) + 1)
    return None


def _standing_place(state: MelodyState, bar: int) -> Place | None:
    """Where a melody that already stands leaves off, when this bar is made anew within it."""
    start = bar * state.context.meter.bar_ticks
    before = [note for note in state.context.parts.get(PART, ()) if note.start < start]
    if not before:
        return None
    last = max(before, key=lambda note: note.start)
    ladder = ladder_of(state.context.key, state.context.chord_at(last.start))
    return Place(ladder.nearest(last.pitch), Trail(last.pitch, last.start, last.length))


def _standing_after(state: MelodyState, bar: int) -> int | None:
    end = (bar + 1) * state.context.meter.bar_ticks
    after = [note for note in state.context.parts.get(PART, ()) if note.start >= end]
    if not after:
        return None
    first = min(after, key=lambda note: note.start)
    return ladder_of(state.context.key, state.context.chord_at(first.start)).nearest(first.pitch)
