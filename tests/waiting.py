"""Waiting for what comes after an answer: by looking again, never by sleeping and hoping."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar, overload

PATIENCE: Final = 30.0
"""Seconds until a wait gives up: machines that run tests stand still for seconds at times."""
GLANCE: Final = 0.01
_FIRST_GLANCE: Final = 0.001

What = str | Callable[[], str]
"""What is waited for, or what tells it at the end, when it did not come."""
Found = TypeVar("Found")


@overload
async def until(
    look: Callable[[], Awaitable[Found]], what: What = "", seconds: float = PATIENCE
) -> Found: ...
@overload
async def until(look: Callable[[], Found], what: What = "", seconds: float = PATIENCE) -> Found: ...
async def until(look: Callable[[], Any], what: What = "", seconds: float = PATIENCE) -> Any:
    """The first true answer of `look`; fails with `what` and the last answer."""
    ends, glance = time.monotonic() + seconds, _FIRST_GLANCE
    while True:
        seen = look()
        found = await seen if isinstance(seen, Awaitable) else seen
        if found:
            return found
        if time.monotonic() > ends:
            raise AssertionError(_missed(what, seconds, found))
        await asyncio.sleep(glance)
        glance = min(2 * glance, GLANCE)


def wait_until(look: Callable[[], Found], what: What = "", seconds: float = PATIENCE) -> Found:
    """The same where no event loop runs."""
    ends, glance = time.monotonic() + seconds, _FIRST_GLANCE
    while not (found := look()):
        if time.monotonic() > ends:
            raise AssertionError(_missed(what, seconds, found))
        time.sleep(glance)
        glance = min(2 * glance, GLANCE)
    return found


def _missed(what: What, seconds: float, found: object) -> str:
    told = what if isinstance(what, str) else what()
    return f"waited {seconds:g} s{' for ' + told if told else ''}; last seen: {found!r}"
