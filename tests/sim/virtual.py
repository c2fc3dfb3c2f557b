"""An event loop whose time is a number: nothing waits, and the same program runs the same way."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")
WALL: Final = 1_760_000_000.0
MOST_TURNS: Final = 2_000_000


class Stuck(Exception):
    """Nothing is left that could ever happen, or it never ends."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Jumps to the next timer whenever nobody can run. No sockets, no threads."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self.turns = 0
        self._selector = _Jump(self)

    def time(self) -> float:
        return self._now

    def jump(self, timeout: float | None) -> None:
        """Be where the next timer is due."""
        self.turns += 1
        if timeout is None:
            raise Stuck("everyone waits, and no timer is set")
        if self.turns > MOST_TURNS:
            raise Stuck("it does not end")
        if timeout > 0:
            self._now = max(self._now, self._scheduled[0].when())  # type: ignore[attr-defined]

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody calls from another thread."""


class _Jump:
    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        self._loop.jump(timeout)
        return []


class VirtualClock:
    """`Clock` by the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        return WALL + self._loop.time()

    def monotonic(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class OrderedTasks:
    """`Spawn` that remembers in order, so that ending a server is repeatable too."""

    def __init__(self, faults: list[str]) -> None:
        self._faults = faults
        self._running: dict[asyncio.Task[Any], None] = {}

    def __call__(self, work: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running[task] = None
        task.add_done_callback(self._ended)
        return task

    def cancel(self) -> None:
        """End all of it."""
        for task in tuple(self._running):
            task.cancel()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.pop(task, None)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._faults.append(f"task {task.get_name()}: {failure!r}")


class Ordered(dict[Any, None]):
    """A set that iterates in the order of arrival."""

    def add(self, item: Any) -> None:
        self[item] = None

    def discard(self, item: Any) -> None:
        self.pop(item, None)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end in no time."""
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main)
    finally:
        pending = sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name())
        for task in pending:
            task.cancel()
        if pending:
            loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()
