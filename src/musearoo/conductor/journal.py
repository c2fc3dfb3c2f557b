"""The journal: what a crash may take 50 ms of, of all sessions in one write."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

import msgspec
import structlog

from musearoo.conductor.eager import begin
from musearoo.conductor.event_log import rows_of
from musearoo.conductor.values import pack
from musearoo.conductor.world import World
from musearoo.domain.errors import MuseArooError, Unavailable
from musearoo.domain.events import Sequenced
from musearoo.domain.ids import SessionId
from musearoo.domain.session.state import SessionState
from musearoo.ports.store import Transaction

log = structlog.get_logger(__name__)

Record = Callable[[Transaction], None]

RUNNING: Final = ""  # the epoch of a session whose owner runs, or died
_AT_ONCE: Final = 256  # sessions in one write: others wait for it


class Batch(msgspec.Struct, frozen=True):
    """What a session has to be made durable: events after `before`, and records with them.

    `state` is stored too where it is given, as of the last event.
    """

    session: SessionId
    epoch: str
    before: int
    events: list[Sequenced]
    records: list[Record]
    state: SessionState | None = None

    def write(self, tx: Transaction) -> None:
        """Write it; raises `Unavailable` when what was before it is not there."""
        self.check(tx.sessions.last_seq(self.session))
        tx.sessions.append(rows_of(self.events))
        self.finish(tx)

    def check(self, last: int | None) -> None:
        """Whether it fits behind the last event of the log."""
        if last != self.before:
            raise Unavailable("Events before these were lost; the session starts over.")

    def finish(self, tx: Transaction) -> None:
        """What goes with the events."""
        for record in self.records:
            record(tx)
        if self.state is not None and self.events:
            seq = self.events[-1].seq
            tx.sessions.save_state(self.session, RUNNING, seq, pack(self.state))


class Owner(Protocol):
    """A session as the journal knows it."""

    def hold(self) -> None:
        """Keep the session from being opened elsewhere, until as many calls of `release`."""
        ...

    def release(self) -> None:
        """It may be opened elsewhere again."""
        ...

    def take(self) -> Batch | None:
        """What is to be written now, None if there is nothing; the owner then forgets it."""
        ...

    async def lost(self, batch: Batch) -> None:
        """A batch could not be written."""
        ...


class Journal:
    """Writes for all sessions at the same moments, `journal_delay` apart."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._waiting: list[Owner] = []
        self._awake = False

    def note(self, owner: Owner) -> None:
        """An owner has something to be written soon; say it once until it is taken."""
        self._waiting.append(owner)
        if not self._awake:
            self._awake = True
            self._world.spawn(self._flush(), name="session.journal")

    async def _flush(self) -> None:
        delay = self._world.rules.journal_delay
        if delay:
            delay -= self._world.clock.monotonic() % delay
        await self._world.clock.sleep(delay)
        self._awake = False
        owners, self._waiting = self._waiting, []
        taken = [(owner, batch) for owner in owners if (batch := owner.take()) is not None]
        for at in range(0, len(taken), _AT_ONCE):
            # Begun at once: what was taken must be on its way to the store.
            work = self._write(taken[at : at + _AT_ONCE])
            begin(work, self._world.spawn, name="session.journal")

    async def _write(self, taken: Sequence[tuple[Owner, Batch]]) -> None:
        batches = [batch for _, batch in taken]
        for owner, _ in taken:
            owner.hold()
        try:
            for (owner, batch), error in zip(taken, await self._tried(batches), strict=True):
                if error is not None:
                    await _told(owner, batch, error)
        finally:
            for owner, _ in taken:
                owner.release()

    async def _tried(self, batches: Sequence[Batch]) -> Sequence[BaseException | None]:
        """What went wrong with each."""
        try:
            return await self._world.store.write_each(
                [batch.write for batch in batches], lambda tx: _write_all(tx, batches)
            )
        except MuseArooError as failure:
            return [failure] * len(batches)


async def _told(owner: Owner, batch: Batch, error: BaseException) -> None:
    log.warning("journal.lost", session=batch.session, error=repr(error))
    with suppress(MuseArooError):  # then its next write finds out
        await owner.lost(batch)


def _write_all(tx: Transaction, batches: Sequence[Batch]) -> None:
    """Few statements for all: each one costs the event loop its turn of the interpreter."""
    last = tx.sessions.last_seqs([batch.session for batch in batches])
    rows = []
    for batch in batches:
        batch.check(last.get(batch.session))
        rows += rows_of(batch.events)
    tx.sessions.append(rows)
    for batch in batches:
        batch.finish(tx)
