"""Invitations and owners: what may be given, by whom, and what is written down."""

from pathlib import Path

import pytest

from musearoo.conductor.projects import Change
from musearoo.domain.errors import Forbidden, InvalidValue, NotFound
from musearoo.domain.ids import CommandId, ProjectId
from musearoo.domain.permissions import Actor, Permission
from tests.doubles.house import ORIGIN, House, house

ONE = CommandId("one")
EDIT = frozenset({Permission.VIEW, Permission.EDIT})


async def invited(place: House, actor: Actor, project: ProjectId, name: str) -> str:
    made = await place.conductor.collaboration.invite(
        actor, project, f"{name}@example.org", EDIT, None, origin=ORIGIN
    )
    return made.url.partition("join=")[2]


async def member(place: House, owner: Actor, project: ProjectId, name: str) -> Actor:
    person = await place.person(name)
    secret = await invited(place, owner, project, name)
    await place.conductor.collaboration.join(person, secret, origin=ORIGIN)
    return person


async def refusals(place: House) -> list[str]:
    entries = await place.world.store.read(lambda tx: tx.audit.latest(100))
    return [entry.action for entry in entries if entry.result == "refused"]


class TestInvitations:
    @pytest.mark.parametrize("email", ["", "nobody", "a@b\r\nBcc: c@example.org", "x" * 300 + "@b"])
    async def test_only_an_address_can_be_invited(self, tmp_path: Path, email: str) -> None:
        """What would break a mail's header, or reach nobody, is refused before it is stored."""
        async with house(tmp_path) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            with pytest.raises(InvalidValue):
                await place.conductor.collaboration.invite(
                    ada, project, email, EDIT, None, origin=ORIGIN
                )

    async def test_ends_with_the_rights_of_who_invited(self, tmp_path: Path) -> None:
        """Somebody who was put out cannot let a friend in through an old invitation."""
        async with house(tmp_path) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            bob = await member(place, ada, project, "bob")
            friend = await place.person("eve")
            secret = await invited(place, bob, project, "eve")
            await place.conductor.collaboration.remove(ada, project, bob.user, ORIGIN)
            with pytest.raises(NotFound):
                await place.conductor.collaboration.join(friend, secret, origin=ORIGIN)

    async def test_a_repeated_request_sends_one_mail(self, tmp_path: Path) -> None:
        """The same command id is one invitation, and one letter."""
        async with house(tmp_path) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            place.mailer.configured = True
            for _ in range(2):
                await place.conductor.collaboration.invite(
                    ada, project, "b@example.org", EDIT, None, origin=ORIGIN, command=ONE
                )
            assert len(place.mailer.letters) == 1


class TestOwnersOnly:
    async def test_a_member_is_refused_and_that_is_written_down(self, tmp_path: Path) -> None:
        """Publishing, deleting and putting others out is the owner's; each try leaves a line."""
        async with house(tmp_path) as place:
            ada = await place.person("ada")
            project = await place.project(ada)
            bob = await member(place, ada, project, "bob")
            projects, people = place.conductor.projects, place.conductor.collaboration
            tries = (
                lambda: projects.change(bob, project, Change(is_public=True), ORIGIN),
                lambda: projects.delete(bob, project, ORIGIN),
                lambda: people.remove(bob, project, ada.user, ORIGIN),
                lambda: people.invite(
                    bob,
                    project,
                    "c@example.org",
                    frozenset({Permission.EXPORT}),
                    None,
                    origin=ORIGIN,
                ),
            )
            for attempt in tries:
                with pytest.raises(Forbidden):
                    await attempt()
            assert sorted(await refusals(place)) == [
                "collaborator.invite",
                "project.owner",
                "project.owner",
                "project.owner",
            ]
