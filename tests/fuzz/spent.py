"""How much of the processor a call takes."""

from collections.abc import Callable
from time import thread_time

TRIES = 3


def within(seconds: float, work: Callable[[], object]) -> bool:
    """Whether a call can be done in that much processor time; the collector may strike once."""
    return any(_spent(work) < seconds for _ in range(TRIES))


def _spent(work: Callable[[], object]) -> float:
    began = thread_time()
    work()
    return thread_time() - began
