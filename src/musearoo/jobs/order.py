"""One piece of work on its way through a worker and back."""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Final, TypeVar

from musearoo.domain.engine import Bar
from musearoo.domain.errors import Unavailable
from musearoo.jobs import frames

T = TypeVar("T")

_NUMBERS: Final = count(1)  # 0 is the start of a worker


class Lost(Unavailable):
    """The work took its workers with it: it died, or was silent, wherever it was tried."""


class Order:
    """A task, who waits for it, and what was already delivered of it.

    `patience` is how many seconds a worker may be silent before it counts as hung;
    `retries` how often the task may go to another worker after one died. `drop_after`
    (monotonic seconds) is when beginning it is no use any more. A `hint` warms a worker
    up and proves nothing about its health. `turn` counts what its `player` had in the crew
    before it: low turns go first. `waited` is how many seconds passed until a worker took it.
    """

    __slots__ = (
        "_asked", "_heard", "answer", "attempts", "content", "drop_after", "frame", "hint",
        "number", "on_bar", "on_progress", "patience", "player", "retries", "turn", "waited",
    )  # fmt: skip

    def __init__(
        self,
        task: frames.Task,
        *,
        patience: float,
        retries: int = 1,
        on_bar: Callable[[Bar], None] | None = None,
        on_progress: Callable[[float], None] | None = None,
        drop_after: float | None = None,
        player: str = "",
        hint: bool = False,
    ) -> None:
        self.number = next(_NUMBERS)
        self.frame = frames.encode(frames.Run(self.number, task))
        loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[frames.Result] = loop.create_future()
        self._asked = loop.time()
        self.waited = 0.0
        self.patience = patience
        self.retries = retries
        self.attempts = 0
        self.on_bar = on_bar
        self.on_progress = on_progress
        self.drop_after = drop_after
        self.player = player
        self.turn = 0
        self.hint = hint
        self.content: list[bytes] = []
        self._heard: set[int] = set()

    @property
    def settled(self) -> bool:
        """Whether the caller has its answer, or has gone."""
        return self.answer.done()

    def begin(self, now: float) -> None:
        """A worker takes it, at loop time `now`."""
        self.attempts += 1
        if self.attempts == 1:
            self.waited = now - self._asked

    def may_retry(self) -> bool:
        """Whether another worker may try."""
        return not self.settled and self.attempts <= self.retries

    def is_late(self, now: float) -> bool:
        """Whether it has not begun and would be too late now; what has begun is finished."""
        return self.drop_after is not None and self.attempts == 0 and now > self.drop_after

    def restart(self) -> None:
        """Forget what half an attempt sent; bars stay, since the same run plays the same bars."""
        self.content.clear()

    def hear(self, bar: Bar) -> None:
        """Pass a bar on, unless an earlier attempt already did."""
        if self.settled or bar.index in self._heard:
            return
        self._heard.add(bar.index)
        if self.on_bar is not None:
            self._call(self.on_bar, bar)

    def progress(self, value: float) -> None:
        """Pass progress on."""
        if not self.settled and self.on_progress is not None:
            self._call(self.on_progress, value)

    def settle(self, result: frames.Result) -> None:
        """Give the caller its result."""
        if not self.settled:
            self.answer.set_result(result)

    def refuse(self, error: Exception) -> None:
        """Give the caller an error; a hint has no caller."""
        if self.settled:
            return
        if self.hint:
            self.answer.cancel()
        else:
            self.answer.set_exception(error)

    def _call(self, callback: Callable[[T], None], value: T) -> None:
        try:
            callback(value)
        except Exception as error:  # noqa: BLE001  (the caller's own fault: tell the caller)
            self.refuse(error)
