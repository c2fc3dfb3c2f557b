"""Waiting for what comes after an answer: by looking again, never by sleeping and hoping."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

PATIENCE: Final = 30.0
"""Seconds until a wait gives up: machines that run tests stand still for seconds at times."""
GLANCE: Final = 0.01

Found = TypeVar("Found")


async def until(
    look: Callable[[], Found | Awaitable[Found]], what: str = "", seconds: float = PATIENCE
) -> Found:
    """The first true answer of `look`; fails with `what` and the last answer."""
    ends = time.monotonic() + seconds
    while True:
        seen = look()
        found = await seen if isinstance(seen, Awaitable) else seen
        if found:
            return found
        if time.monotonic() > ends:
            raise AssertionError(_missed(what, seconds, found))
        await asyncio.sleep(GLANCE)


def wait_until(look: Callable[[], Found], what: str = "", seconds: float = PATIENCE) -> Found:
    """The same where no event loop runs."""
    ends = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > ends:
            raise AssertionError(_missed(what, seconds, found))
        time.sleep(GLANCE)
    return found


def _missed(what: str, seconds: float, found: object) -> str:
    return f"waited {seconds:g} s{' for ' + what if what else ''}; last seen: {found!r}"
