"""The engine contract: a pure function from context, parameters, seed and state to the next bar.

An engine never sees the clock, a file or a random module: notes are decided by
integers and by `Chance` streams named after the seed, bar and voice. So the same
run gives the same notes on any machine, and a bar or voice can be played again alone.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, Protocol, TypeVar

import msgspec

from musearoo.domain.context import EngineContext
from musearoo.domain.engine import Bar, EngineDescription, EngineParameters, EngineRun
from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.chance import Chance
from musearoo.domain.music.note import Note, in_playing_order

State = TypeVar("State")
TRIES: Final = 8  # how often a bar is played until it differs from what stands there
_SEED_BITS: Final = 53


class Engine(Protocol[State]):
    """One instrument player. `State` is an immutable value carried from bar to bar."""

    @property
    def description(self) -> EngineDescription:
        """Name, version, parameters, voices."""
        ...

    def begin(self, context: EngineContext, parameters: EngineParameters, seed: int) -> State:
        """The state before bar 0: form plan, motif, hand positions."""
        ...

    def play_bar(
        self,
        context: EngineContext,
        parameters: EngineParameters,
        seed: int,
        state: State,
        bar: int,
    ) -> tuple[Bar, State]:
        """The notes of bar `bar` (in ticks from bar 0) and the state for the next one.

        Note ids are set by `play`; leave them empty.
        """
        ...

    def confidence(
        self, context: EngineContext, parameters: EngineParameters, bars: tuple[Bar, ...]
    ) -> int:
        """How well the bars meet the engine's own measures, in thousandths."""
        ...


def play(engine: Engine[Any], run: EngineRun) -> Iterator[Bar]:
    """Play a run bar by bar; only the wanted bars and voices are answered.

    A regeneration passes the bars and voices wanted with a new seed: unwanted bars
    are derived only to carry the state, and cost microseconds. A wanted bar whose
    onsets and pitches are those of `run.instead` is played up to 7 times more, with
    seeds drawn from the run's; if all are alike, the first one counts.
    """
    parameters = EngineParameters(engine.description.resolved(run.parameters))
    wanted = _checked_bars(run)
    base = run.seed if run.base_seed is None else run.base_seed
    state = engine.begin(run.context, parameters, base)
    for index in range(max(wanted) + 1):
        if index not in wanted:
            _, state = engine.play_bar(run.context, parameters, base, state, index)
            continue
        bar, state = _anew(engine, run, parameters, state, index)
        yield _numbered(bar, run)


def _anew(
    engine: Engine[State], run: EngineRun, parameters: EngineParameters, state: State, index: int
) -> tuple[Bar, State]:
    first = engine.play_bar(run.context, parameters, run.seed, state, index)
    if not run.instead:
        return first
    ticks = run.context.meter.bar_ticks
    old = _shape((note for note in run.instead if note.start // ticks == index), run.voices)
    played = first
    for number in range(1, TRIES):
        if _shape(played[0].notes, run.voices) != old:
            return played
        seed = Chance(run.seed, run.engine, "anew", index, number).bits() >> (64 - _SEED_BITS)
        played = engine.play_bar(run.context, parameters, seed, state, index)
    return played if _shape(played[0].notes, run.voices) != old else first


def _shape(notes: Iterable[Note], voices: tuple[str, ...]) -> set[tuple[int, int, str]]:
    """What a listener tells bars apart by: which voice plays which pitch when."""
    return {(n.start, n.pitch, n.voice) for n in notes if not voices or n.voice in voices}


def _checked_bars(run: EngineRun) -> frozenset[int]:
    if run.context.bars < 1:
        raise InvalidValue("bars", run.context.bars, "1 or more")
    wanted = frozenset(run.bars or range(run.context.bars))
    if min(wanted) < 0 or max(wanted) >= run.context.bars:
        raise InvalidValue("bars", sorted(wanted)[:8], f"0 to {run.context.bars - 1}")
    return wanted


def _numbered(bar: Bar, run: EngineRun) -> Bar:
    notes = sorted(bar.notes, key=in_playing_order)
    if run.voices:
        notes = [note for note in notes if note.voice in run.voices]
    # One stream of ids for each voice, so that leaving voices out changes no other id.
    ids = {
        voice: Chance(run.seed, run.engine, "ids", bar.index, voice)
        for voice in sorted({note.voice for note in notes})
    }
    return Bar(bar.index, tuple(_with_id(note, ids[note.voice]) for note in notes))


def _with_id(note: Note, ids: Chance) -> Note:
    # A version 8 UUID (RFC 9562 §5.8): its 122 free bits come from the run's own stream.
    high = (ids.bits() & ~(0xF << 12)) | (8 << 12)
    low = (ids.bits() & ~(0b11 << 62)) | (0b10 << 62)
    text = f"{high:016x}{low:016x}"
    identity = f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    return msgspec.structs.replace(note, id=identity)
