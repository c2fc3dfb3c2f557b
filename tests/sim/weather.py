"""What happens to a room while people play: the network, the disk, the server, the owner's wish."""

import asyncio
from dataclasses import dataclass, field
from random import Random

from tests.doubles.house import ORIGIN
from tests.sim.members import Member
from tests.sim.studio import Town

KINDS = {
    "cut": 5.0, "half open": 2.0, "freeze": 3.0, "delay": 2.0, "slow": 2.0, "stall": 1.5,
    "disk": 0.8, "outage": 0.5, "crash": 0.8, "drain": 0.6, "revoke": 0.5,
}  # fmt: skip


@dataclass
class Weather:
    """Strikes until its time is over; `log` tells when and what."""

    town: Town
    chance: Random
    members: list[Member]
    log: list[tuple[float, str]] = field(default_factory=list)
    revoked: dict[str, float] = field(default_factory=dict)

    async def blow(self, until: float, often: float) -> None:
        """Strike about `often` times a second."""
        loop = asyncio.get_running_loop()
        while loop.time() < until:
            await asyncio.sleep(self.chance.expovariate(often))
            kind = self.chance.choices(list(KINDS), list(KINDS.values()))[0]
            self.log.append((round(loop.time(), 4), kind))
            await self._strike(kind)

    def calm(self) -> None:
        """Let everything through again."""
        self.town.studio.store.fail_next = 0
        self.town.studio.store.away_until = 0.0
        for member in self.members:
            member.way.lag = lambda: 0.0
            line = member.way.line
            if line is not None:
                for stream in line.streams:
                    stream.latency, stream.bytes_per_second = (0.0002, 0.002), 1e9
                    stream.frozen_until = 0.0
                if line.client is not None:
                    line.client.lag = member.way.lag

    async def _strike(self, kind: str) -> None:
        match kind:
            case "disk":
                self.town.studio.store.fail_next = self.chance.choice((1, 1, 2))
            case "outage":
                seconds = self.chance.choice((0.02, 0.3, 1.5))
                self.town.studio.store.away_until = asyncio.get_running_loop().time() + seconds
            case "crash" | "drain":
                await self.town.restart(politely=kind == "drain")
            case "revoke":
                await self._revoke()
            case "stall" if self.members:
                member = self.chance.choice(self.members)
                lag = self.chance.choice((0.02, 0.2, 1.0))
                member.way.lag = lambda: lag
                if member.way.line is not None and member.way.line.client is not None:
                    member.way.line.client.lag = member.way.lag
            case _:
                self._wire(kind)

    def _wire(self, kind: str) -> None:
        line = self.chance.choice(self.members).way.line if self.members else None
        if line is None or line.ended:
            return
        match kind:
            case "cut":
                soon = self.chance.uniform(0.0, 0.02), self.chance.uniform(0.0, 0.02)
                line.cut(server_knows_in=soon[0], client_knows_in=soon[1])
            case "half open":
                late = self.chance.uniform(1.0, 20.0), self.chance.uniform(0.0, 1.0)
                line.cut(server_knows_in=late[0], client_knows_in=late[1])
            case "freeze":
                seconds = self.chance.choice((0.05, 0.5, 3.0, 12.0))
                for stream in self.chance.choice(
                    (line.streams, line.streams[:1], line.streams[1:])
                ):
                    stream.freeze(seconds)
            case "delay":
                most = self.chance.choice((0.01, 0.1, 0.4))
                for stream in line.streams:
                    stream.latency = (most / 4, most)
            case "slow":
                line.down.bytes_per_second = self.chance.choice((500.0, 4_000.0))

    async def _revoke(self) -> None:
        studio, user = self.town.studio, self.chance.choice(self.town.actors[1:]).user
        if user in self.revoked or not studio.alive:
            return
        people = studio.conductor.collaboration
        studio.store.fail_next, studio.store.away_until = 0, 0.0
        await people.remove(self.town.actors[0], self.town.project, user, ORIGIN)
        self.revoked[user] = asyncio.get_running_loop().time()
