"""What a session is at one point of its event order."""

import msgspec

from musearoo.domain.context import DEFAULT_BPM, Groove, Section
from musearoo.domain.controls import Control
from musearoo.domain.engine import ParameterValue
from musearoo.domain.events import ClockSource, Event
from musearoo.domain.ids import TakeId
from musearoo.domain.music.chord import ChordSpan
from musearoo.domain.music.key import Key
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.style import AUTO
from musearoo.domain.music.tempo_map import TempoMap

DEFAULT_BARS = 8


class Transport(msgspec.Struct, frozen=True):
    """Playing or standing at `tick` since server time `since` (UNIX seconds)."""

    playing: bool = False
    tick: int = 0
    since: float = 0.0
    loop: tuple[int, int] | None = None


class PartState(msgspec.Struct, frozen=True):
    """A part: its engine, the take it plays, the one it keeps, and its locks (bars from 1).

    `launched` is the take whose clip runs in Live, `launches` how often each take's clip has.
    `before` is the take it played until the present one: to compare the two, switch to and fro.
    """

    engine: str
    selected: TakeId | None = None
    committed: TakeId | None = None
    locked_bars: tuple[int, ...] = ()
    locked_voices: tuple[str, ...] = ()
    launched: TakeId | None = None
    launches: dict[TakeId, int] = {}
    before: TakeId | None = None

    @property
    def heard(self) -> TakeId | None:
        """The take that sounds: a running clip is heard before the one that the part plays."""
        return self.launched or self.selected


class Step(msgspec.Struct, frozen=True, gc=False):
    """One change that can be taken back.

    `version` names the value it made, `before` the versions of the values it
    replaced, path by path. An undo fits while every path is still at `version`.
    """

    version: int
    before: dict[str, int]
    inverse: Event
    gesture: str | None = None


class Steps(msgspec.Struct, frozen=True, gc=False):
    """An actor's changes, the latest last."""

    done: tuple[Step, ...] = ()
    undone: tuple[Step, ...] = ()


class SessionState(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters, musical context, parts and transport.

    `versions` names the present value of each path by the seq that made it.
    """

    parameters: dict[str, ParameterValue] = {}
    tempo_map: TempoMap = TempoMap.constant(DEFAULT_BPM)
    meter: Meter = Meter()
    key: Key = Key(0)
    style: str = AUTO
    clock_source: ClockSource = "session"
    bars: int = DEFAULT_BARS
    chords: tuple[ChordSpan, ...] = ()
    sections: tuple[Section, ...] = ()
    groove: Groove = Groove()
    energy: tuple[int, ...] = ()
    parts: dict[str, PartState] = {}
    controls: dict[str, Control] = {}
    transport: Transport = Transport()
    versions: dict[str, int] = {}
    steps: dict[str, Steps] = {}
    analysis_id: str | None = None

    def tick_at(self, now: float) -> int:
        """Where the transport is at server time `now`, loop included."""
        transport = self.transport
        if not transport.playing:
            return transport.tick
        began = self.tempo_map.seconds_at(transport.tick)
        tick = int(self.tempo_map.tick_at(began + max(0.0, now - transport.since)))
        if transport.loop is not None and tick >= transport.loop[1]:
            start, end = transport.loop
            tick = start + (tick - start) % (end - start)
        return tick
