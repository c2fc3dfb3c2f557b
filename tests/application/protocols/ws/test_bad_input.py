"""Bad input: each has its typed error and its `reply_to`; who sent it stays, others hear nothing.

What closes a connection is what the protocol page says: no good join, or faults without end.
"""

import asyncio
import json
import struct
from dataclasses import dataclass
from typing import Any

import pytest

from musearoo.codecs.ws.binary import encode_parameter
from musearoo.codecs.ws.records import Header, ParameterRecord, ValueKind
from musearoo.domain.permissions import Actor, Permission
from tests.application.protocols.ws.room_doubles import ORIGIN, Hall, Seat

HEADER = struct.Struct("<BBHIHHQI")
SOMEWHERE = "0199d3c0-1111-7000-8000-000000000001"
GOOD = encode_parameter(
    ParameterRecord(header=Header(number=9), handle=0, kind=ValueKind.NUMBER, value=0.5)
)


def record(version: int = 3, kind: int = 1, length: int = 12, payload: bytes = GOOD[24:]) -> bytes:
    """A parameter record whose header says what it should not."""
    return HEADER.pack(version, kind, 0, 9, 0, 0, 0, length) + payload


def message(type_: str, data: Any = None, **more: Any) -> bytes:
    body = {"type": type_, "message_id": "x", **more}
    return json.dumps(body if data is None else {**body, "data": data}).encode()


def command(name: str, **args: Any) -> bytes:
    return message("command", {"name": name, "args": args})


DEEP: Any = 0
for _ in range(40):
    DEEP = [DEEP]
KNOB = {"path": "drums/complexity", "value": 0.5}
TEXTS: dict[str, tuple[bytes, str, str | None]] = {
    "no JSON": (b"{", "malformed-message", None),
    "no UTF-8 inside": (b'{"type": "\xff"}', "malformed-message", None),
    "no object": (b"[1]", "malformed-message", None),
    "no type": (b'{"message_id": "x"}', "malformed-message", "x"),
    "a type that is no text": (b'{"type": 7, "message_id": "x"}', "malformed-message", "x"),
    "too deep": (command("undo", a=DEEP), "malformed-message", None),
    "brackets without end": (b"[" * 60_000, "malformed-message", None),
    "too large": (message("chat_message", {"text": "x" * 70_000}), "payload-too-large", None),
    "an unknown type": (message("dance"), "unknown-type", "x"),
    "a type of the server": (message("welcome", {}), "unknown-type", "x"),
    "no data": (message("parameter_change"), "invalid-value", "x"),
    "an unknown field": (message("parameter_change", {**KNOB, "volume": 1}), "invalid-value", "x"),
    "a wrong field": (message("chat_message", {"text": ["a"]}), "invalid-value", "x"),
    "a wrong moment": (message("parameter_change", {**KNOB, "at": "soon"}), "invalid-value", "x"),
    "a message id too long": (
        message("chat_message", {"text": "a"}, message_id="y" * 129), "invalid-value", None,
    ),
    "an unknown command": (command("explode"), "invalid-value", "x"),
    "wrong arguments": (command("set_form", bars="four"), "invalid-value", "x"),
    "too many of one thing": (command("lock", part="drums", bars=[257]), "invalid-value", "x"),
    "a message for elsewhere": (
        message("chat_message", {"text": "a"}, session_id=SOMEWHERE), "not-found", "x",
    ),
    "an unknown take": (command("select_take", part="drums", take_id=SOMEWHERE), "not-found", "x"),
    "an unknown generation": (
        command("cancel_generation", generation_id=SOMEWHERE), "not-found", "x",
    ),
    "an unknown analysis": (command("adopt_analysis", analysis_id=SOMEWHERE), "not-found", "x"),
    "a proof that is none": (message("auth_refresh", {"token": "a.b.c"}), "unauthenticated", "x"),
    "a ticket that is none": (message("auth_refresh", {"ticket": "t"}), "unauthenticated", "x"),
    "a second join": (message("session_join", {"ticket": "t"}), "conflict", "x"),
}  # fmt: skip
BINARIES: dict[str, tuple[bytes, str, str | None]] = {
    "nothing": (b"", "malformed-message", None),
    "half a header": (GOOD[:20], "malformed-message", None),
    "another version": (record(version=2), "malformed-message", None),
    "an unknown type": (record(kind=99), "unknown-type", "9"),
    "a type of the server": (record(kind=7, length=8, payload=bytes(8)), "unknown-type", "9"),
    "a length that says more": (record(length=13), "malformed-message", "9"),
    "a length that says too much": (record(length=1 << 31), "malformed-message", "9"),
    "a length that says less": (record(length=8), "invalid-value", "9"),
    "an unknown handle": (
        record(payload=struct.pack("<HBBd", 65_000, 0, 0, 0.5)), "invalid-value", "9",
    ),
    "another kind of value": (
        record(payload=struct.pack("<HBBd", 0, 9, 0, 0.5)), "invalid-value", "9",
    ),
    "no number": (
        record(payload=struct.pack("<HBBd", 0, 0, 0, float("nan"))), "invalid-value", "9",
    ),
    "too many records": (GOOD * 257, "payload-too-large", None),
    "too many bytes": (bytes(70_000), "payload-too-large", None),
    "a good record before a bad one": (GOOD + record(version=2), "malformed-message", None),
}  # fmt: skip


@dataclass
class Table:
    """Two who share a room."""

    sender: Seat
    other: Seat
    owner: Actor
    guest: Actor
    project: Any


@pytest.fixture
async def table(hall: Hall) -> Table:
    owner, guest = await hall.place.person("ann"), await hall.place.person("bob")
    project = await hall.place.project(owner)
    people = hall.place.conductor.collaboration
    invited = await people.invite(
        owner, project, "bob@example.org", frozenset(Permission), None, origin=ORIGIN
    )
    await people.join(guest, invited.url.rpartition("=")[2], origin=ORIGIN)
    sender = await hall.joined(guest, project, binary=True)
    other = await hall.joined(owner, project)
    sender.read()
    return Table(sender, other, owner, guest, project)


async def refused(table: Table, code: str, reply_to: str | None) -> None:
    """The sender is told and stays, the other hears nothing, and both go on."""
    await table.sender.answers()
    (error,) = table.sender.of("error")
    assert (code, reply_to) == (error["data"]["code"], error["data"].get("reply_to"))
    assert error["data"]["detail"]
    assert [] == table.sender.closed
    assert [] == [each for each in table.other.read() if each["type"] != "user_presence"]
    table.sender.send("chat_message", {"text": "still here"}, message_id="after")
    await table.sender.answers()
    assert ["after"] == [ack["cause"] for ack in table.sender.of("ack")]
    assert ["still here"] == [said["data"]["text"] for said in table.other.of("chat_message")]


@pytest.mark.parametrize("case", TEXTS)
async def test_text(table: Table, case: str) -> None:
    """Each text has its code, and names what it answers wherever that could be read."""
    frame, code, reply_to = TEXTS[case]
    table.sender.connection.receive_text(frame)
    await refused(table, code, reply_to)


@pytest.mark.parametrize("case", BINARIES)
async def test_records(table: Table, case: str) -> None:
    """A frame is taken whole or not at all."""
    frame, code, reply_to = BINARIES[case]
    table.sender.connection.receive_binary(frame)
    await refused(table, code, reply_to)


async def test_what_belongs_to_others_is_not_there(hall: Hall, table: Table) -> None:
    """The ids of another project's take and generation are as unknown as any."""
    stranger = await hall.place.person("eve")
    theirs = await hall.place.project(stranger)
    done = await hall.place.generated(stranger, theirs, bars=1)
    mine = await hall.place.generated(table.guest, table.project, bars=1)
    assert mine.take is not None
    for frame in (
        command("select_take", part="drums", take_id=str(done.take)),
        command("cancel_generation", generation_id=str(done.id)),
    ):
        table.sender.connection.receive_text(frame)
    await table.sender.answers()
    assert ["not-found"] * 2 == [error["data"]["code"] for error in table.sender.of("error")]


async def test_whoever_says_to_be_another_is_not(table: Table) -> None:
    """`user_id` and `timestamp` of a message are not read."""
    body = {"text": "me"}
    table.sender.connection.receive_text(
        message("chat_message", body, user_id=table.owner.user, timestamp=1.0)
    )
    await table.sender.answers()
    (said,) = table.other.of("chat_message")
    assert table.guest.user == said["user_id"]
    assert said["timestamp"] > 1_000_000_000


async def test_an_expired_ticket_opens_nothing(hall: Hall) -> None:
    """After thirty seconds it is as good as none: told, and closed with 4401."""
    owner = await hall.place.person("ann")
    ticket = await hall.ticket(owner, await hall.place.project(owner))
    hall.set_forward(31)
    seat = hall.seat()
    seat.send("session_join", {"ticket": ticket}, message_id="x")
    assert 4401 == await seat.closing()
    (error,) = seat.of("error")
    assert ("unauthenticated", "x") == (error["data"]["code"], error["data"]["reply_to"])


async def test_a_first_message_may_be_short_only(hall: Hall) -> None:
    """8 KiB before anybody is known, though any join is shorter."""
    seat = hall.seat()
    seat.send("session_join", {"ticket": "t" * 9_000}, message_id="x")
    assert 4401 == await seat.closing()
    assert ["payload-too-large"] == [error["data"]["code"] for error in seat.of("error")]


async def test_faults_without_end_close_their_sender_alone(table: Table) -> None:
    """4429 after as many as the allowance bears; the other is not touched."""
    sent = 0
    while not table.sender.closed:
        table.sender.connection.receive_text(b"{")
        sent += 1
        assert sent < 100
    assert [4429] == [code for code, _ in table.sender.closed]
    assert 20 <= sent <= 30  # a burst of 240, and each fault costs ten
    await asyncio.sleep(0)
    assert [] == table.other.closed
