"""Files of a project: uploads, renderings made on first use, and the signed links to them."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import msgspec
from msgspec.structs import replace

from musearoo.conductor.single_flight import SingleFlight
from musearoo.conductor.songs import Songs
from musearoo.conductor.world import World
from musearoo.domain.errors import Gone, NotFound, PayloadTooLarge
from musearoo.domain.ids import AssetId, ProjectId, TakeId, UserId
from musearoo.domain.permissions import Actor
from musearoo.domain.records import Asset

LINK_SECONDS: Final = 3600


class Content(msgspec.Struct, frozen=True):
    """An asset with its bytes: at a local `path`, or as `body` where blobs are remote."""

    asset: Asset
    path: str | None
    body: bytes | None


class Assets:
    """Keeps uploads, renders what is asked for the first time, signs links."""

    def __init__(self, world: World, songs: Songs) -> None:
        self._world = world
        self._songs = songs
        self._rendering: SingleFlight[AssetId, Asset] = SingleFlight(world.spawn, "asset.render")

    async def check_room(self, actor: Actor, size: int) -> None:
        """Refuse an upload of `size` bytes that the tier does not allow (`PayloadTooLarge`)."""
        allowance = self._world.rules.allowances[actor.tier]
        if size > allowance.file_bytes:
            raise PayloadTooLarge(
                f"The file is larger than {allowance.file_bytes >> 20} MB, "
                f"the most for the tier {actor.tier}."
            )
        held, files = await self._world.store.read(lambda tx: tx.work.stored_bytes(actor.user))
        if held + size > allowance.total_bytes or files >= allowance.files:
            raise PayloadTooLarge(
                f"Your uploads would pass {allowance.total_bytes >> 30} GB or {allowance.files} "
                "files; delete a project you no longer need."
            )

    def uploaded(
        self, project: ProjectId, user: UserId, *, name: str, media_type: str, blob: str, size: int
    ) -> Asset:
        """The record of a received file; the caller stores it."""
        return Asset(
            id=AssetId(self._world.ids.new()),
            project=project,
            owner=user,
            kind="upload",
            name=name,
            media_type=media_type,
            created_at=self._world.clock.now(),
            blob=blob,
            size=size,
        )

    def link(self, asset: AssetId) -> str:
        """A signed path to an asset that works for 1 to 2 hours, stable within the hour."""
        now = self._world.clock.now()
        expires = (int(now) // LINK_SECONDS + 2) * LINK_SECONDS
        signature = self._world.tokens.signature(f"asset:{asset}", expires)
        base = self._world.rules.assets_url or self._world.rules.public_url
        return f"{base}/api/v3/assets/{asset}?expires={expires}&signature={signature}"

    async def content(self, asset_id: AssetId, *, expires: int, signature: str) -> Content:
        """What a signed link opens; raises `NotFound`, or `Gone` when it has expired."""
        now = self._world.clock.now()
        text = f"asset:{asset_id}"
        if not self._world.tokens.signature_is_valid(text, expires, signature, 0.0):
            raise NotFound("asset")
        if expires < now:
            raise Gone("This link has expired; ask for the take or the export again.")
        asset = await self._world.store.read(lambda tx: tx.work.asset(asset_id))
        if asset is None:
            raise NotFound("asset")
        if asset.blob is None:
            asset = await self._rendering.once(asset.id, partial(self._render, asset))
        return await self._content(asset)

    async def of_take(self, take: TakeId) -> dict[str, str]:
        """Links to the renderings of a take, by kind."""
        assets = await self._world.store.read(lambda tx: tx.work.assets_of_recipe(f"take:{take}:"))
        return {asset.kind: self.link(asset.id) for asset in assets}

    async def _content(self, asset: Asset) -> Content:
        key = asset.blob or ""
        path = self._world.blobs.path(key)
        body = None if path is not None else await self._world.blobs.get(key)
        return Content(asset, path, body)

    async def _render(self, asset: Asset) -> Asset:
        content = await self._renderer(asset)()
        key = await self._world.blobs.put(content)
        stored = replace(asset, blob=key, size=len(content))
        await self._world.store.write(lambda tx: tx.work.update_asset(stored))
        return stored

    def _renderer(self, asset: Asset) -> Callable[[], Awaitable[bytes]]:
        take = TakeId((asset.recipe or "::").split(":")[1])
        match asset.kind:
            case "midi":
                return lambda: self._songs.take_as("midi", take)
            case "audio":
                return lambda: self._songs.take_as("wav", take)
            case "notation":
                return lambda: self._songs.take_as("svg", take)
            case _:
                raise NotFound("asset")
