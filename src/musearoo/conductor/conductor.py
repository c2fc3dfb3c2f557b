"""The Master Conductor: every service of the application, wired once."""

from collections.abc import Callable
from typing import Protocol

from musearoo.conductor.access import Gate
from musearoo.conductor.accounts import Accounts
from musearoo.conductor.admission import Admission
from musearoo.conductor.analyses import Analyses
from musearoo.conductor.assets import Assets
from musearoo.conductor.collaboration import Collaboration
from musearoo.conductor.controls import Controls
from musearoo.conductor.drafts import Drafts
from musearoo.conductor.ending import Endings
from musearoo.conductor.exports import Exports
from musearoo.conductor.generation import Generation
from musearoo.conductor.hearing import Hearing
from musearoo.conductor.knobs import Knobs
from musearoo.conductor.launching import Launching
from musearoo.conductor.leading import Leading
from musearoo.conductor.live_notes import LiveNotes
from musearoo.conductor.pairings import Pairings
from musearoo.conductor.parameters import Settings
from musearoo.conductor.passes import Passes
from musearoo.conductor.performance import Performance
from musearoo.conductor.projects import Projects
from musearoo.conductor.repeats import Repeats
from musearoo.conductor.sessions import Desk, Sessions
from musearoo.conductor.songs import Songs
from musearoo.conductor.streams import Streams
from musearoo.conductor.takes import Takes
from musearoo.conductor.transport import Transport
from musearoo.conductor.uploads import Uploads
from musearoo.conductor.voice import Voice
from musearoo.conductor.world import World
from musearoo.domain.records import Job, WorkStatus
from musearoo.ports.work import Cancel


class Performer(Protocol):
    """Does one kind of durable job. Doing it twice must be harmless."""

    async def perform(self, job: Job, progress: Callable[[float], None], cancel: Cancel, /) -> None:
        """Do the job, reporting progress 0 to 1."""
        ...

    async def gave_up(self, job: Job, status: WorkStatus, error: str | None, /) -> None:
        """Record that the job ended without a result."""
        ...


class Conductor:
    """What the doors talk to. `desk.submit` takes session commands; the rest is by name."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.gate = Gate(world)
        self.repeats = Repeats(world)
        self.sessions = Sessions(world)
        self.desk = Desk(world, self.gate, self.sessions, self.repeats)
        self.accounts = Accounts(world, self.gate)
        self.projects = Projects(world, self.gate, self.sessions, self.repeats)
        self.collaboration = Collaboration(world, self.gate, self.repeats)
        self.takes = Takes(world, self.desk)
        self.songs = Songs(world, self.takes)
        self.assets = Assets(world, self.songs)
        self.analyses = Analyses(world, self.desk, self.sessions)
        self.uploads = Uploads(world, self.gate, self.assets, self.analyses, self.repeats)
        self.passes = Passes(world, self.gate)
        self.pairings = Pairings(world, self.gate)
        self.exports = Exports(world, self.gate, self.sessions, self.songs, self.repeats)
        admission = Admission(world.rules.realtime_budget)
        self.drafts = Drafts()
        self.endings = Endings(world, self.takes, self.drafts)
        self.performance = Performance(world, self.sessions, self.endings, admission)
        self.streams = Streams(
            world, self.gate, self.sessions, self.desk, self.uploads, self.repeats
        )
        hearing = Hearing(self.analyses, self.streams)
        self.generation = Generation(
            world, self.desk, self.gate, self.takes, hearing, self.performance, admission
        )
        self.voice = Voice(world, self.gate, self.sessions, self.desk, self.repeats)
        Settings(world, self.desk)
        self.knobs = Knobs(world, self.gate, self.sessions)
        self.desk.remember(self.knobs.told)
        Transport(world, self.desk)
        self.leading = Leading(world, self.desk, self.gate)
        Launching(world, self.desk)
        self.controls = Controls(world, self.desk)
        self.live_notes = LiveNotes()

    @property
    def performers(self) -> dict[str, Performer]:
        """Who does which kind of durable job."""
        return {
            "generate": self.performance,
            "analyze": self.analyses,
            "export": self.exports,
        }

    async def start(self) -> None:
        """Take up the quota counters and go on with what a crash interrupted."""
        clock = self.world.clock
        rows = await self.world.store.read(lambda tx: tx.quotas.load())
        self.world.limiter.restore(rows, clock.monotonic(), clock.now())
        await self.performance.recover()
        await self.voice.prepare()

    async def close(self) -> None:
        """Store every open session."""
        await self.streams.close()
        await self.sessions.close()
