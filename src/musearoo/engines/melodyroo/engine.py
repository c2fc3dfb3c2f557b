"""The singer: form to bars, bars to rhythm, rhythm to a line that suits the chords."""

from typing import Final

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.engine import Bar, EngineDescription, EngineParameters
from musearoo.domain.music.chance import Chance
from musearoo.domain.music.chord import Chord, ChordSpan
from musearoo.domain.music.note import Note
from musearoo.domain.music.progression import progression
from musearoo.domain.music.rhythm import grid_of
from musearoo.engines.melodyroo.controls import DESCRIPTION, Controls, read_controls
from musearoo.engines.melodyroo.form import BarPlan, form_of
from musearoo.engines.melodyroo.ladder import STEPS, Ladder, ladder_of, left_out
from musearoo.engines.melodyroo.line import BEAT, STRONG, WEAK, Place, Slot, Taste, line
from musearoo.engines.melodyroo.measure import text_of_bar
from musearoo.engines.melodyroo.performance import Tone, notes_of
from musearoo.engines.melodyroo.quality import confidence
from musearoo.engines.melodyroo.statistics import STATISTICS, repertoire

Motif = tuple[tuple[int, int], ...]  # step of the bar, step of the scale
_SHIFTS: Final = {"repeat": (0, 1, -1, 2, -2), "sequence": (1, -1, 2, -2, 3, -3)}


class MelodyState(msgspec.Struct, frozen=True):
    """The plan, the motifs sung so far, and where the line stands."""

    context: EngineContext
    controls: Controls
    plans: tuple[BarPlan, ...]
    motifs: dict[str, Motif]
    text: str
    place: Place | None = None


class Onset(msgspec.Struct, frozen=True):
    """A note of the bar before it has a pitch: grid step, steps held, chord under it."""

    step: int
    length: int
    chord: Chord
    after_rest: bool


class MelodyRoo:
    """Sings motifs in phrases, with statistics counted from human melodies."""

    @property
    def description(self) -> EngineDescription:
        return DESCRIPTION

    def begin(self, context: EngineContext, parameters: EngineParameters, seed: int) -> MelodyState:
        controls = read_controls(parameters, context)
        chords = context.chords or progression(
            context.key, context.meter, context.bars, controls.style, seed
        )
        heard = msgspec.structs.replace(context, chords=chords, style=controls.style)
        plans = form_of(heard, controls, seed)
        text = text_of_bar(heard, controls, plans[0], seed, 0)
        return MelodyState(heard, controls, plans, {}, _unheld(text))

    def play_bar(
        self,
        context: EngineContext,  # noqa: ARG002 - the state has it with its chords
        parameters: EngineParameters,  # noqa: ARG002
        seed: int,
        state: MelodyState,
        bar: int,
    ) -> tuple[Bar, MelodyState]:
        heard, controls, plan = state.context, state.controls, state.plans[bar]
        following = ""
        if bar + 1 < len(state.plans):
            following = text_of_bar(heard, controls, state.plans[bar + 1], seed, bar + 1)
            if state.text.endswith("."):
                following = _unheld(following)
        tied = len(following) - len(following.lstrip("-"))
        onsets = _onsets(state.text, tied, heard, bar)
        chance = Chance(seed, "melodyroo", "line", bar)
        place = _standing_place(heard, bar) or state.place
        slots = _slots(onsets, plan, state, bar, chance)
        steps = line(slots, place, _taste(heard, controls), chance)
        motifs = state.motifs
        if plan.motif not in motifs:
            sung = tuple((o.step, s) for o, s in zip(onsets, steps, strict=True))
            motifs = {**motifs, plan.motif: sung}
        tones = [
            Tone(onset.step, onset.length, slot.ladder.pitch(step), slot.ladder.relation(step) == 4)
            for onset, slot, step in zip(onsets, slots, steps, strict=True)
        ]
        notes = notes_of(tones, heard, controls, seed, bar)
        after = msgspec.structs.replace(
            state, motifs=motifs, text=following, place=_left_at(steps, slots, place)
        )
        return Bar(bar, notes), after

    def confidence(
        self,
        context: EngineContext,
        parameters: EngineParameters,
        bars: tuple[Bar, ...],
    ) -> int:
        return confidence(context, parameters, bars)


def _unheld(text: str) -> str:
    """A bar that nothing is held into."""
    return text.lstrip("-").rjust(len(text), ".")


def _taste(context: EngineContext, controls: Controls) -> Taste:
    songs = repertoire(controls.style)
    return Taste(
        steps=STATISTICS.steps[songs],
        relations=STATISTICS.relations[songs],
        lowest=controls.lowest,
        highest=controls.highest,
        left_out=left_out(context.key, controls.style),
        noise=450 + controls.complexity * 500 // 1000,
        hold=12 + controls.hook * 24 // 1000,
    )


def _onsets(text: str, tied: int, context: EngineContext, bar: int) -> list[Onset]:
    """The notes of a bar's signs, each with the chord under its middle."""
    grid, origin = grid_of(context.meter), bar * context.meter.bar_ticks
    spans = context.chords_in_bar(bar)
    found: list[Onset] = []
    for step, sign in enumerate(text):
        if sign != "x":
            continue
        length = 1
        while step + length < len(text) and text[step + length] == "-":
            length += 1
        if step + length == len(text):
            length += tied
        middle = origin + (2 * step + min(length, 4)) * grid.step_ticks // 2
        found.append(Onset(step, length, _chord_at(middle, spans), text[step - 1 : step] == "."))
    return found


def _chord_at(tick: int, spans: tuple[ChordSpan, ...]) -> Chord:
    for span in spans:
        if tick < span.end:
            return span.chord
    return spans[-1].chord


def _slots(
    onsets: list[Onset], plan: BarPlan, state: MelodyState, bar: int, chance: Chance
) -> list[Slot]:
    context, controls = state.context, state.controls
    grid = grid_of(context.meter)
    ladders = [ladder_of(context.key, onset.chord) for onset in onsets]
    middle = (controls.lowest + controls.highest) // 2
    lift = (context.energy_of(bar) - 500) // 250
    wide = 500 + controls.range
    targets = [
        ladder.nearest(middle) + lift + _height(plan, onset.step, grid.steps) * wide // 1000
        for ladder, onset in zip(ladders, onsets, strict=True)
    ]
    strengths = [_strength(onset.step, context) for onset in onsets]
    wanted = _recalled(plan, onsets, ladders, strengths, state, chance)
    goal = _goal(state.text) if plan.close else -1
    beat = grid.steps // len(context.meter.grouping)
    return [
        Slot(
            ladder=ladder,
            strength=strength,
            target=target,
            long=onset.length >= beat,
            motif=wanted.get(onset.step) if onset.step < goal or goal < 0 else None,
            final=_final(ladder, target, plan, chance) if onset.step == goal else None,
            after_rest=onset.after_rest,
        )
        for onset, ladder, target, strength in zip(onsets, ladders, targets, strengths, strict=True)
    ]


def _height(plan: BarPlan, step: int, steps: int) -> int:
    start, end = plan.rises
    return start + (end - start) * step // steps


def _strength(step: int, context: EngineContext) -> str:
    grid = grid_of(context.meter)
    beats = len(context.meter.grouping)
    if step == 0:
        return STRONG
    if grid.beat_of[step] == grid.beat_of[step - 1]:
        return WEAK
    return STRONG if beats % 2 == 0 and grid.beat_of[step] == beats // 2 else BEAT


def _goal(text: str) -> int:
    """The step of a closing bar's goal: the last note before the breath."""
    breath = text.rstrip("x-").rstrip(".") if "." in text else text
    return max(breath.rfind("x"), 0)


def _recalled(
    plan: BarPlan,
    onsets: list[Onset],
    ladders: list[Ladder],
    strengths: list[str],
    state: MelodyState,
    chance: Chance,
) -> dict[int, int]:
    """The steps that the motif would sing here: shifted to suit the chords, or turned over."""
    motif = dict(state.motifs.get(plan.motif, ()))
    if not motif or not onsets:
        return {}
    first = next(iter(motif.values()))
    if plan.treatment == "invert":
        motif = {step: 2 * first - sung for step, sung in motif.items()}
    shifts = _SHIFTS["sequence" if plan.treatment == "sequence" else "repeat"]

    def price(shift: int) -> int:
        clash = sum(
            60 if strength == STRONG else 20
            for onset, ladder, strength in zip(onsets, ladders, strengths, strict=True)
            if onset.step in motif and ladder.relation(motif[onset.step] + shift) == 4
        )
        return clash + 25 * abs(shift) + chance.below(30)

    shift = min(shifts, key=price)
    return {step: sung + shift for step, sung in motif.items()}


def _final(ladder: Ladder, target: int, plan: BarPlan, chance: Chance) -> int:
    """A chord tone to rest on: the tonic to close, another stable degree to stay open."""

    def price(step: int) -> int:
        degree = step % STEPS
        home = (degree == 0) == (plan.close == "closed")
        cost = STATISTICS.ends[degree] + 6 * abs(step - target) + (0 if home else 40)
        return cost + chance.below(20)

    tones = [s for s in range(target - 5, target + 6) if ladder.relation(s) < 3]
    return min(tones, key=price)


def _left_at(steps: list[int], slots: list[Slot], place: Place | None) -> Place | None:
    if not steps:
        return place
    before = steps[-2] if len(steps) > 1 else place.step if place else steps[-1]
    move = steps[-1] - before
    motion = 0 if move == 0 else 1 if abs(move) < 4 else 2
    restless = slots[-1].ladder.relation(steps[-1]) == 4
    return Place(steps[-1], motion if move >= 0 else -motion, restless)


def _standing_place(context: EngineContext, bar: int) -> Place | None:
    """Where a melody that already stands leaves off, when this bar is made anew within it."""
    start = bar * context.meter.bar_ticks
    before: list[Note] = [n for n in context.parts.get("melody", ()) if n.start < start]
    if not before:
        return None
    last = max(before, key=lambda note: note.start)
    return Place(ladder_of(context.key, context.chord_at(last.start)).nearest(last.pitch))
