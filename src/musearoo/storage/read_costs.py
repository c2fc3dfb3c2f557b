"""Which queries are too long for the event loop, learned from what they have cost."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any, Final

LONG_SECONDS: Final = 0.001
# A first run pays for caches, any run for a collection of garbage; the average of several decides,
# and no single one can pass the limit.
_WEIGHT: Final = 0.25
_MOST_SECONDS: Final = 3 * LONG_SECONDS


class ReadCosts:
    """The running average of CPU seconds per query function, told apart by its code."""

    def __init__(self) -> None:
        self._average: dict[CodeType | type, float] = {}

    def is_long(self, query: Callable[..., Any]) -> bool:
        """Whether this query has shown to take longer than a millisecond."""
        return self._average.get(_code(query), 0.0) > LONG_SECONDS

    @contextmanager
    def measured(self, query: Callable[..., Any]) -> Iterator[None]:
        """Count what runs inside as one run of the query."""
        code = _code(query)
        # CPU time of this thread: a busy machine does not make a query long.
        began = time.thread_time()
        try:
            yield
        finally:
            spent = min(time.thread_time() - began, _MOST_SECONDS)
            average = self._average.get(code, 0.0)
            self._average[code] = average + _WEIGHT * (spent - average)


def _code(query: Callable[..., Any]) -> CodeType | type:
    code: CodeType | type = getattr(query, "__code__", type(query))
    return code
