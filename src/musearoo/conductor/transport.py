"""The transport of a session: play, stop, locate, loop, panic."""

from msgspec.structs import replace

from musearoo.conductor.leaders import leader_of, reported
from musearoo.conductor.parameters import settle
from musearoo.conductor.sessions import Ack, Deed, Desk
from musearoo.conductor.world import World
from musearoo.domain.commands import SetTransport
from musearoo.domain.engine import MAXIMUM_BARS
from musearoo.domain.errors import Conflict, InvalidValue
from musearoo.domain.events import TransportChanged
from musearoo.domain.music.ticks import TICKS_PER_QUARTER, quarters
from musearoo.domain.session.landing import land
from musearoo.domain.session.state import SessionState


class Transport:
    """Carries out transport commands."""

    def __init__(self, world: World, desk: Desk) -> None:
        self._world = world
        desk.take_on(SetTransport, self.set_transport)

    async def set_transport(self, deed: Deed, act: SetTransport) -> Ack:
        """Change the transport for everyone."""
        if deed.session.state.clock_source != "session" and act.action != "panic":
            return await self._ask(deed, act)
        now = self._world.clock.now()
        landing = land(deed.session.state, deed.at, now)
        event = _changed(deed.session.state, act, landing.server_time or now)
        return await settle(deed, event, landing=landing)

    async def _ask(self, deed: Deed, act: SetTransport) -> Ack:
        """Ask whoever leads; a panic does not wait for that."""
        leader = leader_of(self._world, deed)
        if leader is None or act.action == "loop":
            raise Conflict("Another clock leads this session; set the loop there.")
        placed = act.action == "locate" or (act.action == "play" and act.bar is not None)
        sequenced = await leader.set_transport(
            deed.session.session,
            playing={"play": True, "stop": False}.get(act.action),
            beat=quarters(_tick(deed.session.state, act)) if placed else None,
            user=deed.command.actor.user,
            cause=deed.command.id,
        )
        return await reported(deed, sequenced)


def _changed(state: SessionState, act: SetTransport, now: float) -> TransportChanged:
    tick = state.tick_at(now)
    current = TransportChanged(
        playing=state.transport.playing, tick=tick, since=now, loop=state.transport.loop
    )
    match act.action:
        case "play":
            start = tick if act.bar is None else _tick(state, act)
            return replace(current, playing=True, tick=start)
        case "stop":
            return replace(current, playing=False)
        case "panic":
            return replace(current, playing=False, panic=True)
        case "locate":
            return replace(current, tick=_tick(state, act))
        case "loop":
            return replace(current, loop=_loop(state, act))


def _tick(state: SessionState, act: SetTransport) -> int:
    bar = 1 if act.bar is None else act.bar
    if not 0 <= bar <= MAXIMUM_BARS or not 0 <= act.beat <= MAXIMUM_BARS:
        raise InvalidValue("bar", bar, f"0 to {MAXIMUM_BARS}, with a beat of 0 or more")
    return max(0, bar - 1) * state.meter.bar_ticks + round(act.beat * TICKS_PER_QUARTER)


def _loop(state: SessionState, act: SetTransport) -> tuple[int, int] | None:
    if act.loop_bars is None:
        return None
    if not 1 <= act.loop_bars <= MAXIMUM_BARS:
        raise InvalidValue("loop_bars", act.loop_bars, f"1 to {MAXIMUM_BARS}")
    start = _tick(state, act)
    return start, start + act.loop_bars * state.meter.bar_ticks
