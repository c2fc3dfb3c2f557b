"""What one connection still has to be sent, and what may become of it while it reads slowly.

While the socket takes all, frames pass through `ready` in order and nothing is looked at. Once
it does not, each class has its own fate: events wait, of state and latest only the last of a
key remains, of lossy audio the last 200 ms, and control goes first.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

HARD_CAP: Final = 1 << 20
CONTROL_CAP: Final = 16 << 10
PAUSED_SECONDS: Final = 10.0
LOSSY_SECONDS: Final = 0.200
CHUNK: Final = 32 << 10

Announce = Callable[[int, int], bytes]
Key = tuple[str, ...]


class Outbox:
    """The queue of one connection; `wake` is called when `ready` is no longer empty.

    `announce` makes the frame that says that of a range of numbers only the last values follow.
    """

    __slots__ = (
        "_announce", "_control", "_data", "_gap", "_lossy", "_state_bytes", "coalesced",
        "paused_at", "queued_bytes", "ready", "slow", "strays", "wake", "write",
    )  # fmt: skip

    def __init__(self, wake: Callable[[], None], announce: Announce) -> None:
        self.wake = wake
        self._announce = announce
        self.write: Callable[[bytes], None] | None = None  # while that may be done directly
        self.strays: set[Outbox] = set()  # where to be while it may not
        self.ready: list[bytes] = []
        self.slow = False
        self.paused_at: float | None = None
        self.queued_bytes = 0
        self.coalesced = 0
        self._state_bytes = 0
        self._gap: tuple[int, int] | None = None
        self._control: list[bytes] = []
        self._lossy: deque[tuple[float, bytes]] = deque()
        self._data: dict[object, tuple[int, bytes]] = {}

    @property
    def settled(self) -> bool:
        """Whether frames may be written directly, past this outbox; if not it is in `strays`."""
        return not self.ready and not self.slow and self.write is not None

    @property
    def overflows(self) -> bool:
        """Whether more is waiting than may."""
        return (
            self.queued_bytes > HARD_CAP
            or sum(map(len, self._control)) - self._state_bytes > CONTROL_CAP
        )  # fmt: skip

    def expired(self, now: float) -> bool:
        """Whether the socket has taken nothing for too long."""
        return self.paused_at is not None and now - self.paused_at > PAUSED_SECONDS

    def event(self, frame: bytes, seq: int, key: Key | None) -> None:
        """A numbered frame; with a key it may be replaced by a later one of that key."""
        if not self.slow:
            self._append(frame)
            return
        self._put(key if key is not None else seq, frame, seq)

    def control(self, frame: bytes) -> None:
        """A small unnumbered frame that is never behind data."""
        if self.slow:
            self._control.append(frame)
            return
        self._append(frame)

    def _append(self, frame: bytes) -> None:
        if not self.ready:
            self.strays.add(self)
            self.wake()
        self.ready.append(frame)

    def start_over(self, frame: bytes) -> None:
        """The whole state: numbered frames that still wait are void, later ones follow it."""
        if not self.slow:
            self.event(frame, 0, None)
            return
        for key, (seq, _) in list(self._data.items()):
            if seq:
                self._forget(key)
        self._gap = None
        self._control.append(frame)  # after the answers of before, before those that follow
        self._state_bytes += len(frame)
        self.queued_bytes += len(frame)

    def latest(self, frame: bytes, key: Key) -> None:
        """An unnumbered frame that a later one of its key replaces."""
        self.event(frame, 0, key)

    def lossy(self, frame: bytes, now: float) -> None:
        """Audio: what has waited for more than 200 ms is dropped, the oldest first."""
        if not self.slow:
            self.control(frame)
            return
        self._lossy.append((now, frame))
        self.queued_bytes += len(frame)
        while self._lossy and now - self._lossy[0][0] > LOSSY_SECONDS:
            self.queued_bytes -= len(self._lossy.popleft()[1])

    def pause(self, now: float) -> None:
        """The socket takes no more."""
        self.slow = True
        self.strays.add(self)
        if self.paused_at is None:
            self.paused_at = now

    def resume(self) -> None:
        """The socket takes again; `ready` is filled by `take`."""
        self.paused_at = None

    def detach(self) -> None:
        """The socket is closing: nothing is written directly any more."""
        self.write = None
        self.strays.add(self)

    def let_go(self) -> None:
        """The socket is gone: keep neither what waits nor those who look after it.

        They know this outbox too, and collections of garbage are seldom.
        """
        self.detach()
        self.strays = set()
        self.wake, self._announce = _nobody, _nothing
        self.ready, self._control = [], []
        self._lossy.clear()
        self._data.clear()
        self.queued_bytes = self._state_bytes = 0

    def take(self) -> list[bytes]:
        """The next frames to write, about 32 KiB of what has waited; empty when all is sent."""
        if self.ready or not self.slow:
            taken, self.ready = self.ready, []
            return taken
        return self._waiting()

    def _waiting(self) -> list[bytes]:
        chunk, self._control = self._control, []
        self.queued_bytes -= self._state_bytes
        self._state_bytes = 0
        size = 0
        while self._lossy and size < CHUNK:
            frame = self._lossy.popleft()[1]
            self.queued_bytes -= len(frame)
            size += len(frame)
            chunk.append(frame)
        if self._gap is not None and self._data:
            chunk.append(self._announce(*self._gap))
            self._gap = None
        while self._data and size < CHUNK:
            _, frame = self._data.pop(next(iter(self._data)))
            self.queued_bytes -= len(frame)
            size += len(frame)
            chunk.append(frame)
        if not self._data and not self._lossy:
            self.slow = False
        return chunk

    def _forget(self, key: object) -> tuple[int, bytes] | None:
        waiting = self._data.pop(key, None)
        if waiting is not None:
            self.queued_bytes -= len(waiting[1])
        return waiting

    def _put(self, key: object, frame: bytes, seq: int) -> None:
        replaced = self._forget(key)
        if replaced is not None and replaced[0]:
            self.coalesced += 1
            first = min(replaced[0], self._gap[0]) if self._gap else replaced[0]
            self._gap = (first, seq)
        self._data[key] = (seq, frame)
        self.queued_bytes += len(frame)


def _nobody() -> None:
    return


def _nothing(_first: int, _last: int) -> bytes:
    return b""
