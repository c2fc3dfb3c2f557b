"""Real worker pools with the players of `tests.doubles.worker`, small and quick to start."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from musearoo.app.tasks import Tasks
from musearoo.domain.context import EngineContext
from musearoo.domain.engine import EngineRun
from musearoo.domain.music.tempo_map import TempoMap
from musearoo.domain.song import Song
from musearoo.jobs.pool import PoolSettings, WorkerPool
from musearoo.jobs.process import WorkerCommand
from musearoo.jobs.setup import NATIVE_LINK, Link
from tests.doubles.worker import BROKEN, FOLDER
from tests.waiting import PATIENCE

ROOT = Path(__file__).parent.parent.parent
ARGV = (sys.executable, "-m", "tests.doubles.worker")


class PlainClock:
    """The time of the machine."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def command(folder: Path, *, link: Link = NATIVE_LINK, broken: bool = False) -> WorkerCommand:
    environment = {FOLDER: str(folder)} | ({BROKEN: "1"} if broken else {})
    return WorkerCommand(argv=ARGV, link=link, folder=str(ROOT), extra_environment=environment)


def settings(started: WorkerCommand, **changes: Any) -> PoolSettings:
    small = PoolSettings(
        command=started,
        interactive=1,
        sound=0,
        durable=1,
        analysis=1,
        interactive_patience=1.5,
        durable_patience=1.5,
        analysis_patience=2.0,
    )
    return replace(small, **changes)


def patient(started: WorkerCommand, **changes: Any) -> PoolSettings:
    """The same for tests where nobody hangs: a machine that stands still is no worker that does."""
    waits = dict.fromkeys(
        ("interactive_patience", "durable_patience", "analysis_patience", "start_seconds"), 120.0
    )
    return settings(started, **(waits | changes))


@asynccontextmanager
async def running(plan: PoolSettings) -> AsyncIterator[WorkerPool]:
    tasks = Tasks()
    pool = WorkerPool(plan, spawn=tasks, clock=PlainClock())
    try:
        await pool.start()
        yield pool
    finally:
        await pool.close()
        await tasks.close()
        await _gone(pool)


async def _gone(pool: WorkerPool) -> None:
    """Wait for those whom a pool no longer waits for: what is left open troubles later tests."""
    members = [member for crew in pool.crews() for member in crew._members]
    left = [member.gone for member in members if member.gone is not None]
    if left:
        _, pending = await asyncio.wait(left, timeout=PATIENCE)
        assert not pending, f"{len(pending)} workers outlived their pool"


def run_of(
    engine: str = "steady",
    *,
    bars: int = 8,
    seed: int = 1,
    parameters: Mapping[str, Any] | None = None,
) -> EngineRun:
    context = EngineContext(bars=bars)
    return EngineRun(engine=engine, context=context, parameters=dict(parameters or {}), seed=seed)


def fragile(act: str, *, at: int = 0, bars: int = 8, seed: int = 1) -> EngineRun:
    return run_of("fragile", bars=bars, seed=seed, parameters={"act": act, "at": at})


def song(title: str) -> Song:
    return Song(title=title, bars=1, parts=(), tempo_map=TempoMap.constant(120.0))
