"""The one owner of a session: it numbers events, applies, publishes and makes them durable."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import msgspec

from musearoo.conductor.values import pack, unpack
from musearoo.conductor.world import World
from musearoo.domain.errors import NotFound, Unavailable
from musearoo.domain.events import Event, History, Sequenced
from musearoo.domain.ids import SessionId, UserId
from musearoo.domain.records import SessionRecord, StoredEvent
from musearoo.domain.session.reducer import apply
from musearoo.domain.session.state import SessionState
from musearoo.ports.store import Transaction

T = TypeVar("T")
Record = Callable[[Transaction], T]

EVENTS_PER_STATE: Final = 256
_BODY: Final = msgspec.msgpack.Decoder(tuple[Event, History])
_OPEN: Final = ""  # the epoch of a session whose owner runs, or died


def new_session(session: SessionId, epoch: str) -> SessionRecord:
    """The head of a session in which nothing has happened."""
    return SessionRecord(id=session, epoch=epoch, seq=0, state_seq=0, state=pack(SessionState()))


class Sequencer:
    """Events leave in `seq` order the moment they are sequenced; `commit` waits for the disk."""

    def __init__(
        self,
        world: World,
        session: SessionId,
        started_over: Callable[["Sequencer"], None] | None = None,
    ) -> None:
        self._world = world
        self._started_over = started_over
        self.session = session
        self.state = SessionState()
        self.seq = 0
        self.epoch = ""
        self._state_seq = 0
        self._pending: list[Sequenced] = []
        self._records: list[Record[None]] = []
        self._flushing = False
        self._holders = 0
        self._starting_over = asyncio.Lock()

    async def open(self) -> None:
        """Continue from the last durable event; after a crash under a new epoch."""
        durable_epoch = await self._restore()
        self.epoch = durable_epoch or self._world.ids.new()

    async def close(self) -> None:
        """Store what is pending and the state, so that the epoch can go on."""

        def rest(tx: Transaction) -> None:
            tx.sessions.save_state(self.session, self.epoch, self.seq, pack(self.state))

        await self.commit(rest)

    @property
    def idle(self) -> bool:
        """Whether everything that happened is durable, and nobody is at work on it."""
        return not (self._pending or self._records or self._flushing or self._holders)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the session open: while somebody works on it there must be no other owner."""
        self._holders += 1
        try:
            yield
        finally:
            self._holders -= 1

    def sequence(
        self, event: Event, *, user: UserId | None, cause: str | None, history: History = "do"
    ) -> Sequenced:
        """Give an event its number, apply it and publish it at once."""
        sequenced = Sequenced(
            session=self.session,
            seq=self.seq + 1,
            epoch=self.epoch,
            at=self._world.clock.now(),
            user=user,
            cause=cause,
            event=event,
            history=history,
        )
        self.state = apply(self.state, sequenced)
        self.seq = sequenced.seq
        self._pending.append(sequenced)
        self._world.bus.publish(self.session, (sequenced,))
        return sequenced

    async def commit(self, record: Record[T]) -> T:
        """Make all that was sequenced durable, together with `record`.

        `record` must not refuse: its events are already published. When the store
        fails, the session goes back to its last durable event under a new epoch.
        """
        events, records = self._taken()
        epoch, before = self.epoch, self.seq - len(events)
        snapshot = self._snapshot(events)

        def work(tx: Transaction) -> T:
            if tx.sessions.last_seq(self.session) != before:
                raise Unavailable("Events before these were lost; the session starts over.")
            tx.sessions.append([_stored(event) for event in events])
            for each in records:
                each(tx)
            if snapshot is not None:
                tx.sessions.save_state(self.session, _OPEN, *snapshot)
            return record(tx)

        with self.held():
            try:
                return await self._world.store.write(work)
            except asyncio.CancelledError:
                raise  # it is done all the same; were it lost, the next commit would find out
            except BaseException:
                await self._start_over(epoch)
                raise

    def journal(self, record: Record[None]) -> None:
        """Make what was sequenced durable within 50 ms, without waiting for it."""
        self._records.append(record)
        if not self._flushing:
            self._flushing = True
            self._world.spawn(self._flush(), name="session.journal")

    async def settled(self) -> None:
        """Wait until everything that was sequenced so far is durable."""
        await self.commit(lambda _tx: None)

    async def _flush(self) -> None:
        # All sessions at the same moments, so that their writes share one transaction.
        delay = self._world.rules.journal_delay
        await self._world.clock.sleep(delay - self._world.clock.monotonic() % delay)
        self._flushing = False
        if self._pending or self._records:
            await self.commit(lambda _tx: None)

    def _taken(self) -> tuple[list[Sequenced], list[Record[None]]]:
        taken = self._pending, self._records
        self._pending, self._records = [], []
        return taken

    def _snapshot(self, events: list[Sequenced]) -> tuple[int, bytes] | None:
        if not events or self.seq - self._state_seq < EVENTS_PER_STATE:
            return None
        self._state_seq = self.seq
        return self.seq, pack(self.state)

    async def _start_over(self, epoch: str) -> None:
        """Go back to the last durable event, once for all whose commits of `epoch` failed.

        Until then the epoch goes on, so that what is sequenced meanwhile is lost with it.
        """
        async with self._starting_over:
            if self.epoch != epoch:
                return
            await self._restore()
            self._pending, self._records = [], []
            self.epoch = self._world.ids.new()
            if self._started_over is not None:
                self._started_over(self)

    async def _restore(self) -> str:
        record, events = await self._world.store.write(self._load)
        state = unpack(record.state, SessionState)
        for stored in events:
            state = apply(state, sequenced_of(stored))
        self.state, self._state_seq = state, record.state_seq
        self.seq = events[-1].seq if events else record.state_seq
        return record.epoch

    def _load(self, tx: Transaction) -> tuple[SessionRecord, list[StoredEvent]]:
        record = tx.sessions.get(self.session)
        if record is None:
            raise NotFound("session")
        # Marked before anything is published: a crash from here on means a new epoch.
        tx.sessions.set_epoch(self.session, _OPEN)
        return record, tx.sessions.events_after(self.session, record.state_seq, 1 << 31)


def durable_state(tx: Transaction, session: SessionId) -> SessionState:
    """The state that the store alone tells; raises `NotFound`."""
    record = tx.sessions.get(session)
    if record is None:
        raise NotFound("session")
    state = unpack(record.state, SessionState)
    for stored in tx.sessions.events_after(session, record.state_seq, EVENTS_PER_STATE * 2):
        state = apply(state, sequenced_of(stored))
    return state


def _stored(sequenced: Sequenced) -> StoredEvent:
    return StoredEvent(
        session=sequenced.session,
        seq=sequenced.seq,
        epoch=sequenced.epoch,
        at=sequenced.at,
        user=sequenced.user,
        cause=sequenced.cause,
        body=pack((sequenced.event, sequenced.history)),
    )


def sequenced_of(stored: StoredEvent) -> Sequenced:
    """The event that lies in the log."""
    event, history = _BODY.decode(stored.body)
    return Sequenced(
        session=stored.session,
        seq=stored.seq,
        epoch=stored.epoch,
        at=stored.at,
        user=stored.user,
        cause=stored.cause,
        event=event,
        history=history,
    )
