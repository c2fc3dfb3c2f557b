"""What a live session tells its client, and queues to hear it from."""

import asyncio
from typing import Final, Self

import msgspec

from musearoo.client.refusals import Ended, Lagged
from musearoo.codecs.ws import (
    AudioRecord,
    CursorMoved,
    DraftMessage,
    ErrorMessage,
    GenerationProgress,
    GoingAway,
    NoteRecord,
    Notice,
    PresenceChange,
    Reconnected,
)
from musearoo.domain.events import Sequenced

MOST_QUEUED: Final = 20_000


class Connected(msgspec.Struct, frozen=True):
    """The session is reached; without `resumed` the state is another than before."""

    resumed: bool
    epoch: str
    seq: int


class Disconnected(msgspec.Struct, frozen=True):
    """The connection was lost; the client comes back in `wait` seconds."""

    code: int
    reason: str
    wait: float


Happening = (
    Sequenced | PresenceChange | CursorMoved | GenerationProgress | Notice | ErrorMessage
    | DraftMessage | GoingAway | Reconnected | NoteRecord | AudioRecord | Connected | Disconnected
)  # fmt: skip


class Happenings:
    """An async iterator over what happens from now on; ends with the session.

    Raises `Lagged` when more than 20,000 wait to be read, `Ended` when the session ended in a
    failure.
    """

    def __init__(self, leave: "set[Happenings]", most: int = MOST_QUEUED) -> None:
        self._queue: asyncio.Queue[Happening | None] = asyncio.Queue(most)
        self._all = leave
        self._failure: Exception | None = None
        self._over = False
        leave.add(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Happening:
        if self._queue.empty() and self._over:
            self._stop()
        happening = await self._queue.get()
        if happening is None:
            self._stop()
        else:
            return happening
        raise StopAsyncIteration

    def tell(self, happening: Happening) -> None:
        """Something happened."""
        if self._over:
            return
        try:
            self._queue.put_nowait(happening)
        except asyncio.QueueFull:
            self.end(Lagged("Events came faster than they were read."))

    def end(self, failure: Exception | None = None) -> None:
        """Nothing more will happen."""
        self._over = True
        self._failure = failure
        self._all.discard(self)
        if not self._queue.full():
            self._queue.put_nowait(None)

    def close(self) -> None:
        """Hear no more."""
        self.end()

    def _stop(self) -> None:
        if isinstance(self._failure, Ended | Lagged):
            raise self._failure
        raise StopAsyncIteration


class Events:
    """Only the session's own events, in their order."""

    def __init__(self, happenings: Happenings) -> None:
        self._happenings = happenings

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Sequenced:
        async for happening in self._happenings:
            if isinstance(happening, Sequenced):
                return happening
        raise StopAsyncIteration

    def close(self) -> None:
        """Hear no more."""
        self._happenings.close()
