"""The OSC addresses do what the commands do: the same events, one by one."""

from pathlib import Path
from typing import Any

import msgspec

from musearoo.codecs.events import envelope
from musearoo.conductor.world import Rules
from musearoo.domain.commands import COMMANDS
from musearoo.domain.ids import ProjectId, SessionId
from musearoo.domain.permissions import Access, Grant, Permission
from musearoo.protocols.osc.options import FLUSH_SECONDS
from tests.doubles.clock import SteppedClock, settle
from tests.doubles.house import House, house
from tests.doubles.osc_stage import Device, Stage

Pair = tuple[tuple[str, tuple[Any, ...]], tuple[str, dict[str, Any], str | None]]
PAIRS: list[Pair] = [
    (("/musearoo/session/tempo", (97,)),
     ("set_parameter", {"path": "session/tempo", "value": 97.0}, None)),
    (("/live/song/tempo", (133.0,)),
     ("set_parameter", {"path": "session/tempo", "value": 133.0}, None)),
    (("/musearoo/session/key", ("D minor",)),
     ("set_parameter", {"path": "session/key", "value": "D minor"}, None)),
    (("/musearoo/session/style", ("funky",)),
     ("set_parameter", {"path": "session/style", "value": "funk"}, None)),
    (("/musearoo/session/meter", ("6/8",)),
     ("set_parameter", {"path": "session/meter", "value": "6/8"}, None)),
    (("/musearoo/session/bars", (2.0,)), ("set_form", {"bars": 2}, None)),
    (("/musearoo/session/clock_source", ("session",)),
     ("set_clock_source", {"source": "session"}, None)),
    (("/musearoo/drums/complexity", (0.75, "next_bar")),
     ("set_parameter", {"path": "drums/complexity", "value": 0.75}, "next_bar")),
    (("/musearoo/harmony/voices", (5, "now")),
     ("set_parameter", {"path": "harmony/voices", "value": 5}, "now")),
    (("/musearoo/transport/play", ()), ("transport", {"action": "play"}, None)),
    (("/musearoo/transport/loop", (2, 1)),
     ("transport", {"action": "loop", "loop_bars": 2, "bar": 1}, None)),
    (("/musearoo/transport/locate", (2, 1.5)),
     ("transport", {"action": "locate", "bar": 2, "beat": 1.5}, None)),
    (("/musearoo/transport/playing", (0,)), ("transport", {"action": "stop"}, None)),
    (("/live/song/time", (3.0,)),
     ("transport", {"action": "locate", "bar": 2, "beat": 0.0}, None)),
    (("/musearoo/transport/panic", (1.0,)), ("transport", {"action": "panic"}, None)),
    (("/musearoo/undo", ()), ("undo", {}, None)),
    (("/musearoo/redo", (1,)), ("redo", {}, None)),
    (("/musearoo/control/map", (1, 74, "drums/fills")),
     ("map_control", {"channel": 1, "number": 74, "path": "drums/fills"}, None)),
    (("/musearoo/control/unmap", (1, 74)), ("unmap_control", {"channel": 1, "number": 74}, None)),
    (("/musearoo/command", ("set_chords", '{"chords":[{"start":0,"length":960,"chord":"A"}]}')),
     ("set_chords", {"chords": [{"start": 0, "length": 960, "chord": "A"}]}, None)),
    (("/musearoo/command", ("generate", '{"engine":"drummaroo","seed":3}')),
     ("generate", {"engine": "drummaroo", "seed": 3}, None)),
    (("/musearoo/command", ("generate", '{"engine":"drummaroo","seed":4}', "next_bar")),
     ("generate", {"engine": "drummaroo", "seed": 4}, "next_bar")),
    (("/musearoo/take/drums", (1,)),
     ("select_take", {"part": "drums", "take_id": "TAKE 1"}, None)),
    (("/live/clip/trigger", (0, 1)),
     ("select_take", {"part": "drums", "take_id": "TAKE 2"}, None)),
    (("/musearoo/take/select", ("drums", "TAKE 1", "bar 4")),
     ("select_take", {"part": "drums", "take_id": "TAKE 1"}, "bar 4")),
    (("/musearoo/take/commit", ("drums", "TAKE 1")),
     ("commit_take", {"part": "drums", "take_id": "TAKE 1"}, None)),
    (("/musearoo/clip/launch/drums", ()), ("launch_clip", {"part": "drums"}, None)),
    (("/musearoo/lock", ("drums", 1)), ("lock", {"part": "drums", "bars": [1]}, None)),
    (("/musearoo/unlock", ("drums", 1)), ("unlock", {"part": "drums", "bars": [1]}, None)),
    (("/musearoo/lock/drums", (1.0,)), ("lock", {"part": "drums"}, None)),
    (("/musearoo/lock/drums", (0.0,)), ("unlock", {"part": "drums"}, None)),
]  # fmt: skip


async def played(folder: Path, *, over_osc: bool) -> list[Any]:
    """The events of a session in which all of it was done through one door."""
    clock = SteppedClock()
    async with house(folder, Rules(quotas=False), clock=clock) as place:
        ana = await place.person("ana")
        project = await place.project(ana)
        stage = Stage(place)
        device = await stage.paired(ana, project)
        takes: list[str] = []
        for (address, arguments), (name, args, at) in PAIRS:
            found = stage.door.table.find(address)
            # Values of a control are collected for so long before they count.
            collected = FLUSH_SECONDS if found and found.is_state and len(arguments) == 1 else 0.0
            if over_osc:
                device.send(address, *(_with_takes(each, takes) for each in arguments))
                await settle()
                await clock.advance(collected)
                await stage.done()
                assert not device.at("/musearoo/error"), (address, device)
            else:
                filled = {key: _with_takes(value, takes) for key, value in args.items()}
                await clock.advance(collected)
                await place.do(ana, project, name, filled, at=at)
            if name == "generate":
                takes.append(await _taken(place, project, device))
            await clock.advance(0.4)
        access = Access(Grant(project, ana.user, frozenset(Permission)))
        _, events = await place.conductor.sessions.events(access, epoch=None, after=0, limit=500)
        stage.door.close()
        return [_bare(msgspec.to_builtins(envelope(each))) for each in events]


async def test_the_same_events(tmp_path: Path) -> None:
    """Whether a command comes by its address or by its name."""
    for name in ("osc", "name"):
        (tmp_path / name).mkdir()
    osc = await played(tmp_path / "osc", over_osc=True)
    named = await played(tmp_path / "name", over_osc=False)
    for mine, theirs in zip(osc, named, strict=True):
        assert mine == theirs


def test_every_command_is_here() -> None:
    """Those that make something by chance, or from an analysis, are in the other script."""
    elsewhere = {
        "regenerate", "cancel_generation", "edit_notes", "adopt_analysis", "learn_control",
    }  # fmt: skip
    assert {name for _, (name, _, _) in PAIRS} == set(COMMANDS) - elsewhere


def _with_takes(value: Any, takes: list[str]) -> Any:
    if isinstance(value, str) and value.startswith("TAKE "):
        return takes[int(value[5:]) - 1]
    return value


async def _taken(place: House, project: ProjectId, device: Device) -> str:
    """The take of the generation that was just accepted, once it is there."""
    session = await place.conductor.sessions.open(SessionId(project))
    await device.hears("/musearoo/drums/generated")
    part = session.state.parts["drums"]
    assert part.selected is not None
    device.heard.clear()
    return str(part.selected)


def _bare(event: dict[str, Any]) -> dict[str, Any]:
    """An event without what differs by nature: ids, and the time a generation took."""
    unlike = {"cause", "epoch", "session_id", "user_id", "generation_id", "take_id", "gesture"}
    unlike |= {"parent_take", "generation_time_ms", "id"}
    return {
        name: _bare(value) if isinstance(value, dict) else value
        for name, value in event.items()
        if name not in unlike
    }
