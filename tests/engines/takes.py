"""Takes of our engines for tests: contexts, a band that hears each other, and measures."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import msgspec

from musearoo.domain.context import EngineContext, Groove
from musearoo.domain.engine import Bar, EngineRun
from musearoo.domain.music.chord import Chord, ChordSpan
from musearoo.domain.music.key import Key
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.note import Note
from musearoo.domain.music.rhythm import grid_of
from musearoo.engines import bassaroo, drummaroo
from musearoo.engines.contract import Engine, play

ENGINES: dict[str, Engine[Any]] = {"drummaroo": drummaroo.engine, "bassaroo": bassaroo.engine}
METERS = (
    "4/4", "3/4", "5/4", "6/8", "7/8", "7/8 3+2+2", "9/8", "12/8", "2/2", "2/4", "7/4", "5/8",
    "10/8", "11/8", "13/8", "7/16", "3/8", "1/4", "6/4", "9/8 2+2+2+3", "4/4 2+2",
)  # fmt: skip
HANDS = {
    "snare", "rimshot", "closed hat", "open hat", "ride", "ride bell", "cowbell", "crash",
    "crash 2", "high tom", "mid tom", "floor tom",
}  # fmt: skip
SNARES = ("snare", "rimshot")
TOMS = ("high tom", "mid tom", "floor tom")
FASTEST_US = 60_000


def context_of(
    style: str = "rock",
    meter: str = "4/4",
    bpm: int = 110,
    *,
    bars: int = 8,
    chords: Sequence[str] = ("Am", "F", "C|Em", "G7"),
    key: str = "A minor",
    **more: object,
) -> EngineContext:
    """A context with a chord a bar, or two where the symbols hold a bar line."""
    parsed = Meter.parse(meter)
    spans: list[ChordSpan] = []
    for bar in range(bars):
        symbols = chords[bar % len(chords)].split("|")
        half = parsed.beats[len(parsed.beats) // 2] if len(parsed.beats) > 1 else 0
        edges = [0, half, parsed.bar_ticks] if len(symbols) > 1 and half else [0, parsed.bar_ticks]
        for symbol, start, end in zip(symbols, edges, edges[1:], strict=False):
            origin = bar * parsed.bar_ticks
            spans.append(ChordSpan(origin + start, end - start, Chord.parse(symbol)))
    context = EngineContext(
        bars=bars,
        meter=parsed,
        tempo_millibpm=bpm * 1000,
        key=Key.parse(key),
        chords=tuple(spans),
        style=style,
    )
    return msgspec.structs.replace(context, **more)


def take(
    engine: str,
    context: EngineContext,
    seed: int = 1,
    *,
    bars: tuple[int, ...] = (),
    voices: tuple[str, ...] = (),
    **parameters: Any,
) -> list[Bar]:
    """The bars of one run."""
    run = EngineRun(
        engine=engine, context=context, parameters=parameters, seed=seed, bars=bars, voices=voices
    )
    return list(play(ENGINES[engine], run))


def notes_of(bars: Sequence[Bar]) -> list[Note]:
    return [note for bar in bars for note in bar.notes]


def without_ids(bars: Sequence[Bar]) -> list[Note]:
    return [msgspec.structs.replace(note, id="") for note in notes_of(bars)]


def with_drums(context: EngineContext, seed: int = 1, **parameters: Any) -> EngineContext:
    """The same context with drums to hear."""
    drums = tuple(notes_of(take("drummaroo", context, seed, **parameters)))
    return msgspec.structs.replace(context, parts={"drums": drums})


def accented(steps: int, strong: set[int]) -> Groove:
    """A riff with accents on some steps of each bar."""
    accents = tuple(950 if step in strong else 80 for step in range(steps))
    return Groove(steps_per_bar=steps, accents=(accents,))


def steps_of(context: EngineContext, bar: Bar, *voices: str) -> set[int]:
    """Steps on which the voices begin notes."""
    grid = grid_of(context.meter)
    start = bar.index * context.meter.bar_ticks
    return {grid.step_at(n.start - start) for n in bar.notes if not voices or n.voice in voices}


def struck(context: EngineContext, bar: Bar) -> set[tuple[str, int]]:
    """Kick and snare strokes of a bar."""
    return {(voice, step) for voice in ("kick", *SNARES) for step in steps_of(context, bar, voice)}


def monotone(measure: Callable[[float], float], low: float = 0.0, high: float = 1.0) -> float:
    """Spearman's correlation of a measure with 25 settings of a control."""
    return spearman([measure(low + (high - low) * step / 24) for step in range(25)])


def spearman(values: Sequence[float]) -> float:
    """Rank correlation with the order of the values; ties share their mean rank."""
    ranks, places = _ranks(values), _ranks(range(len(values)))
    mean = (len(values) - 1) / 2
    shared = sum((a - mean) * (b - mean) for a, b in zip(ranks, places, strict=True))
    spread = sum((a - mean) ** 2 for a in ranks) * sum((b - mean) ** 2 for b in places)
    return shared / spread**0.5 if spread else 0.0


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=lambda index: values[index])
    ranks = [0.0] * len(values)
    place = 0
    for _, group in groupby(order, key=lambda index: values[index]):
        members = list(group)
        for member in members:
            ranks[member] = place + (len(members) - 1) / 2
        place += len(members)
    return ranks


def two_hands_can(notes: Sequence[Note], context: EngineContext) -> bool:
    """Whether two hands reach every stroke: one stroke a hand at once, 60 ms to move it.

    Searches all ways to share the strokes; feet are counted apart.
    """
    us_per_tick = 62_500_000 / context.tempo_millibpm
    moments = groupby(
        sorted((note for note in notes if note.voice in HANDS), key=lambda note: note.start),
        key=lambda note: note.start,
    )
    free = (-1e12, "")
    hands = {(free, free)}
    for tick, group in moments:
        pieces = sorted({note.voice for note in group})
        if len(pieces) > 2:
            return False
        now = tick * us_per_tick
        hands = {
            after
            for before in hands
            for after in _struck_by(before, pieces, now)
            if all(_reaches(a, b) for a, b in zip(before, after, strict=True))
        }
        if not hands:
            return False
    return True


_Hand = tuple[float, str]


def _struck_by(
    hands: tuple[_Hand, _Hand], pieces: list[str], now: float
) -> list[tuple[_Hand, _Hand]]:
    left, right = hands
    if len(pieces) == 1:
        return [((now, pieces[0]), right), (left, (now, pieces[0]))]
    first, second = (now, pieces[0]), (now, pieces[1])
    return [(first, second), (second, first)]


def _reaches(before: _Hand, after: _Hand) -> bool:
    return before == after or before[1] == after[1] or after[0] - before[0] >= FASTEST_US


def feet_can(notes: Sequence[Note]) -> bool:
    """One stroke of each foot at a time."""
    strokes = [(note.start, note.voice) for note in notes if note.voice not in HANDS]
    return len(strokes) == len(set(strokes))
