"""A welcome tells of everybody else, as they are at that moment."""

from typing import Any

from tests.application.protocols.ws.room_doubles import Hall, Seat


def told(seat: Seat) -> dict[str, str]:
    """Connection and status of everyone whom a welcome told of."""
    (welcome,) = seat.of("welcome")
    return {each["connection"]: each.get("status", "active") for each in welcome["data"]["present"]}


def name(seat: Seat) -> str:
    return seat.connection.name


async def test_a_welcome_tells_of_each_as_it_is(hall: Hall) -> None:
    """Here, idle, away for a moment; of those who left for good not."""
    owner = await hall.place.person("ann")
    project = await hall.place.project(owner)
    first, second, third, fourth = [await hall.joined(owner, project) for _ in range(4)]
    assert {} == told(first)
    assert {name(each): "active" for each in (first, second, third)} == told(fourth)
    first.send("user_presence", {"status": "idle"})
    second.connection.gone(clean=False)
    third.connection.gone(clean=True)
    late = await hall.joined(owner, project)
    expected = {name(first): "idle", name(second): "away", name(fourth): "active"}
    assert expected == told(late)
    hall.door.rooms.sweep(hall.door.clock.monotonic() + hall.door.options.away_seconds + 1)
    later = await hall.joined(owner, project)
    assert {name(first): "idle", name(fourth): "active", name(late): "active"} == told(later)


async def test_who_comes_back_is_not_told_of_itself(hall: Hall) -> None:
    owner = await hall.place.person("ann")
    project = await hall.place.project(owner)
    seat, other = await hall.joined(owner, project), await hall.joined(owner, project, device="pad")
    for broken in (True, False):  # or nobody knew yet that its socket was dead
        if broken:
            seat.connection.gone(clean=False)
        back = hall.seat()
        back.send("session_join", {"resume_token": seat.of("welcome")[0]["data"]["resume_token"]})
        await back.answers()
        assert {name(other): "active"} == told(back)
        assert name(seat) == name(back)
        seat = back
    (welcome,) = seat.of("welcome")
    (present,) = welcome["data"]["present"]
    expected: dict[str, Any] = {
        "connection": name(other), "sender": other.connection.present.sender,
        "user_id": owner.user, "device": "pad",
    }  # fmt: skip
    assert expected == present
    fresh = await hall.joined(owner, project)
    assert {name(seat): "active", name(other): "active"} == told(fresh)
