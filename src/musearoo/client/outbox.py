"""Messages on their way: kept until they are answered, sent again after a break, done once."""

import asyncio
from collections.abc import Iterator
from typing import Final

from musearoo.client.refusals import Refused
from musearoo.codecs.ws import Incoming
from musearoo.codecs.ws.outgoing import AckData, ErrorData

MOST_WAITING: Final = 256


class Outbox:
    """Unanswered messages by `message_id`, in the order in which they were first sent."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._waiting: dict[str, tuple[Incoming, asyncio.Future[AckData]]] = {}
        self._room = asyncio.Semaphore(most)
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Incoming]:
        return iter([message for message, _ in self._waiting.values()])

    async def room(self) -> None:
        """Wait until fewer than the most are waiting; then `put` must follow."""
        await self._room.acquire()

    async def empty(self) -> None:
        """Wait until everything was answered."""
        await self._empty.wait()

    def put(self, message_id: str, message: Incoming) -> asyncio.Future[AckData]:
        """Keep a message; the future is its answer or raises `Refused`."""
        future: asyncio.Future[AckData] = asyncio.get_running_loop().create_future()
        # Whoever does not wait for the answer is not told of a refusal either.
        future.add_done_callback(_seen)
        self._waiting[message_id] = (message, future)
        self._empty.clear()
        return future

    def done(self, cause: str | None, ack: AckData) -> None:
        """The server carried it out."""
        future = self._take(cause)
        if future is not None and not future.done():
            future.set_result(ack)

    def refused(self, cause: str | None, error: ErrorData) -> bool:
        """The server said no; False if nothing here was meant."""
        future = self._take(cause)
        if future is not None and not future.done():
            future.set_exception(Refused(error.code, error.detail, error.retry_after))
        return future is not None

    def fail(self, failure: Exception) -> None:
        """Nothing will be answered any more."""
        for message_id in list(self._waiting):
            future = self._take(message_id)
            if future is not None and not future.done():
                future.set_exception(failure)

    def _take(self, cause: str | None) -> asyncio.Future[AckData] | None:
        held = self._waiting.pop(cause, None) if cause is not None else None
        if held is None:
            return None
        self._room.release()
        if not self._waiting:
            self._empty.set()
        return held[1]


def _seen(future: asyncio.Future[AckData]) -> None:
    if not future.cancelled():
        future.exception()
