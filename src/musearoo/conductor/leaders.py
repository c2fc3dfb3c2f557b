"""Who keeps a session's time, and what is answered when it has done what was asked."""

from typing import Final

from musearoo.conductor.sessions import Ack, Deed
from musearoo.conductor.world import World
from musearoo.domain.errors import Unavailable
from musearoo.domain.events import Sequenced
from musearoo.ports.leading import Leader

_NAMES: Final = {"live": "Ableton Live", "link": "Ableton Link"}


def leader_of(world: World, deed: Deed) -> Leader | None:
    """Who keeps the time of the session, None for itself; raises `Unavailable` if away."""
    source = deed.session.state.clock_source
    return None if source == "session" else leader(world, deed, source)


async def reported(deed: Deed, sequenced: Sequenced | None) -> Ack:
    """The answer to a request that the leader has carried out."""
    seq = sequenced.seq if sequenced is not None else deed.session.seq
    ack = Ack(seq=seq, epoch=deed.session.epoch)
    await deed.session.commit(lambda tx: deed.keep(tx, ack))
    return ack


def leader(world: World, deed: Deed, source: str) -> Leader:
    """The clock of that name, if it is bound to the session; else raises `Unavailable`."""
    found = world.leaders.get(source)
    if found is None or not found.leads(deed.command.session):
        raise Unavailable(
            f"{_NAMES[source]} is not connected to this session; start it, "
            'or set the clock source to "session".'
        )
    return found
