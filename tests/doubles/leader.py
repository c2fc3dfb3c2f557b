"""A clock outside that does at once what it is asked, and reports it."""

from musearoo.conductor.conductor import Conductor
from musearoo.domain.events import Sequenced, TempoSet, TransportChanged
from musearoo.domain.ids import SessionId, UserId
from musearoo.domain.music.tempo_map import TempoMap


class PromptLeader:
    """Implements `ports.leading.Leader`; `there` says whether it is connected."""

    def __init__(self, conductor: Conductor) -> None:
        self.there = True
        self.asked: list[object] = []
        self._conductor = conductor
        conductor.world.leaders["live"] = self

    def leads(self, session: SessionId) -> bool:
        return self.there

    async def set_tempo(
        self, session: SessionId, bpm: float, *, user: UserId, cause: str | None
    ) -> Sequenced | None:
        self.asked.append(bpm)
        owner = await self._conductor.sessions.open(session)
        event = TempoSet(tempo_map=TempoMap.constant(bpm))
        return owner.sequence(event, user=user, cause=cause)

    async def set_transport(
        self,
        session: SessionId,
        *,
        playing: bool | None,
        beat: float | None,
        user: UserId,
        cause: str | None,
    ) -> Sequenced | None:
        self.asked.append((playing, beat))
        owner = await self._conductor.sessions.open(session)
        now = self._conductor.world.clock.now()
        runs = owner.state.transport.playing if playing is None else playing
        event = TransportChanged(playing=runs, tick=round((beat or 0) * 960), since=now)
        return owner.sequence(event, user=user, cause=cause)
