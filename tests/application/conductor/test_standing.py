"""Rights that are in use are looked up ahead of their end, and are never older than two seconds."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from musearoo.conductor.standing import HELD_SECONDS
from musearoo.domain.errors import NotFound, Unavailable
from musearoo.domain.ids import ProjectId
from musearoo.domain.permissions import Actor, Permission
from tests.doubles.clock import SteppedClock
from tests.doubles.house import ORIGIN, House, house
from tests.waiting import until

EDIT = Permission.EDIT


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
async def place(tmp_path: Path, clock: SteppedClock) -> AsyncIterator[House]:
    async with house(tmp_path, clock=clock) as made:
        yield made


@pytest.fixture
async def shared(place: House) -> tuple[Actor, Actor, ProjectId]:
    """An owner, a guest who may edit and has just been looked up, and their project."""
    owner, guest = await place.person("ann"), await place.person("bob")
    project = await place.project(owner)
    people, rights = place.conductor.collaboration, frozenset({Permission.VIEW, EDIT})
    invited = await people.invite(owner, project, "bob@example.org", rights, None, origin=ORIGIN)
    await people.join(guest, invited.url.rpartition("=")[2], origin=ORIGIN)
    await place.conductor.gate.access(guest, project, EDIT, ORIGIN)
    return owner, guest, project


async def passed(clock: SteppedClock, seconds: float) -> None:
    """Let time pass, and what is looked up ahead be found."""
    await clock.advance(seconds)
    await until(
        lambda: all(task.get_name() != "standing.renew" for task in asyncio.all_tasks()),
        "what is looked up ahead is found",
    )


async def removed_elsewhere(place: House, owner: Actor, guest: Actor, project: ProjectId) -> None:
    """Another process takes the guest's rights: nobody here is told."""
    access = await place.conductor.gate.access(owner, project, EDIT, ORIGIN)
    await place.world.store.write(lambda tx: tx.projects.remove_collaborator(access, guest.user))


async def test_whoever_goes_on_is_never_looked_up_while_it_waits(
    place: House, clock: SteppedClock, shared: tuple[Actor, Actor, ProjectId]
) -> None:
    """Ten seconds of knobs: the answer is always at hand."""
    _, guest, project = shared
    for _ in range(100):
        assert place.conductor.gate.held(guest.user, project, EDIT) is not None
        await passed(clock, 0.1)


async def test_whoever_pauses_is_looked_up_anew(
    place: House, clock: SteppedClock, shared: tuple[Actor, Actor, ProjectId]
) -> None:
    """What nobody asked for was not looked up ahead, and is too old."""
    _, guest, project = shared
    await clock.advance(HELD_SECONDS + 0.1)
    assert place.conductor.gate.held(guest.user, project, EDIT) is None


async def test_rights_taken_by_another_process_end_within_two_seconds(
    place: House, clock: SteppedClock, shared: tuple[Actor, Actor, ProjectId]
) -> None:
    """Looking ahead makes no right last longer than its two seconds."""
    owner, guest, project = shared
    await removed_elsewhere(place, owner, guest, project)
    held, waited = place.conductor.gate.held, 0.0
    while held(guest.user, project, EDIT) is not None:
        await passed(clock, 0.1)
        waited += 0.1
        assert waited <= HELD_SECONDS + 0.1
    with pytest.raises(NotFound):
        await place.conductor.gate.access(guest, project, EDIT, ORIGIN)


async def test_rights_that_change_while_they_are_looked_up_ahead_are_looked_up_again(
    place: House,
    clock: SteppedClock,
    shared: tuple[Actor, Actor, ProjectId],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An answer from before a change is not kept."""
    owner, guest, project = shared
    read = place.world.store.read

    async def read_before_the_change(query: Any) -> Any:
        answer = await read(query)
        monkeypatch.undo()
        await place.conductor.collaboration.remove(owner, project, guest.user, ORIGIN)
        return answer

    await clock.advance(HELD_SECONDS - 0.1)
    monkeypatch.setattr(place.world.store, "read", read_before_the_change)
    assert place.conductor.gate.held(guest.user, project, EDIT) is not None
    await passed(clock, 0.01)
    held = place.conductor.gate.held
    await until(lambda: held(guest.user, project, EDIT) is None, "the right to be gone")


async def test_a_store_that_is_away_makes_no_right_last(
    place: House,
    clock: SteppedClock,
    shared: tuple[Actor, Actor, ProjectId],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What cannot be looked up ends after its two seconds, and is found again afterwards."""
    _, guest, project = shared
    held = place.conductor.gate.held

    async def away(_query: object) -> Any:
        raise Unavailable("The database does not answer; try again.", retry_after=1.0)

    monkeypatch.setattr(place.world.store, "read", away)
    for _ in range(19):
        assert held(guest.user, project, EDIT) is not None
        await passed(clock, 0.1)
    await passed(clock, 0.2)
    assert held(guest.user, project, EDIT) is None
    monkeypatch.undo()
    await place.conductor.gate.access(guest, project, EDIT, ORIGIN)
    assert held(guest.user, project, EDIT) is not None
