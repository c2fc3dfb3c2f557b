"""A server in virtual time that can be drained, crashed and started again over the same disk."""

import asyncio
import functools
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from musearoo.bus.in_process import InProcessBus
from musearoo.client.refusals import Refused, Unreachable
from musearoo.conductor.conductor import Conductor
from musearoo.conductor.world import Rules, World
from musearoo.domain.context import EngineContext
from musearoo.domain.engine import (
    Bar,
    EngineDescription,
    EngineParameters,
    EngineRun,
    ParameterSpec,
)
from musearoo.domain.errors import MuseArooError
from musearoo.domain.events import Sequenced
from musearoo.domain.ids import ProjectId, SessionId
from musearoo.domain.music.note import Note
from musearoo.domain.permissions import Actor, Permission
from musearoo.ports.work import Cancel, Performed
from musearoo.protocols.ws.door import Door
from musearoo.protocols.ws.options import WsOptions
from musearoo.protocols.ws.transport import RoomProtocol
from musearoo.security.keys import load_or_create_keys
from musearoo.security.pacing import GcraPacing
from musearoo.security.quota import QuotaLimiter
from musearoo.security.refresh import RotatingRefresh
from musearoo.security.threat import ThreatScores
from musearoo.security.tickets import MemoryTickets
from musearoo.security.tokens import SignedTokens
from musearoo.storage.blobs import LocalBlobs
from tests.doubles.ambient import CountedIds, CountedRandom
from tests.doubles.house import ORIGIN, PASSWORD, _migrated
from tests.doubles.mailer import KeptMail
from tests.doubles.passwords import QuickPasswords
from tests.doubles.work import LoopPool, NotedJobs, StoredAnalyzer, TextRenderer
from tests.sim import virtual
from tests.sim.disk import Disk, MemoryStore
from tests.sim.network import Line, Tape, Wire
from tests.sim.virtual import Ordered, OrderedTasks, VirtualClock

NAMES = ("ann", "bob", "cat", "dan")
RIGHTS = frozenset({Permission.VIEW, Permission.EDIT, Permission.GENERATE})
RULES = Rules(quotas=False)


class Drummer:
    """Four notes a bar."""

    description = EngineDescription(
        name="drummaroo",
        version="1",
        title="Drummer",
        default_part="drums",
        parameters=(
            ParameterSpec(name="complexity"),
            ParameterSpec(name="intensity"),
            ParameterSpec(name="ghosts", kind="integer", default=0, maximum=8),
        ),
    )

    def begin(self, context: EngineContext, parameters: EngineParameters, seed: int) -> int:
        return seed

    def play_bar(
        self, context: EngineContext, parameters: EngineParameters, seed: int, state: int, bar: int
    ) -> tuple[Bar, int]:
        ticks = context.meter.bar_ticks
        notes = tuple(
            Note(
                id="", start=bar * ticks + beat * 960, length=120, pitch=36 + state % 9, velocity=80
            )
            for beat in range(2)
        )
        return Bar(bar, notes), state + 1

    def confidence(
        self, context: EngineContext, parameters: EngineParameters, bars: tuple[Bar, ...]
    ) -> int:
        return 750


class UnhurriedPool(LoopPool):
    """Plays a bar in up to 30 ms; every run is said to have taken the same time."""

    def __init__(self, chance: Random) -> None:
        super().__init__({"drummaroo": Drummer()}, monotonic=asyncio.get_running_loop().time)
        self._chance = chance

    async def play(
        self,
        run: EngineRun,
        *,
        lane: Any,
        on_bar: Callable[[Bar], None],
        cancel: Cancel | None = None,
        drop_after: float | None = None,
        player: str = "",
    ) -> Performed:
        bars: list[Bar] = []
        performed = await super().play(
            run, lane=lane, on_bar=bars.append, cancel=cancel, drop_after=drop_after, player=player
        )
        for bar in bars:
            await asyncio.sleep(self._chance.uniform(0.0, 0.03))
            if cancel is not None and cancel.requested:
                break
            on_bar(bar)
        return Performed(performed.confidence, 0.02)


@dataclass(frozen=True)
class People:
    """Who is in the project of the template, the owner first."""

    database: sqlite3.Connection
    project: ProjectId
    actors: tuple[Actor, ...]


@functools.cache
def people() -> People:
    """A database with a project and its people, made once in a process."""
    return virtual.run(_people())


async def _people() -> People:
    base = sqlite3.connect(_migrated())
    disk = Disk(base)
    base.close()
    chance = Random(0)
    studio = Studio(disk, chance, CountedIds(), CountedRandom(), slow_reads=False)
    await studio.conductor.start()
    accounts, gate = studio.conductor.accounts, studio.conductor.gate
    actors = []
    for name in NAMES:
        login = await accounts.register(f"{name}@example.org", f"{name}-b", PASSWORD, ORIGIN)
        actors.append(await gate.actor(login.access_token))
    owner = actors[0]
    project = await studio.conductor.projects.create(
        owner, "Riff", None, is_public=False, command=None
    )
    together = studio.conductor.collaboration
    for name, actor in zip(NAMES[1:], actors[1:], strict=True):
        invited = await together.invite(
            owner, project, f"{name}@example.org", RIGHTS, None, origin=ORIGIN
        )
        await together.join(actor, invited.url.rpartition("=")[2], origin=ORIGIN)
    studio.crash()
    return People(disk.raw, project, tuple(actors))


@functools.cache
def _keys() -> Any:
    return load_or_create_keys(Path(tempfile.mkdtemp(prefix="musearoo-sim-")))


@dataclass
class Said:
    """All that any server ever published, with its time."""

    events: list[tuple[float, Sequenced]] = field(default_factory=list)
    ended: list[tuple[float, str]] = field(default_factory=list)


class Studio:
    """One life of the server."""

    def __init__(
        self, disk: Disk, chance: Random, ids: Any, secrets: Any, *, slow_reads: bool
    ) -> None:
        loop = asyncio.get_running_loop()
        self.faults: list[str] = []
        self.tasks = OrderedTasks(self.faults)
        self.store = MemoryStore(disk, chance, slow_reads=slow_reads)
        self.alive = True
        self._chance = chance
        clock, keys = VirtualClock(loop), _keys()
        self.world = World(
            clock=clock, ids=ids, random=secrets, mailer=KeptMail(configured=False),
            spawn=self.tasks, store=self.store, blobs=LocalBlobs(Path(tempfile.gettempdir())),
            bus=InProcessBus(), jobs=NotedJobs(), engines=UnhurriedPool(chance),
            analyzer=StoredAnalyzer({}), renderer=TextRenderer(), exporters={},
            limiter=QuotaLimiter(), pacing=GcraPacing(), passwords=QuickPasswords(),
            tokens=SignedTokens(keys, issuer="musearoo"),
            chains=RotatingRefresh(keys.current.derive("refresh"), ids, secrets),
            tickets=MemoryTickets(secrets), threats=ThreatScores(), rules=RULES,
        )  # fmt: skip
        self.conductor = Conductor(self.world)
        self.door = Door(self.conductor, WsOptions())
        self.door.connections = Ordered()  # type: ignore[assignment]
        self.protocols: dict[RoomProtocol, None] = Ordered()
        self.lines: list[Line] = []

    async def start(self, session: SessionId, said: Said) -> None:
        """Serve."""
        await self.conductor.start()
        self.door.start()

        def note(events: Any) -> None:
            now = asyncio.get_running_loop().time()
            said.events += [(now, event) for event in events]

        def started_over(_owner: Any) -> None:
            said.ended.append((asyncio.get_running_loop().time(), "start over"))

        self.world.bus.subscribe(session, note)
        self.conductor.sessions.on_start_over(started_over)

    def crash(self) -> None:
        """Stop in the middle of everything."""
        self.alive = False
        self.store.die()
        self.door.close()
        for line in self.lines:
            line.cut(server_knows_in=0.0, client_knows_in=self._chance.uniform(0.0, 0.01))
        self.lines = []
        self.tasks.cancel()

    async def drain(self) -> None:
        """Stop as at a signal: say so, finish, store."""
        self.alive = False
        for protocol in tuple(self.protocols):
            protocol.shutdown()
        end = asyncio.get_running_loop().time() + 5.0
        while self.protocols and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        self.door.close()
        self.tasks.cancel()
        await asyncio.sleep(0)
        await self.conductor.close()
        self.crash()

    def connect(self, chance: Random) -> Line:
        """A new connection to this server."""
        protocol = RoomProtocol(self.door, self.protocols)  # type: ignore[arg-type]
        line = Line(protocol, chance, most_unsent=chance.choice((1_000, 6_000, 64_000)))
        self.lines = [each for each in self.lines if not each.ended] + [line]
        protocol.connection_made(line.server)
        return line


class Town:
    """The server of the moment, and the way to it."""

    def __init__(self, chance: Random, *, slow_reads: bool) -> None:
        there = people()
        self.chance = chance
        self.slow_reads = slow_reads
        self.project = there.project
        self.actors = there.actors
        self.session = SessionId(there.project)
        self.said = Said()
        self.faults: list[str] = []
        self._disk = Disk(there.database)
        self._ids, self._secrets = CountedIds(), CountedRandom()
        self._ids._numbers = self._secrets._numbers = count(1_000_000)
        self.studio = self._new()

    def _new(self) -> Studio:
        studio = Studio(
            self._disk, self.chance, self._ids, self._secrets, slow_reads=self.slow_reads
        )
        studio.faults = studio.tasks._faults = self.faults
        return studio

    async def start(self) -> None:
        """Serve, for the first time or again."""
        studio = self._new()
        await studio.start(self.session, self.said)
        self.studio = studio

    async def restart(self, *, politely: bool) -> None:
        """Drain or crash, and come back after a moment."""
        before = self.studio
        if politely:
            await before.drain()
        else:
            before.crash()
            self.said.ended.append((asyncio.get_running_loop().time(), "crash"))
        self.said.ended += [(at, "disk") for at in before.store.failed_at]
        await asyncio.sleep(self.chance.uniform(0.05, 1.0))
        await self.start()

    def read(self, query: Any) -> Any:
        """What lies on the disk."""
        return self._disk.read(query)


class Way:
    """What an `Account` is to a client: here it asks the server of the moment directly."""

    def __init__(self, town: Town, actor: Actor) -> None:
        self.url = "http://localhost"
        self.token = None
        self.tapes: list[Tape] = []
        self.lag: Callable[[], float] = lambda: 0.0
        self.line: Line | None = None
        self._town = town
        self._actor = actor

    async def ticket(self, session: str) -> str:
        """A single-use ticket."""
        studio, chance = self._town.studio, self._town.chance
        await asyncio.sleep(chance.uniform(0.001, 0.01))
        if not studio.alive:
            raise Unreachable("no server")
        try:
            secret, _ = await studio.conductor.passes.ticket(
                self._actor, SessionId(session), origin=ORIGIN, page=None
            )
        except MuseArooError as refusal:
            raise Refused(refusal.code, refusal.detail, refusal.retry_after) from None
        if not studio.alive:
            raise Unreachable("the server went away")
        return secret

    async def open(self, _url: str, *, binary: bool) -> Wire:
        """A WebSocket to the server of the moment."""
        town = self._town
        await asyncio.sleep(town.chance.uniform(0.0005, 0.005))
        if not town.studio.alive:
            raise Unreachable("nobody listens")
        self.line = town.studio.connect(town.chance)
        self.tapes.append(Tape())
        wire = Wire(self.line, self.tapes[-1], town.chance, binary=binary)
        wire.lag = self.lag
        return await wire.open()

    async def refresh(self) -> bool:
        """There is no refresh token."""
        return False

    async def close(self) -> None:
        """Nothing to close."""
