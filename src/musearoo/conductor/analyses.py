"""Analyses: BrainAroo's jobs, their results, and their adoption as the project's context."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import msgspec
from msgspec.structs import replace

from musearoo.conductor.access import visible_in
from musearoo.conductor.contexts import adopted
from musearoo.conductor.parameters import settle
from musearoo.conductor.repeats import Keep
from musearoo.conductor.sessions import Ack, Deed, Desk, Sessions
from musearoo.conductor.world import World
from musearoo.domain.analysis import FEATURES, Analysis, Depth
from musearoo.domain.commands import AdoptAnalysis
from musearoo.domain.errors import (
    Conflict,
    ErrorCode,
    MuseArooError,
    NotFound,
    PayloadTooLarge,
    Unavailable,
    UnsupportedAudio,
)
from musearoo.domain.events import AnalysisCompleted, ContextAdopted
from musearoo.domain.ids import AnalysisId, AssetId, JobId, SessionId
from musearoo.domain.permissions import Access, Actor
from musearoo.domain.records import AnalysisRecord, Asset, Job, WorkStatus
from musearoo.ports.store import Transaction
from musearoo.ports.work import Cancel

_RAISED: dict[str, type[MuseArooError]] = {
    ErrorCode.UNSUPPORTED_AUDIO: UnsupportedAudio,
    ErrorCode.PAYLOAD_TOO_LARGE: PayloadTooLarge,
    ErrorCode.UNAVAILABLE: Unavailable,
}


class Analyses:
    """Has recordings analysed and keeps what was heard."""

    def __init__(self, world: World, desk: Desk, sessions: Sessions) -> None:
        self._world = world
        self._sessions = sessions
        self._ended: dict[AnalysisId, asyncio.Event] = {}
        desk.take_on(AdoptAnalysis, self.adopt)

    async def start(
        self,
        access: Access,
        asset: Asset,
        *,
        depth: Depth,
        features: tuple[str, ...],
        new_asset: bool,
        keep: Keep,
    ) -> AnalysisRecord:
        """Store the request (and its upload) and queue the work."""
        record = AnalysisRecord(
            id=AnalysisId(self._world.ids.new()),
            project=access.project,
            user=access.user,
            asset=asset.id,
            depth=depth,
            features=features,
            status="queued",
            created_at=self._world.clock.now(),
        )
        job = Job(
            id=JobId(self._world.ids.new()),
            kind="analyze",
            subject=record.id,
            project=access.project,
            user=access.user,
            state="queued",
            created_at=record.created_at,
        )
        self._ended[record.id] = asyncio.Event()

        def store(tx: Transaction) -> None:
            if new_asset:
                tx.work.insert_asset(asset)
            tx.work.insert_analysis(record)
            tx.jobs.enqueue(job)
            keep(tx, record.id)

        try:
            await self._world.store.write(store)
        except Exception:
            del self._ended[record.id]
            raise
        self._world.jobs.wake()
        return record

    async def outcome(self, analysis: AnalysisId, seconds: float) -> AnalysisRecord:
        """The record once it has ended, or as it stands after `seconds`.

        Raises the refusal of a file that could not be analysed.
        """
        event = self._ended.get(analysis)
        if event is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(event.wait(), seconds)
        record = await self._world.store.read(lambda tx: tx.work.analysis(analysis))
        if record is None:
            raise NotFound("analysis")
        if record.status == "failed":
            raise failure_of(record)
        return record

    async def visible(self, analysis: AnalysisId, actor: Actor) -> AnalysisRecord:
        """An analysis that the actor may see; a stranger's looks missing."""
        return await self._world.store.read(
            lambda tx: visible_in(tx, actor, tx.work.analysis(analysis), "analysis")
        )

    async def list_for(
        self, access: Access, *, limit: int, offset: int
    ) -> tuple[list[AnalysisRecord], int]:
        """Analyses of a project, newest first, and how many there are."""
        return await self._world.store.read(
            lambda tx: tx.work.analyses(access, limit=limit, offset=offset)
        )

    async def heard(
        self, access: Access, *, analysis: AnalysisId | None, asset: AssetId | None
    ) -> ContextAdopted:
        """The context that a completed analysis (or that of an asset) proposes."""

        def find(tx: Transaction) -> AnalysisRecord | None:
            if analysis is not None:
                return tx.work.analysis(analysis)
            records, _ = tx.work.analyses(access, limit=100, offset=0)
            return next((each for each in records if each.asset == asset), None)

        record = await self._world.store.read(find)
        if record is None or record.project != access.project:
            raise NotFound("analysis" if analysis is not None else "analysis of this recording")
        return adopted(record.id, result_of(record))

    async def adopt(self, deed: Deed, act: AdoptAnalysis) -> Ack:
        """Make an analysis the project's musical context."""
        event = await self.heard(deed.access, analysis=act.analysis_id, asset=None)
        return await settle(deed, event)

    async def perform(self, job: Job, progress: Callable[[float], None], cancel: Cancel) -> None:
        """Analyse as a durable job; a refused file leaves nothing behind but the refusal."""
        analysis = AnalysisId(job.subject)
        record, asset = await self._world.store.read(lambda tx: _with_asset(tx, analysis))
        if record is None or asset is None or record.status in {"completed", "failed"}:
            return
        try:
            await self._analyze(record, asset, progress, cancel)
        except (UnsupportedAudio, PayloadTooLarge) as refusal:
            await self._refuse(record, asset, refusal)
        finally:
            event = self._ended.pop(analysis, None)
            if event is not None:
                event.set()

    async def gave_up(self, job: Job, _status: WorkStatus, error: str | None) -> None:
        """Mark an analysis that could not be done."""
        record, asset = await self._world.store.read(
            lambda tx: _with_asset(tx, AnalysisId(job.subject))
        )
        if record is not None and asset is not None and record.status != "completed":
            failure = Unavailable(error or "The analysis was cancelled.")
            await self._refuse(record, asset, failure)

    async def _analyze(
        self,
        record: AnalysisRecord,
        asset: Asset,
        progress: Callable[[float], None],
        cancel: Cancel,
    ) -> None:
        path = self._world.blobs.path(asset.blob or "")
        if path is None:
            raise Unavailable("The recording cannot be read here.")
        tier = await self._world.store.read(lambda tx: tx.accounts.get(record.user))
        if tier is None:
            return
        began = self._world.clock.monotonic()
        analysis = await self._world.analyzer.analyze(
            path,
            depth=record.depth,  # type: ignore[arg-type]
            features=FEATURES,  # all is kept; `record.features` only says what to show
            maximum_seconds=self._world.rules.allowances[tier.tier].seconds,
            on_progress=progress,
            cancel=cancel,
        )
        elapsed = self._world.clock.monotonic() - began
        await self._complete(record, analysis, round(1000 * elapsed))

    async def _complete(self, record: AnalysisRecord, analysis: Analysis, elapsed_ms: int) -> None:
        session = await self._sessions.open(SessionId(record.project))
        session.sequence(
            AnalysisCompleted(
                analysis_id=record.id,
                tempo=analysis.tempo,
                time_signature=analysis.time_signature,
                key=analysis.key,
                style=analysis.style,
            ),
            user=record.user,
            cause=None,
        )
        done = replace(
            record,
            status="completed",
            processing_time_ms=elapsed_ms,
            result=msgspec.json.encode(analysis),
        )
        await session.commit(lambda tx: tx.work.update_analysis(done))

    async def _refuse(self, record: AnalysisRecord, asset: Asset, refusal: MuseArooError) -> None:
        failed = replace(record, status="failed", error=f"{refusal.code}|{refusal.detail}")

        hopeless = isinstance(refusal, UnsupportedAudio | PayloadTooLarge)

        def store(tx: Transaction) -> bool:
            tx.work.update_analysis(failed)
            if hopeless:
                tx.work.update_asset(replace(asset, blob=None, size=None))
            return asset.blob is not None and tx.work.blob_is_referenced(asset.blob)

        referenced = await self._world.store.write(store)
        if not referenced and asset.blob is not None:
            await self._world.blobs.delete(asset.blob)


def result_of(record: AnalysisRecord) -> Analysis:
    """What was heard; raises `Conflict` while the analysis is not completed."""
    if record.status != "completed" or record.result is None:
        raise Conflict(f"The analysis is {record.status}; wait until it is completed.")
    return msgspec.json.decode(record.result, type=Analysis)


def failure_of(record: AnalysisRecord) -> MuseArooError:
    """The refusal that ended an analysis."""
    code, _, detail = (record.error or "").partition("|")
    return _RAISED.get(code, Unavailable)(detail or "The analysis failed; try the file again.")


def _with_asset(
    tx: Transaction, analysis: AnalysisId
) -> tuple[AnalysisRecord | None, Asset | None]:
    record = tx.work.analysis(analysis)
    return record, tx.work.asset(record.asset) if record is not None else None
