"""Every OSC address x every kind of sender: what each may do, and who is answered at all."""

import json
from pathlib import Path
from typing import Any

import pytest

from musearoo.codecs.osc import Message
from musearoo.codecs.osc.addresses import Address
from musearoo.codecs.osc.arguments import Argument
from musearoo.codecs.osc.table import address_table
from musearoo.domain.commands import COMMANDS
from musearoo.domain.ids import ProjectId
from musearoo.domain.permissions import Permission
from musearoo.engines.loading import load_engines
from musearoo.protocols.osc.bucket import Bucket
from tests.access.samples import ARGS
from tests.access.town import MEMBERS, Things, Town, reopened
from tests.doubles.osc_stage import Device, Stage

TABLE = address_table(each.description for each in load_engines().values())
ADDRESSES = [each for each in TABLE.incoming if each.permission is not None]
DENIED = {"forbidden", "not_found", "unauthenticated"}
VALUES: dict[str, Any] = {
    "key": "A minor", "meter": "6/8", "part": "drums", "path": "drums/complexity",
    "beat": 0.0, "number": 1, "track": 0, "clip": 0,
}  # fmt: skip


def value(argument: Argument, things: Things) -> Any:
    """Something valid for an argument."""
    ids = {
        "take_id": things.take, "generation_id": things.generation, "analysis_id": things.analysis,
    }  # fmt: skip
    if argument.name in ids:
        return ids[argument.name]
    if argument.choices:
        return argument.choices[0]
    return VALUES.get(argument.name, argument.minimum if argument.minimum is not None else 1)


def message(address: Address, things: Things) -> Message:
    """A valid message to an address."""
    path = address.path.replace("{channel}", "1").replace("{number}", "74")
    arguments = tuple(value(each, things) for each in address.arguments if not each.optional)
    return Message(path, arguments)


async def outcome(stage: Stage, device: Device, sent: Message) -> set[str]:
    """Codes of refusal that came back once all was done."""
    device.heard.clear()
    device.send(sent.address, *sent.arguments)
    await stage.done()
    return {str(values[0]) for values in device.at("/musearoo/error")}


def unhurried(stage: Stage, device: Device) -> None:
    """Let a device ask, and be refused, as often as it likes."""
    peer = stage.door.peers.known(device.source)
    assert peer is not None
    peer.errors = peer.pace = Bucket(1e9, 1e9, 0.0)


async def test_the_right_of_each_address_decides(town: Town, tmp_path: Path) -> None:
    """A member's device does what the member may, is told when it may not, and changes nothing."""
    async with reopened(tmp_path) as place:
        stage = Stage(place)
        things = town.things["private"]
        project = ProjectId(things.project)
        faults = []
        for number, who in enumerate(("owner", *MEMBERS)):
            actor = await place.conductor.gate.actor(town.tokens[who])
            device = await stage.paired(actor, project, stage.device(port=9100 + number))
            unhurried(stage, device)
            for address in ADDRESSES:
                codes = await outcome(stage, device, message(address, things))
                may = who == "owner" or address.permission in MEMBERS[who]
                if may and "forbidden" in codes:
                    faults.append((who, address.path, codes))
                if not may and "forbidden" not in codes:
                    faults.append((who, address.path, codes))
        assert faults == []
        stage.door.close()


@pytest.mark.parametrize("name", COMMANDS)
async def test_commands_by_name_ask_for_their_right(town: Town, tmp_path: Path, name: str) -> None:
    """`/musearoo/command` and `/musearoo/request` are no way around a right."""
    needed = COMMANDS[name].permission
    poor = next(who for who, rights in MEMBERS.items() if needed not in rights)
    async with reopened(tmp_path) as place:
        stage = Stage(place)
        things = town.things["private"]
        actor = await place.conductor.gate.actor(town.tokens[poor])
        device = await stage.paired(actor, ProjectId(things.project))
        args = json.dumps(ARGS[name](things))
        assert "forbidden" in await outcome(
            stage, device, Message("/musearoo/command", (name, args))
        )
        asked = Message("/musearoo/request", ("id-1", name, args))
        assert "forbidden" in await outcome(stage, device, asked)
        assert not device.at("/musearoo/ack")
        stage.door.close()


@pytest.mark.parametrize("who", ["stranger", "former", "neighbour"])
async def test_strangers_get_no_code(town: Town, tmp_path: Path, who: str) -> None:
    """Who may not see a project cannot pair with it; with a public one, only to listen."""
    async with reopened(tmp_path) as place:
        stage = Stage(place)
        actor = await place.conductor.gate.actor(town.tokens[who])
        with pytest.raises(Exception, match="no such project"):
            await stage.paired(actor, ProjectId(town.things["private"].project))
        device = await stage.paired(actor, ProjectId(town.things["public"].project))
        unhurried(stage, device)
        for address in ADDRESSES:
            if address.permission is not Permission.VIEW:
                sent = message(address, town.things["public"])
                assert await outcome(stage, device, sent) & DENIED, address.path
        stage.door.close()
