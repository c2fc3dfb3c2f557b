"""A clock outside, bound to the session that its owner has open: it leads it, or follows."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

import structlog

from musearoo.conductor.accounts import LOCAL_OWNER
from musearoo.conductor.conductor import Conductor
from musearoo.domain.errors import MuseArooError, Unavailable
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
from musearoo.domain.ids import SessionId, UserId
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Actor
from musearoo.live.link import PresenceChanged, Report, TimeLink
from musearoo.live.room import Room
from musearoo.live.timekeeping import Timekeeping

log = structlog.get_logger(__name__)

_TITLES: Final[dict[ClockSource, str]] = {"live": "Ableton Live", "link": "Ableton Link"}


class Binding:
    """What belongs to one binding, and ends with it."""

    def __init__(self, room: Room, time: Timekeeping) -> None:
        self.room = room
        self.time = time
        self.tasks: list[asyncio.Task[None]] = []


class TimeBridge:
    """Implements `ports.leading.Leader` for the session that a clock is bound to.

    `name` is the clock source that it stands for; `owner` is the e-mail address of the account
    whose session it goes with.
    """

    heeded: tuple[type[Event], ...] = (
        TempoSet, ContextAdopted, KeySet, MeterSet, TransportChanged, ClockSourceSet,
    )  # fmt: skip

    def __init__(
        self,
        link: TimeLink,
        conductor: Conductor,
        *,
        name: ClockSource,
        owner: str = LOCAL_OWNER,
    ) -> None:
        self._time_link = link
        self._name = name
        self._owner = owner.casefold()
        self._owner_id: UserId | None = None
        self._conductor = conductor
        self._world = conductor.world
        self._bound: Binding | None = None
        self._unsubscribe: Callable[[], None] = _nothing
        self._news: asyncio.Queue[Report | Sequenced] = asyncio.Queue()
        self._open = False

    async def open(self) -> None:
        """Look for the clock, and lead sessions that choose it; raises `Unavailable`."""
        await self._time_link.open()
        self._open = True
        self._time_link.listen(self._news.put_nowait)
        self._world.leaders[self._name] = self
        self._world.spawn(self._work(), name=f"{self._name}.bridge")
        self._conductor.pairings.on_opened(self._opened_by)

    async def close(self) -> None:
        """Leave the clock and the session as they are."""
        self._open = False
        self._world.leaders.pop(self._name, None)
        await self._unbind()
        await self._time_link.close()

    async def bind(self, actor: Actor, session: SessionId) -> None:
        """Bind the clock to a session, for a person in whose name a hand at it acts."""
        owner = await self._conductor.sessions.open(session)
        await self._unbind()
        origin = Origin("system", self._name, self._name, _TITLES[self._name])
        bound = self._binding(Room(self._conductor, owner, actor, origin))
        self._bound = bound
        self._unsubscribe = self._world.bus.subscribe(session, self._happened)
        bound.tasks.append(self._world.spawn(bound.time.keep(), name=f"{self._name}.time"))
        log.info("clock.bound", clock=self._name, session=session)
        self._news.put_nowait(PresenceChanged(self._time_link.mirror.presence))

    def _binding(self, room: Room) -> Binding:
        return Binding(room, self._timekeeping(room))

    def _timekeeping(self, room: Room) -> Timekeeping:
        return Timekeeping(self._time_link, room, self._world.clock, self._name)

    async def _unbind(self) -> None:
        self._unsubscribe()
        self._unsubscribe = _nothing
        bound, self._bound = self._bound, None
        if bound is None:
            return
        for task in bound.tasks:
            task.cancel()
        try:
            await self._left(bound)
        except MuseArooError as failure:  # the project is gone
            log.info("clock.not_left", clock=self._name, detail=failure.detail)

    async def _left(self, bound: Binding) -> None:
        """A binding has ended: the clock goes with its session no more."""

    # --- as the leader of a session ----------------------------------------------------------

    def leads(self, session: SessionId) -> bool:
        bound = self._bound
        there = self._time_link.mirror.presence != "gone"
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

    def _of(self, session: SessionId) -> Binding:
        if self._bound is None or self._bound.room.session != session:
            raise Unavailable(f"{_TITLES[self._name]} is bound to another session by now.")
        return self._bound

    # --- news, one after the other ------------------------------------------------------------

    def _happened(self, events: Sequence[Sequenced]) -> None:
        for sequenced in events:
            if isinstance(sequenced.event, self.heeded):
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
                        await self._follow(bound, news.event)
                else:
                    await self._report(bound, news)
            except MuseArooError as failure:
                log.warning("clock.not_followed", clock=self._name, detail=failure.detail)
            except Exception:  # one piece of news must not end the bridge
                log.exception("clock.bridge_failed", clock=self._name)

    async def _follow(self, bound: Binding, event: Event) -> None:
        """Something happened in the session."""
        bound.time.happened(event)
        if isinstance(event, ClockSourceSet) and event.source == self._name:
            await bound.time.led_anew()

    async def _report(self, bound: Binding, report: Report) -> None:
        """Something happened at the clock."""
        if report != PresenceChanged("here"):
            await bound.time.heard(report)
            return
        bound.time.arrived()
        if bound.time.leads:
            await bound.time.led_anew()

    def _begin(self, bound: Binding, work: Coroutine[Any, Any, None]) -> None:
        """What takes longer than news may wait; it ends with the binding."""
        bound.tasks = [task for task in bound.tasks if not task.done()]
        bound.tasks.append(self._world.spawn(_unless_refused(work), name=f"{self._name}.work"))

    def _opened_by(self, actor: Actor, session: SessionId) -> None:
        """Go with the owner of the clock to the session that they opened last."""
        if self._open:
            self._world.spawn(self._go_with(actor, session), name=f"{self._name}.bind")

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
