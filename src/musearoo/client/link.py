"""Staying connected: join, read, lose the connection, come back to where it was."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from musearoo.client.backoff import Backoff
from musearoo.client.follower import Follower, Gap
from musearoo.client.happenings import Connected, Disconnected, Happening
from musearoo.client.outbox import Outbox
from musearoo.client.reading import FrameReader, Read
from musearoo.client.refusals import Ended, Refused, Unreachable
from musearoo.client.rest import Account
from musearoo.client.wire import Wire, WireClosed
from musearoo.codecs.ws import (
    CloseCode,
    ErrorMessage,
    FrameRefused,
    GoingAway,
    Heartbeat,
    Incoming,
    SessionJoin,
    Welcome,
    encode,
    is_final,
    may_resume,
)
from musearoo.codecs.ws.incoming import HeartbeatData, JoinData

_BURST: Final = (0.0, 0.2, 0.2, 0.2, 0.2)  # seconds between the first heartbeats
_WELCOME_SECONDS: Final = 15.0
_ABNORMAL: Final = 1006


@dataclass(frozen=True, slots=True)
class Options:
    """How a client behaves.

    `give_up_after` is for how many seconds it tries to come back, None for ever. Without
    `keep_state` events are passed on but not applied.
    """

    binary: bool = False
    device: str | None = None
    keep_state: bool = True
    reconnect: bool = True
    give_up_after: float | None = None


class Listener(Protocol):
    """Who hears what comes over the link."""

    def entered(self, welcome: Welcome) -> None:
        """The session is reached, for the first time or again."""
        ...

    def read(self, read: Read) -> None:
        """Something came."""
        ...

    def happened(self, happening: Happening) -> None:
        """The link itself has something to tell."""
        ...


class Link:
    """The present WebSocket of a session, and what is needed for the next one."""

    def __init__(
        self, account: Account, session: str, options: Options, follower: Follower,
        outbox: Outbox, listener: Listener,
    ) -> None:  # fmt: skip
        self.session = session
        self.reader = FrameReader(session, follower)
        self.heartbeat_seconds = 15.0
        self.clock: Callable[[], float] = time.monotonic
        self.chance: Callable[[], float] = random.random
        self.open_wire: Callable[..., Awaitable[Wire]] = Wire.open
        self.reconnects = 0
        self._account = account
        self._options = options
        self._follower = follower
        self._outbox = outbox
        self._listener = listener
        self._wire: Wire | None = None
        self._url = account.url
        self._after: float | None = None
        self._resume_token: str | None = None
        self._connection = ""
        self._heard = 0.0
        self._up = asyncio.Event()
        self._sending = asyncio.Lock()  # what waits goes before what is new

    @property
    def up(self) -> bool:
        """Whether messages can be sent just now."""
        return self._wire is not None

    async def run(self) -> None:
        """Connect, and connect again, until there is no way back; raises `ClientError`."""
        backoff = Backoff(self.chance)
        lost_at: float | None = None
        while True:
            try:
                wire = await self._enter()
                backoff.reset()
                lost_at = None
                failure = await self._stay(wire)
            except Unreachable as unreachable:
                if self._is_first:
                    raise  # it never worked: the address is wrong, or the server is not up
                failure = WireClosed(_ABNORMAL, str(unreachable))
            except WireClosed as closed:
                failure = closed
            now = self.clock()
            lost_at = now if lost_at is None else lost_at
            self._check_end(failure, now - lost_at)
            wait = backoff.wait() if self._after is None else self._after
            self._after = None
            self.reconnects += 1
            self._listener.happened(Disconnected(failure.code, failure.reason, wait))
            await asyncio.sleep(wait)

    async def beat(self) -> None:
        """Send heartbeats while connected, and drop a connection on which nothing comes."""
        while True:
            await self._up.wait()
            wire = self._wire
            for pause in self._pauses():
                await asyncio.sleep(pause)
                if wire is None or wire is not self._wire:
                    break
                if self.clock() - self._heard > 2 * self.heartbeat_seconds + 5:
                    wire.abort()
                    break
                data = HeartbeatData(t0=self.clock(), last_seq=self._follower.seq)
                await self.send(encode(Heartbeat(data=data)))

    async def send(self, message: bytes, *, records: bool = False) -> None:
        """Send if connected; what must not be lost lies in the outbox and goes again later."""
        async with self._sending:
            await self._send(message, records=records)

    async def ask(self, message: Incoming, records: bytes | None, connection: str) -> None:
        """Send a message, as `records` while these mean the same: they name no connection."""
        async with self._sending:
            if records is not None and connection == self._connection:
                await self._send(records, records=True)
            else:
                await self._send(encode(message))

    async def _send(self, message: bytes, *, records: bool = False) -> None:
        wire = self._wire
        if wire is None:
            return
        with suppress(WireClosed):  # the reader hears of it too, and comes back
            await (wire.binary(message) if records else wire.text(message))

    async def close(self) -> None:
        """Close the WebSocket, if there is one."""
        wire, self._wire = self._wire, None
        self._up.clear()
        if wire is not None:
            await wire.close()

    def abort(self) -> None:
        """Drop the WebSocket without a word; the link comes back."""
        if self._wire is not None:
            self._wire.abort()

    def drained(self, message: GoingAway) -> None:
        """The server announced its end, and where and when to come back."""
        self._after = message.data.after_ms / 1_000
        self._url = message.data.url or self._url

    @property
    def _is_first(self) -> bool:
        return self._follower.epoch is None

    def _pauses(self) -> Iterator[float]:
        yield from _BURST
        while True:
            yield self.heartbeat_seconds

    async def _enter(self) -> Wire:
        wire = await self.open_wire(self._url, binary=self._options.binary)
        try:
            async with asyncio.timeout(_WELCOME_SECONDS):
                await wire.text(encode(SessionJoin(data=await self._proof())))
                welcome = await self._first(wire)
        except TimeoutError as late:
            wire.abort()
            raise Unreachable("The server answers, but does not let anybody in.") from late
        except BaseException:
            wire.abort()
            raise
        await self._entered(wire, welcome)
        return wire

    async def _proof(self) -> JoinData:
        follower = self._follower
        known = {"epoch": follower.epoch, "last_seq": follower.seq} if follower.epoch else {}
        token, self._resume_token = self._resume_token, None
        if token is not None:
            return JoinData(resume_token=token, device=self._options.device, **known)  # type: ignore[arg-type]
        ticket = await self._account.ticket(self.session)
        return JoinData(ticket=ticket, device=self._options.device, **known)  # type: ignore[arg-type]

    async def _first(self, wire: Wire) -> Welcome:
        refused: ErrorMessage | None = None
        try:
            while True:
                for read in self.reader.read(await wire.receive()):
                    if isinstance(read, Welcome):
                        return read
                    if isinstance(read, ErrorMessage):
                        refused = read
        except FrameRefused as unread:
            raise Unreachable(f"This is no MuseAroo server: {unread.detail}") from unread
        except WireClosed as closed:
            if refused is None:
                raise
            self._after = refused.data.retry_after
            renewable = closed.code in {CloseCode.EXPIRED, CloseCode.ABUSE}
            if self._is_first or not (renewable or may_resume(closed.code)):
                data = refused.data
                raise Refused(data.code, data.detail, data.retry_after) from None
            raise

    async def _entered(self, wire: Wire, welcome: Welcome) -> None:
        data = welcome.data
        self._resume_token = data.resume_token
        self._connection = data.connection
        self.heartbeat_seconds = data.limits.heartbeat_seconds
        self._heard = self.clock()
        self._follower.welcome(data)
        self._wire = wire
        self._listener.entered(welcome)
        self._listener.happened(Connected(data.resumed, data.epoch, data.seq))
        async with self._sending:
            for message in self._outbox:
                await self._send(encode(message))
        if self._wire is wire:  # and was not closed meanwhile
            self._up.set()
        # Whoever waited for the welcome goes on first, so that no event passes it by.
        await asyncio.sleep(0)

    async def _stay(self, wire: Wire) -> WireClosed:
        try:
            while True:
                frame = await wire.receive()
                self._heard = self.clock()
                for read in self.reader.read(frame):
                    self._listener.read(read)
        except WireClosed as closed:
            return closed
        except (Gap, FrameRefused) as fault:
            wire.abort()
            return WireClosed(_ABNORMAL, f"events are missing or unreadable: {fault}")
        finally:
            self._wire = None
            self._up.clear()

    def _check_end(self, failure: WireClosed, lost_for: float) -> None:
        if is_final(failure.code) or self._is_first or not self._options.reconnect:
            raise Ended(failure.reason or "The server closed the connection.", failure.code)
        most = self._options.give_up_after
        if most is not None and lost_for >= most:
            raise Ended(f"The server was not reached for {most:g} s.", failure.code)
        if not may_resume(failure.code):
            self._resume_token = None
