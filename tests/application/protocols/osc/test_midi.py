"""MIDI over OSC: controllers that set parameters, and notes that everyone hears."""

from pathlib import Path

import pytest

from musearoo.codecs.ws import NoteAction, NoteRecord, decode_records, encode_note
from musearoo.conductor.live_notes import LiveNote
from musearoo.domain.controls import Control
from musearoo.domain.ids import ProjectId, SessionId
from musearoo.domain.permissions import Actor, Permission
from musearoo.domain.session.state import SessionState
from musearoo.protocols.ws.door import Door as WebSocketDoor
from tests.application.protocols.ws.room_doubles import Hall, payloads
from tests.doubles.house import ORIGIN, house
from tests.doubles.osc_stage import Device, Stage

BINARY = 2


async def one(stage: Stage) -> tuple[Actor, ProjectId, Device]:
    ana = await stage.place.person("ana")
    project = await stage.place.project(ana)
    return ana, project, await stage.paired(ana, project)


async def state_of(stage: Stage, project: ProjectId) -> SessionState:
    return (await stage.place.conductor.sessions.open(SessionId(project))).state


@pytest.mark.parametrize(
    ("path", "sent", "value"),
    [
        ("drums/complexity", 0.25, 0.25),
        ("drums/complexity", 127, 1.0),
        ("drums/complexity", 64.0, 64 / 127),  # Pure Data has no integers
        ("drums/push", 0, -30.0),
        ("harmony/voices", 0.5, 4),
        ("harmony/strict", 127, True),
        ("bass/role", 1.0, "slap"),
        ("session/tempo", 0.5, 210.0),
    ],
)
async def test_a_controller_sets_what_it_is_mapped_to(
    stage: Stage, path: str, sent: float, value: object
) -> None:
    """Over the whole range of the parameter, whatever its kind."""
    _, project, device = await one(stage)
    device.send("/musearoo/control/map", 1, 74, path)
    assert await device.hears("/musearoo/control/mapped") == (1, 74, path)
    device.send("/musearoo/cc/1/74", sent)
    await device.hears(f"/musearoo/{path}/echo")
    state = await state_of(stage, project)
    found = state.parameters.get(path, state.tempo_map.bpm)
    assert found == pytest.approx(value) if isinstance(value, float) else found == value


async def test_learning(stage: Stage) -> None:
    """After `/musearoo/control/learn` the next controller to move is mapped, and only it."""
    _, project, device = await one(stage)
    device.send("/musearoo/cc/3/20", 0.5)
    device.send("/musearoo/control/learn", "drums/fills")
    device.send("/musearoo/cc/3/21", 0.5)
    assert await device.hears("/musearoo/control/mapped") == (3, 21, "drums/fills")
    device.send("/musearoo/cc/3/20", 0.9)
    device.send("/musearoo/cc/3/21", 0.75)
    assert await device.hears("/musearoo/drums/fills/echo") == (0.75,)
    device.send("/musearoo/refresh")
    assert await device.hears("/musearoo/control/mapped", 2) == (3, 21, "drums/fills")
    state = await state_of(stage, project)
    assert state.controls == {"3/21": Control("drums/fills")}
    assert state.parameters == {"drums/fills": 0.75}


async def test_a_map_can_be_turned_around_undone_and_ended(stage: Stage) -> None:
    """Minimum and maximum are what the ends mean; undo brings back the map before."""
    _, project, device = await one(stage)
    device.send("/musearoo/control/map", 1, 1, "drums/push", 10.0, -10.0)
    device.send("/musearoo/cc/1/1", 1.0)
    assert await device.hears("/musearoo/drums/push/echo") == (-10.0,)
    device.send("/musearoo/undo")
    device.send("/musearoo/undo")
    await device.hears("/musearoo/control/mapped", 2)
    assert device.at("/musearoo/control/mapped")[1] == (1, 1, "")
    device.send("/musearoo/redo")
    await device.hears("/musearoo/control/mapped", 3)
    device.send("/musearoo/control/unmap", 1, 1)
    await device.hears("/musearoo/control/mapped", 4)
    assert (await state_of(stage, project)).controls == {}
    device.send("/musearoo/control/map", 1, 1, "drums/push", 99.0)
    assert (await device.hears("/musearoo/error"))[0] == "invalid_value"


async def test_the_map_is_kept_with_the_project(tmp_path: Path) -> None:
    """A server that starts anew knows what each controller does."""
    async with house(tmp_path) as place:
        ana = await place.person("ana")
        project = await place.project(ana)
        await place.do(
            ana, project, "map_control", {"channel": 2, "number": 7, "path": "bass/density"}
        )
    async with house(tmp_path) as place:
        session = await place.conductor.sessions.open(SessionId(project))
        assert session.state.controls == {"2/7": Control("bass/density")}


async def test_notes_reach_everyone_else(stage: Stage) -> None:
    """Other devices hear them, the player does not, and nothing is logged."""
    ana, project, device = await one(stage)
    other = await stage.paired(ana, project, stage.device(port=9002))
    heard: list[LiveNote] = []
    stage.place.conductor.live_notes.listen(
        SessionId(project), lambda note, _by: heard.append(note)
    )
    device.send("/musearoo/note/10", 36, 100)
    device.send("/musearoo/note/10", 36.0, 0.0)
    assert await other.hears("/musearoo/note/10", 2) == (36, 0)
    assert other.at("/musearoo/note/10")[0] == (36, 100)
    assert not device.at("/musearoo/note/10")
    assert heard == [LiveNote(10, 36, 100), LiveNote(10, 36, 0)]
    assert await stage.events(ana, project) == []


async def test_a_note_of_known_length_is_let_go(stage: Stage) -> None:
    """A whole note from another door sounds on a device for as long as it is written."""
    _, project, device = await one(stage)
    stage.place.conductor.live_notes.play(SessionId(project), LiveNote(1, 60, 90, 96), by=None)
    assert await device.hears("/musearoo/note/1", 2) == (60, 0)


async def test_a_viewer_does_not_play(stage: Stage) -> None:
    """Notes and controllers need the right to edit, like any change."""
    ana, ben = await stage.place.person("ana"), await stage.place.person("ben")
    project = await stage.place.project(ana)
    conductor = stage.place.conductor
    invited = await conductor.collaboration.invite(
        ana, project, "ben@example.org", frozenset({Permission.VIEW}), None, origin=ORIGIN
    )
    await conductor.collaboration.join(ben, invited.url.partition("#join=")[2], origin=ORIGIN)
    listener = await stage.paired(ana, project, stage.device(port=9002))
    viewer = await stage.paired(ben, project)
    viewer.send("/musearoo/note/1", 60, 90)
    assert (await viewer.hears("/musearoo/error"))[0] == "forbidden"
    viewer.send("/musearoo/control/learn", "drums/fills")
    assert (await viewer.hears("/musearoo/error", 2))[0] == "forbidden"
    assert not listener.at("/musearoo/note/1")


async def test_notes_go_between_the_doors(stage: Stage) -> None:
    """A note from OSC is a lossy record on the WebSocket, and one from there reaches devices."""
    ana, project, device = await one(stage)
    hall = Hall(stage.place, WebSocketDoor(stage.place.conductor))
    seat = await hall.joined(ana, project, binary=True)
    device.send("/musearoo/note/10", 36, 100)
    await stage.done()
    stream = b"".join(seat.connection.outbox.take())
    (frame,) = [payload for opcode, payload in payloads(stream) if opcode == BINARY]
    (record,) = decode_records(frame)
    assert isinstance(record, NoteRecord)
    assert (record.action, record.pitch, record.velocity, record.channel) == (
        NoteAction.ON, 36, 100, 9,
    )  # fmt: skip
    assert (record.header.number, record.header.sender) == (1, 0)
    played = NoteRecord(action=NoteAction.OFF, pitch=36, velocity=64, channel=9)
    seat.connection.receive_binary(encode_note(played))
    assert await device.hears("/musearoo/note/10") == (36, 0)
    assert not b"".join(seat.connection.outbox.take())
