"""The composition root: the one place that knows both the ports and who fills them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import structlog

from musearoo.app.ears import ear
from musearoo.app.housekeeping import keep_house
from musearoo.app.lag import LoopLag
from musearoo.app.mail import open_mailer
from musearoo.app.settings import Settings
from musearoo.app.tasks import Tasks
from musearoo.bus.in_process import InProcessBus
from musearoo.conductor.conductor import Conductor
from musearoo.conductor.world import Rules, World
from musearoo.domain.records import Job, WorkStatus
from musearoo.exports import EXPORTERS
from musearoo.jobs.analyzer import WorkerAnalyzer
from musearoo.jobs.pool import PoolSettings, WorkerPool
from musearoo.jobs.renderer import WorkerRenderer
from musearoo.jobs.runner import Handler, JobRunner, RunnerPlan
from musearoo.security.ambient import SystemClock, SystemRandom, Uuid7Ids
from musearoo.security.keys import load_or_create_keys
from musearoo.security.local_tokens import LocalTokens, forget_local
from musearoo.security.pacing import GcraPacing
from musearoo.security.passwords import Argon2Passwords
from musearoo.security.quota import QuotaLimiter
from musearoo.security.refresh import RotatingRefresh
from musearoo.security.threat import ThreatScores
from musearoo.security.tickets import MemoryTickets
from musearoo.security.tokens import SignedTokens
from musearoo.storage.blobs import LocalBlobs
from musearoo.storage.opening import open_store
from musearoo.voice.grammar import Grammar
from musearoo.voice.speech import PocketsphinxRecogniser

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Graph:
    """The running application: what the doors and the command line need of it."""

    settings: Settings
    conductor: Conductor
    pool: WorkerPool
    runner: JobRunner
    tasks: Tasks
    blobs: LocalBlobs
    lag: LoopLag
    local_tokens: LocalTokens | None


@contextlib.asynccontextmanager
async def running(
    settings: Settings, *, meanwhile: Callable[[], None] | None = None
) -> AsyncIterator[Graph]:
    """Build the application, start it, and close it in the reverse order.

    `meanwhile` runs in a thread while the workers start.
    """
    async with contextlib.AsyncExitStack() as closing:
        graph = _compose(settings, closing)
        world = graph.conductor.world
        closing.push_async_callback(graph.pool.close)
        await asyncio.gather(graph.pool.start(), asyncio.to_thread(meanwhile or _nothing))
        await graph.conductor.start()
        closing.push_async_callback(graph.conductor.close)
        graph.runner.start()
        closing.push_async_callback(graph.runner.close)
        graph.tasks(graph.lag.measure(), name="loop.lag")
        graph.tasks(keep_house(world.store, graph.blobs, world.clock), name="house.keep")
        graph.tasks(graph.conductor.streams.keep_sweeping(), name="streams.sweep")
        closing.push_async_callback(graph.tasks.close)
        yield graph


def _nothing() -> None:
    return


def _compose(settings: Settings, closing: contextlib.AsyncExitStack) -> Graph:
    data_dir = settings.data_dir
    url = settings.database_url.get_secret_value() if settings.database_url else None
    store = open_store(url, data_dir)
    closing.push_async_callback(store.close)
    clock, ids, random, tasks = SystemClock(), Uuid7Ids(), SystemRandom(), Tasks()
    keys = load_or_create_keys(data_dir)
    pool = WorkerPool(PoolSettings(interactive=settings.workers), spawn=tasks, clock=clock)
    blobs = LocalBlobs(data_dir / "blobs")
    handlers: dict[str, Handler] = {}
    lag = LoopLag()
    endings = _Endings()
    runner = JobRunner(
        RunnerPlan(worker=ids.new(), concurrency=2),
        handlers,
        store=store,
        clock=clock,
        spawn=tasks,
        gave_up=endings,
    )
    passwords = Argon2Passwords()
    closing.callback(passwords.close)
    recogniser = PocketsphinxRecogniser()
    closing.push_async_callback(recogniser.close)
    conductor = Conductor(
        World(
            clock=clock,
            ids=ids,
            random=random,
            mailer=open_mailer(settings),
            spawn=tasks,
            store=store,
            blobs=blobs,
            bus=InProcessBus(),
            jobs=runner,
            engines=pool,
            analyzer=WorkerAnalyzer(pool),
            renderer=WorkerRenderer(pool),
            exporters={exporter.format: exporter for exporter in EXPORTERS},
            limiter=QuotaLimiter(),
            pacing=GcraPacing(),
            passwords=passwords,
            tokens=SignedTokens(keys, issuer=settings.public_url or "musearoo"),
            chains=RotatingRefresh(keys.current.derive("refresh"), ids, random),
            tickets=MemoryTickets(random),
            threats=ThreatScores(),
            rules=_rules(settings),
            lag=lag,
            understanding=Grammar(),
            recogniser=recogniser,
            ears=ear,
        )
    )
    handlers.update({kind: each.perform for kind, each in conductor.performers.items()})
    endings.conductor = conductor
    local_tokens = LocalTokens(data_dir) if settings.local_mode else None
    if local_tokens is not None:
        closing.callback(local_tokens.remove)
    else:
        forget_local(data_dir)
    return Graph(settings, conductor, pool, runner, tasks, blobs, lag, local_tokens)


class _Endings:
    """Hands a job that came to nothing to whoever does its kind."""

    conductor: Conductor | None = None

    async def __call__(self, job: Job, status: WorkStatus, error: str | None) -> None:
        if self.conductor is not None and job.kind in self.conductor.performers:
            await self.conductor.performers[job.kind].gave_up(job, status, error)


def _rules(settings: Settings) -> Rules:
    return Rules(
        public_url=settings.public_url,
        local_mode=settings.local_mode,
        quotas=not settings.local_mode,
        realtime_budget=settings.realtime_budget_ms / 1000,
    )
