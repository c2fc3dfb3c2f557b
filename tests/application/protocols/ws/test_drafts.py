"""Drafts over the WebSocket: bars and end go to the asker's connections and to nobody else's."""

from musearoo.domain.permissions import Permission
from tests.application.protocols.ws.room_doubles import Hall
from tests.application.protocols.ws.test_connection import shared

ALL = frozenset(Permission)
ASKED = {"engine": "drummaroo", "bars": 2, "seed": 7, "draft": True}


async def drafted(hall: Hall, seat, message_id: str = "m-1") -> dict:
    """The ack of a draft that was played to its end."""
    seat.send("generation_request", ASKED, message_id=message_id)
    answers = await seat.answers()
    ack = next(m["data"] for m in answers if m["type"] == "ack")
    await hall.place.ended(ack["generation_id"])
    return ack


async def test_only_the_asker_hears_it_on_every_connection_of_theirs(hall: Hall) -> None:
    """No number is used up, so that nobody can tell that something happened."""
    owner, guest, project = await shared(hall, ALL)
    asking, phone = await hall.joined(guest, project), await hall.joined(guest, project)
    other = await hall.joined(owner, project)
    other.read()
    ack = await drafted(hall, asking)
    for seat in (asking, phone):
        news = [m["data"] for m in seat.of("draft")]
        assert [d["name"] for d in news] == ["take_bar", "take_bar", "generation_complete"]
        assert [d["bar"] for d in news[:2]] == [1, 2]
        assert all(d["notes"] for d in news[:2])
        assert {d["take_id"] for d in news} == {ack["take_id"]}
        assert news[-1]["stages"]["first_bar"] <= news[-1]["stages"]["stored"]
        assert not any("seq" in m for m in seat.messages if m["type"] == "draft")
        assert not seat.of("take_bar")
    assert other.read() == []
    assert 0 == ack["seq"]


async def test_selecting_it_plays_it_to_everyone(hall: Hall) -> None:
    """The bars come as of any take, then the selection; the notes are the draft's."""
    owner, guest, project = await shared(hall, ALL)
    asking, other = await hall.joined(guest, project), await hall.joined(owner, project)
    ack = await drafted(hall, asking)
    pick = {"name": "select_take", "args": {"part": "drums", "take_id": ack["take_id"]}}
    asking.send("command", pick, message_id="m-2")
    await asking.answers()
    heard = [m["data"]["notes"] for m in asking.of("draft") if m["data"]["name"] == "take_bar"]
    assert [m["data"]["notes"] for m in other.of("take_bar")] == heard
    assert [m["seq"] for m in other.messages if "seq" in m] == [1, 2, 3]
    assert other.of("event")[-1]["data"]["name"] == "take_selected"
    asking.send("command", pick, message_id="m-3")
    await asking.answers()
    assert len(other.of("take_bar")) == 2


async def test_a_failed_draft_is_told_to_its_asker_alone(hall: Hall) -> None:
    owner, guest, project = await shared(hall, ALL)
    asking, other = await hall.joined(guest, project), await hall.joined(owner, project)
    other.read()

    async def broken(*_args: object, **_options: object) -> None:
        raise ZeroDivisionError

    hall.place.world.engines.play = broken  # type: ignore[method-assign,assignment]
    await drafted(hall, asking)
    assert [m["data"]["name"] for m in asking.of("draft")] == ["generation_error"]
    assert other.read() == []
