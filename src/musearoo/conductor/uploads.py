"""Recordings on their way in: received, kept once, and sent to be analysed."""

from collections.abc import AsyncIterable, AsyncIterator

import msgspec

from musearoo.codecs.sound_head import (
    HEAD_BYTES,
    SNIFFED_BYTES,
    TAIL_BYTES,
    SoundHead,
    read_head,
    sniff,
)
from musearoo.conductor.access import Gate
from musearoo.conductor.analyses import Analyses
from musearoo.conductor.assets import Assets
from musearoo.conductor.repeats import Keep, Repeats
from musearoo.conductor.values import fingerprint
from musearoo.conductor.world import World
from musearoo.domain.analysis import Depth
from musearoo.domain.errors import (
    Conflict,
    InvalidValue,
    NotFound,
    PayloadTooLarge,
    UnsupportedAudio,
)
from musearoo.domain.ids import AnalysisId, AssetId, CommandId, ProjectId
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Access, Actor, Permission
from musearoo.domain.records import AnalysisRecord, Asset

MAXIMUM_NAME = 255
MAXIMUM_CHANNELS = 8
MINIMUM_RATE, MAXIMUM_RATE = 8000, 192_000
NO_AUDIO = "This is not audio that we read; send WAV, MP3, FLAC, AIFF or OGG."


class Wanted(msgspec.Struct, frozen=True):
    """How deeply to listen, and to what."""

    depth: Depth
    features: tuple[str, ...]


class Upload(msgspec.Struct, frozen=True):
    """A recording that was received: `name` is what its sender calls it, and only that."""

    name: str
    media_type: str
    key: str
    size: int


async def inspected(chunks: AsyncIterable[bytes], seconds: float) -> AsyncIterator[bytes]:
    """The same chunks; raises `UnsupportedAudio` or `PayloadTooLarge` as soon as it shows."""
    head, tail, size = bytearray(), b"", 0
    async for chunk in chunks:
        known = len(head) >= SNIFFED_BYTES
        head += chunk[: HEAD_BYTES - len(head)]
        tail = (tail + chunk)[-TAIL_BYTES:]
        size += len(chunk)
        if not known and len(head) >= SNIFFED_BYTES and sniff(bytes(head[:SNIFFED_BYTES])) is None:
            raise UnsupportedAudio(NO_AUDIO)
        yield chunk
    if size:
        check_head(read_head(bytes(head), tail, size), seconds)


def check_head(head: SoundHead | None, seconds: float) -> None:
    """Refuse what cannot be analysed, by what it declares."""
    if head is None:
        raise UnsupportedAudio(NO_AUDIO)
    if head.channels is not None and head.channels > MAXIMUM_CHANNELS:
        raise PayloadTooLarge(
            f"The file has {head.channels} channels; mix it down to at most {MAXIMUM_CHANNELS}."
        )
    if head.rate is not None and not MINIMUM_RATE <= head.rate <= MAXIMUM_RATE:
        raise UnsupportedAudio(
            f"The sample rate is {head.rate} Hz; it must be {MINIMUM_RATE} to {MAXIMUM_RATE} Hz."
        )
    if head.seconds is not None and head.seconds > seconds:
        raise PayloadTooLarge(
            f"The recording is {head.seconds / 60:.0f} minutes long and may have "
            f"{seconds / 60:.0f}; cut out the part you need."
        )


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

    async def receive(
        self, actor: Actor, chunks: AsyncIterable[bytes], *, maximum: int
    ) -> tuple[str, int]:
        """Store what comes; answers its key and size. `drop` what is not used after all.

        What its header shows to be no recording for us is refused at once: decoding, which
        finds the rest, may have to wait for other recordings.
        """
        seconds = self._world.rules.allowances[actor.tier].seconds
        received = await self._world.blobs.receive(inspected(chunks, seconds), maximum=maximum)
        await self._world.blobs.adopt(received.path, received.key)
        return received.key, received.size

    async def drop(self, key: str) -> None:
        """Forget received bytes that nothing refers to."""
        referenced = await self._world.store.read(lambda tx: tx.work.blob_is_referenced(key))
        if not referenced:
            await self._world.blobs.delete(key)

    async def analyze(
        self, access: Access, upload: Upload, wanted: Wanted, *, command: CommandId | None
    ) -> AnalysisRecord:
        """Queue the analysis of a received recording."""
        if upload.size == 0:
            raise InvalidValue("audio_file", "empty", "a recording")
        asset = self._assets.uploaded(
            access.project,
            access.user,
            name=upload.name[:MAXIMUM_NAME],
            media_type=upload.media_type,
            blob=upload.key,
            size=upload.size,
        )
        body = fingerprint(("analyze", access.project, upload.key, upload.name, wanted))
        return await self._once(access, asset, wanted, body, command, new_asset=True)

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
