"""Takes as a tree, and going to and fro between two of them (A/B)."""

from pathlib import Path

import pytest

from musearoo.conductor.world import Rules
from musearoo.domain.errors import Conflict, InvalidValue
from musearoo.domain.ids import ProjectId, SessionId, TakeId
from musearoo.domain.permissions import Actor
from musearoo.domain.session.state import PartState
from tests.doubles.house import House, house

FREE = Rules(quotas=False)
SWITCH = {"part": "drums"}


async def drums(place: House, project: ProjectId) -> PartState:
    return (await place.conductor.sessions.open(SessionId(project))).state.parts["drums"]


async def made(place: House, ada: Actor, project: ProjectId, name: str, **args: object) -> str:
    """The take that a command made."""
    ack = await place.do(ada, project, name, args)
    await place.ended(ack.generation_id)
    return ack.take_id or ""


async def test_the_same_switch_goes_to_and_fro(tmp_path: Path) -> None:
    async with house(tmp_path, FREE) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        one = await made(place, ada, project, "generate", engine="drummaroo", bars=1)
        two = await made(place, ada, project, "generate", engine="drummaroo", bars=1)
        three = await made(place, ada, project, "generate", engine="drummaroo", bars=1)
        heard = []
        for _ in range(3):
            await place.do(ada, project, "select_take", SWITCH)
            heard.append((await drums(place, project)).selected)
        assert heard == [two, three, two]
        await place.do(ada, project, "select_take", {"part": "drums", "take_id": one})
        await place.do(ada, project, "select_take", SWITCH)
        assert (await drums(place, project)).selected == two


async def test_selecting_what_plays_keeps_what_it_is_compared_with(tmp_path: Path) -> None:
    async with house(tmp_path, FREE) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        one = await made(place, ada, project, "generate", engine="drummaroo", bars=1)
        two = await made(place, ada, project, "generate", engine="drummaroo", bars=1)
        await place.do(ada, project, "select_take", {"part": "drums", "take_id": two})
        assert (await drums(place, project)).before == one


async def test_there_is_nothing_to_compare_a_first_take_with(tmp_path: Path) -> None:
    async with house(tmp_path, FREE) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        with pytest.raises(InvalidValue):
            await place.do(ada, project, "select_take", SWITCH)
        await made(place, ada, project, "generate", engine="drummaroo", bars=1)
        with pytest.raises(Conflict, match="no other take"):
            await place.do(ada, project, "select_take", SWITCH)


async def test_takes_form_a_tree(tmp_path: Path) -> None:
    """Each take names the one it was made from, on whichever branch that lay."""
    async with house(tmp_path, FREE) as place:
        ada = await place.person("ada")
        project = await place.project(ada)
        root = await made(place, ada, project, "generate", engine="drummaroo", bars=4)
        left = await made(place, ada, project, "regenerate", part="drums", bars=[1])
        await place.do(ada, project, "select_take", {"part": "drums", "take_id": root})
        right = await made(place, ada, project, "regenerate", part="drums", bars=[2])
        leaf = (await place.do(ada, project, "edit_notes", {"part": "drums", "remove": []})).take_id
        parents = {
            name: (await place.conductor.takes.visible(TakeId(name), ada)).parent
            for name in (root, left, right, leaf or "")
        }
        assert parents == {root: None, left: root, right: root, leaf: right}
