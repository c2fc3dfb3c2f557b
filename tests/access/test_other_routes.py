"""Routes that belong to no project: public ones, one's own, and signed links."""

from pathlib import Path

import pytest

from musearoo.domain.ids import AssetId
from musearoo.domain.permissions import Permission
from musearoo.protocols.rest.policies import Policy
from musearoo.protocols.rest.routes.all import ROUTES
from musearoo.protocols.rest.routing import Declared
from tests.access.matrix import OTHER_CASES, Visit, everybody_is_the_same, nobody_enters
from tests.access.samples import SAMPLES, Sample
from tests.access.town import NOBODIES, PEOPLE, Town, reopened
from tests.doubles.rest_door import client, door


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_route_has_a_policy_and_a_sample(route: Declared) -> None:
    """Nothing is open by oversight, and nothing escapes this matrix."""
    assert isinstance(route.policy, Policy)
    assert route.policy.right is None or isinstance(route.policy.right, Permission)
    assert route.name == "send_command" or route.name in SAMPLES


@pytest.mark.parametrize(("route", "policy", "sample"), OTHER_CASES)
async def test_who_may(
    route: Declared, policy: Policy, sample: Sample, town: Town, tmp_path: Path
) -> None:
    """Public routes ask for nothing, login routes for a living login, links for a signature."""
    async with reopened(tmp_path) as place:
        visit = Visit(place, town, route, sample)
        things = town.things["private"]
        match policy.kind:
            case "login":
                await nobody_enters(visit)
                for who, answer in (await visit.send_all(PEOPLE, things)).items():
                    assert answer.status_code not in {401, 403}, (who, answer.text)
            case "public":
                await everybody_is_the_same(visit)
            case _:
                for who, answer in (await visit.send_all((*NOBODIES, *PEOPLE), things)).items():
                    assert answer.status_code == 404, (who, answer.text)


async def test_a_signed_link_opens_one_file_for_a_while(town: Town, tmp_path: Path) -> None:
    """For whoever holds it; another file, another time or another key opens nothing."""
    async with reopened(tmp_path) as place, client(door(place)) as http:
        private, own = town.things["private"], town.things["own"]
        link = place.conductor.assets.link(AssetId(private.asset))
        opened = await http.get(link)
        assert opened.text == f"a recording of {private.project}"
        assert opened.headers["content-disposition"].startswith("attachment")
        forged = (
            link.replace(private.asset, own.asset),
            link.replace("expires=", "expires=1"),
            link[:-3] + ("BBB" if link.endswith("AAA") else "AAA"),
            link.partition("&")[0],
            link.partition("?")[0],
            link.replace("signature=", "signature=%C3%A9"),
        )
        answers = {(await http.get(each)).status_code for each in forged}
        assert answers == {404}
        signature = place.world.tokens.signature(f"asset:{private.asset}", 1_000_000)
        old = f"/api/v3/assets/{private.asset}?expires=1000000&signature={signature}"
        assert (await http.get(old)).status_code == 410


async def test_logins_are_ones_own(town: Town, tmp_path: Path) -> None:
    """Nobody lists or ends the logins of another."""
    async with reopened(tmp_path) as place:
        app = door(place)
        async with client(app, town.tokens["owner"]) as owner:
            logins = (await owner.get("/api/v3/auth/sessions")).json()
        async with client(app, town.tokens["partner"]) as partner:
            theirs = (await partner.get("/api/v3/auth/sessions")).json()
            assert not {each["id"] for each in logins} & {each["id"] for each in theirs}
            for each in logins:
                answer = await partner.delete(f"/api/v3/auth/sessions/{each['id']}")
                assert answer.status_code == 404
        async with client(app, town.tokens["owner"]) as owner:
            assert (await owner.get("/api/v3/auth/sessions")).json() == logins


async def test_lists_hold_only_what_is_shared(town: Town, tmp_path: Path) -> None:
    """Strangers find nothing by searching, not even what is public."""
    async with reopened(tmp_path) as place:
        app = door(place)
        for who, expected in (
            ("stranger", set()),
            ("former", set()),
            ("viewer", {town.things["private"].project}),
            ("neighbour", {town.things["own"].project}),
            ("owner", {town.things["private"].project, town.things["public"].project}),
        ):
            async with client(app, town.tokens[who]) as http:
                found = (await http.get("/api/v3/projects?search=riff")).json()
            assert {each["id"] for each in found} == expected, who
