"""One run from its seed: people play in bad weather, then all is calm, then the verdict.

python -m tests.sim.run 17          one seed, with what happened
python -m tests.sim.run 0 5000      many seeds; failures are printed with theirs
"""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable
from random import Random
from typing import Any

from structlog.testing import capture_logs

from musearoo.client.refusals import ClientError, Refused
from musearoo.domain.permissions import Access, Actor, Grant, Permission
from tests.sim import virtual
from tests.sim.members import Member
from tests.sim.studio import Town, people
from tests.sim.verdict import Outcome, problems
from tests.sim.weather import Weather

STORM_SECONDS = 8.0
CALM_SECONDS = 240.0
NOISE = {"ws.message_failed", "bus.receiver_failed", "task.failed"}


class Play:
    """Everything of one seed."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.town = Town(Random(seed + 1), slow_reads=seed % 2 == 1)
        self.members: list[Member] = []
        self.weather = Weather(self.town, Random(seed + 2), [])

    async def perform(self) -> Outcome:
        loop = asyncio.get_running_loop()
        await self.town.start()
        over = asyncio.Event()
        storm = loop.time() + STORM_SECONDS
        async with asyncio.TaskGroup() as tasks:
            staying = [tasks.create_task(self._stay(actor, over)) for actor in self.town.actors]
            visiting = [
                tasks.create_task(self._visit(self.chance.choice(self.town.actors)))
                for _ in range(self.chance.randrange(3))
            ]
            await asyncio.sleep(0.5)
            blowing = tasks.create_task(self.weather.blow(storm, 1.2))
            await asyncio.wait([blowing, *visiting])
            self.weather.calm()
            try:
                await self._calm()
                return await self._outcome()
            finally:
                over.set()
                await asyncio.wait(staying, timeout=30)

    async def _stay(self, actor: Actor, over: asyncio.Event) -> None:
        await asyncio.sleep(self.chance.uniform(0.0, 1.0))
        await self._inside(actor, over.wait)

    async def _visit(self, actor: Actor) -> None:
        await asyncio.sleep(self.chance.uniform(0.0, 5.0))
        seconds = self.chance.uniform(0.2, 3.0)
        await self._inside(actor, lambda: asyncio.sleep(seconds))

    async def _inside(self, actor: Actor, stay: Callable[[], Any]) -> None:
        """Come in, however often the network fails at it, and play."""
        for _ in range(200):
            member = Member(self.town, actor, Random(self.chance.random()))
            member._listeners = virtual.Ordered()  # type: ignore[assignment]
            try:
                async with member:
                    self.members.append(member)
                    self.weather.members.append(member)
                    playing = asyncio.create_task(member.play(STORM_SECONDS))
                    await stay()
                    await playing
            except Refused:
                return
            except ClientError:
                await asyncio.sleep(0.3)
                continue
            return

    def _living(self) -> list[Member]:
        return [member for member in self.members if member._failure is None]

    async def _calm(self) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + CALM_SECONDS
        while loop.time() < end:
            await asyncio.sleep(0.2)
            if await self._is_calm():
                return

    async def _is_calm(self) -> bool:
        if loop_time() < STORM_SECONDS:
            return False
        owner = await self.town.studio.conductor.sessions.open(self.town.session)
        return owner.idle and all(
            member.connected
            and not member.waiting
            and (member.epoch, member.seq) == (owner.epoch, owner.seq)
            for member in self._living()
        )

    async def _outcome(self) -> Outcome:
        town = self.town
        sessions, user = town.studio.conductor.sessions, town.actors[0].user
        access = Access(Grant(town.project, user, frozenset(Permission)))
        log: list[Any] = []
        while True:
            owner, page = await sessions.events(access, epoch=None, after=len(log), limit=1_000)
            log += page
            if not page:
                break
        return Outcome(
            members=self.members,
            living=self._living(),
            said=town.said,
            log=log,
            state=owner.state,
            epoch=owner.epoch,
            revoked=self.weather.revoked,
            failures=[*(at for at, _ in town.said.ended), *town.studio.store.failed_at],
            faults=town.faults,
            grace=0.05 if town.slow_reads else 0.0,
        )


def loop_time() -> float:
    """Virtual seconds since the run began."""
    return asyncio.get_running_loop().time()


def seeds(*, odd: bool) -> range:
    """The seeds of a test: SIM_SEEDS in all from SIM_FIRST on, or SEED alone.

    With an odd seed reads of the store take time.
    """
    if "SEED" in os.environ:
        seed = int(os.environ["SEED"])
        return range(seed, seed + (seed % 2 == odd))
    first = int(os.environ.get("SIM_FIRST", "0"))
    return range(first - first % 2 + odd, first + int(os.environ.get("SIM_SEEDS", "160")), 2)


def wrong(seeds: range) -> str:
    """What was wrong in some runs, each with its seed."""
    found = ((seed, judge(seed)[0]) for seed in seeds)
    return "\n".join(f"SEED={seed}: {problems[:5]}" for seed, problems in found if problems)


def judge(seed: int) -> tuple[list[str], Play, Outcome | None]:
    """Run a seed; answers what was wrong, and what happened."""
    made: list[Play] = []
    people()  # has a loop of its own

    async def main() -> Outcome:
        made.append(Play(seed))
        return await made[0].perform()

    with capture_logs() as logs:
        try:
            outcome = virtual.run(main())
        except Exception as failure:  # noqa: BLE001  whatever it was, it has a seed
            return [f"{type(failure).__name__}: {failure!r}"], made[0], None
    noise = [repr(line) for line in logs if line["event"] in NOISE]
    return [*noise, *problems(outcome)], made[0], outcome


def trace(seed: int) -> list[Any]:
    """What was said and done, to compare two runs."""
    _, play, outcome = judge(seed)
    assert outcome is not None
    return [
        play.weather.log,
        [(at, event.seq, event.epoch, event.cause) for at, event in outcome.said.events],
        [len(tape.frames) for member in play.members for tape in member.way.tapes],
    ]


def main() -> int:
    first, last = (int(each) for each in (sys.argv[1:] + sys.argv[1:])[:2])
    wrong, began, events = 0, time.monotonic(), 0
    for seed in range(first, max(last, first + 1)):
        found, play, outcome = judge(seed)
        events += len(outcome.said.events) if outcome is not None else 0
        if found:
            wrong += 1
            print(f"SEED={seed}: {len(found)} problems", *found[:6], sep="\n  ", flush=True)
        if last == first:
            print(*play.weather.log, sep="\n")
    seconds = time.monotonic() - began
    print(f"{wrong} of {max(last - first, 1)} seeds wrong, {events} events, {seconds:.1f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
