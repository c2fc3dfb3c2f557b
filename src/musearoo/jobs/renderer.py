"""Sound and notation made in workers: `ports.work.Renderer`."""

import asyncio
from typing import Final

from musearoo.domain.song import Song
from musearoo.jobs import frames
from musearoo.jobs.order import Order
from musearoo.jobs.pool import WorkerPool, perform
from musearoo.ports.work import AudioFormat, Lane

# Joining more than this would hold the event loop; bytes.join frees the GIL from 1 MiB on.
_JOIN_ON_LOOP: Final = 4 << 20


class WorkerRenderer:
    """Whole files, sent in chunks by the worker that made them."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool

    async def audio(self, song: Song, *, format: AudioFormat, lane: Lane) -> bytes:  # noqa: A002
        return await self._made(frames.AudioTask(song, format), lane)

    async def notation(self, song: Song, *, lane: Lane) -> bytes:
        return await self._made(frames.NotationTask(song), lane)

    async def _made(self, task: frames.Task, lane: Lane) -> bytes:
        # Rendering reports no progress on its way, so nobody can tell slow from hung.
        settings = self._pool.settings
        patience = settings.sound_patience if lane == "interactive" else settings.durable_patience
        result = await perform(self._pool.renderers(lane), order := Order(task, patience=patience))
        assert isinstance(result, frames.Made)  # noqa: S101
        if result.size <= _JOIN_ON_LOOP:
            return b"".join(order.content)
        return await asyncio.to_thread(b"".join, order.content)
