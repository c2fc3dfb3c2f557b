"""What each actor must meet at each route, as its policy says."""

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


def _route_cases(*, of_projects: bool) -> list[Any]:
    return [
        pytest.param(route, route.policy, SAMPLES.get(route.name), id=route.name)
        for route in ROUTES
        if (route.policy.kind == "project") is of_projects and route.name != "send_command"
    ]


def _command_cases() -> list[Any]:
    route = next(route for route in ROUTES if route.name == "send_command")
    return [
        pytest.param(
            route,
            Policy("project", right=rule.permission, via=route.policy.via),
            command(name),
            id=name,
        )
        for name, rule in COMMANDS.items()
    ]


PROJECT_CASES = _route_cases(of_projects=True)
OTHER_CASES = _route_cases(of_projects=False)
COMMAND_CASES = _command_cases()


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


async def check_project_route(
    folder: Path, town: Town, route: Declared, policy: Policy, sample: Sample
) -> None:
    """401 without a login, 404 for strangers as for nothing, 403 without the right, else done."""
    async with reopened(folder) as place:
        visit = Visit(place, town, route, sample)
        await nobody_enters(visit)
        await strangers_see_nothing(visit)
        await rights_decide(visit, policy)
        await public_is_for_reading(visit, policy)


def may(who: str, policy: Policy) -> bool:
    """Whether a member has the right that a policy asks for."""
    if who == "owner":
        return True
    assert policy.right is not None
    return not policy.owner and policy.right in MEMBERS[who]


async def nobody_enters(visit: Visit) -> None:
    """Without a living login there is only 401."""
    for name in ("private", "public", "missing"):
        answers = await visit.send_all(NOBODIES, visit.town.things[name])
        for who, answer in answers.items():
            assert answer.status_code == 401, (who, name, answer.text)
            assert answer.headers["www-authenticate"].startswith("Bearer")


async def strangers_see_nothing(visit: Visit) -> None:
    """What is not theirs looks like what is not there, to the byte."""
    things = visit.town.things
    missing = await visit.send_all(PEOPLE, things["missing"])
    private = await visit.send_all(STRANGERS, things["private"])
    foreign = await visit.send_all(("owner", *MEMBERS), things["own"])
    for who, answer in {**private, **foreign}.items():
        assert missing[who].status_code == 404, (who, missing[who].text)
        assert shape(answer) == shape(missing[who]), who


async def rights_decide(visit: Visit, policy: Policy) -> None:
    """Members do what their rights say, and are told when they may not."""
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


async def public_is_for_reading(visit: Visit, policy: Policy) -> None:
    """A public project can be seen by whoever is logged in, and nothing more."""
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


async def everybody_is_the_same(visit: Visit) -> None:
    """A public route answers each alike, with or without a login."""
    things = visit.town.things["private"]
    if visit.route.name == "register":
        assert (await visit.send("anonymous", things)).status_code == 201
        return
    seen = {shape(await visit.send(who, things))[:2] for who in (*NOBODIES, "stranger", "owner")}
    assert len(seen) == 1
