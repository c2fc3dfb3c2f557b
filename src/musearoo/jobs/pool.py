"""The warm workers of the server: crews that play, render, do durable work and analyse.

Sound has a crew of its own beside the players: loading its samples and rendering with them
holds a process for longer than a player may be away, and fills memory that no player needs.
"""

import asyncio
import os
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from musearoo.domain.engine import Bar, EngineDescription, EngineRun
from musearoo.domain.errors import Conflict, InvalidValue, Unavailable
from musearoo.jobs import frames
from musearoo.jobs.crew import Crew, CrewPlan
from musearoo.jobs.order import Order
from musearoo.jobs.process import WorkerCommand
from musearoo.ports.ambient import Clock
from musearoo.ports.tasks import Spawn
from musearoo.ports.work import Cancel, Lane, Performed

log = structlog.get_logger(__name__)

_GIBIBYTE: Final = 1 << 30
_LOW_PRIORITY: Final = 10


def interactive_workers() -> int:
    """One core is left to the server: cores - 1, at least 1."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        cores = os.cpu_count() or 1
    return max(1, cores - 1)


class PoolSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How many workers there are and what they may do.

    `interactive` None means cores - 1; without `sound` workers the players render too.
    The patiences are seconds without a bar or progress after which a worker counts as
    hung. `analysis_memory` limits the address space, in bytes, of those that read
    strangers' files, where the system can.
    """

    interactive: int | None = None
    sound: int = 1
    durable: int = 1
    analysis: int = 1
    interactive_patience: float = 10.0
    sound_patience: float = 20.0
    durable_patience: float = 120.0
    analysis_patience: float = 60.0
    analysis_memory: int = 2 * _GIBIBYTE
    resident_limit: int = 600 * 1024 * 1024
    queue_limit: int = 64
    start_seconds: float = 30.0
    command: WorkerCommand = WorkerCommand()


class WorkerPool:
    """Implements `ports.work.EnginePool`; the analyzer and the renderer use its crews too."""

    def __init__(self, settings: PoolSettings, *, spawn: Spawn, clock: Clock) -> None:
        self.settings = settings
        plays = settings.command
        renders = msgspec.structs.replace(plays, plays=False)
        durable = msgspec.structs.replace(plays, niceness=_LOW_PRIORITY)
        analyses = msgspec.structs.replace(
            renders, niceness=_LOW_PRIORITY, memory=settings.analysis_memory
        )

        def crew(name: str, size: int, command: WorkerCommand, *preload: str) -> Crew:
            plan = CrewPlan(
                name=name,
                size=size,
                command=command,
                queue_limit=settings.queue_limit,
                resident_limit=settings.resident_limit,
                preload=preload,
            )
            return Crew(plan, spawn=spawn, clock=clock)

        size = settings.interactive if settings.interactive is not None else interactive_workers()
        self.interactive = crew("interactive", size, plays)
        self.sound = crew("sound", settings.sound, renders, "sound", "notation")
        self.durable = crew("durable", settings.durable, durable)
        self.analysis = crew("analysis", settings.analysis, analyses, "analysis")

    async def start(self) -> None:
        """Start the workers; returns when the first can play.

        Raises `Unavailable`, and leaves no process behind then.
        """
        self.interactive.start()
        try:
            async with asyncio.timeout(self.settings.start_seconds):
                await self.interactive.manned()
        except BaseException as error:
            await self.close()
            if isinstance(error, TimeoutError):
                raise Unavailable("The workers do not start in time; see the log.") from None
            raise
        for crew in self.crews():
            crew.start()

    async def close(self) -> None:
        """End every worker; takes less than a second."""
        async with asyncio.TaskGroup() as group:
            for crew in self.crews():
                group.create_task(crew.close())

    def crews(self) -> tuple[Crew, ...]:
        """All crews."""
        return (self.interactive, self.sound, self.durable, self.analysis)

    def crew(self, lane: Lane) -> Crew:
        """Those who play in a lane."""
        return self.interactive if lane == "interactive" else self.durable

    def renderers(self, lane: Lane) -> Crew:
        """Those who render in a lane."""
        return self.sound if lane == "interactive" and self.settings.sound else self.crew(lane)

    def patience(self, lane: Lane) -> float:
        """Seconds of silence that a lane allows."""
        settings = self.settings
        return settings.interactive_patience if lane == "interactive" else settings.durable_patience

    def engines(self) -> tuple[EngineDescription, ...]:
        return self.interactive.engines

    def describe(self, engine: str) -> EngineDescription:
        for description in self.engines():
            if description.name == engine:
                return description
        names = ", ".join(description.name for description in self.engines())
        raise InvalidValue("engine", engine, f"one of {names}")

    async def play(
        self,
        run: EngineRun,
        *,
        lane: Lane,
        on_bar: Callable[[Bar], None],
        cancel: Cancel | None = None,
        drop_after: float | None = None,
        player: str = "",
    ) -> Performed:
        self.describe(run.engine)
        order = Order(
            frames.PlayTask(run),
            patience=self.patience(lane),
            on_bar=on_bar,
            drop_after=drop_after,
            player=player,
        )
        result = await perform(self.crew(lane), order, cancel)
        assert isinstance(result, frames.Ended)  # noqa: S101
        return Performed(result.confidence, result.seconds, order.waited)

    def queued(self, player: str = "") -> int:
        return self.interactive.ahead_of(player)

    def idle(self) -> int:
        return self.interactive.idle

    def workers(self) -> int:
        return self.interactive.plan.size

    def warm(self, engine: str) -> None:
        self.describe(engine)
        self.interactive.warm(engine)


async def perform(crew: Crew, order: Order, cancel: Cancel | None = None) -> frames.Result:
    """Have an order done; raises what it was refused with. A caller that goes away stops it."""
    if cancel is not None:
        if cancel.requested:
            raise Conflict("The work was cancelled.")
        cancel.on_request(lambda: crew.cancel(order))
    crew.submit(order)
    try:
        return await order.answer
    finally:
        if order.answer.cancelled():
            crew.abandon(order)
