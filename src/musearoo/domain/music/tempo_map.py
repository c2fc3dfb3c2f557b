"""Tempo maps: the exact path between ticks and seconds."""

from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Final

import msgspec

from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.ticks import TICKS_PER_QUARTER

MINIMUM_BPM: Final = 20.0
MAXIMUM_BPM: Final = 400.0
_MICROSECONDS_PER_MINUTE: Final = 60_000_000


def checked_bpm(bpm: float) -> float:
    """Return the tempo in quarter notes a minute, or raise `InvalidValue` (20 to 400)."""
    if not MINIMUM_BPM <= bpm <= MAXIMUM_BPM:  # also false for NaN
        raise InvalidValue("tempo", bpm, f"{MINIMUM_BPM:g} to {MAXIMUM_BPM:g} bpm")
    return bpm


class TempoChange(msgspec.Struct, frozen=True):
    """From `tick` on, a quarter note lasts 60 / `bpm` seconds."""

    tick: int
    bpm: float


class TempoMap(msgspec.Struct, frozen=True, cache_hash=True):
    """Piecewise constant tempo from tick 0; tick 0 is `origin_seconds` on the clock."""

    changes: tuple[TempoChange, ...]
    origin_seconds: float = 0.0

    def __post_init__(self) -> None:
        ticks = [change.tick for change in self.changes]
        if not ticks or ticks[0] != 0 or ticks != sorted(set(ticks)):
            raise InvalidValue("tempo map", ticks[:8], "rising ticks that begin at 0")
        for change in self.changes:
            checked_bpm(change.bpm)

    @staticmethod
    def constant(bpm: float, origin_seconds: float = 0.0) -> "TempoMap":
        """One tempo throughout."""
        return TempoMap((TempoChange(0, bpm),), origin_seconds)

    @staticmethod
    def from_beats(
        beat_seconds: Iterable[float], ticks_per_beat: int = TICKS_PER_QUARTER
    ) -> "TempoMap":
        """A map on which beat n falls exactly at `beat_seconds[n]` (two or more, rising)."""
        times = tuple(beat_seconds)
        if len(times) < 2:
            raise InvalidValue("beats", len(times), "two or more beats")
        if any(later <= earlier for earlier, later in pairwise(times)):
            raise InvalidValue("beats", times[:4], "rising times")
        quarters_per_beat = ticks_per_beat / TICKS_PER_QUARTER
        changes = [
            TempoChange(index * ticks_per_beat, 60.0 * quarters_per_beat / (later - earlier))
            for index, (earlier, later) in enumerate(pairwise(times))
        ]
        return TempoMap(tuple(changes), times[0])

    @property
    def bpm(self) -> float:
        """The tempo at the start."""
        return self.changes[0].bpm

    def bpm_at(self, tick: int) -> float:
        """The tempo in force at a tick."""
        return self.changes[self._index_at(tick)].bpm

    def mean_bpm(self, ticks: int) -> float:
        """The tempo that takes as long as this map for the first `ticks` (1 or more)."""
        seconds = self.seconds_at(ticks) - self.seconds_at(0)
        return 60.0 * ticks / TICKS_PER_QUARTER / seconds

    def seconds_at(self, tick: float) -> float:
        """Clock seconds of a tick; ticks before 0 extend the first tempo."""
        index = self._index_at(tick)
        change = self.changes[index]
        return _starts(self)[index] + (tick - change.tick) * _seconds_per_tick(change.bpm)

    def tick_at(self, seconds: float) -> float:
        """The (fractional) tick at clock seconds, the inverse of `seconds_at`."""
        starts = _starts(self)
        index = max(0, bisect_right(starts, seconds) - 1)
        change = self.changes[index]
        return change.tick + (seconds - starts[index]) / _seconds_per_tick(change.bpm)

    def _index_at(self, tick: float) -> int:
        return max(0, bisect_right(self.changes, tick, key=lambda change: change.tick) - 1)


def microseconds_per_quarter(bpm: float) -> int:
    """MIDI's tempo unit."""
    return round(_MICROSECONDS_PER_MINUTE / bpm)


@lru_cache(maxsize=64)
def _starts(tempo_map: TempoMap) -> tuple[float, ...]:
    """Clock seconds at which each change takes effect."""
    lengths = (
        (following.tick - change.tick) * _seconds_per_tick(change.bpm)
        for change, following in pairwise(tempo_map.changes)
    )
    return tuple(accumulate(lengths, initial=tempo_map.origin_seconds))


def _seconds_per_tick(bpm: float) -> float:
    return 60.0 / bpm / TICKS_PER_QUARTER
