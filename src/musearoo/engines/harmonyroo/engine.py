"""The player: chords to voicings, patterns to strokes, strokes to notes."""

from typing import Final

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.engine import Bar, EngineDescription, EngineParameters
from musearoo.domain.music.progression import chords_of
from musearoo.domain.music.voice_leading import Voicing
from musearoo.engines.harmonyroo.comping import Hit, Pulls, hits_of, pulls_of
from musearoo.engines.harmonyroo.controls import DESCRIPTION, Controls, read_controls
from musearoo.engines.harmonyroo.quality import confidence
from musearoo.engines.harmonyroo.strokes import strokes_of
from musearoo.engines.harmonyroo.touch import Touch
from musearoo.engines.harmonyroo.voicing import HIGH, Laid, lay_out

_WINDOW: Final = 4  # bars laid out at once


class HarmonyState(msgspec.Struct, frozen=True):
    """The take's chords, what the others ask for, the chords laid out so far, the next strokes.

    `seed` is the take's; a bar with another one gets strokes of its own on the same chords.
    """

    seed: int
    context: EngineContext
    controls: Controls
    pulls: Pulls
    hits: tuple[Hit, ...]
    laid: tuple[Laid, ...] = ()
    laid_until: int = 0

    @property
    def hand(self) -> Voicing | None:
        """Where the hands lie last."""
        return self.laid[-1].voicing if self.laid else None


class HarmonyRoo:
    """Comps and pads: functional harmony where none is given, and least motion always."""

    @property
    def description(self) -> EngineDescription:
        return DESCRIPTION

    def begin(
        self, context: EngineContext, parameters: EngineParameters, seed: int
    ) -> HarmonyState:
        controls = read_controls(context, parameters)
        chords = chords_of(context, controls.style)
        heard = msgspec.structs.replace(context, chords=chords, style=controls.style)
        pulls = pulls_of(heard)
        return HarmonyState(seed, heard, controls, pulls, hits_of(heard, controls, pulls, seed, 0))

    def play_bar(
        self,
        context: EngineContext,  # noqa: ARG002 - the state has it with its chords
        parameters: EngineParameters,  # noqa: ARG002 - read in `begin`
        seed: int,
        state: HarmonyState,
        bar: int,
    ) -> tuple[Bar, HarmonyState]:
        heard, controls = state.context, state.controls
        own = seed == state.seed
        hits = state.hits if own else hits_of(heard, controls, state.pulls, seed, bar)
        state = _laid_out(state, bar)
        following = (
            hits_of(heard, controls, state.pulls, state.seed, bar + 1)
            if bar + 1 < heard.bars
            else ()
        )
        strokes = strokes_of(hits, following, state.laid, heard, controls, seed, bar)
        notes = Touch(heard, controls, seed, bar).notes(strokes)
        return Bar(bar, notes), msgspec.structs.replace(state, hits=following)

    def confidence(
        self,
        context: EngineContext,
        parameters: EngineParameters,  # noqa: ARG002
        bars: tuple[Bar, ...],
    ) -> int:
        return confidence(context, bars)


def _laid_out(state: HarmonyState, bar: int) -> HarmonyState:
    """The state with this bar and the first chord of the next laid out."""
    context = state.context
    wanted = min(bar + 2, context.bars)
    if state.laid_until >= wanted:
        return state
    first, last = state.laid_until, min(state.laid_until + _WINDOW, context.bars)
    spans = [span for index in range(first, last) for span in context.chords_in_bar(index)]
    ceilings = [_ceiling(context, span.start, span.end) for span in spans]
    new = lay_out(spans, ceilings, context.key, state.controls, state.hand, state.seed)
    start = bar * context.meter.bar_ticks
    kept = tuple(each for each in state.laid if each.span.end > start)
    return msgspec.structs.replace(state, laid=kept + new, laid_until=last)


def _ceiling(context: EngineContext, start: int, end: int) -> int:
    """The highest pitch that stays under the melody's lower notes."""
    melody = context.parts.get("melody", ())
    sung = sorted(note.pitch for note in melody if note.start < end and note.end > start)
    return max(62, sung[len(sung) // 4] - 1) if sung else HIGH
