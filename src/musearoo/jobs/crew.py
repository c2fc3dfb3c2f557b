"""A crew: equal workers, the queue in front of them, and the replacement of those that fall.

Orders start in the order they came, but each player's first before anyone's second. What is
cancelled or too late never reaches a worker. A worker that dies costs its order one retry on
another; one that dies again and again is replaced with growing pauses, so that a broken
installation does not eat the machine.
"""

import asyncio
import signal
from collections import deque
from typing import Final

import msgspec
import structlog

from musearoo.domain.engine import EngineDescription
from musearoo.domain.errors import Conflict, ReducedCapacity, Unavailable
from musearoo.jobs import frames
from musearoo.jobs.member import Member
from musearoo.jobs.order import Lost, Order
from musearoo.jobs.process import WorkerCommand
from musearoo.ports.ambient import Clock
from musearoo.ports.tasks import Spawn

log = structlog.get_logger(__name__)

_HOPELESS_STARTS: Final = 3
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_HINT_PATIENCE: Final = 30.0
_START_SECONDS: Final = 0.2
_HANG_UP_SECONDS: Final = 0.4
_KILL_SECONDS: Final = 0.3
_OUT_OF_PROCESSOR_TIME: Final = -getattr(signal, "SIGXCPU", 24)


class CrewPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How a crew works.

    A worker that holds more than `resident_limit` bytes after an order is renewed.
    `preload` names what each worker warms when it first has nothing else to do; engines
    are warmed in any case.
    """

    name: str
    size: int
    command: WorkerCommand
    queue_limit: int = 64
    resident_limit: int = 600 * 1024 * 1024
    preload: tuple[str, ...] = ()


class Crew:
    """Workers of one kind."""

    def __init__(self, plan: CrewPlan, *, spawn: Spawn, clock: Clock) -> None:
        self.plan = plan
        self.engines: tuple[EngineDescription, ...] = ()
        self.deaths = 0
        self._spawn = spawn
        self._clock = clock
        self._members: list[Member] = []
        self._starts: set[asyncio.Task[None]] = set()
        self._queue: deque[Order] = deque()
        self._failures = 0
        self._failed_starts = 0
        self._closed = False
        self._manned = asyncio.Event()
        self._preload = plan.preload

    @property
    def idle(self) -> int:
        """Workers with nothing to do."""
        return sum(member.idle for member in self._members)

    def ahead_of(self, player: str) -> int:
        """Orders that run, or would be begun before the next of this player."""
        turn, running = self._turn_of(player), len(self._running())
        return running + sum(order.turn <= turn for order in self._queue)

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of those that are ready or at work."""
        return tuple(member.pid for member in self._members if member.ready)

    def start(self) -> None:
        """Begin to start the workers."""
        while len(self._members) < self.plan.size:
            self._hire(0.0)

    async def manned(self) -> None:
        """Wait until the first worker is warm; raises `Unavailable` when none can be started."""
        if self.plan.size:
            await self._manned.wait()
        if self._closed or self._hopeless():
            raise self._unavailable()

    def submit(self, order: Order) -> None:
        """Begin an order, or queue it; what cannot be taken is refused through the order."""
        if self._closed or self._hopeless():
            order.refuse(self._unavailable())
        elif not self._queue and (member := self._idle_member()) is not None:
            self._give(member, order)
        elif len(self._queue) >= self.plan.queue_limit:
            order.refuse(ReducedCapacity("All workers are busy; try again soon.", retry_after=1.0))
        else:
            self._line_up(order)
            self._expire_later(order)

    def cancel(self, order: Order) -> None:
        """Stop an order wherever it is; its caller is answered at once."""
        order.refuse(Conflict("The work was cancelled."))
        self.abandon(order)

    def abandon(self, order: Order) -> None:
        """Stop work that nobody waits for any more."""
        if order in self._queue:
            self._queue.remove(order)
        for member in self._members:
            member.cancel(order)

    def warm(self, what: str) -> None:
        """Let idle workers touch what will be wanted; does nothing while there is real work."""
        if self._queue:
            return
        for member in self._members:
            if member.idle and what not in member.warm:
                self._warm(member, what)

    async def close(self) -> None:
        """End every worker, within a second."""
        self._closed = True
        self._manned.set()
        for order in (*self._queue, *(member.order for member in self._members)):
            if order is not None:
                order.refuse(self._unavailable())
        self._queue.clear()
        if self._starts:  # starts last milliseconds, and uvloop leaks those that are cancelled
            await asyncio.wait(self._starts, timeout=_START_SECONDS)
        for member in self._members:
            member.hang_up()
        await self._all_gone(_HANG_UP_SECONDS)
        for member in self._members:
            member.kill("shutdown")
        await self._all_gone(_KILL_SECONDS)

    def is_ready(self, member: Member, ready: frames.Ready) -> None:
        """A worker has loaded its engines (`Employer`)."""
        self._failed_starts = 0
        if not self.engines:
            self._introduce(ready)
        self._preload = (*(engine.name for engine in self.engines), *self.plan.preload)
        log.debug("worker.ready", crew=self.plan.name, pid=member.pid)
        self._let_one_retire()
        self._next_for(member)

    def _introduce(self, ready: frames.Ready) -> None:
        """Note the engines as the first worker tells of them: all load the same."""
        self.engines = ready.engines
        for skipped in ready.skipped:
            log.warning("engine.skipped", crew=self.plan.name, reason=skipped)

    def is_free(self, member: Member, order: Order, resident: int) -> None:
        """A worker answered (`Employer`)."""
        if not order.hint:  # one that is too large when merely warm would be renewed for ever
            self._failures = 0
            self._renew_if_large(member, resident)
        self._let_one_retire()
        if member.idle:
            self._next_for(member)

    def _renew_if_large(self, member: Member, resident: int) -> None:
        if resident > self.plan.resident_limit and not member.retiring and not self._closed:
            log.info("worker.renewed", crew=self.plan.name, pid=member.pid, resident=resident)
            member.retiring = True
            self._hire(0.0)

    def is_gone(self, member: Member, returncode: int | None) -> None:
        """A worker's process has ended (`Employer`)."""
        if member not in self._members:
            return
        self._members.remove(member)
        order, member.order = member.order, None
        if self._closed or member.leaving:
            return
        self.deaths += 1
        log.warning(
            "worker.died",
            crew=self.plan.name,
            pid=member.pid,
            returncode=returncode,
            reason=member.fault or "unknown",
        )
        if order is not None and not order.hint:
            self._after_death(order, returncode)
        else:
            self._count_failure(member)
        self._fill()

    def _count_failure(self, member: Member) -> None:
        """Count what no order is to blame for: orders cannot make a storm of starts."""
        if member.was_ready and member.fault is not None:  # ended by us, or by a lack of memory
            return
        self._failures += 1
        if not member.was_ready:
            self._failed_starts += 1
        if self._hopeless():
            self._manned.set()
            for order in self._queue:
                order.refuse(self._unavailable())
            self._queue.clear()

    def _after_death(self, order: Order, returncode: int | None) -> None:
        if returncode == _OUT_OF_PROCESSOR_TIME:
            order.refuse(Lost("This takes more processor time than one piece of work may use."))
        elif not order.may_retry():
            order.refuse(Lost("The worker died over this, and so did the next."))
        elif (other := self._idle_member()) is not None:
            order.restart()
            other.take(order)
        else:
            order.restart()
            self._queue.appendleft(order)

    def _fill(self) -> None:
        """Hire whoever is missing, after a pause that grows with repeated failures."""
        pause = 0.0
        if self._failures > 1:
            pause = min(_FIRST_PAUSE * 2 ** (self._failures - 2), _LONGEST_PAUSE)
        while len(self._members) < self.plan.size:
            self._hire(pause)

    def _hire(self, pause: float) -> None:
        member = Member(self, self.plan.name, asyncio.get_running_loop())
        self._members.append(member)
        if pause:
            asyncio.get_running_loop().call_later(pause, self._begin, member)
        else:
            self._begin(member)

    def _begin(self, member: Member) -> None:
        if self._closed:
            return
        task = self._spawn(self._start(member), name="worker.start")
        self._starts.add(task)
        task.add_done_callback(self._starts.discard)

    async def _start(self, member: Member) -> None:
        try:
            await member.start(self.plan.command)
        except Exception as error:  # noqa: BLE001  (no processes, no memory: try again later)
            log.warning("worker.start_failed", crew=self.plan.name, error=repr(error))
            self.is_gone(member, None)

    def _line_up(self, order: Order) -> None:
        order.turn = self._turn_of(order.player)
        places = enumerate(self._queue)
        place = next((i for i, other in places if other.turn > order.turn), len(self._queue))
        self._queue.insert(place, order)

    def _turn_of(self, player: str) -> int:
        """How much of a player's is here already; work that is nobody's is always a first."""
        if not player:
            return 0
        return sum(order.player == player for order in (*self._running(), *self._queue))

    def _running(self) -> list[Order]:
        return [member.order for member in self._members if member.order is not None]

    def _give(self, member: Member, order: Order) -> bool:
        """Start an order unless its time is over."""
        if order.settled:
            return False
        if order.is_late(self._clock.monotonic()):
            order.refuse(self._too_late())
            return False
        member.take(order)
        return True

    def _next_for(self, member: Member) -> None:
        while self._queue:
            if self._give(member, self._queue.popleft()):
                return
        for what in self._preload:
            if what not in member.warm:
                self._warm(member, what)
                return
        self._manned.set()

    def _warm(self, member: Member, what: str) -> None:
        member.warm.add(what)
        member.take(Order(frames.WarmTask(what), patience=_HINT_PATIENCE, retries=0, hint=True))

    def _let_one_retire(self) -> None:
        """Send an idle worker that grew too large home, once its successor is there."""
        leaver = next((m for m in self._members if m.retiring and m.idle), None)
        fresh = sum(m.ready and not m.retiring for m in self._members)
        if leaver is not None and fresh >= self.plan.size:
            leaver.hang_up()

    def _idle_member(self) -> Member | None:
        return next((member for member in self._members if member.idle), None)

    def _expire_later(self, order: Order) -> None:
        if order.drop_after is not None:
            left = max(order.drop_after - self._clock.monotonic(), 0.0)
            asyncio.get_running_loop().call_later(left + 0.001, self._expire, order)

    def _expire(self, order: Order) -> None:
        if order in self._queue and order.attempts == 0:
            self._queue.remove(order)
            order.refuse(self._too_late())

    def _hopeless(self) -> bool:
        if not self.plan.size:
            return True
        return self._failed_starts >= _HOPELESS_STARTS and not any(m.ready for m in self._members)

    def _unavailable(self) -> Unavailable:
        state = "is shutting down" if self._closed else "cannot start its workers"
        return Unavailable(f"The server {state}; try again later.", retry_after=5.0)

    @staticmethod
    def _too_late() -> ReducedCapacity:
        return ReducedCapacity("This can no longer be done in time.", retry_after=1.0)

    async def _all_gone(self, seconds: float) -> None:
        pending = {member.gone for member in self._members if member.gone is not None}
        if pending:
            await asyncio.wait(pending, timeout=seconds)
