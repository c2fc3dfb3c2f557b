"""A whole conductor on a real SQLite store, with a band that plays on the event loop."""

import atexit
import contextlib
import functools
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from musearoo.app.tasks import Tasks
from musearoo.bus.in_process import InProcessBus
from musearoo.conductor.conductor import Conductor
from musearoo.conductor.sessions import Ack
from musearoo.conductor.world import Rules, World
from musearoo.domain.commands import At, Command, parse_act
from musearoo.domain.ids import CommandId, GenerationId, ProjectId, SessionId
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Actor
from musearoo.domain.records import GenerationRecord
from musearoo.engines.loading import load_engines
from musearoo.exports import EXPORTERS
from musearoo.ports.ambient import Clock, Ids, Random
from musearoo.security.keys import load_or_create_keys
from musearoo.security.pacing import GcraPacing
from musearoo.security.quota import QuotaLimiter
from musearoo.security.refresh import RotatingRefresh
from musearoo.security.threat import ThreatScores
from musearoo.security.tickets import MemoryTickets
from musearoo.security.tokens import SignedTokens
from musearoo.storage import schema
from musearoo.storage.blobs import LocalBlobs
from musearoo.storage.folder import DATABASE_NAME
from musearoo.storage.opening import open_store
from tests.doubles.ambient import CountedIds, CountedRandom
from tests.doubles.mailer import KeptMail
from tests.doubles.passwords import QuickPasswords
from tests.doubles.pools import PlainClock
from tests.doubles.work import LoopPool, NotedJobs, StoredAnalyzer, TextRenderer
from tests.waiting import PATIENCE

ORIGIN = Origin("rest", "192.0.2.0/24", "correlation", "test")
PASSWORD = "a long phrase of wires and brass"
UNHURRIED: Final = 3600.0
"""The real-time budget here, in seconds: else a machine that stands still turns plays into jobs."""


@dataclass
class House:
    """The conductor and what a test reaches into."""

    conductor: Conductor
    world: World
    jobs: NotedJobs
    mailer: KeptMail
    analyzer: StoredAnalyzer

    async def person(self, name: str) -> Actor:
        """Somebody with an account, logged in."""
        accounts = self.conductor.accounts
        login = await accounts.register(f"{name}@example.org", name, PASSWORD, ORIGIN)
        return await self.conductor.gate.actor(login.access_token)

    async def project(self, actor: Actor, name: str = "Riff") -> ProjectId:
        """A project of theirs."""
        return await self.conductor.projects.create(
            actor, name, None, is_public=False, command=None
        )

    async def do(
        self,
        actor: Actor,
        project: ProjectId,
        name: str,
        args: Mapping[str, object] | None = None,
        *,
        command: str | None = None,
        at: str | None = None,
    ) -> Ack:
        """Submit one command as any door would."""
        return await self.conductor.desk.submit(
            Command(
                session=SessionId(project),
                actor=actor,
                act=parse_act(name, dict(args or {})),
                origin=ORIGIN,
                id=CommandId(command) if command is not None else None,
                at=At.parse(at) if at is not None else None,
            )
        )

    async def generated(self, actor: Actor, project: ProjectId, **args: object) -> GenerationRecord:
        """Generate and wait for the end."""
        ack = await self.do(actor, project, "generate", {"engine": "drummaroo", **args})
        return await self.ended(ack.generation_id)

    async def ended(self, generation: str | None) -> GenerationRecord:
        """Wait for the end of a generation, whatever end that is."""
        known = GenerationId(generation or "")
        await self.conductor.performance.ended(known, PATIENCE)
        record = await self.conductor.generation.record(known)
        assert record.status not in {"queued", "processing"}, f"it has not ended: {record}"
        return record


@functools.cache
def _migrated() -> Path:
    """An empty database with the present schema: migrating one for each test takes longer."""
    path = Path(tempfile.mkdtemp(prefix="musearoo-test-")) / DATABASE_NAME
    atexit.register(shutil.rmtree, path.parent, ignore_errors=True)
    schema.upgrade(f"sqlite:///{path}")
    return path


@contextlib.asynccontextmanager
async def house(
    folder: Path,
    rules: Rules | None = None,
    ids: Ids | None = None,
    random: Random | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[House]:
    """A conductor over `folder`; entering it again continues from what is stored there.

    Counted ids and secrets begin anew each time: give others to add to a stored house. Tests of
    musical time, quotas and pace give a `SteppedClock`: real time passes as the machine likes.
    """
    clock, tasks = clock or PlainClock(), Tasks()
    rules = rules or Rules()
    if rules.realtime_budget == Rules().realtime_budget:
        rules = replace(rules, realtime_budget=UNHURRIED)
    ids, random = ids or CountedIds(), random or CountedRandom()
    keys = load_or_create_keys(folder)
    if not (folder / DATABASE_NAME).exists():
        shutil.copy(_migrated(), folder / DATABASE_NAME)
    store = open_store(None, folder)
    jobs, mailer, analyzer = NotedJobs(), KeptMail(configured=False), StoredAnalyzer({})
    world = World(
        clock=clock,
        ids=ids,
        random=random,
        mailer=mailer,
        spawn=tasks,
        store=store,
        blobs=LocalBlobs(folder / "blobs"),
        bus=InProcessBus(),
        jobs=jobs,
        engines=LoopPool(load_engines(), monotonic=clock.monotonic),
        analyzer=analyzer,
        renderer=TextRenderer(),
        exporters={each.format: each for each in EXPORTERS},
        limiter=QuotaLimiter(),
        pacing=GcraPacing(),
        passwords=QuickPasswords(),
        tokens=SignedTokens(keys, issuer="musearoo"),
        chains=RotatingRefresh(keys.current.derive("refresh"), ids, random),
        tickets=MemoryTickets(random),
        threats=ThreatScores(),
        rules=rules,
    )
    conductor = Conductor(world)
    try:
        await conductor.start()
        yield House(conductor, world, jobs, mailer, analyzer)
        await conductor.close()
    finally:
        await tasks.close()
        await store.close()
