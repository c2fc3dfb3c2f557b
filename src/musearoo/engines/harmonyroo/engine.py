"""The player: chords to voicings, patterns to strokes, strokes to notes."""

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.engine import Bar, EngineDescription, EngineParameters
from musearoo.domain.music.chord import ChordSpan
from musearoo.domain.music.progression import progression
from musearoo.domain.music.voice_leading import Voicing
from musearoo.engines.harmonyroo.comping import PATTERNS, hits_of
from musearoo.engines.harmonyroo.controls import DESCRIPTION, Controls, read_controls
from musearoo.engines.harmonyroo.performance import notes_of
from musearoo.engines.harmonyroo.quality import confidence
from musearoo.engines.harmonyroo.voicing import HIGH, plan

WINDOW = 4


class HarmonyState(msgspec.Struct, frozen=True):
    """Chords of the take, where the hand lies, and the voicings of the bars now planned."""

    context: EngineContext
    controls: Controls
    hand: Voicing | None = None
    planned: tuple[tuple[ChordSpan, Voicing], ...] = ()


class HarmonyRoo:
    """Comps and pads: functional harmony where none is given, and least motion always."""

    @property
    def description(self) -> EngineDescription:
        return DESCRIPTION

    def begin(
        self, context: EngineContext, parameters: EngineParameters, seed: int
    ) -> HarmonyState:
        controls = read_controls(parameters, context)
        chords = context.chords or progression(
            context.key, context.meter, context.bars, controls.style, seed
        )
        heard = msgspec.structs.replace(context, chords=chords, style=controls.style)
        return HarmonyState(heard, controls)

    def play_bar(
        self,
        context: EngineContext,  # noqa: ARG002 - the state has it with its chords
        parameters: EngineParameters,  # noqa: ARG002
        seed: int,
        state: HarmonyState,
        bar: int,
    ) -> tuple[Bar, HarmonyState]:
        if bar % WINDOW == 0:
            state = _planned(state, bar)
        controls, heard = state.controls, state.context
        start, end = bar * heard.meter.bar_ticks, (bar + 1) * heard.meter.bar_ticks
        spans = tuple(entry for entry in state.planned if start <= entry[0].start < end)
        texture = _texture(controls)
        hits = hits_of(heard, controls, seed, bar)
        return Bar(bar, notes_of(hits, spans, heard, controls, texture, seed, bar)), state

    def confidence(
        self,
        context: EngineContext,
        parameters: EngineParameters,  # noqa: ARG002
        bars: tuple[Bar, ...],
    ) -> int:
        return confidence(context, bars)


def _texture(controls: Controls) -> str:
    if controls.texture != "auto":
        return controls.texture
    if controls.voicing == "pads":
        return "pad"
    return PATTERNS[controls.style].texture


def _planned(state: HarmonyState, bar: int) -> HarmonyState:
    context = state.context
    last = min(bar + WINDOW, context.bars)
    spans = [span for index in range(bar, last) for span in context.chords_in_bar(index)]
    path = plan(spans, context.key, state.controls, state.hand, _ceiling(context, bar, last))
    return msgspec.structs.replace(
        state, hand=path[-1], planned=tuple(zip(spans, path, strict=True))
    )


def _ceiling(context: EngineContext, first: int, last: int) -> int:
    """The highest pitch that stays under the melody's lower notes."""
    start, end = first * context.meter.bar_ticks, last * context.meter.bar_ticks
    sung = sorted(n.pitch for n in context.parts.get("melody", ()) if start <= n.start < end)
    return max(64, sung[len(sung) // 4] - 1) if sung else HIGH
