"""A worker in the crew: what it does now, and how long it may be silent about it."""

import asyncio
from typing import Final, Protocol

import structlog

from musearoo.domain.errors import Conflict
from musearoo.jobs import frames
from musearoo.jobs.faults import rebuilt
from musearoo.jobs.order import Lost, Order
from musearoo.jobs.process import WorkerCommand, WorkerProcess, start_worker

log = structlog.get_logger(__name__)

CANCEL_SECONDS: Final = 0.25
START_SECONDS: Final = 30.0


class Employer(Protocol):
    """The crew, as its members see it."""

    def is_ready(self, member: "Member", ready: frames.Ready) -> None: ...
    def is_free(self, member: "Member", order: Order, resident: int) -> None:
        """The member answered `order` and holds `resident` bytes (0 unknown)."""
        ...

    def is_gone(self, member: "Member", returncode: int | None) -> None: ...


class Member:
    """One worker process and the order it works on."""

    def __init__(self, employer: Employer, crew: str, loop: asyncio.AbstractEventLoop) -> None:
        self.order: Order | None = None
        self.ready = self.was_ready = False
        self.retiring = False  # a fresh one is on its way to take its place
        self.leaving = False
        self.fault: str | None = None  # why it was, or will be, ended
        self.warm: set[str] = set()
        self._employer = employer
        self._crew = crew
        self._loop = loop
        self._process: WorkerProcess | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._sign_of_life = loop.time()
        self._gone = False

    @property
    def pid(self) -> int:
        """Process id; 0 before the start."""
        return self._process.pid if self._process is not None else 0

    @property
    def idle(self) -> bool:
        """Whether it waits for work."""
        return self.ready and self.order is None and self.fault is None and not self.leaving

    async def start(self, command: WorkerCommand) -> None:
        """Start the process; raises `OSError`."""
        self._watch = self._loop.call_later(START_SECONDS, self.kill, "slow start")
        try:
            self._process = WorkerProcess(self, self._loop)
            await start_worker(command, self._process)
        except BaseException:
            self._stop_watch()
            raise

    def take(self, order: Order) -> None:
        """Begin an order."""
        assert self._process is not None  # noqa: S101
        self.order = order
        self._sign_of_life = self._loop.time()
        order.begin(self._sign_of_life)
        self._process.send(order.frame)
        self._watch = self._loop.call_later(order.patience, self._check, order)

    def cancel(self, order: Order) -> None:
        """Ask the worker to stop this order, and kill it if it does not listen."""
        if self.order is not order or self._process is None:
            return
        self._process.send(frames.encode(frames.Cancel(order.number)))
        self._loop.call_later(CANCEL_SECONDS, self._kill_if_still, order)

    def hang_up(self) -> None:
        """Let the worker end itself."""
        self.leaving = True
        if self._process is not None:
            self._process.close()

    def kill(self, fault: str) -> None:
        """End the process at once."""
        if self._gone or self.fault is not None:
            return
        self.fault = fault
        if self._process is not None:
            log.warning("worker.killed", crew=self._crew, pid=self.pid, reason=fault)
            self._process.kill()

    @property
    def gone(self) -> "asyncio.Future[int | None] | None":
        """Done when the process is gone; None before the start."""
        return self._process.gone if self._process is not None else None

    def heard(self, frame: frames.FromWorker) -> None:
        """A frame came (`Listener`)."""
        self._sign_of_life = self._loop.time()
        order = self.order
        match frame:
            case frames.Ready():
                self._stop_watch()
                self.ready = self.was_ready = True
                self._employer.is_ready(self, frame)
            case frames.Failed(id=0):
                self.fault = "start failed"
                log.error(
                    "worker.start_failed",
                    crew=self._crew,
                    traceback=frame.traceback or frame.detail,
                )
            case _ if order is None or frame.id != order.number:
                return
            case frames.Played(bar=bar):
                order.hear(bar)
            case frames.Progress(value=value):
                order.progress(value)
            case frames.Chunk(content=content):
                order.content.append(content)
            case frames.Done(result=result, resident=resident):
                order.settle(result)
                self._free(resident)
            case frames.Failed():
                self._failed(order, frame)

    def ended(self, returncode: int | None) -> None:
        """The process is gone (`Listener`)."""
        self._stop_watch()
        self._gone, self.ready = True, False
        self._employer.is_gone(self, returncode)

    def _failed(self, order: Order, frame: frames.Failed) -> None:
        if frame.code == frames.CANCELLED:
            order.refuse(Conflict("The work was cancelled."))
        else:
            order.refuse(rebuilt(frame))
        if frame.code == frames.OUT_OF_MEMORY:
            self.fault = "out of memory"  # it ends itself
            self.order = None
            self._stop_watch()
        else:
            self._free(frame.resident)

    def _free(self, resident: int) -> None:
        self._stop_watch()
        order, self.order = self.order, None
        if order is not None:
            self._employer.is_free(self, order, resident)

    def _check(self, order: Order) -> None:
        """Look whether the worker was silent for too long; one timer serves a whole order."""
        left = self._sign_of_life + order.patience - self._loop.time()
        if left > 0:
            self._watch = self._loop.call_later(left, self._check, order)
            return
        order.refuse(Lost(f"The worker said nothing for {order.patience:.0f} s and was replaced."))
        self.kill("hung")

    def _kill_if_still(self, order: Order) -> None:
        if self.order is order:
            self.kill("ignored a cancel")

    def _stop_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
