"""`LiveLink` over our own remote script: it connects to us, and confirms each request."""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import structlog
from msgspec.structs import replace

from musearoo.codecs.osc import Argument, Double, Message
from musearoo.domain.errors import Conflict, MuseArooError, Unavailable
from musearoo.live.link import (
    Capabilities,
    Clip,
    Listener,
    Mirror,
    Place,
    Presence,
    PresenceChanged,
    Report,
    Written,
)
from musearoo.live.script.book import Book
from musearoo.live.script.connection import Connection, Hello
from musearoo.live.script.notes import writing
from musearoo.ports.ambient import Clock
from musearoo.ports.tasks import Spawn

log = structlog.get_logger(__name__)

PORT: Final = 11_002
HEARTBEAT_SECONDS: Final = 1.0
BUSY_AFTER: Final = 2
GONE_AFTER: Final = 10
CONFIRM_SECONDS: Final = 5.0
_GREETING_SECONDS: Final = 5.0
_PENALTY_SECONDS: Final = 1.0
_GREETING: Final = 8
_LOG_SECONDS: Final = 60.0

_OTHER_VERSION: Final = (
    "If the script in Live is of another version, run `musearoo live install` and start Live again."
)

_Answer = tuple[Argument, ...]


class Where(msgspec.Struct, frozen=True):
    """Where scripts are awaited; port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = PORT


class ScriptLink:
    """Listens on a port for the script in one Live, which must know the token.

    Where two connect, the first stays, unless it has been silent for some seconds.
    """

    capabilities = Capabilities(
        name="MuseAroo script",
        undo_step=True,
        probability=True,
        release_velocity=True,
        structure_reports=True,
    )

    def __init__(self, where: Where, token: str, *, clock: Clock, spawn: Spawn) -> None:
        self.port = where.port
        self._where = where
        self._token = token
        self._clock = clock
        self._spawn = spawn
        self._server: asyncio.Server | None = None
        self._greeting: deque[Connection] = deque()
        self._current: Connection | None = None
        self._book = Book()
        self._presence: Presence = "gone"
        self._silent = 0
        self._version = ""
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[_Answer]] = {}
        self._grown = asyncio.Event()
        self._listeners: list[Listener] = []
        self._warned_at = float("-inf")

    @property
    def mirror(self) -> Mirror:
        return replace(self._book.mirror, presence=self._presence, version=self._version)

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        where = self._where
        try:
            self._server = await loop.create_server(self._accept, where.host, where.port)
        except OSError as error:
            raise Unavailable(
                f"Port {where.port} on {where.host} for the script in Live cannot be opened "
                f"({error.strerror}); stop what uses it."
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]
        self._spawn(self._keep_beating(self._server), name="live.heartbeat")

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in (*self._greeting, self._current):
            if connection is not None:
                connection.abort()
        self._lose("The server is closing.")

    # --- requests -----------------------------------------------------------------------------

    async def set_tempo(self, bpm: float) -> None:
        await self._ask("/live/set/tempo", Double(bpm))

    async def set_signature(self, numerator: int, denominator: int) -> None:
        await self._ask("/live/set/signature", numerator, denominator)

    async def set_key(self, root: int, scale: str) -> None:
        await self._ask("/live/set/key", root, scale)

    async def play(self, beat: float | None = None) -> None:
        if beat is not None:
            await self.locate(beat)
        await self._ask("/live/play")

    async def stop(self) -> None:
        await self._ask("/live/stop")

    async def locate(self, beat: float) -> None:
        await self._ask("/live/set/time", Double(beat))

    async def fire(self, place: Place) -> None:
        self._require_live()
        await self._ask("/live/fire/slot", *self._book.numbers(place))

    async def create_midi_track(self, name: str) -> int:
        answer = await self._ask("/live/create/track", name)
        return await self._appeared(answer, lambda: self._book.size[0])

    async def create_scene(self) -> int:
        answer = await self._ask("/live/create/scene")
        return await self._appeared(answer, lambda: self._book.size[1])

    async def prepare_clip(self, place: Place, name: str, length: float) -> None:
        await self._write(place, Clip(name=name, length=length), None)

    async def write_clip(self, place: Place, clip: Clip, *, over: str | None) -> Written:
        begun = self._clock.monotonic()
        await self._write(place, clip, over)
        seconds = self._clock.monotonic() - begun
        return Written(place=place, notes=len(clip.notes), seconds=seconds)

    async def _write(self, place: Place, clip: Clip, over: str | None) -> None:
        self._require_live()
        number = next(self._numbers)
        messages = writing(number, *self._book.numbers(place), clip, over)
        match await self._answered(number, tuple(messages)):
            case (int(), 0):
                return
            case (int() as notes, int() as different):
                raise Conflict(
                    f"Live keeps {different} of {notes} notes otherwise than they were sent; "
                    "notes of one pitch must not overlap."
                )
            case _:
                raise Unavailable(_OTHER_VERSION)

    def _require_live(self) -> Connection:
        if self._current is None or self._presence == "gone":
            raise Unavailable(
                "Ableton Live is not there. Start it with the control surface MuseAroo chosen "
                "(`musearoo live install` puts it in place)."
            )
        return self._current

    async def _ask(self, address: str, *values: Argument) -> _Answer:
        number = next(self._numbers)
        return await self._answered(number, (Message(address, (number, *values)),))

    async def _answered(self, number: int, messages: Sequence[Message]) -> _Answer:
        connection = self._require_live()
        answer: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            if not connection.send(*messages):
                raise Unavailable("Ableton Live does not read what is sent to it.")
            async with asyncio.timeout(CONFIRM_SECONDS):
                return await answer
        except TimeoutError:
            raise Unavailable(
                f"Ableton Live has not confirmed within {CONFIRM_SECONDS:.0f} s, as when one of "
                "its menus is open; it may still do what was asked."
            ) from None
        finally:
            self._asked.pop(number, None)

    async def _appeared(self, answer: _Answer, count: Callable[[], int]) -> int:
        """Wait until the mirror has what was made; its number."""
        index = answer[0] if answer else None
        if not isinstance(index, int):
            raise Unavailable(_OTHER_VERSION)
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                while count() <= index:
                    self._require_live()
                    self._grown.clear()
                    await self._grown.wait()
        except TimeoutError:
            raise Unavailable("Ableton Live has not shown what it made.") from None
        return index

    # --- connections --------------------------------------------------------------------------

    def _accept(self) -> Connection:
        if len(self._greeting) >= _GREETING:
            self._greeting.popleft().abort()
        connection = Connection(self, self._token)
        self._greeting.append(connection)
        loop = asyncio.get_running_loop()
        loop.call_later(_GREETING_SECONDS, self._tire_of, connection)
        return connection

    def _tire_of(self, connection: Connection) -> None:
        if connection in self._greeting:
            connection.abort()

    def admits(self, connection: Connection, hello: Hello) -> bool:
        self._greeting.remove(connection)
        if self._current is not None:
            if self._silent <= BUSY_AFTER:
                log.info("live.second_refused", live=hello.live)
                return False
            self._current.abort()
            self._lose("Another Live has taken over.")
        self._current = connection
        self._silent = 0
        self._version = hello.live
        log.info("live.script_connected", live=hello.live, script=hello.script)
        return True

    def strayed(self, connection: Connection) -> None:
        """A stranger is let go after a while, so that guessing is slow."""
        now = self._clock.monotonic()
        if now - self._warned_at >= _LOG_SECONDS:
            self._warned_at = now
            log.warning("live.refused", known=connection.greeted)
        if connection.greeted:
            connection.abort()
        else:
            asyncio.get_running_loop().call_later(_PENALTY_SECONDS, connection.abort)

    def left(self, connection: Connection) -> None:
        if connection in self._greeting:
            self._greeting.remove(connection)
        if connection is self._current:
            self._lose("Ableton Live has left.")

    def heard(self, connection: Connection, messages: Sequence[Message]) -> None:
        if connection is not self._current:
            return
        self._silent = 0
        if self._presence == "busy":
            self._become("here")
        now = self._clock.monotonic()
        reports: list[Report] = []
        ready = False
        for message in messages:
            if message.address in {"/live/ok", "/live/failed"}:
                self._settle(message)
            elif message.address == "/live/ready":
                ready = True
            else:
                reports += self._book.hear(message, now)
        if ready or self._presence == "here":  # until then it would be built anew for nothing
            reports += self._book.settle()
            self._grown.set()
        if self._presence == "here":
            for report in reports:
                self._tell(report)
        elif ready:
            self._become("here")

    def _settle(self, message: Message) -> None:
        number, *values = message.arguments or (0,)
        answer = self._asked.get(number) if isinstance(number, int) else None
        if answer is None or answer.done():
            return  # its asker has given up
        if message.address == "/live/ok":
            answer.set_result(tuple(values))
        else:
            code, text = (str(each) for each in (*values, "", "")[:2])
            answer.set_exception(_refusal(code, text))

    async def _keep_beating(self, server: asyncio.Server) -> None:
        while self._server is server:
            if self._current is not None:
                self._silent += 1
                if self._silent > GONE_AFTER:
                    self._current.abort()
                    self._lose("Ableton Live does not answer.")
                else:
                    if self._silent > BUSY_AFTER and self._presence == "here":
                        self._become("busy")
                    self._current.send(Message("/live/ping", (0,)))
            await self._clock.sleep(HEARTBEAT_SECONDS)

    def _lose(self, why: str) -> None:
        self._current = None
        self._book.forget()
        self._version = ""
        asked, self._asked = self._asked, {}
        for answer in asked.values():
            if not answer.done():
                answer.set_exception(Unavailable(why))
        self._grown.set()
        self._become("gone")

    def _become(self, presence: Presence) -> None:
        if presence == self._presence:
            return
        self._presence = presence
        log.info("live.presence", presence=presence, version=self._version)
        self._tell(PresenceChanged(presence))

    def _tell(self, report: Report) -> None:
        for listener in tuple(self._listeners):
            listener(report)


def _refusal(code: str, text: str) -> MuseArooError:
    if code in {"unknown", "unsupported", "invalid"}:
        return Unavailable(f"{text}. {_OTHER_VERSION}")
    return Conflict(text)
