"""Starting background work so that its failure is heard."""

from asyncio import Task
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Spawn(Protocol):
    """Starts background work on the running loop; the only way to do so outside `app`."""

    def __call__(self, work: Coroutine[Any, Any, T], *, name: str) -> Task[T]:
        """Start `work`, keep it alive, log what it raises; `name` is what the log says."""
        ...
