"""How clients see what the domain holds otherwise: keys, meters and chords as text."""

from collections.abc import Mapping
from typing import Final

import msgspec

from musearoo.domain.context import Groove, Section
from musearoo.domain.controls import Control
from musearoo.domain.engine import ParameterValue
from musearoo.domain.events import (
    ChordsSet,
    ClockSource,
    ContextAdopted,
    Event,
    KeySet,
    MeterSet,
    TempoSet,
)
from musearoo.domain.ids import AnalysisId
from musearoo.domain.music.chord import Chord, ChordSpan
from musearoo.domain.music.key import Key
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.tempo_map import TempoMap
from musearoo.domain.session.state import PartState, SessionState, Transport


class ChordShown(msgspec.Struct, frozen=True):
    """A Harte symbol over ticks (1/960 quarter note)."""

    start: int
    length: int
    chord: str


class TempoShown(msgspec.Struct, frozen=True, kw_only=True):
    """The tempo at the start in quarter notes a minute, and all of the map."""

    tempo: float
    tempo_map: TempoMap

    def event(self) -> Event:
        """As it happened."""
        return TempoSet(tempo_map=self.tempo_map)


class KeyShown(msgspec.Struct, frozen=True, kw_only=True):
    """The key, such as "A minor"."""

    key: str

    def event(self) -> Event:
        """As it happened; raises `InvalidValue`."""
        return KeySet(key=Key.parse(self.key))


class MeterShown(msgspec.Struct, frozen=True, kw_only=True):
    """The meter, such as "7/8"; `grouping` where its beats are not the usual ones."""

    time_signature: str
    grouping: tuple[int, ...] = ()

    def event(self) -> Event:
        """As it happened; raises `InvalidValue`."""
        return MeterSet(meter=_meter(self.time_signature, self.grouping))


class ChordsShown(msgspec.Struct, frozen=True, kw_only=True):
    """The chord track."""

    chords: tuple[ChordShown, ...]

    def event(self) -> Event:
        """As it happened; raises `InvalidValue`."""
        return ChordsSet(chords=_chords(self.chords))


class ContextShown(msgspec.Struct, frozen=True, kw_only=True):
    """The musical context that was adopted from an analysis."""

    analysis_id: AnalysisId | None
    tempo: float
    tempo_map: TempoMap
    time_signature: str
    grouping: tuple[int, ...] = ()
    key: str
    style: str
    bars: int
    chords: tuple[ChordShown, ...]
    sections: tuple[Section, ...]
    groove: Groove
    energy: tuple[int, ...]

    def event(self) -> Event:
        """As it happened; raises `InvalidValue`."""
        return ContextAdopted(
            analysis_id=self.analysis_id,
            tempo_map=self.tempo_map,
            meter=_meter(self.time_signature, self.grouping),
            key=Key.parse(self.key),
            style=self.style,
            bars=self.bars,
            chords=_chords(self.chords),
            sections=self.sections,
            groove=self.groove,
            energy=self.energy,
        )


class TransportShown(msgspec.Struct, frozen=True, kw_only=True):
    """The transport is at `tick` since server time `since`; `position` is the tick just now."""

    playing: bool
    tick: int
    since: float
    loop: tuple[int, int] | None = None
    position: int | None = None


class StateShown(msgspec.Struct, frozen=True, kw_only=True):
    """The whole state of a session at one `seq`."""

    parameters: dict[str, ParameterValue]
    tempo: float
    tempo_map: TempoMap
    time_signature: str
    grouping: tuple[int, ...] = ()
    key: str
    style: str
    clock_source: ClockSource = "session"
    bars: int
    chords: tuple[ChordShown, ...]
    sections: tuple[Section, ...]
    groove: Groove
    energy: tuple[int, ...]
    parts: dict[str, PartState]
    controls: dict[str, Control] = {}
    transport: TransportShown
    analysis_id: str | None = None

    def state(self) -> SessionState:
        """As the reducer knows it, without the steps that could be undone; may `InvalidValue`."""
        moving = self.transport
        return SessionState(
            parameters=self.parameters,
            tempo_map=self.tempo_map,
            meter=_meter(self.time_signature, self.grouping),
            key=Key.parse(self.key),
            style=self.style,
            clock_source=self.clock_source,
            bars=self.bars,
            chords=_chords(self.chords),
            sections=self.sections,
            groove=self.groove,
            energy=self.energy,
            parts=self.parts,
            controls=self.controls,
            transport=Transport(moving.playing, moving.tick, moving.since, moving.loop),
            analysis_id=self.analysis_id,
        )


Shown = TempoShown | KeyShown | MeterShown | ChordsShown | ContextShown
SHOWN: Final[Mapping[type[Event], type[Shown]]] = {
    TempoSet: TempoShown,
    KeySet: KeyShown,
    MeterSet: MeterShown,
    ChordsSet: ChordsShown,
    ContextAdopted: ContextShown,
}


def _meter(time_signature: str, grouping: tuple[int, ...]) -> Meter:
    plain = Meter.parse(time_signature)
    return Meter(plain.numerator, plain.denominator, grouping)


def _chords(spans: tuple[ChordShown, ...]) -> tuple[ChordSpan, ...]:
    return tuple(ChordSpan(span.start, span.length, Chord.parse(span.chord)) for span in spans)
