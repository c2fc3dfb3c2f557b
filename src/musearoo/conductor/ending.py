"""How a generation ends: its take stored and told of, or everyone told that none will come."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog
from msgspec.structs import replace

from musearoo.conductor.drafts import Drafts
from musearoo.conductor.plans import Plan
from musearoo.conductor.played import Played, month_of, renderings_of, take_of
from musearoo.conductor.sequencer import Sequencer
from musearoo.conductor.takes import Takes
from musearoo.conductor.world import World
from musearoo.domain.errors import MuseArooError, Unavailable
from musearoo.domain.events import GenerationCompleted, GenerationFailed, Private, TakeBar
from musearoo.domain.records import GenerationRecord, Take, WorkStatus
from musearoo.ports.store import Transaction

log = structlog.get_logger(__name__)

STORE_SECONDS: Final = 15.0
"""How long the notes wait in memory for a store that does not answer."""
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 1.0

Accept = Callable[[Transaction, GenerationRecord], None]
News = TakeBar | GenerationCompleted | GenerationFailed


class Endings:
    """Stores what became of generations, and tells those who may hear of it."""

    def __init__(self, world: World, takes: Takes, drafts: Drafts) -> None:
        self._world = world
        self._takes = takes
        self._drafts = drafts
        self._told: list[Callable[[GenerationRecord], None]] = []

    def on_completed(self, told: Callable[[GenerationRecord], None]) -> None:
        """Call `told` with every generation whose take is stored."""
        self._told.append(told)

    def tell(
        self, session: Sequencer, record: GenerationRecord, cause: str | None, news: News
    ) -> None:
        """Tell everyone; of a draft, its asker alone."""
        if not record.draft:
            session.sequence(news, user=record.user, cause=cause)
            return
        now = self._world.clock.now()
        self._drafts.tell(
            Private(session=session.session, at=now, user=record.user, cause=cause, event=news)
        )

    async def store(
        self, session: Sequencer, record: GenerationRecord, keep: Callable[[Transaction], None]
    ) -> None:
        """Make something of a generation durable, with the events that are waiting."""
        if record.draft:
            await self._world.store.write(keep)
        else:
            await session.commit(keep)

    async def complete(
        self,
        session: Sequencer,
        record: GenerationRecord,
        played: Played,
        *,
        accept: Accept | None = None,
    ) -> GenerationRecord:
        """Store the take and select it; a store that does not answer is asked again.

        `accept` stores the request in the same transaction, in the state it has then: nobody
        was promised anything before, so it is tried once. Raises `Unavailable` when the store
        has not answered for 15 s, `NotFound` when the project is gone.
        """
        outcome = self._outcome(session, record, played)
        keep = self._keeping(outcome.take, outcome.done, accept)
        if accept is None:
            await self._until_stored(outcome, keep)
        else:
            await self._store(outcome, (outcome.told,), keep)
        played.marks.reach("stored")
        done = replace(outcome.done, stages=played.marks.stages)
        if record.draft:
            told = replace(outcome.told, stages=done.stages)
            self.tell(session, record, played.plan.cause, told)
        for listener in self._told:
            listener(done)
        return done

    def _outcome(self, session: Sequencer, record: GenerationRecord, played: Played) -> "_Outcome":
        take = take_of(played, record, self._world.clock.now())
        played.marks.reach("sent")
        milliseconds = round(1000 * played.seconds)
        done = replace(
            record,
            status="completed",
            progress=1.0,
            take=take.id,
            confidence=take.confidence,
            generation_time_ms=milliseconds,
            stages=played.marks.stages,
            run=b"",  # only what has not ended may have to be played again
        )
        told = GenerationCompleted(
            generation_id=record.id,
            take_id=take.id,
            engine=record.engine,
            part=take.part,
            confidence=played.confidence,
            generation_time_ms=milliseconds,
            parent_take=take.parent,
            stages=done.stages,
        )
        return _Outcome(session, done, take, told, played)

    async def fail(
        self,
        session: Sequencer,
        plan: Plan,
        record: GenerationRecord,
        failure: MuseArooError,
        *,
        cancelled: bool,
    ) -> GenerationRecord:
        """Tell that there will be no take."""
        status: WorkStatus = "cancelled" if cancelled else "failed"
        told = GenerationFailed(
            generation_id=record.id,
            part=plan.part,
            code="cancelled" if cancelled else failure.code,
            detail=failure.detail,
        )
        ended = replace(record, status=status, error=failure.detail)

        def keep(tx: Transaction) -> None:
            tx.work.update_generation(ended)

        self.tell(session, record, plan.cause, told)
        await self.store(session, record, keep)
        return ended

    async def _until_stored(self, outcome: "_Outcome", keep: Callable[[Transaction], None]) -> None:
        """Store the take; a further attempt tells the bars again, which were lost with it."""
        clock, pause = self._world.clock, _FIRST_PAUSE
        deadline = clock.monotonic() + STORE_SECONDS
        news: tuple[News, ...] = (outcome.told,)
        while True:
            try:
                await self._store(outcome, news, keep)
            except Unavailable as failure:
                if clock.monotonic() + pause > deadline:
                    raise
                log.warning("generation.store_again", detail=failure.detail)
            else:
                return
            await clock.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            if await self._is_stored(outcome.done):
                return
            news = (*outcome.played.bars, outcome.told)

    async def _store(
        self, outcome: "_Outcome", news: tuple[News, ...], keep: Callable[[Transaction], None]
    ) -> None:
        take, done = outcome.take, outcome.done
        self._takes.remember(take)  # who hears of it may play on before it is on disk
        try:
            for each in () if done.draft else news:
                self.tell(outcome.session, done, outcome.played.plan.cause, each)
            await self.store(outcome.session, done, keep)
        except BaseException:
            self._takes.forget(take.id)
            raise

    def _keeping(
        self, take: Take, done: GenerationRecord, accept: Accept | None
    ) -> Callable[[Transaction], None]:
        assets = renderings_of(take, self._world.ids)
        month = month_of(take.created_at)

        def keep(tx: Transaction) -> None:
            if accept is not None:
                accept(tx, done)
            else:
                tx.work.update_generation(done)
            tx.work.insert_take(take)
            for asset in assets:
                tx.work.insert_asset(asset)
            tx.accounts.count_generation(done.user, month, 1)

        return keep

    async def _is_stored(self, done: GenerationRecord) -> bool:
        """Whether it was stored although nobody said so: a connection may break after a commit."""
        try:
            stored = await self._world.store.read(lambda tx: tx.work.generation(done.id))
        except Unavailable:
            return False
        return stored is not None and stored.status == "completed"


@dataclass(frozen=True, slots=True)
class _Outcome:
    session: Sequencer
    done: GenerationRecord
    take: Take
    told: GenerationCompleted
    played: Played
