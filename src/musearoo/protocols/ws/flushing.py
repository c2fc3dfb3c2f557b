"""When outboxes are emptied: once per connection and turn of the loop, later when it is busy."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import structlog

log = structlog.get_logger(__name__)

# Frames a second from which it pays to wait, and how long.
_WIDEN: Final = ((200_000.0, 0.005), (60_000.0, 0.002))
_WINDOW: Final = 0.25
_WORTH: Final = 2.0  # frames of one connection that waiting must bring together


def delay_for(frames: float, writers: int) -> float:
    """How long to collect, at so many frames a second to so many connections.

    Many small sessions gain nothing by waiting: their frames go to different sockets.
    """
    for rate, delay in _WIDEN:
        if frames >= rate and frames * delay >= _WORTH * writers:
            return delay
    return 0.0


class Flushed(Protocol):
    """Somebody with frames to write, to `width` connections."""

    @property
    def width(self) -> int: ...

    def flush(self) -> int:
        """Write what is ready; answers how many frames that was."""
        ...


class Flusher:
    """Collects who has something to write, and lets each write once."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._dirty: list[Flushed] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._delay = 0.0
        self._frames = 0
        self._writers: set[Flushed] = set()
        self._since = clock()

    @property
    def delay(self) -> float:
        """How long frames are collected at present, in seconds."""
        return self._delay

    def add(self, who: Flushed) -> None:
        """Let `who` write soon; call it when its outbox is no longer empty."""
        if not self._dirty:
            if self._loop is None:
                self._loop = asyncio.get_running_loop()
            if self._delay:
                self._loop.call_later(self._delay, self._flush)
            else:
                self._loop.call_soon(self._flush)
        self._dirty.append(who)

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, []
        for who in dirty:
            try:
                self._frames += who.flush()
            except Exception:  # one who cannot write keeps nobody else waiting
                log.exception("ws.flush_failed")
        self._writers.update(dirty)
        now = self._clock()
        if now - self._since >= _WINDOW:
            rate = self._frames / (now - self._since)
            self._delay = delay_for(rate, sum(each.width for each in self._writers))
            self._frames, self._since = 0, now
            self._writers.clear()
