"""Work that most often need not wait: begun at once, and only what waits becomes a task.

A task costs a turn of the loop before it begins; a parameter change is done within its first
step when rights and state are in memory.
"""

from collections.abc import Coroutine, Generator
from typing import Any

from musearoo.ports.tasks import Spawn


def begin(work: Coroutine[Any, Any, None], spawn: Spawn, *, name: str) -> None:
    """Run `work` up to where it first waits; `spawn` the rest, if there is one."""
    try:
        waits_for = work.send(None)
    except StopIteration:
        return
    spawn(_rest(work, waits_for), name=name)


async def _rest(work: Coroutine[Any, Any, None], waits_for: Any) -> None:
    await _Rest(work, waits_for)


class _Rest:
    """What is left of a coroutine that has been begun, as an awaitable (PEP 492)."""

    def __init__(self, work: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self._work = work
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        waits_for = self._waits_for
        while True:
            try:
                value = yield waits_for
            except BaseException as failure:  # noqa: BLE001  cancellation too goes where it belongs
                step = self._thrown(failure)
            else:
                step = self._sent(value)
            if step is None:
                return
            waits_for = step[0]

    def _sent(self, value: Any) -> tuple[Any] | None:
        try:
            return (self._work.send(value),)
        except StopIteration:
            return None

    def _thrown(self, failure: BaseException) -> tuple[Any] | None:
        try:
            return (self._work.throw(failure),)
        except StopIteration:
            return None
