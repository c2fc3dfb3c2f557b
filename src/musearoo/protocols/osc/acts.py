"""Acts that depend on the session: controllers, notes, places, takes by number."""

from typing import TYPE_CHECKING, Final

from musearoo.codecs.osc import Message
from musearoo.codecs.osc.addresses import Request
from musearoo.conductor.conductor import Conductor
from musearoo.conductor.live_notes import LiveNote
from musearoo.domain.commands import Act, SelectTake, SetTransport
from musearoo.domain.errors import InvalidValue
from musearoo.domain.ids import ProjectId, SessionId
from musearoo.domain.music.ticks import TICKS_PER_QUARTER
from musearoo.domain.permissions import Access, Permission
from musearoo.domain.session.state import SessionState

if TYPE_CHECKING:
    from musearoo.protocols.osc.peer import Peer

_OFF_TICKS: Final = TICKS_PER_QUARTER // 2
_HIGHEST: Final = 127  # of a MIDI controller


class Acts:
    """Makes the act that the table alone cannot make."""

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor

    async def make(
        self, peer: "Peer", session: SessionId, request: Request, message: Message
    ) -> Act | None:
        """The act of a message, or None when there is nothing to do; raises refusals."""
        access = await self._conductor.gate.access(
            peer.actor,
            ProjectId(session),
            request.address.permission or Permission.VIEW,
            peer.origin,
        )
        state = (await self._conductor.sessions.open(session)).state
        values = request.values
        match request.address.path:
            case "/musearoo/cc/{channel}/{number}":
                place = values["channel"], values["number"]
                position = _position(message.arguments[0], values["value"])
                return self._conductor.controls.moved(peer.actor, session, state, place, position)
            case "/musearoo/note/{channel}":
                note = LiveNote(values["channel"], values["pitch"], values["velocity"])
                self._conductor.live_notes.play(session, note, by=peer)
            case "/live/song/time":
                return self._located(state, values["time"])
            case "/live/clip/trigger":
                return await self._taken(access, _part(state, values["track"]), values["clip"] + 1)
            case path if path.startswith("/musearoo/take/"):
                return await self._taken(access, path.rpartition("/")[2], values["number"])
        return None

    def _located(self, state: SessionState, quarters: float) -> SetTransport | None:
        tick = round(quarters * TICKS_PER_QUARTER)
        if abs(state.tick_at(self._conductor.world.clock.now()) - tick) <= _OFF_TICKS:
            return None
        bar, inside = divmod(tick, state.meter.bar_ticks)
        return SetTransport(action="locate", bar=bar + 1, beat=inside / TICKS_PER_QUARTER)

    async def _taken(self, access: Access, part: str, number: int) -> SelectTake:
        """A part's take by its number, the oldest first."""
        takes = self._conductor.takes
        _, total = await takes.list_for(access, part=part, limit=1, offset=0)
        if not 1 <= number <= total:
            expected = f"1 to {total}" if total else "a take that is there (there is none yet)"
            raise InvalidValue("number", number, f"{expected}, of {part}")
        found, _ = await takes.list_for(access, part=part, limit=1, offset=total - number)
        return SelectTake(part=part, take_id=found[0].id)


def _position(raw: object, value: float) -> float:
    """0 to 1 as a float; integers, and floats above 1, count to 127."""
    whole = isinstance(raw, int) and not isinstance(raw, bool)
    return value / _HIGHEST if whole or value > 1 else value


def _part(state: SessionState, track: int) -> str:
    parts = tuple(state.parts)
    if track >= len(parts):
        raise InvalidValue("track", track, f"below {len(parts)}, the number of parts")
    return parts[track]
