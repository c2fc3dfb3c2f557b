"""Exports: the project as files for other programs."""

import asyncio
from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from musearoo.conductor.access import Gate, visible_in
from musearoo.conductor.repeats import Keep, Repeats
from musearoo.conductor.sessions import Sessions
from musearoo.conductor.songs import Songs
from musearoo.conductor.standing import access_in
from musearoo.conductor.values import fingerprint
from musearoo.conductor.world import World
from musearoo.domain.audit import audit_entry
from musearoo.domain.errors import InvalidValue, NotFound
from musearoo.domain.ids import AssetId, CommandId, ExportId, JobId, ProjectId, SessionId
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Access, Actor, Permission
from musearoo.domain.records import Asset, ExportRecord, Job, WorkStatus
from musearoo.ports.store import Transaction
from musearoo.ports.work import Cancel

_ESTIMATE_SECONDS = 5.0


class Exports:
    """Makes export files as durable jobs."""

    def __init__(
        self, world: World, gate: Gate, sessions: Sessions, songs: Songs, repeats: Repeats
    ) -> None:
        self._world = world
        self._gate = gate
        self._sessions = sessions
        self._songs = songs
        self._repeats = repeats

    async def start(
        self,
        actor: Actor,
        project: ProjectId,
        format_name: str,
        options: bytes,
        *,
        origin: Origin,
        command: CommandId | None,
    ) -> ExportRecord:
        """Queue an export; refuses an unknown format and an empty project at once."""
        access = await self._gate.access(actor, project, Permission.EXPORT, origin)
        if format_name not in self._world.exporters:
            raise InvalidValue("format", format_name, "one of " + ", ".join(self._world.exporters))
        session = await self._sessions.open(SessionId(project))
        found = await self._world.store.read(lambda tx: tx.projects.get(access))
        await self._songs.of_project(found, session.state)
        body = fingerprint(("export", project, format_name, options))

        async def work(keep: Keep) -> str:
            return await self._store(access, format_name, options, origin, keep)

        export = ExportId(await self._repeats.once(actor.user, command, body, str, work))
        return await self._record(export)

    async def visible(self, export: ExportId, actor: Actor) -> ExportRecord:
        """An export that the actor may fetch; a stranger's looks missing."""
        return await self._world.store.read(
            lambda tx: visible_in(tx, actor, tx.work.export(export), "export", Permission.EXPORT)
        )

    async def perform(self, job: Job, progress: Callable[[float], None], _cancel: Cancel) -> None:
        """Write the file as a durable job."""
        record = await self._record(ExportId(job.subject))
        if record.status in {"completed", "failed"}:
            return
        await self._write(record, progress)

    async def gave_up(self, job: Job, status: WorkStatus, error: str | None) -> None:
        """Mark an export that could not be done."""
        record = await self._record(ExportId(job.subject))
        ended = replace(record, status=status, error=error)
        await self._world.store.write(lambda tx: tx.work.update_export(ended))

    async def _write(self, record: ExportRecord, progress: Callable[[float], None]) -> None:
        session = await self._sessions.open(SessionId(record.project))

        def read(tx: Transaction) -> Access:
            owner = tx.accounts.get(record.user)
            if owner is None:
                raise NotFound("account")
            return access_in(tx, Actor(owner.id, owner.tier), record.project, Permission.EXPORT)

        access = await self._world.store.read(read)
        project = await self._world.store.read(lambda tx: tx.projects.get(access))
        song = await self._songs.of_project(project, session.state)
        exporter = self._world.exporters[record.format]
        content = await asyncio.to_thread(exporter.export, song)
        progress(0.9)
        key = await self._world.blobs.put(content)
        asset = Asset(
            id=AssetId(self._world.ids.new()),
            project=record.project,
            owner=record.user,
            kind="export",
            name=f"{project.name}{exporter.suffix}",
            media_type=exporter.media_type,
            created_at=self._world.clock.now(),
            blob=key,
            size=len(content),
            recipe=f"export:{record.id}",
        )
        done = replace(record, status="completed", asset=asset.id)

        def store(tx: Transaction) -> None:
            tx.work.insert_asset(asset)
            tx.work.update_export(done)

        await self._world.store.write(store)

    async def _record(self, export: ExportId) -> ExportRecord:
        record = await self._world.store.read(lambda tx: tx.work.export(export))
        if record is None:
            raise NotFound("export")
        return record

    async def _store(
        self, access: Access, format_name: str, options: bytes, origin: Origin, keep: Keep
    ) -> str:
        now = self._world.clock.now()
        record = ExportRecord(
            id=ExportId(self._world.ids.new()),
            project=access.project,
            user=access.user,
            format=format_name,
            options=options,
            status="queued",
            created_at=now,
            estimated_completion=now + _ESTIMATE_SECONDS,
        )
        job = Job(
            id=JobId(self._world.ids.new()),
            kind="export",
            subject=record.id,
            project=access.project,
            user=access.user,
            state="queued",
            created_at=now,
        )

        def store(tx: Transaction) -> None:
            tx.work.insert_export(record)
            tx.jobs.enqueue(job)
            tx.audit.append(
                audit_entry(origin, access.user, "project.export", access.project, at=now)
            )
            keep(tx, record.id)

        await self._world.store.write(store)
        self._world.jobs.wake()
        return record.id


def options_of(record: ExportRecord) -> dict[str, object]:
    """The options an export was asked for with."""
    return msgspec.json.decode(record.options, type=dict[str, object])
