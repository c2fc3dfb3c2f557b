"""Generations over the WebSocket: locks hold, stages are told, two takes are compared."""

from typing import Any

import pytest

from musearoo.domain.permissions import Actor
from tests.application.protocols.ws.room_doubles import Hall, Seat

BAR = 3840


async def played(hall: Hall, seat: Seat, message_id: str, **data: Any) -> dict[str, Any]:
    """The `generation_complete` of a request."""
    asked = {"engine": "drummaroo", "bars": 4, **data}
    seat.send("generation_request", asked, message_id=message_id)
    return await ended(hall, seat, message_id)


async def ended(hall: Hall, seat: Seat, message_id: str) -> dict[str, Any]:
    ack = next(m for m in await seat.answers() if m["type"] == "ack")["data"]
    await hall.place.ended(ack["generation_id"])
    return next(m for m in seat.of("generation_complete") if m["cause"] == message_id)["data"]


def bars_of(seat: Seat, take: str) -> dict[int, list[dict[str, Any]]]:
    """The notes of a take by bar, as they were told."""
    return {
        m["data"]["bar"]: m["data"]["notes"]
        for m in seat.of("take_bar")
        if m["data"]["take_id"] == take
    }


@pytest.fixture
async def seat(hall: Hall) -> tuple[Actor, Seat]:
    ada = await hall.place.person("ada")
    return ada, await hall.joined(ada, await hall.place.project(ada))


async def test_locked_bars_and_voices_are_told_as_they_were(hall: Hall, seat: Any) -> None:
    """Of the next take, and of one that is played again, the locked notes are the same notes."""
    _, room = seat
    first = await played(hall, room, "m-1", seed=1)
    locks = {"name": "lock", "args": {"part": "drums", "bars": [2], "voices": ["kick"]}}
    room.send("command", locks, message_id="m-2")
    await room.answers()
    before = bars_of(room, first["take_id"])
    second = await played(hall, room, "m-3", seed=2)
    again = {"name": "regenerate", "args": {"part": "drums", "bars": [1, 3], "seed": 3}}
    room.send("command", again, message_id="m-4")
    third = await ended(hall, room, "m-4")
    for take in (second, third):
        after = bars_of(room, take["take_id"])
        if 2 in after:
            assert after[2] == before[2]
        for bar, notes in after.items():
            kicks = [note for note in notes if note["voice"] == "kick"]
            assert kicks == [note for note in before[bar] if note["voice"] == "kick"]
        assert any(after[bar] != before[bar] for bar in after)


async def test_the_end_tells_how_long_each_stage_took(hall: Hall, seat: Any) -> None:
    _, room = seat
    stages = (await played(hall, room, "m-1"))["stages"]
    names = ["admitted", "dispatched", "first_bar", "last_bar", "sent"]
    assert list(stages) == names
    assert [stages[name] for name in names] == sorted(stages.values())


async def test_a_switch_without_a_take_goes_to_and_fro(hall: Hall, seat: Any) -> None:
    """What each of the takes is, everyone is told; the part's state names the other."""
    _, room = seat
    takes = [(await played(hall, room, f"m-{n}", bars=1))["take_id"] for n in (1, 2)]
    for number in (3, 4):
        switch = {"name": "select_take", "args": {"part": "drums"}}
        room.send("command", switch, message_id=f"m-{number}")
        await room.answers()
    told = [m["data"]["take_id"] for m in room.of("event")]
    assert told == [takes[0], takes[1]]


async def test_a_bar_that_is_over_is_answered_as_late(hall: Hall, seat: Any) -> None:
    """The answer says where it lands instead."""
    _, room = seat
    await played(hall, room, "m-1", bars=1)
    rolling = {"name": "transport", "args": {"action": "play", "bar": 9}}
    room.send("command", rolling, message_id="m-2")
    change = {"path": "drums/fills", "value": 0.5, "at": "bar 2"}
    room.send("parameter_change", change, message_id="m-3")
    answers = await room.answers()
    lands = next(m for m in answers if m.get("cause") == "m-3" and m["type"] == "ack")["data"]
    assert lands["lands_at"]["late"]
    assert lands["lands_at"]["bar"] in {9, 10}
