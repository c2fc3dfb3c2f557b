"""A worker's end of the wire: blocking frames out, a thread that listens, and its death at the end.

The listener is a thread so that a cancel, or the end of the server, is noticed while the
main thread plays. A server that died leaves the wire closed, and then this process ends
wherever it is.
"""

import os
import threading
import time
from queue import SimpleQueue
from typing import Final

from musearoo.jobs import frames

_READ: Final = 256 * 1024
_STDERR: Final = 2
_HOLD_SECONDS: Final = 0.004


class Wire:
    """Frames to and from the server over two descriptors, which may be the same socket."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = read, write
        self._orders: SimpleQueue[frames.Run] = SimpleQueue()
        self._cancelled = 0
        self._held: list[bytes] = []
        self._playing = 0
        self._written = 0.0

    def listen(self) -> None:
        """Start to listen."""
        threading.Thread(target=self._listen, name="wire", daemon=True).start()

    def next(self) -> frames.Run:
        """Wait for the next order."""
        return self._orders.get()

    def is_cancelled(self, order: int) -> bool:
        """Whether the server asked to stop this order."""
        return self._cancelled == order

    def send(self, value: frames.FromWorker) -> None:
        """Send one frame; waits while the server is behind, ends with it.

        The first bar of an order leaves at once. Bars that come within 4 ms of the last write
        wait for the next: each write wakes the server, which costs it more than the bar does.
        """
        self._held.append(frames.encode(value))
        now = time.monotonic()
        if isinstance(value, frames.Played):
            first, self._playing = value.id != self._playing, value.id
            if not first and now - self._written < _HOLD_SECONDS:
                return
        self._written = now
        self._out(b"".join(self._held))
        self._held.clear()

    def _out(self, content: bytes) -> None:
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[os.write(self._write, rest) :]
        except OSError:
            os._exit(1)

    def _listen(self) -> None:
        splitter, status = frames.Splitter(frames.TO_WORKER_LIMIT), 1
        try:
            while received := os.read(self._read, _READ):
                for body in splitter.feed(received):
                    self._take(frames.decode_to_worker(body))
            status = 0
        except frames.FrameError as error:
            os.write(_STDERR, f"the server broke the protocol: {error}\n".encode())
        finally:  # a worker that cannot hear must not stay
            os._exit(status)

    def _take(self, frame: frames.ToWorker) -> None:
        if isinstance(frame, frames.Cancel):
            self._cancelled = frame.id
        else:
            self._orders.put(frame)
