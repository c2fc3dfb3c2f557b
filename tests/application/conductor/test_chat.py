"""Who may talk in a session."""

from pathlib import Path

import pytest

from musearoo.conductor.projects import Change
from musearoo.conductor.room_chat import Chat
from musearoo.domain.errors import Forbidden, InvalidValue, NotFound
from musearoo.domain.ids import SessionId
from tests.doubles.house import ORIGIN, house


async def test_only_the_people_of_a_project_talk_in_it(tmp_path: Path) -> None:
    """A public project is readable: whoever is not of it may look on, and no more."""
    async with house(tmp_path) as place:
        conductor = place.conductor
        chat = Chat(conductor.gate, conductor.sessions, conductor.repeats)
        ada, eve = await place.person("ada"), await place.person("eve")
        project = await place.project(ada)
        session = SessionId(project)
        await chat.say(ada, session, "louder at @bar 5", origin=ORIGIN)
        with pytest.raises(NotFound):
            await chat.say(eve, session, "let me in", origin=ORIGIN)
        await conductor.projects.change(ada, project, Change(is_public=True), ORIGIN)
        with pytest.raises(Forbidden, match="invited"):
            await chat.say(eve, session, "let me in", origin=ORIGIN)
        with pytest.raises(InvalidValue):
            await chat.say(ada, session, " ", origin=ORIGIN)
        assert (await conductor.sessions.open(session)).seq == 1
