"""A live session: what you do in it, what happens in it, and its state as it stands."""

import asyncio
import time
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import msgspec

from musearoo.client.clock import ClockEstimator, SteadyClock
from musearoo.client.follower import Follower
from musearoo.client.happenings import Events, Happening, Happenings
from musearoo.client.link import Link, Options
from musearoo.client.outbox import Outbox
from musearoo.client.reading import Read
from musearoo.client.refusals import ClientError, Ended
from musearoo.client.rest import Account
from musearoo.client.sound import Sounding
from musearoo.codecs.ws import (
    AckMessage,
    AckRecord,
    AuthExpiring,
    AuthRefresh,
    ClockRecord,
    ErrorMessage,
    GoingAway,
    HandleTable,
    HeartbeatAck,
    Incoming,
    Notice,
    PresenceChange,
    Present,
    Reconnected,
    SessionLeave,
    Welcome,
    encode,
)
from musearoo.codecs.ws.incoming import RefreshData
from musearoo.codecs.ws.outgoing import AckData
from musearoo.domain.events import Sequenced
from musearoo.domain.session.state import SessionState

_LEAVE_SECONDS: Final = 5.0
_COUNTER_LIMIT: Final = 1 << 32


class Session(Sounding):
    """An async context manager; inside it the session is followed through every break.

    What you ask for is answered with the server's `ack` or raises `Refused`; what was asked
    during a break is done once after it. `events()` gives everyone's changes in their order;
    called before anything is awaited in the block, it misses none.
    """

    def __init__(
        self, account: Account, session: str, options: Options, *, owns_account: bool = False
    ) -> None:
        self.id = session
        self.account = account
        self.connection = ""
        self.user_id = ""
        self.permissions: tuple[str, ...] = ()
        self.speech = False  # whether the server recognises recorded commands
        self.present: dict[str, Present] = {}
        self.undo_steps: dict[str, int] = {}
        self.clock = ClockEstimator()
        self._steady = SteadyClock(self.clock)
        self._options = options
        self._owns_account = owns_account
        self._follower = Follower(keep_state=options.keep_state)
        self._outbox = Outbox()
        self._link = Link(account, session, options, self._follower, self._outbox, self)
        self._listeners: set[Happenings] = set()
        self._tasks = asyncio.TaskGroup()
        self._ready: asyncio.Future[None] | None = None
        self._failure: ClientError | None = None
        self._counter = 0

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._ready = asyncio.get_running_loop().create_future()
        self._running = self._tasks.create_task(self._run())
        self._beating = self._tasks.create_task(self._link.beat())
        try:
            await self._ready
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LEAVE_SECONDS):
                    await self._leave()
        await self._stop()

    # What happens

    @property
    def epoch(self) -> str:
        """The epoch of the order that `seq` counts in."""
        return self._follower.epoch or ""

    @property
    def seq(self) -> int:
        """The number of the last event that came."""
        return self._follower.seq

    @property
    def state(self) -> SessionState | None:
        """The state at `seq`; None without `keep_state`."""
        return self._follower.state

    @property
    def coalesced(self) -> tuple[tuple[int, int], ...]:
        """The latest ranges of which the server sent only the last values."""
        return tuple(self._follower.coalesced)

    @property
    def connected(self) -> bool:
        """Whether the server is reached just now."""
        return self._link.up

    @property
    def reconnects(self) -> int:
        """How often the connection was lost."""
        return self._link.reconnects

    @property
    def waiting(self) -> int:
        """How many messages have not been answered."""
        return len(self._outbox)

    @property
    def handles(self) -> HandleTable:
        """The parameters that binary records can name."""
        return self._link.reader.handles

    def events(self) -> Events:
        """Everyone's changes from now on, in their order."""
        return Events(self.happenings())

    def happenings(self) -> Happenings:
        """All that happens from now on: events, people, cursors, progress, breaks."""
        listener = Happenings(self._listeners)
        if self._failure is not None:
            listener.end(self._failure)
        return listener

    def server_time(self) -> float:
        """The server's UNIX seconds now, never jumping while the music plays."""
        state = self.state
        if state is None or not state.transport.playing:
            self._steady.step()
        return self._steady.now(time.monotonic())

    def break_off(self) -> None:
        """Drop the connection as a failing network would; the session comes back by itself."""
        self._link.abort()

    # Asking (see `Asking` and `Sounding` for the messages)

    async def post(
        self, message: Incoming, records: bytes | None = None
    ) -> asyncio.Future[AckData]:
        """Send a message and keep it until it is answered; the future is its answer.

        `message` gets an id if it has none. `records` is the same message as a binary frame.
        """
        if self._failure is not None:
            raise self._failure
        await self._outbox.room()
        message_id = message.message_id or f"{self.connection}:{self.next_number()}"
        message = msgspec.structs.replace(message, message_id=message_id)
        future = self._outbox.put(message_id, message)
        await self._link.ask(message, records, message_id.rpartition(":")[0])
        return future

    async def tell(self, message: Incoming) -> None:
        """Send a message that needs no answer and is not sent again."""
        await self._link.send(encode(message))

    async def tell_records(self, records: bytes) -> None:
        """Send binary records that are not sent again."""
        await self._link.send(records, records=True)

    def next_number(self) -> int:
        """The next counter for a message of this connection."""
        self._counter = (self._counter + 1) % _COUNTER_LIMIT
        return self._counter

    @property
    def now(self) -> float:
        """Monotonic seconds."""
        return self._link.clock()

    @property
    def speaks_records(self) -> bool:
        """Whether binary frames may be sent."""
        return self._options.binary

    # What the link tells

    def entered(self, welcome: Welcome) -> None:
        """The session is reached, for the first time or again."""
        data = welcome.data
        if data.connection != self.connection:
            self.connection, self._counter = data.connection, 0
        self.user_id = data.user_id
        self.permissions = data.permissions
        self.speech = data.speech
        mine = Present(connection=data.connection, sender=data.sender, user_id=data.user_id)
        self.present = {each.connection: each for each in (mine, *data.present)}
        self.undo_steps = dict(data.undo)
        self.clock.reset()
        reader = self._link.reader
        reader.senders = {each.sender: each.user_id for each in self.present.values()}
        if data.parameters:
            reader.handles = HandleTable(data.parameters)
        if self._ready is not None and not self._ready.done():
            self._ready.set_result(None)

    def read(self, read: Read) -> None:
        """Something came."""
        match read:
            case Sequenced():
                if self._follower.take(read):
                    self.happened(read)
            case AckMessage():
                self._outbox.done(read.cause, read.data)
            case HeartbeatAck():
                self._heard_clock(read.data.t0, read.data.t1, read.data.t2)
            case ErrorMessage():
                if not self._outbox.refused(read.cause, read.data):
                    self.happened(read)
            case AckRecord() | ClockRecord() | AuthExpiring() | Welcome():
                self._answered(read)
            case _:
                self._noted(read)
                self.happened(read)

    def _answered(self, read: AckRecord | ClockRecord | AuthExpiring | Welcome) -> None:
        match read:
            case AckRecord():
                ack = AckData(seq=self._follower.whole_number(read.event), epoch=self.epoch)
                self._outbox.done(f"{self.connection}:{read.counter}", ack)
            case ClockRecord():
                self._heard_clock(read.t0 / 1e6, read.t1 / 1e6, read.t2 / 1e6)
            case AuthExpiring():
                self._tasks.create_task(self._renew())
            case Welcome():
                return  # a second one means nothing

    def happened(self, happening: Happening) -> None:
        """Tell every listener."""
        for listener in tuple(self._listeners):
            listener.tell(happening)

    def _noted(self, read: Read) -> None:
        match read:
            case PresenceChange():
                self._met(read)
            case Reconnected():
                self._follower.reconnected(read.data)
            case GoingAway():
                self._link.drained(read)
            case Notice() if read.data.code == "coalesced":
                self._outbox.done(read.cause, AckData(seq=self.seq, epoch=self.epoch))

    def _met(self, change: PresenceChange) -> None:
        data = change.data
        if data.action == "left":
            self.present.pop(data.connection, None)
            return
        self.present[data.connection] = Present(
            connection=data.connection,
            sender=data.sender,
            user_id=data.user_id,
            name=data.name,
            status=data.status,
            device=data.device,
        )
        self._link.reader.senders[data.sender] = data.user_id
        if data.connection == self.connection and data.permissions is not None:
            self.permissions = data.permissions

    def _heard_clock(self, t0: float | None, t1: float, t2: float) -> None:
        if t0 is not None:
            self.clock.add(t0, t1, t2, time.monotonic())

    # Coming and going

    async def _run(self) -> None:
        try:
            await self._link.run()
        except ClientError as failure:
            self._failure = failure
            # Whoever waits for an answer was not refused: it may have been done.
            over = failure if isinstance(failure, Ended) else Ended(str(failure))
            self._outbox.fail(over)
            if self._ready is not None and not self._ready.done():
                self._ready.set_exception(failure)
            for listener in tuple(self._listeners):
                listener.end(failure)

    async def _renew(self) -> None:
        """Prove anew who this is; if that fails, the server closes and says why."""
        with suppress(ClientError):
            if await self.account.refresh():
                data = RefreshData(token=self.account.token)
            else:
                data = RefreshData(ticket=await self.account.ticket(self.id))
            await (await self.post(AuthRefresh(data=data)))

    async def _leave(self) -> None:
        await self._outbox.empty()
        await self.tell(SessionLeave())
        await self._link.close()

    async def _stop(self) -> None:
        await self._link.close()
        self._running.cancel()
        self._beating.cancel()
        await self._tasks.__aexit__(None, None, None)
        left = Ended("The session was left.")
        self._outbox.fail(left)
        self._failure = self._failure or left
        for listener in tuple(self._listeners):
            listener.end()
        if self._owns_account:
            await self.account.close()
