"""The door: what all connections share, and the one timer that looks after them."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from musearoo.conductor.conductor import Conductor
from musearoo.conductor.room_chat import Chat
from musearoo.conductor.room_entrance import Entrance
from musearoo.domain.ids import UserId
from musearoo.protocols.ws.drafts import whisper
from musearoo.protocols.ws.flushing import Flusher
from musearoo.protocols.ws.lobby import Lobby
from musearoo.protocols.ws.options import WsOptions
from musearoo.protocols.ws.room import Rooms

if TYPE_CHECKING:
    from musearoo.protocols.ws.connection import Connection

log = structlog.get_logger(__name__)

SWEEP_SECONDS: Final = 1.0
_AT_A_TIME: Final = 25  # guests looked up anew before others have their turn


class Door:
    """Holds the rooms and every living connection. Start it with the loop, close it last."""

    def __init__(self, conductor: Conductor, options: WsOptions | None = None) -> None:
        self.conductor = conductor
        self.options = options or WsOptions()
        self.clock = conductor.world.clock
        self.entrance = Entrance(conductor.world, conductor.gate, conductor.passes)
        self.chat = Chat(conductor.gate, conductor.sessions, conductor.repeats)
        self.flusher = Flusher(self.clock.monotonic)
        self.rooms = Rooms(conductor, self.options.linger_seconds, self.flusher.add)
        self.lobby = Lobby(
            in_all=self.options.unauthenticated,
            per_address=self.options.unauthenticated_per_address,
            waiting=self.options.waiting,
        )
        self.connections: set[Connection] = set()
        self.users: dict[UserId, int] = {}
        self._rechecking = False
        self._doubted: set[UserId | None] = set()  # whose rights changed; None: anybody's
        self._timer: asyncio.TimerHandle | None = None
        conductor.gate.on_change(self._recheck)
        conductor.drafts.on_news(partial(whisper, self.rooms))

    def start(self) -> None:
        """Begin to look after connections; call it on the running loop."""
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(SWEEP_SECONDS, self._sweep)

    def close(self) -> None:
        """Look after nobody any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _sweep(self) -> None:
        now = self.clock.monotonic()
        for connection in tuple(self.connections):
            connection.tick(now)
            if connection.wants_ping(now):
                connection.ping()
        self.rooms.sweep(now)
        self.start()

    def _recheck(self, user: UserId | None) -> None:
        if self.connections:
            self._doubted.add(user)
        if self._doubted and not self._rechecking:
            self._rechecking = True
            self.conductor.world.spawn(self._recheck_all(), name="ws.recheck")

    async def _recheck_all(self) -> None:
        try:
            while self._doubted:
                doubted, self._doubted = self._doubted, set()
                for number, connection in enumerate(self._of(doubted)):
                    await connection.recheck()
                    if number % _AT_A_TIME == _AT_A_TIME - 1:
                        await asyncio.sleep(0)
        finally:
            self._rechecking = False

    def _of(self, users: set[UserId | None]) -> list["Connection"]:
        """The connections of some people, before all others if these are meant too."""
        joined = [each for each in self.connections if each.guest is not None]
        named = [each for each in joined if each.guest and each.guest.actor.user in users]
        return named if None not in users else list(dict.fromkeys((*named, *joined)))
