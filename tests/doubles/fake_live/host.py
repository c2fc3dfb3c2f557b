"""Plays Live's main thread around a remote script: ticks, timers, transport, on one thread."""

import errno
import importlib
import logging
import random
import socket
import sys
import threading
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.doubles.fake_live.song import Application, Song
from tests.doubles.fake_live.surface import Running, Timer, install
from tests.waiting import PATIENCE


class Wire:
    """A datagram socket with seeded loss each way and a size limit on the way out."""

    def __init__(self, sock: socket.socket, loss: float, max_datagram: int, seed: int) -> None:
        self._socket, self._loss, self._max = sock, loss, max_datagram
        self._random = random.Random(seed)
        self.deaf = False
        self.received = self.dropped = self.sent = self.refused = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def recvfrom(self, size: int) -> tuple[bytes, Any]:
        while True:
            data = self._socket.recvfrom(size)
            self.received += 1
            if self.deaf or self._random.random() < self._loss:
                self.dropped += 1
                continue
            return data

    def sendto(self, data: bytes, address: Any) -> int:
        if self._max and len(data) > self._max:
            self.refused += 1
            raise OSError(errno.EMSGSIZE, "Message too long")
        self.sent += 1
        if self._random.random() < self._loss:
            return len(data)
        return self._socket.sendto(data, address)


class FakeLive:
    """One Live with one remote script: `create` makes its surface, as `create_instance` does.

    Only one runs in a process at a time. `tick` is Live's 100 ms; `loss` is the share of
    datagrams thrown away in each direction; `max_datagram` is 9216 on a Mac. `monotonic` is the
    time that Live lives in.
    """

    def __init__(
        self,
        create: Callable[[Any], Any],
        *,
        tick: float = 0.1,
        clock: float = 0.002,
        loss: float = 0.0,
        max_datagram: int = 0,
        seed: int = 1,
        song: Song | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.monotonic = monotonic
        self.tick, self.clock = tick, clock
        self.song = song or Song()
        self.application = Application()
        self.messages: list[str] = []
        self.midi_map: dict[tuple[int, int], Any] = {}
        self.timers: list[Timer] = []
        self.asked: list[Callable[[], None]] = []
        self.ticks = 0
        self.frozen = False
        self._queue: list[list[Any]] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        Running.host = self
        install()
        self.surface = create(None)
        self.wire: Wire | None = None
        server = getattr(self.surface, "osc_server", None)
        if server is not None:
            self.wire = server._socket = Wire(server._socket, loss, max_datagram, seed)

    def schedule(self, delay: int, callback: Callable[..., object], parameter: Any) -> None:
        self._queue.append([max(1, int(delay)), callback, parameter])

    def do(self, work: Callable[[], object], timeout: float = PATIENCE) -> None:
        """Run `work` on Live's thread, as a user's hand would, and wait for it."""
        done = threading.Event()

        def asked() -> None:
            try:
                work()
            finally:
                done.set()

        self.asked.append(asked)
        if not done.wait(timeout):
            raise TimeoutError("the fake Live does not run")

    def run_tick(self) -> None:
        """One tick: what was scheduled for it runs."""
        due = []
        for entry in self._queue:
            entry[0] -= 1
            if entry[0] <= 0:
                due.append(entry)
        self._queue = [entry for entry in self._queue if entry[0] > 0]
        for _, callback, parameter in due:
            if parameter is None:
                callback()
            else:
                callback(parameter)
        self.ticks += 1

    def run(self) -> None:
        """Live's main thread, until `stop`. While `frozen` (a menu is open) nothing happens."""
        last = next_tick = self.monotonic()
        while not self._stop.is_set():
            time.sleep(self.clock)
            now = self.monotonic()
            if not self.frozen:
                self._turn(now, now - last)
                if now >= next_tick:
                    self.run_tick()
                    next_tick = max(next_tick + self.tick, now)
            last = now

    def _turn(self, now: float, passed: float) -> None:
        while self.asked:
            self.asked.pop(0)()
        self.song._advance(passed)
        for timer in list(self.timers):
            timer.run(now)

    def start(self) -> "FakeLive":
        """Begin to run, in a thread of its own."""
        self._thread = threading.Thread(target=self.run, name="fake-live", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Quit Live: the script is disconnected and lets go of its sockets."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(PATIENCE)
        self.surface.disconnect()
        log = getattr(self.surface, "log_file_handler", None)
        if log is not None:
            log.close()  # AbletonOSC leaves it open


def script(folder: Path) -> Callable[[Any], Any]:
    """The `create_instance` of a remote script's folder, which is imported as a package."""
    install()
    path = str(folder.resolve().parent)
    if path not in sys.path:
        sys.path.append(path)
    create: Callable[[Any], Any] = importlib.import_module(folder.name).create_instance
    return create


def abletonosc(folder: Path, *, listen: int, reply: int) -> Callable[[Any], Any]:
    """AbletonOSC's genuine code with other ports than its 11000 and 11001."""
    name = folder.name
    for known in [each for each in sys.modules if each.split(".")[0] == name]:
        del sys.modules[known]
    constants = types.ModuleType(f"{name}.abletonosc.constants")
    constants.OSC_LISTEN_PORT = listen  # type: ignore[attr-defined]
    constants.OSC_RESPONSE_PORT = reply  # type: ignore[attr-defined]
    sys.modules[constants.__name__] = constants
    logging.getLogger("abletonosc").propagate = False
    logging.raiseExceptions = False  # one of its own log lines is malformed
    return script(folder)
