"""Tempo, transport, key and meter between a session and Live, without echo and without fight.

What both agree on, at float32, is no news. When the session leads, its values go to Live and a
hand in Live is a request to the session; when Live leads, what it reports becomes events, and
others' wishes are asked of it. Key and meter go both ways whoever leads.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Final

import structlog

from musearoo.conductor.parameters import kept_place
from musearoo.domain.commands import Act, SetParameter, SetTransport
from musearoo.domain.errors import MuseArooError
from musearoo.domain.events import (
    ClockSource,
    ClockSourceSet,
    ContextAdopted,
    Event,
    KeySet,
    MeterSet,
    Sequenced,
    TempoSet,
    TransportChanged,
)
from musearoo.domain.ids import UserId
from musearoo.domain.music.meter import DENOMINATORS, MAXIMUM_NUMERATOR, Meter
from musearoo.domain.music.tempo_map import MAXIMUM_BPM, MINIMUM_BPM, TempoMap
from musearoo.domain.music.ticks import TICKS_PER_QUARTER, quarters
from musearoo.live.echoes import Echoes, Kind, equal
from musearoo.live.link import (
    BeatReported,
    KeyReported,
    PlayingReported,
    Report,
    SignatureReported,
    TempoReported,
    TimeLink,
    same,
)
from musearoo.live.room import Room
from musearoo.live.scales import key_of, scale_of
from musearoo.ports.ambient import Clock

log = structlog.get_logger(__name__)

JUMP_BEATS: Final = 0.25
"""Live is elsewhere than the session thought by more than this: it jumped or looped."""
DRIFT_SECONDS: Final = 0.04
DRIFTED_TIMES: Final = 3
APART_BEATS: Final = 1.0
"""A Live that follows is moved only when it is further off than this."""
AGAIN_SECONDS: Final = 1.0
LARGEST_DENOMINATOR: Final = 16
"""Live knows no thirty-second notes in a signature."""
ANSWER_SECONDS: Final = 2.0
_LEAD_SECONDS: Final = 0.05  # half a tick of Live: a start is heard so much later than asked


@dataclass(slots=True)
class _Wish:
    """What somebody asked of Live; `told` becomes the event that came of it."""

    kind: Kind
    value: object
    user: UserId
    cause: str | None
    told: asyncio.Future[Sequenced] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Timekeeping:
    """Keeps one room and one Live together."""

    def __init__(
        self, link: TimeLink, room: Room, clock: Clock, name: ClockSource = "live"
    ) -> None:
        self._name = name
        self._link = link
        self._room = room
        self._clock = clock
        self._wake = asyncio.Event()
        self._moved = False  # the session's transport changed: Live is to follow
        self._starting = False  # Live plays, and is about to tell from where
        self._drifted = 0
        self._wishes: list[_Wish] = []
        self._echoes = Echoes(clock)
        self._asked: dict[Kind, tuple[Act, asyncio.Task[None]]] = {}

    @property
    def leads(self) -> bool:
        """Whether this clock keeps tempo and transport."""
        return self._room.state.clock_source == self._name

    # --- what is asked of Live --------------------------------------------------------------

    async def set_tempo(self, bpm: float, user: UserId, cause: str | None) -> Sequenced | None:
        """Ask Live for a tempo; answers the event of its report."""
        if same(self._link.mirror.tempo, bpm):
            return None
        wish = _Wish("tempo", bpm, user, cause)
        return await self._granted(wish, self._link.set_tempo(bpm))

    async def set_transport(
        self, *, playing: bool | None, beat: float | None, user: UserId, cause: str | None
    ) -> Sequenced | None:
        """Ask Live to play, stop or move; answers the event of its report."""
        runs = bool(self._link.mirror.playing)
        target = runs if playing is None else playing
        if target == runs and (beat is None or abs(beat - self._room.beat) <= JUMP_BEATS):
            return None
        wish = _Wish("playing" if target != runs else "place", target, user, cause)
        if target:
            return await self._granted(wish, self._link.play(beat))
        if runs:
            return await self._granted(wish, self._link.stop())
        return await self._granted(wish, self._link.locate(beat or 0.0))

    async def _granted(self, wish: _Wish, request: Awaitable[None]) -> Sequenced | None:
        self._wishes.append(wish)
        try:
            await request
            async with asyncio.timeout(ANSWER_SECONDS):
                return await wish.told
        except TimeoutError:
            return None  # it was so already
        finally:
            self._wishes.remove(wish)

    # --- what happened in the session -------------------------------------------------------

    def arrived(self) -> None:
        """Live is there. What was never set in the session is taken from it."""
        state, mirror = self._room.state, self._link.mirror
        if mirror.tempo is not None and "session/tempo" not in state.versions:
            self._hand_on_tempo(mirror.tempo)
        if mirror.numerator and mirror.denominator and "session/meter" not in state.versions:
            self._hand_on_meter(mirror.numerator, mirror.denominator)
        if mirror.root is not None and mirror.scale and "session/key" not in state.versions:
            self._hand_on_key(mirror.root, mirror.scale)
        self._wake.set()

    def happened(self, event: Event) -> None:
        """An event of the session that Live may have to follow."""
        if isinstance(event, TransportChanged):
            self._moved = True
        if isinstance(event, TempoSet | ContextAdopted | KeySet | MeterSet | TransportChanged):
            self._wake.set()
        if isinstance(event, ClockSourceSet):
            self._moved = True
            self._wake.set()

    async def led_anew(self) -> None:
        """Live leads from now on, or is there again as the leader: its values count."""
        mirror = self._link.mirror
        if mirror.tempo is not None:
            await self._tempo(mirror.tempo)
        if mirror.playing is not None and mirror.playing != self._room.state.transport.playing:
            await self._playing(PlayingReported(mirror.playing, mirror.beat or 0.0))

    async def keep(self) -> None:
        """Bring Live to what the session has, whenever that changes; never ends."""
        while True:
            changes = len(self._room.state.tempo_map.changes) > 1
            watching = self._room.state.transport.playing and changes and not self.leads
            try:
                async with asyncio.timeout(0.1 if watching else None):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            try:
                await self._bring()
            except MuseArooError as failure:
                log.warning("live.not_followed", detail=failure.detail)
                await self._clock.sleep(AGAIN_SECONDS)
                if self._link.mirror.presence == "here":
                    self._wake.set()

    async def _bring(self) -> None:
        if self._link.mirror.presence == "gone":
            return
        state, mirror = self._room.state, self._link.mirror
        if not self.leads and not self._is_asked("tempo"):
            bpm = state.tempo_map.bpm_at(state.tick_at(self._room.now))
            if not same(bpm, mirror.tempo):
                with self._echoes.of("tempo", bpm):
                    await self._link.set_tempo(bpm)
        await self._bring_meter()
        await self._bring_key()
        if self._moved and not self.leads:
            await self._bring_transport()

    async def _bring_meter(self) -> None:
        mirror, meter = self._link.mirror, self._room.state.meter
        wanted = (meter.numerator, meter.denominator)
        if mirror.numerator is None or wanted == (mirror.numerator, mirror.denominator):
            return
        if meter.denominator <= LARGEST_DENOMINATOR and not self._is_asked("meter"):
            between = meter.numerator, mirror.denominator  # told one by one
            with self._echoes.of("meter", between, wanted):
                await self._link.set_signature(*wanted)

    async def _bring_key(self) -> None:
        mirror, (root, scale) = self._link.mirror, scale_of(self._room.state.key)
        differs = mirror.root is not None and (root, scale) != (mirror.root, mirror.scale)
        if differs and not self._is_asked("key"):
            between = root, mirror.scale  # told one by one
            with self._echoes.of("key", between, (root, scale)):
                await self._link.set_key(root, scale)

    async def _bring_transport(self) -> None:
        self._moved = False
        mirror, transport = self._link.mirror, self._room.state.transport
        awaited = self._echoes.awaited("playing")
        runs = mirror.playing if awaited is None else bool(awaited)  # or will in a moment
        if not transport.playing:
            if runs:
                with self._echoes.of("playing", False):
                    await self._link.stop()
            elif abs((mirror.beat or 0.0) - quarters(transport.tick)) > APART_BEATS:
                await self._link.locate(quarters(transport.tick))
            return
        apart = abs(self._live_beat() - self._room.beat) > APART_BEATS
        if runs and (transport.loop is not None or not apart):
            return
        lead = _LEAD_SECONDS * self._bpm() / 60
        with self._echoes.of("playing", *(() if runs else (True,))):
            await self._link.play(self._room.beat + lead)

    # --- what Live reports ------------------------------------------------------------------

    async def heard(self, report: Report) -> None:
        """Take in a report: as an event where Live leads, else as a request to the session."""
        match report:
            case TempoReported(bpm) if self.leads:
                await self._tempo(bpm)
            case TempoReported(bpm):
                self._hand_on_tempo(bpm)
            case KeyReported(root, scale):
                self._hand_on_key(root, scale)
            case SignatureReported(numerator, denominator):
                self._hand_on_meter(numerator, denominator)
            case PlayingReported():
                await self._playing(report)
            case BeatReported(precise=True):
                await self._placed(report)
            case _:
                pass

    async def _tempo(self, bpm: float) -> None:
        state = self._room.state
        if not MINIMUM_BPM <= bpm <= MAXIMUM_BPM:
            log.warning("live.tempo_out_of_range", bpm=bpm)
            return
        if same(bpm, self._bpm()) and len(state.tempo_map.changes) == 1:
            return
        event = TempoSet(tempo_map=TempoMap.constant(round(bpm, 4)))
        await self._tell("tempo", bpm, event)

    async def _playing(self, report: PlayingReported) -> None:
        self._starting = False
        transport = self._room.state.transport
        if report.playing == transport.playing or self._echoes.take("playing", report.playing):
            return
        if report.playing:
            self._starting = True  # its position comes within a tick
        elif self.leads:
            beat = self._link.mirror.beat or 0.0
            await self._tell("playing", False, self._transport(beat, playing=False))
        else:
            self._ask("playing", SetTransport(action="stop"))

    async def _placed(self, report: BeatReported) -> None:
        """Live is exactly there: where it starts from, or where it jumped to."""
        beat = report.beat + self._seconds_since(report.at) * self._bpm() / 60
        if self._starting:
            self._starting = False
            if self.leads:
                await self._tell("playing", True, self._transport(beat, playing=True))
            else:
                self._ask("playing", self._from(beat))
        elif self.leads and self._is_off(beat):
            self._drifted = 0
            playing = self._room.state.transport.playing
            await self._tell("place", playing, self._transport(beat, playing=playing))

    def _is_off(self, beat: float) -> bool:
        if bool(self._link.mirror.playing) != self._room.state.transport.playing:
            return False
        off = abs(beat - self._room.beat)
        self._drifted = self._drifted + 1 if off * 60 / self._bpm() > DRIFT_SECONDS else 0
        return off > JUMP_BEATS or self._drifted >= DRIFTED_TIMES

    async def _tell(self, kind: Kind, value: object, event: Event) -> None:
        wish = next((each for each in self._wishes if _meets(each, kind, value)), None)
        before = self._room.state
        user = wish.user if wish is not None else None
        cause = wish.cause if wish is not None else None
        sequenced = await self._room.tell(event, user=user, cause=cause)
        place = kept_place(before, sequenced)
        if place is not None:
            await self._room.tell(place, user=user, cause=cause)
        if wish is not None and not wish.told.done():
            wish.told.set_result(sequenced)

    def _hand_on_tempo(self, bpm: float) -> None:
        if not same(bpm, self._bpm()) and not self._echoes.take("tempo", bpm):
            act = SetParameter(
                path="session/tempo", value=round(bpm, 4), gesture=f"{self._name} tempo"
            )
            self._ask("tempo", act)

    def _hand_on_key(self, root: int, scale: str) -> None:
        key = key_of(root, scale)
        if key is None or key == self._room.state.key or self._echoes.take("key", (root, scale)):
            return
        self._ask("key", SetParameter(path="session/key", value=key.name))

    def _hand_on_meter(self, numerator: int, denominator: int) -> None:
        meter = self._room.state.meter
        known = (meter.numerator, meter.denominator) == (numerator, denominator)
        if known or self._echoes.take("meter", (numerator, denominator)):
            return
        if not 1 <= numerator <= MAXIMUM_NUMERATOR or denominator not in DENOMINATORS:
            log.warning("live.meter_out_of_range", numerator=numerator, denominator=denominator)
            return
        name = Meter(numerator, denominator).name
        self._ask("meter", SetParameter(path="session/meter", value=name))

    def _ask(self, kind: Kind, act: Act) -> None:
        """Ask the session, unless just this is being asked already."""
        asked = self._asked.get(kind)
        if asked is None or asked[0] != act or asked[1].done():
            refused = self._wake_moved if kind == "playing" else self._wake.set
            task = self._room.ask(act, refused)
            task.add_done_callback(lambda _task: self._wake.set())
            self._asked[kind] = act, task

    def _is_asked(self, kind: Kind) -> bool:
        """Whether the session has not answered yet what a hand in Live wants."""
        asked = self._asked.get(kind)
        return asked is not None and not asked[1].done()

    # --- small things -----------------------------------------------------------------------

    def _from(self, beat: float) -> SetTransport:
        bar_beats = quarters(self._room.state.meter.bar_ticks)
        bar = int(max(0.0, beat) // bar_beats)
        return SetTransport(action="play", bar=bar + 1, beat=max(0.0, beat) - bar * bar_beats)

    def _transport(self, beat: float, *, playing: bool) -> TransportChanged:
        tick = round(max(0.0, beat) * TICKS_PER_QUARTER)
        return TransportChanged(playing=playing, tick=tick, since=self._room.now)

    def _bpm(self) -> float:
        state = self._room.state
        return state.tempo_map.bpm_at(state.tick_at(self._room.now))

    def _live_beat(self) -> float:
        mirror = self._link.mirror
        return (mirror.beat or 0.0) + self._seconds_since(mirror.beat_at) * self._bpm() / 60

    def _seconds_since(self, at: float) -> float:
        return self._clock.monotonic() - at if self._link.mirror.playing else 0.0

    def _wake_moved(self) -> None:
        self._moved = True
        self._wake.set()


def _meets(wish: _Wish, kind: Kind, value: object) -> bool:
    return wish.kind == kind and not wish.told.done() and equal(wish.value, value)
