"""Nobody misses an event that happens while a connection breaks off, comes back or is slow.

Sockets are played: what was written may arrive in part, the old socket may outlive the new one,
and events fall between any two steps. A failure names its seed.
"""

import asyncio
import json
from pathlib import Path
from random import Random
from typing import Any

from websockets.frames import Frame, Opcode

from musearoo.domain.ids import ProjectId, SessionId
from musearoo.domain.permissions import Actor
from musearoo.protocols.ws.door import Door
from musearoo.protocols.ws.opening import plain_head
from musearoo.protocols.ws.options import WsOptions
from musearoo.protocols.ws.transport import RoomProtocol
from tests.application.protocols.ws.room_doubles import Hall, Seat
from tests.application.protocols.ws.test_opening import Wire, fields
from tests.doubles.house import house
from tests.waiting import until

PATHS = ("drums/complexity", "drums/intensity", "bass/complexity")
STEPS = 250
FIRST, SEEDS = 0, 8


def arrived(stream: bytes) -> list[dict[str, Any]]:
    """The messages of which all bytes came."""
    _, answered, stream = stream.partition(b"\r\n\r\n")
    found, at = [], 0
    while answered and len(stream) >= at + 4:
        size, start = stream[at + 1], at + 2
        if size > 125:
            wide = 2 if size == 126 else 8
            size, start = int.from_bytes(stream[start : start + wide], "big"), start + wide
        if len(stream) < start + size:
            break
        if stream[at] & 15 == Opcode.TEXT:
            found.append(json.loads(stream[start : start + size]))
        at = start + size
    return found


class Visitor:
    """One who comes back again and again; `read` counts what of the present wire was read."""

    def __init__(self, hall: Hall, actor: Actor, project: ProjectId, chance: Random) -> None:
        self.hall, self.actor, self.project, self.chance = hall, actor, project, chance
        self.protocol: RoomProtocol | None = None
        self.wire = Wire()
        self.proof: dict[str, Any] = {}
        self.epoch, self.began, self.last = "", 0, 0
        self.heard: list[int] = []
        self.ranges: list[tuple[int, int]] = []
        self.snapshots = 0

    async def come(self) -> None:
        """Knock and join; the wire before this one may still be open."""
        proof = self.proof or {"ticket": await self.hall.ticket(self.actor, self.project)}
        self.proof = {}
        if self.epoch:
            proof |= {"epoch": self.epoch, "last_seq": self.last}
        self.wire, self.protocol = Wire(), RoomProtocol(self.hall.door, set())
        self.protocol.connection_made(self.wire)
        head = plain_head(fields())
        assert head is not None
        self.protocol.opened(head)
        join = {"type": "session_join", "data": proof}
        self.protocol.data_received(
            Frame(Opcode.TEXT, json.dumps(join).encode()).serialize(mask=True)
        )

    def read(self, stream: bytes) -> None:
        """Take what came on the wire, all of it or a part."""
        for message in arrived(stream):
            data = message.get("data", {})
            if message["type"] == "welcome":
                self.proof, self.epoch = {"resume_token": data["resume_token"]}, data["epoch"]
                self.snapshots += not data["resumed"]
                if not data["resumed"]:
                    self.began = self.last = data["seq"]
            elif message["type"] == "reconnect" and data["status"] == "coalesced":
                self.ranges.append((data["from"], data["to"]))
            elif "seq" in message:
                self.heard.append(message["seq"])
                self.last = message["seq"]

    async def come_back(self) -> None:
        """The network takes some of the end of what was written, now or after the return."""
        former, written = self.protocol, self.wire.written
        assert former is not None
        self.read(written[: self.chance.randint(0, len(written))])
        if self.chance.random() < 0.5:
            former.connection_lost(None)
            former = None
        if self.chance.random() < 0.5:
            await asyncio.sleep(0)
        await self.come()
        if former is not None:
            former.connection_lost(None)

    def hold(self) -> None:
        """The socket takes no more, or takes again."""
        assert self.protocol is not None
        if self.chance.random() < 0.6:
            self.protocol.pause_writing()
        else:
            self.protocol.resume_writing()

    def leave(self, events: dict[int, str]) -> None:
        """Nothing came twice or out of order, nothing is missing that was not announced."""
        assert self.protocol is not None
        self.read(self.wire.written)
        self.protocol.connection_lost(None)
        assert sorted(set(self.heard)) == self.heard
        for seq, kind in events.items():
            if seq <= self.began or seq in set(self.heard):
                continue
            assert "parameter_change" == kind, f"{seq} was lost"
            assert any(first <= seq <= last for first, last in self.ranges), f"{seq} is missing"
        assert 1 == self.snapshots, "whoever comes back gets what is missing, not the state"


async def act(chance: Random, player: Seat, visitors: list[Visitor]) -> None:
    """One thing happens."""
    visitor = chance.choice(visitors)
    match chance.choices(("turn", "chat", "loop", "hold", "back"), (12, 1, 2, 5, 1))[0]:
        case "turn":
            change = {"path": chance.choice(PATHS), "value": chance.random()}
            player.send("parameter_change", change)
        case "chat":
            player.send("chat_message", {"text": "still here"})
        case "loop":
            await asyncio.sleep(0)
        case "hold":
            visitor.hold()
        case _:
            await visitor.come_back()


async def play(hall: Hall, owner: Actor, seed: int) -> int:
    """Play one seed; answers how many ranges were announced."""
    chance, project = Random(seed), await hall.place.project(owner)
    player = await hall.joined(owner, project)
    visitors = [Visitor(hall, owner, project, Random(f"{seed}/{n}")) for n in range(3)]
    for each in visitors:
        await each.come()
    for _ in range(STEPS):
        await act(chance, player, visitors)
    await player.answers()
    session = await hall.place.conductor.sessions.open(SessionId(project))
    for each in visitors:
        await each.come_back()
    last = f'"seq":{session.seq},'.encode()
    await until(lambda: all(last in each.wire.written for each in visitors), "the last event")
    events = {each["seq"]: each["type"] for each in player.messages if "seq" in each}
    assert list(range(1, session.seq + 1)) == sorted(events)
    assert len(events) > STEPS // 10
    for each in visitors:
        each.leave(events)
    return sum(len(each.ranges) for each in visitors)


async def test_nobody_misses_an_event(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        hall = Hall(place, Door(place.conductor, WsOptions(per_user=None)))
        owner, ranges = await place.person("ann"), 0
        for seed in range(FIRST, FIRST + SEEDS):
            try:
                ranges += await play(hall, owner, seed)
            except BaseException as failure:
                failure.add_note(f"seed {seed}")
                raise
        assert ranges > 0, "nobody was slow enough"
