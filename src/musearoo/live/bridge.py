"""The bridge: one Live, its time and its clips, bound to the session that its owner has open."""

from collections.abc import Mapping

from musearoo.conductor.accounts import LOCAL_OWNER
from musearoo.conductor.conductor import Conductor
from musearoo.domain.events import ClipLaunched, Event, GenerationAccepted, TakeCommitted
from musearoo.live.keeping import Keeper
from musearoo.live.link import (
    LiveLink,
    PresenceChanged,
    Report,
    SetReported,
    SlotPlays,
)
from musearoo.live.room import Room
from musearoo.live.time_bridge import Binding, TimeBridge
from musearoo.live.timekeeping import Timekeeping
from musearoo.ports.hub import LiveHub
from musearoo.ports.leading import LiveStatus


class _Bound(Binding):
    def __init__(self, room: Room, time: Timekeeping, keeper: Keeper) -> None:
        super().__init__(room, time)
        self.keeper = keeper


class LiveBridge(TimeBridge):
    """Implements `ports.leading.LiveDoor` for the session that Live is bound to.

    `tracks` maps parts to the names of tracks where they are called otherwise.
    """

    heeded = (*TimeBridge.heeded, GenerationAccepted, TakeCommitted, ClipLaunched)

    def __init__(
        self,
        link: LiveLink,
        conductor: Conductor,
        *,
        tracks: Mapping[str, str] | None = None,
        hub: LiveHub | None = None,
        owner: str = LOCAL_OWNER,
    ) -> None:
        super().__init__(link, conductor, name="live", owner=owner)
        self.hub = hub
        self._link = link
        self._tracks = dict(tracks or {})

    async def open(self) -> None:
        """Look for Live, and lead sessions that choose it; raises `Unavailable`."""
        await super().open()
        self._conductor.leading.live = self

    async def close(self) -> None:
        """Leave Live and the session as they are."""
        self._conductor.leading.live = None
        await super().close()

    def status(self) -> LiveStatus:
        bound, mirror = self._bound, self._link.mirror
        failure = bound.keeper.failure if isinstance(bound, _Bound) else None
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

    def _binding(self, room: Room) -> Binding:
        keeper = Keeper(self._link, room, self._world.clock, self._tracks)
        bound = _Bound(room, self._timekeeping(room), keeper)
        bound.tasks.append(self._world.spawn(keeper.keep_settling(), name="live.clips"))
        return bound

    async def _left(self, bound: Binding) -> None:
        if isinstance(bound, _Bound):
            await bound.keeper.leave()

    async def _follow(self, bound: Binding, event: Event) -> None:
        await super()._follow(bound, event)
        if not isinstance(bound, _Bound):
            return
        match event:
            case GenerationAccepted():
                self._begin(bound, bound.keeper.prepare(event.part, event.bars))
            case TakeCommitted(take_id=take_id) if take_id is not None:
                self._begin(bound, bound.keeper.commit(event.part, take_id))
            case ClipLaunched(take_id=take_id, source="session") if take_id is not None:
                self._begin(bound, bound.keeper.launch(event.part, take_id, event.lands_at))
            case _:
                pass

    async def _report(self, bound: Binding, report: Report) -> None:
        keeper = bound.keeper if isinstance(bound, _Bound) else None
        if keeper is None:
            return
        match report:
            case PresenceChanged("here"):
                await super()._report(bound, report)
                await keeper.arrived()
                self._begin(bound, keeper.settle_debts())
            case PresenceChanged("gone"):
                await keeper.look()
            case SetReported():
                await keeper.arrived()
            case SlotPlays():
                await keeper.played(report)
            case _:
                await super()._report(bound, report)
