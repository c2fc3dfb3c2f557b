"""The bridge: one Live, bound to the session that its owner has open."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

import structlog

from musearoo.conductor.accounts import LOCAL_OWNER
from musearoo.conductor.conductor import Conductor
from musearoo.domain.errors import MuseArooError, Unavailable
from musearoo.domain.events import (
    ClipLaunched,
    ClockSourceSet,
    ContextAdopted,
    GenerationAccepted,
    KeySet,
    MeterSet,
    Sequenced,
    TakeCommitted,
    TempoSet,
    TransportChanged,
)
from musearoo.domain.ids import SessionId, UserId
from musearoo.domain.permissions import Actor
from musearoo.live.keeping import Keeper
from musearoo.live.link import (
    LiveLink,
    PresenceChanged,
    Report,
    SetReported,
    SlotPlays,
)
from musearoo.live.room import Room
from musearoo.live.timekeeping import Timekeeping
from musearoo.ports.hub import LiveHub
from musearoo.ports.leading import LiveStatus

log = structlog.get_logger(__name__)

_HEEDED: Final = (
    TempoSet, ContextAdopted, KeySet, MeterSet, TransportChanged, ClockSourceSet,
    GenerationAccepted, TakeCommitted, ClipLaunched,
)  # fmt: skip


class _Bound:
    """What belongs to one binding, and ends with it."""

    def __init__(self, room: Room, time: Timekeeping, keeper: Keeper) -> None:
        self.room = room
        self.time = time
        self.keeper = keeper
        self.tasks: list[asyncio.Task[None]] = []


class LiveBridge:
    """Implements `ports.leading.LiveDoor` for the session that Live is bound to.

    `tracks` maps parts to the names of tracks where they are called otherwise; `owner` is the
    e-mail address of the account whose session it goes with.
    """

    def __init__(
        self,
        link: LiveLink,
        conductor: Conductor,
        *,
        tracks: Mapping[str, str] | None = None,
        hub: LiveHub | None = None,
        owner: str = LOCAL_OWNER,
    ) -> None:
        self.hub = hub
        self._owner = owner.casefold()
        self._owner_id: UserId | None = None
        self._link = link
        self._conductor = conductor
        self._world = conductor.world
        self._tracks = dict(tracks or {})
        self._bound: _Bound | None = None
        self._unsubscribe: Callable[[], None] = _nothing
        self._news: asyncio.Queue[Report | Sequenced] = asyncio.Queue()
        self._open = False

    async def open(self) -> None:
        """Look for Live, and lead sessions that choose it; raises `Unavailable`."""
        await self._link.open()
        self._open = True
        self._link.listen(self._news.put_nowait)
        self._world.leaders["live"] = self
        self._conductor.leading.live = self
        self._world.spawn(self._work(), name="live.bridge")
        self._conductor.pairings.on_opened(self._opened_by)

    async def close(self) -> None:
        """Leave Live and the session as they are."""
        self._open = False
        self._world.leaders.pop("live", None)
        self._conductor.leading.live = None
        self._unbind()
        await self._link.close()

    def status(self) -> LiveStatus:
        bound, mirror = self._bound, self._link.mirror
        failure = bound.keeper.failure if bound is not None else None
        return LiveStatus(
            way=self._link.capabilities.name,
            presence=mirror.presence,
            version=mirror.version,
            session_id=bound.room.session if bound is not None else None,
            tempo=mirror.tempo,
            playing=mirror.playing,
            tracks=tuple(track.name for track in mirror.tracks),
            failure=f"{failure.part}: {failure.detail}" if failure is not None else None,
        )

    async def bind(self, actor: Actor, session: SessionId) -> None:
        """Bind Live to a session, for a person in whose name a hand in Live acts."""
        owner = await self._conductor.sessions.open(session)
        self._unbind()
        room = Room(self._conductor, owner, actor)
        bound = _Bound(
            room,
            Timekeeping(self._link, room, self._world.clock),
            Keeper(self._link, room, self._world.clock, self._tracks),
        )
        self._bound = bound
        self._unsubscribe = self._world.bus.subscribe(session, self._happened)
        bound.tasks.append(self._world.spawn(bound.time.keep(), name="live.time"))
        bound.tasks.append(self._world.spawn(bound.keeper.keep_settling(), name="live.clips"))
        log.info("live.bound", session=session)
        if self._link.mirror.presence != "gone":
            self._news.put_nowait(PresenceChanged(self._link.mirror.presence))

    def _unbind(self) -> None:
        self._unsubscribe()
        self._unsubscribe = _nothing
        bound, self._bound = self._bound, None
        for task in bound.tasks if bound is not None else ():
            task.cancel()

    # --- as the leader of a session ----------------------------------------------------------

    def leads(self, session: SessionId) -> bool:
        bound = self._bound
        there = self._link.mirror.presence != "gone"
        return there and bound is not None and bound.room.session == session

    async def set_tempo(
        self, session: SessionId, bpm: float, *, user: UserId, cause: str | None
    ) -> Sequenced | None:
        return await self._of(session).time.set_tempo(bpm, user, cause)

    async def set_transport(
        self,
        session: SessionId,
        *,
        playing: bool | None,
        beat: float | None,
        user: UserId,
        cause: str | None,
    ) -> Sequenced | None:
        time = self._of(session).time
        return await time.set_transport(playing=playing, beat=beat, user=user, cause=cause)

    def _of(self, session: SessionId) -> _Bound:
        if self._bound is None or self._bound.room.session != session:
            raise Unavailable("Ableton Live is bound to another session by now.")
        return self._bound

    # --- news, one after the other ------------------------------------------------------------

    def _happened(self, events: Sequence[Sequenced]) -> None:
        for sequenced in events:
            if isinstance(sequenced.event, _HEEDED):
                self._news.put_nowait(sequenced)

    async def _work(self) -> None:
        while self._open:
            news = await self._news.get()
            bound = self._bound
            if bound is None:
                continue
            try:
                if isinstance(news, Sequenced):
                    if news.session == bound.room.session:
                        await self._follow(bound, news)
                else:
                    await self._report(bound, news)
            except MuseArooError as failure:
                log.warning("live.not_done", detail=failure.detail)
            except Exception:  # one piece of news must not end the bridge
                log.exception("live.bridge_failed")

    async def _follow(self, bound: _Bound, news: Sequenced) -> None:
        event = news.event
        bound.time.happened(event)
        match event:
            case ClockSourceSet(source="live"):
                await bound.time.led_anew()
            case GenerationAccepted():
                self._begin(bound, bound.keeper.prepare(event.part, event.bars))
            case TakeCommitted(take_id=take_id) if take_id is not None:
                self._begin(bound, bound.keeper.commit(event.part, take_id))
            case ClipLaunched(take_id=take_id, source="session") if take_id is not None:
                self._begin(bound, bound.keeper.launch(event.part, take_id, event.lands_at))
            case _:
                pass

    async def _report(self, bound: _Bound, report: Report) -> None:
        match report:
            case PresenceChanged("here"):
                bound.time.arrived()
                if bound.time.live_leads:
                    await bound.time.led_anew()
                await bound.keeper.arrived()
                self._begin(bound, bound.keeper.settle_debts())
            case PresenceChanged("gone") | SetReported():
                await bound.keeper.look()
            case SlotPlays():
                await bound.keeper.played(report)
            case _:
                await bound.time.heard(report)

    def _begin(self, bound: _Bound, work: Coroutine[Any, Any, None]) -> None:
        """What takes longer than news may wait; it ends with the binding."""
        bound.tasks = [task for task in bound.tasks if not task.done()]
        bound.tasks.append(self._world.spawn(_unless_refused(work), name="live.clip"))

    def _opened_by(self, actor: Actor, session: SessionId) -> None:
        """Go with the owner of Live to the session that they opened last."""
        if self._open:
            self._world.spawn(self._go_with(actor, session), name="live.bind")

    async def _go_with(self, actor: Actor, session: SessionId) -> None:
        if self._owner_id is None:
            user = await self._world.store.read(lambda tx: tx.accounts.find_by_email(self._owner))
            self._owner_id = user.id if user is not None else None
        here = self._bound.room.session if self._bound is not None else None
        if actor.user == self._owner_id and session != here:
            await self.bind(actor, session)


def _nothing() -> None:
    return


async def _unless_refused(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except MuseArooError as failure:
        log.warning("live.not_done", detail=failure.detail)
