"""Live sound steers a part: how hard it plays and how closely it follows go with what is heard."""

from typing import Final

import msgspec

from musearoo.conductor.sessions import Desk
from musearoo.conductor.stream import Stream
from musearoo.conductor.world import World
from musearoo.domain.commands import Command, SetParameter
from musearoo.domain.errors import MuseArooError
from musearoo.domain.ids import SessionId
from musearoo.domain.origin import Origin
from musearoo.ports.voice import Pulse

INTERVAL_SECONDS: Final = 0.5
SMALLEST: Final = 0.05
"""Smaller changes are not sent: nobody hears them, everybody receives them."""
_SURE: Final = 0.3


def wanted(pulse: Pulse) -> dict[str, float]:
    """The parameters that go with a pulse: louder is harder, a sure beat is followed closer."""
    found = {"intensity": round(0.15 + 0.75 * pulse.energy, 2)}
    if pulse.tempo is not None and pulse.confidence >= _SURE:
        found["follow"] = round(0.3 + 0.6 * pulse.confidence, 2)
    return found


class Steering:
    """Sends what a stream wants of a part, at most twice a second, as its sender's own changes.

    All changes of a parameter share a gesture, so that one undo takes them back.
    """

    def __init__(self, world: World, desk: Desk, session: SessionId, part: str) -> None:
        self._world = world
        self._desk = desk
        self._session = session
        self._part = part
        self._sent: dict[str, float] = {}
        self._next = 0.0
        self._stopped = False

    def follow(self, stream: Stream, origin: Origin) -> None:
        """Steer with this stream from now on; what it does is marked as its own."""
        marked = msgspec.structs.replace(origin, client=f"{origin.client} stream {stream.number}")

        def told(pulse: Pulse) -> None:
            now = self._world.clock.monotonic()
            if self._stopped or now < self._next:
                return
            changes = {
                name: value
                for name, value in wanted(pulse).items()
                if abs(value - self._sent.get(name, -1.0)) >= SMALLEST
            }
            if changes:
                self._next = now + INTERVAL_SECONDS
                self._sent |= changes
                self._world.spawn(self._send(stream, marked, changes), name="stream.steer")

        stream.told = told

    async def _send(self, stream: Stream, origin: Origin, changes: dict[str, float]) -> None:
        for name, value in changes.items():
            path = f"{self._part}/{name}"
            act = SetParameter(path=path, value=value, gesture=f"stream {stream.number} {name}")
            command = Command(session=self._session, actor=stream.actor, act=act, origin=origin)
            try:
                await self._desk.submit(command)
            except MuseArooError:
                self._stopped = True  # the right or the part is gone; the sound goes on
                return
