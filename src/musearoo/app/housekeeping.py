"""What must be tidied now and then: answers that were kept long enough, files nobody refers to."""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import structlog

from musearoo.conductor.repeats import KEPT_SECONDS
from musearoo.ports.ambient import Clock
from musearoo.ports.store import Store

log = structlog.get_logger(__name__)

EVERY_SECONDS: Final = 3600.0


class Sweepable(Protocol):
    """Blobs that can be searched for leftovers."""

    async def sweep(self, referenced: Callable[[str], Awaitable[bool]]) -> int:
        """Remove old blobs that nothing refers to; answers how many."""
        ...


async def keep_house(store: Store, blobs: Sweepable, clock: Clock) -> None:
    """Tidy at the start and every hour, until cancelled; a failure waits for the next time."""
    while True:
        try:
            await tidy(store, blobs, clock.now())
        except Exception as failure:  # noqa: BLE001  (there is always a next time)
            log.warning("house.untidy", error=repr(failure))
        await clock.sleep(EVERY_SECONDS)


async def tidy(store: Store, blobs: Sweepable, now: float) -> None:
    """Once."""

    async def referenced(key: str) -> bool:
        return await store.read(lambda tx: tx.work.blob_is_referenced(key))

    answers = await store.write(lambda tx: tx.answers.prune(now - KEPT_SECONDS))
    removed = await blobs.sweep(referenced)
    log.info("house.tidied", answers=answers, blobs=removed)
