"""Requests to AbletonOSC, which acknowledges nothing: each is sent with a question behind it."""

import asyncio
from collections.abc import Callable
from typing import Final

from musearoo.codecs.osc import Message
from musearoo.domain.errors import Unavailable
from musearoo.ports.ambient import Clock

RESEND_SECONDS: Final = 0.13
"""Live looks at its socket every 100 ms: no answer after this is a loss, or a busy Live."""
EACH_SECONDS: Final = 0.005
"""What Live may need for each of the requests that are under way."""
PATIENT_TIMES: Final = 1.5
"""How much longer than the usual answer takes we wait for one."""
LONGEST_USUAL: Final = 0.2
QUICK_TIMES: Final = 8
SLOWER: Final = 1.5
SLOWEST_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 6.0

Accepts = Callable[[Message], bool]


class _Waiter:
    """Somebody who waits for an answer; `denied` since an answer came that said otherwise."""

    __slots__ = ("accepts", "answer", "denied")

    def __init__(self, accepts: Accepts) -> None:
        self.accepts = accepts
        self.answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self.denied = False


class Asking:
    """Sends acts with questions until Live's answer shows that they took effect."""

    def __init__(self, send: Callable[..., None], clock: Clock) -> None:
        self.resent = 0
        self._send = send
        self._clock = clock
        self._waiters: dict[str, list[_Waiter]] = {}
        self._under_way = 0
        self._usual = 0.0  # smoothed seconds until the answer to what was sent once

    def hear(self, message: Message) -> None:
        """Give a message of Live to those who wait for it."""
        for waiter in self._waiters.get(message.address, ()):
            if waiter.answer.done():
                continue
            if _is_accepted(waiter, message):
                waiter.answer.set_result(message)
            else:
                waiter.denied = True

    async def confirm(
        self,
        *questions: Message,
        accepts: Accepts,
        acts: tuple[Message, ...] = (),
        also: tuple[Message, ...] = (),
        once: bool = False,
    ) -> Message:
        """Send until an answer at a question's address is accepted; raises `Unavailable`.

        `also` are acts whose answers count as well.

        Acts that must not be done twice (`once`) are sent again only after the questions
        alone have been answered, and not as wanted.
        """
        waiter = _Waiter(accepts)
        addresses = {question.address for question in (*questions, *also)}
        for address in addresses:
            self._waiters.setdefault(address, []).append(waiter)
        self._under_way += 1
        try:
            return await self._until(waiter, acts, questions, once=once)
        finally:
            self._under_way -= 1
            for address in addresses:
                self._waiters[address].remove(waiter)

    async def _until(
        self,
        waiter: _Waiter,
        acts: tuple[Message, ...],
        questions: tuple[Message, ...],
        *,
        once: bool,
    ) -> Message:
        began = self._clock.monotonic()
        wait, acting = max(RESEND_SECONDS, PATIENT_TIMES * self._usual), True
        turn = 0
        while True:
            waiter.denied = False
            self._send(*(acts if acting else ()), *questions)
            await asyncio.wait({waiter.answer}, timeout=wait + EACH_SECONDS * self._under_way)
            if waiter.answer.done():
                if turn == 0:
                    self._took(self._clock.monotonic() - began)
                return waiter.answer.result()
            if self._clock.monotonic() >= began + PATIENCE_SECONDS:
                raise Unavailable(
                    "Ableton Live did not confirm this; close its menus and dialogs, try again."
                )
            acting = not once or (waiter.denied and not acting)
            wait = min(wait * SLOWER, SLOWEST_SECONDS) if turn >= QUICK_TIMES else wait
            self.resent += 1
            turn += 1

    def _took(self, seconds: float) -> None:
        self._usual = 0.7 * self._usual + 0.3 * min(seconds, LONGEST_USUAL)


def _is_accepted(waiter: _Waiter, message: Message) -> bool:
    try:
        return waiter.accepts(message)
    except (IndexError, OverflowError, TypeError, ValueError):
        return False  # an answer of another shape
