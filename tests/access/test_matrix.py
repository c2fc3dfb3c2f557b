"""Every route x every actor x every object: who may do what is what the policies say."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from musearoo.domain.commands import COMMANDS
from musearoo.domain.permissions import Permission
from musearoo.protocols.rest.policies import Policy
from musearoo.protocols.rest.routes.all import ROUTES
from musearoo.protocols.rest.routing import Declared
from tests.access.samples import SAMPLES, Sample, command, path_of
from tests.access.town import (
    MEMBERS,
    NOBODIES,
    PEOPLE,
    STRANGERS,
    Things,
    Town,
    fresh_project,
    reopened,
)
from tests.doubles.house import House
from tests.doubles.rest_door import client, door

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DENIED = {401, 403, 404}


def cases() -> list[Any]:
    """Each route, and the command route once for each command."""
    found = []
    for route in ROUTES:
        if route.policy.kind == "project" and route.policy.right is None:
            for name, rule in COMMANDS.items():
                policy = Policy("project", right=rule.permission, via=route.policy.via)
                found.append(pytest.param(route, policy, command(name), id=f"command-{name}"))
        else:
            found.append(pytest.param(route, route.policy, SAMPLES.get(route.name), id=route.name))
    return found


CASES = cases()
PROJECT_CASES = [case for case in CASES if case.values[1].kind == "project"]
OTHER_CASES = [case for case in CASES if case.values[1].kind != "project"]


class Visit:
    """One route in one copy of the town."""

    def __init__(self, place: House, town: Town, route: Declared, sample: Sample) -> None:
        self.place = place
        self.town = town
        self.route = route
        self.sample = sample
        self.http = client(door(place))

    async def send(self, who: str, things: Things) -> httpx.Response:
        """The sample request of somebody about something."""
        token = self.town.tokens.get(who)
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return await self.http.request(
            self.route.method,
            path_of(self.route.path, things),
            headers=headers,
            **self.sample.content(things),
        )

    async def send_all(self, people: Sequence[str], things: Things) -> dict[str, httpx.Response]:
        """The same request of several people at once."""
        answers = await asyncio.gather(*(self.send(who, things) for who in people))
        return dict(zip(people, answers, strict=True))


def shape(response: httpx.Response) -> tuple[int, str, list[str]]:
    """What an answer shows, apart from ids."""
    names = sorted(response.headers.keys())
    return response.status_code, _UUID.sub("ID", response.text), names


def may(who: str, policy: Policy) -> bool:
    """Whether a member has the right that a policy asks for."""
    if who == "owner":
        return True
    assert policy.right is not None
    return not policy.owner and policy.right in MEMBERS[who]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_route_has_a_policy_and_a_sample(route: Declared) -> None:
    """Nothing is open by oversight, and nothing escapes this matrix."""
    assert isinstance(route.policy, Policy)
    assert route.policy.right is None or isinstance(route.policy.right, Permission)
    assert route.name == "send_command" or route.name in SAMPLES


@pytest.mark.parametrize(("route", "policy", "sample"), PROJECT_CASES)
async def test_projects(
    route: Declared, policy: Policy, sample: Sample, town: Town, tmp_path: Path
) -> None:
    """401 without a login, 404 for strangers as for nothing, 403 without the right, else done."""
    async with reopened(tmp_path) as place:
        visit = Visit(place, town, route, sample)
        await _nobody_enters(visit)
        await _strangers_see_nothing(visit)
        await _rights_decide(visit, policy)
        await _public_is_for_reading(visit, policy)


@pytest.mark.parametrize(("route", "policy", "sample"), OTHER_CASES)
async def test_others(
    route: Declared, policy: Policy, sample: Sample, town: Town, tmp_path: Path
) -> None:
    """Public routes ask for nothing, login routes for a living login, links for a signature."""
    async with reopened(tmp_path) as place:
        visit = Visit(place, town, route, sample)
        things = town.things["private"]
        match policy.kind:
            case "login":
                await _nobody_enters(visit)
                for who in PEOPLE:
                    assert (await visit.send(who, things)).status_code not in {401, 403}
            case "public":
                await _everybody_is_the_same(visit)
            case "signed":
                for who in (*NOBODIES, *PEOPLE):
                    assert (await visit.send(who, things)).status_code == 404


async def _nobody_enters(visit: Visit) -> None:
    for name in ("private", "public", "missing"):
        answers = await visit.send_all(NOBODIES, visit.town.things[name])
        for who, answer in answers.items():
            assert answer.status_code == 401, (who, name, answer.text)
            assert answer.headers["www-authenticate"].startswith("Bearer")


async def _strangers_see_nothing(visit: Visit) -> None:
    things = visit.town.things
    missing = await visit.send_all(PEOPLE, things["missing"])
    private = await visit.send_all(STRANGERS, things["private"])
    foreign = await visit.send_all(("owner", *MEMBERS), things["own"])
    for who, answer in {**private, **foreign}.items():
        assert missing[who].status_code == 404, (who, missing[who].text)
        assert shape(answer) == shape(missing[who]), who


async def _rights_decide(visit: Visit, policy: Policy) -> None:
    allowed = [who for who in ("owner", *MEMBERS) if may(who, policy)]
    denied = [who for who in MEMBERS if who not in allowed]
    for who, answer in (await visit.send_all(denied, visit.town.things["private"])).items():
        assert answer.status_code == 403, (who, answer.text)
    owner = await visit.place.conductor.gate.actor(visit.town.tokens["owner"])
    for who in allowed:
        things = visit.town.things["private"]
        if visit.sample.destroys:
            things = await fresh_project(visit.place, owner, visit.town)
        answer = await visit.send(who, things)
        _check_allowed(visit, who, answer)


def _check_allowed(visit: Visit, who: str, answer: httpx.Response) -> None:
    if visit.route.name == "remove_collaborator" and who not in {"owner", "viewer"}:
        assert answer.status_code == 403  # only the owner removes others
    elif visit.route.name == "leave_project" and who == "owner":
        assert answer.status_code == 404  # the owner is no collaborator
    else:
        assert answer.status_code not in _DENIED, (who, answer.text)
        assert answer.status_code < 500 or visit.route.name == "pair_osc"


async def _public_is_for_reading(visit: Visit, policy: Policy) -> None:
    public = visit.town.things["public"]
    for who in STRANGERS:
        answer = await visit.send(who, public)
        if policy.right is Permission.VIEW and not policy.owner:
            if visit.route.name == "remove_collaborator":
                assert answer.status_code == 403
            elif visit.route.name == "leave_project":
                assert answer.status_code == 404
            else:
                assert answer.status_code not in _DENIED, (who, answer.text)
        else:
            assert answer.status_code == 403, (who, answer.text)


async def _everybody_is_the_same(visit: Visit) -> None:
    things = visit.town.things["private"]
    if visit.route.name == "register":
        assert (await visit.send("anonymous", things)).status_code == 201
        return
    seen = {shape(await visit.send(who, things))[:2] for who in (*NOBODIES, "stranger", "owner")}
    assert len(seen) == 1
