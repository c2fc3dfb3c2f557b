"""What a worker writes when: the first bar at once, bars of one moment together, nothing lost."""

import os
from collections.abc import Iterator

import pytest

from musearoo.app.worker_wire import Wire
from musearoo.domain.engine import Bar
from musearoo.jobs import frames


class Listening:
    """The server's end of a wire, and time that a test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self._read, write = os.pipe()
        os.set_blocking(self._read, False)
        self.wire = Wire(write, write)
        self.write = write
        self._splitter = frames.Splitter(frames.FROM_WORKER_LIMIT)
        monkeypatch.setattr("musearoo.app.worker_wire.time.monotonic", lambda: self.now)

    def heard(self) -> list[frames.FromWorker]:
        try:
            content = os.read(self._read, 1 << 20)
        except BlockingIOError:
            return []
        return [frames.decode_from_worker(body) for body in self._splitter.feed(content)]

    def close(self) -> None:
        os.close(self._read)
        os.close(self.write)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listening]:
    listening = Listening(monkeypatch)
    yield listening
    listening.close()


def bar(order: int, index: int) -> frames.Played:
    return frames.Played(order, Bar(index, ()))


def test_the_first_bar_of_each_order_leaves_at_once(server: Listening) -> None:
    for order in (1, 2):
        server.wire.send(bar(order, 0))
        assert server.heard() == [bar(order, 0)]


def test_bars_of_one_moment_leave_together_with_the_end(server: Listening) -> None:
    server.wire.send(bar(1, 0))
    server.heard()
    server.wire.send(bar(1, 1))
    server.wire.send(bar(1, 2))
    assert server.heard() == []
    done = frames.Done(1, frames.Ended(0.5, 0.01))
    server.wire.send(done)
    assert server.heard() == [bar(1, 1), bar(1, 2), done]


def test_a_bar_that_takes_its_time_does_not_wait(server: Listening) -> None:
    """Who plays slowly is heard bar by bar."""
    for index in range(3):
        server.wire.send(bar(1, index))
        assert server.heard() == [bar(1, index)]
        server.now += 0.02


def test_a_failure_is_told_after_the_bars_before_it(server: Listening) -> None:
    failed = frames.Failed(1, frames.CRASHED, "ValueError")
    for value in (bar(1, 0), bar(1, 1), failed):
        server.wire.send(value)
    assert server.heard() == [bar(1, 0), bar(1, 1), failed]
