"""The one owner of a session: it numbers events, applies, publishes and makes them durable."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, TypeVar

from musearoo.conductor.event_log import events_of
from musearoo.conductor.journal import RUNNING, Batch, Journal, Record
from musearoo.conductor.values import pack, unpack
from musearoo.conductor.world import World
from musearoo.domain.errors import NotFound, Unavailable
from musearoo.domain.events import Event, History, ParameterSet, Sequenced
from musearoo.domain.ids import SessionId, UserId
from musearoo.domain.records import SessionRecord, StoredEvent
from musearoo.domain.session.reducer import apply
from musearoo.domain.session.state import SessionState
from musearoo.domain.session.turns import turned
from musearoo.ports.store import Transaction

T = TypeVar("T")

EVENTS_PER_STATE: Final = 256
TURNED: Final = 512  # parameter changes whose repeats are known without asking the log
AGAIN_SECONDS: Final = 0.1
_TURNS_AT_ONCE: Final = 64


def new_session(session: SessionId, epoch: str) -> SessionRecord:
    """The head of a session in which nothing has happened."""
    return SessionRecord(id=session, epoch=epoch, seq=0, state_seq=0, state=pack(SessionState()))


class Sequencer:
    """Events leave in `seq` order the moment they are sequenced; `commit` waits for the disk."""

    def __init__(
        self,
        world: World,
        session: SessionId,
        journal: Journal,
        started_over: Callable[["Sequencer"], None] | None = None,
    ) -> None:
        self._world = world
        self._journal = journal
        self._started_over = started_over
        self.session = session
        self.surroundings = SessionState()
        """The state but for the latest turns: parts, transport and music are those of now.

        Turns change nothing of these, and are put into the state when somebody asks for it.
        """
        self._turns: list[Sequenced] = []
        self.seq = 0
        self.epoch = ""
        self.lost_epoch = ""
        """The epoch before this one, if its last events were lost."""
        self.turned: deque[Sequenced] = deque(maxlen=TURNED)
        self._state_seq = 0
        self._pending: list[Sequenced] = []
        self._records: list[Record] = []
        self._noted = False
        self._trying = False
        self._holders = 0
        self._starting_over = asyncio.Lock()

    async def open(self) -> None:
        """Continue from the last durable event; after a crash under a new epoch."""
        durable_epoch = await self._restore()
        self.epoch = durable_epoch or self._world.ids.new()

    async def close(self) -> None:
        """Store what is pending and the state, so that the epoch can go on."""
        state = self.state

        def rest(tx: Transaction) -> None:
            tx.sessions.save_state(self.session, self.epoch, self.seq, pack(state))

        await self.commit(rest)

    @property
    def state(self) -> SessionState:
        """What the session is after everything that was sequenced."""
        if self._turns:
            self._put_in()
        return self.surroundings

    @property
    def idle(self) -> bool:
        """Whether everything that happened is durable, and nobody is at work on it."""
        return not (self._pending or self._records or self._holders)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the session open: while somebody works on it there must be no other owner."""
        self.hold()
        try:
            yield
        finally:
            self.release()

    def hold(self) -> None:
        """Keep the session open until as many calls of `release`."""
        self._holders += 1

    def release(self) -> None:
        """One less works on it."""
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
        if history == "do" and type(event) is ParameterSet:
            self._turns.append(sequenced)
            if len(self._turns) >= _TURNS_AT_ONCE:
                self._put_in()
        else:
            self.surroundings = apply(self.state, sequenced)
        self.seq = sequenced.seq
        self._pending.append(sequenced)
        self._world.bus.publish(self.session, (sequenced,))
        return sequenced

    def _put_in(self) -> None:
        turns, self._turns = self._turns, []
        self.surroundings = turned(self.surroundings, turns)

    async def commit(self, record: Callable[[Transaction], T]) -> T:
        """Make all that was sequenced durable, together with `record`.

        `record` must not refuse: its events are already published. When the store
        fails, the session goes back to its last durable event under a new epoch.
        """
        batch = self._taken()

        def work(tx: Transaction) -> T:
            batch.write(tx)
            return record(tx)

        with self.held():
            try:
                return await self._world.store.write(work)
            except asyncio.CancelledError:
                raise  # it is done all the same; were it lost, the next commit would find out
            except BaseException:
                await self.lost(batch)
                raise

    def journal(self, record: Record | None = None) -> None:
        """Make what was sequenced durable within 50 ms, without waiting for it."""
        if record is not None:
            self._records.append(record)
        if not self._noted:
            self._noted = True
            self._journal.note(self)

    def take(self) -> Batch | None:
        """What the journal has to write, if there is anything left to be written."""
        self._noted = False
        return self._taken() if self._pending or self._records else None

    async def settled(self) -> None:
        """Wait until everything that was sequenced so far is durable."""
        await self.commit(lambda _tx: None)

    def _taken(self) -> Batch:
        events, records = self._pending, self._records
        self._pending, self._records = [], []
        state = None
        if events and self.seq - self._state_seq >= EVENTS_PER_STATE:
            self._state_seq = self.seq
            state = self.state
        before = self.seq - len(events)
        return Batch(self.session, self.epoch, before, events, records, state)

    async def lost(self, batch: Batch) -> None:
        """Go back to the last durable event, once for all whose writes of an epoch failed.

        Until then the epoch goes on, so that what is sequenced meanwhile is lost with it.
        """
        async with self._starting_over:
            if self.epoch != batch.epoch:
                return
            try:
                await self._restore()
            except Unavailable:
                self._try_again(batch)
                raise
            self._pending, self._records = [], []
            self.lost_epoch, self.epoch = self.epoch, self._world.ids.new()
            if self._started_over is not None:
                self._started_over(self)

    def _try_again(self, batch: Batch) -> None:
        """Nothing of this epoch can become durable any more: it must not wait for a write."""
        if not self._trying:
            self._trying = True
            self._world.spawn(self._lost_again(batch), name="session.start_over")

    async def _lost_again(self, batch: Batch) -> None:
        with self.held(), suppress(Unavailable):
            await self._world.clock.sleep(AGAIN_SECONDS)
            self._trying = False
            await self.lost(batch)

    async def _restore(self) -> str:
        record, events = await self._world.store.write(self._load)
        state, seq = unpack(record.state, SessionState), record.state_seq
        for sequenced in events_of(events, seq):
            state, seq = apply(state, sequenced), sequenced.seq
        self.surroundings, self._turns, self._state_seq = state, [], record.state_seq
        self.seq = seq
        self.turned.clear()  # some may be lost; the log tells of the others
        return record.epoch

    def _load(self, tx: Transaction) -> tuple[SessionRecord, list[StoredEvent]]:
        record = tx.sessions.get(self.session)
        if record is None:
            raise NotFound("session")
        # Marked before anything is published: a crash from here on means a new epoch.
        tx.sessions.set_epoch(self.session, RUNNING)
        return record, tx.sessions.events_after(self.session, record.state_seq, 1 << 31)


def durable_state(tx: Transaction, session: SessionId) -> SessionState:
    """The state that the store alone tells; raises `NotFound`."""
    record = tx.sessions.get(session)
    if record is None:
        raise NotFound("session")
    state = unpack(record.state, SessionState)
    rows = tx.sessions.events_after(session, record.state_seq, EVENTS_PER_STATE * 2)
    for sequenced in events_of(rows, record.state_seq):
        state = apply(state, sequenced)
    return state
