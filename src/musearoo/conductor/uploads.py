"""Recordings on their way in: received, kept once, and sent to be analysed."""

from collections.abc import AsyncIterable

import msgspec

from musearoo.conductor.access import Gate
from musearoo.conductor.analyses import Analyses
from musearoo.conductor.assets import Assets
from musearoo.conductor.repeats import Keep, Repeats
from musearoo.conductor.values import fingerprint
from musearoo.conductor.world import World
from musearoo.domain.analysis import Depth
from musearoo.domain.errors import Conflict, InvalidValue, NotFound
from musearoo.domain.ids import AnalysisId, AssetId, CommandId, ProjectId
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Access, Actor, Permission
from musearoo.domain.records import AnalysisRecord, Asset

MAXIMUM_NAME = 255


class Wanted(msgspec.Struct, frozen=True):
    """How deeply to listen, and to what."""

    depth: Depth
    features: tuple[str, ...]


class Recording(msgspec.Struct, frozen=True):
    """A file that is being sent: `name` is what its sender calls it, and only that."""

    name: str
    media_type: str
    chunks: AsyncIterable[bytes]


class Uploads:
    """Receives recordings and asks for their analysis."""

    def __init__(
        self, world: World, gate: Gate, assets: Assets, analyses: Analyses, repeats: Repeats
    ) -> None:
        self._world = world
        self._gate = gate
        self._assets = assets
        self._analyses = analyses
        self._repeats = repeats

    async def room(self, actor: Actor, project: ProjectId, origin: Origin) -> tuple[Access, int]:
        """The access to store a recording, and how many bytes it may have."""
        access = await self._gate.access(actor, project, Permission.EDIT, origin)
        await self._assets.check_room(actor, 1)
        allowance = self._world.rules.allowances[actor.tier]
        held, _ = await self._world.store.read(lambda tx: tx.work.stored_bytes(actor.user))
        return access, min(allowance.file_bytes, allowance.total_bytes - held)

    async def analyze(
        self,
        access: Access,
        recording: Recording,
        wanted: Wanted,
        *,
        maximum: int,
        command: CommandId | None,
    ) -> AnalysisRecord:
        """Receive a recording and queue its analysis; nothing stays of a refused one."""
        received = await self._world.blobs.receive(recording.chunks, maximum=maximum)
        await self._world.blobs.adopt(received.path, received.key)
        asset = self._assets.uploaded(
            access.project,
            access.user,
            name=recording.name[:MAXIMUM_NAME],
            media_type=recording.media_type,
            blob=received.key,
            size=received.size,
        )
        body = fingerprint(("analyze", access.project, received.key, recording.name, wanted))
        try:
            if received.size == 0:
                raise InvalidValue("audio_file", "empty", "a recording")
            return await self._once(access, asset, wanted, body, command, new_asset=True)
        except BaseException:
            await self._drop(received.key)
            raise

    async def analyze_again(
        self, access: Access, asset_id: AssetId, wanted: Wanted, *, command: CommandId | None
    ) -> AnalysisRecord:
        """Queue another analysis of a recording that is here."""
        asset = await self._world.store.read(lambda tx: tx.work.asset(asset_id))
        if asset is None or asset.project != access.project:
            raise NotFound("asset")
        if asset.kind != "upload" or asset.blob is None:
            raise Conflict("This asset is no recording that can be analysed.")
        body = fingerprint(("analyze", access.project, asset_id, wanted))
        return await self._once(access, asset, wanted, body, command, new_asset=False)

    async def _once(
        self,
        access: Access,
        asset: Asset,
        wanted: Wanted,
        body: str,
        command: CommandId | None,
        *,
        new_asset: bool,
    ) -> AnalysisRecord:
        async def work(keep: Keep) -> str:
            record = await self._analyses.start(
                access,
                asset,
                depth=wanted.depth,
                features=wanted.features,
                new_asset=new_asset,
                keep=keep,
            )
            return record.id

        found = await self._repeats.once(access.user, command, body, str, work)
        return await self._analyses.outcome(AnalysisId(found), 0.0)

    async def _drop(self, key: str) -> None:
        referenced = await self._world.store.read(lambda tx: tx.work.blob_is_referenced(key))
        if not referenced:
            await self._world.blobs.delete(key)
