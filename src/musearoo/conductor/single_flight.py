"""Work that many may ask for at the same time and that is done once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from musearoo.conductor.eager import begin
from musearoo.ports.tasks import Spawn

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class SingleFlight(Generic[K, T]):
    """All who ask while it runs get the same outcome; those who leave do not stop it."""

    def __init__(self, spawn: Spawn, name: str) -> None:
        self._spawn = spawn
        self._name = name
        self._running: dict[K, asyncio.Future[T]] = {}

    def __contains__(self, key: K) -> bool:
        return key in self._running

    async def once(self, key: K, work: Callable[[], Awaitable[T]], *, eager: bool = False) -> T:
        """Do `work` unless it is being done under this key; raises what it raises.

        `eager` work begins at once in the caller's step; it may not rely on its own task.
        """
        outcome = self._running.get(key)
        if outcome is None:
            outcome = self._running[key] = asyncio.get_running_loop().create_future()
            settling = self._settle(key, outcome, work)
            if not eager:
                self._spawn(settling, name=self._name)
            else:
                begin(settling, self._spawn, name=self._name)
                if outcome.done():
                    return outcome.result()
        return await asyncio.shield(outcome)

    async def _settle(
        self, key: K, outcome: asyncio.Future[T], work: Callable[[], Awaitable[T]]
    ) -> None:
        try:
            outcome.set_result(await work())
        except Exception as failure:  # noqa: BLE001  (whoever asked hears of it)
            outcome.set_exception(failure)
            outcome.exception()  # nobody may be left to hear
        finally:
            outcome.cancel()  # at shutdown; does nothing to what is settled
            del self._running[key]
