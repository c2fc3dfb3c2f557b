"""A project from its first name to its end, and the people who are let in."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flow.conftest import wired

FOUNDING = {
    "id", "name", "description", "owner", "collaborators", "musical_context", "created_at",
    "updated_at", "last_accessed_at",
}  # fmt: skip


async def made(http: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await http.post("/projects", json={"name": "Riff", **fields})
    assert answer.status_code == 201, answer.text
    project: dict[str, Any] = answer.json()
    return project


async def test_make_read_change_delete(tmp_path: Path) -> None:
    """The shape is the founding document's; what is deleted is gone for good."""
    async with wired(tmp_path) as town, await town.person("ada") as http:
        project = await made(http, description="three chords")
        place = f"/projects/{project['id']}"
        read = (await http.get(place)).json()
        assert set(read) >= FOUNDING
        assert read["owner"]["username"] == "ada"
        assert (read["musical_context"], read["collaborators"]) == (None, [])
        changed = await http.patch(place, json={"name": "  Kitchen riff "})
        assert (changed.json()["name"], changed.json()["version"]) == ("Kitchen riff", 2)
        assert changed.json()["description"] == "three chords"
        assert (await http.delete(place)).status_code == 204
        for call in (http.get(place), http.delete(place), http.get(f"/sessions/{project['id']}")):
            assert (await call).status_code == 404


async def test_two_who_change_at_once(tmp_path: Path) -> None:
    """The second, who has not seen the first's change, is told so."""
    async with wired(tmp_path) as town, await town.person("ada") as http:
        place = f"/projects/{(await made(http))['id']}"
        tag = (await http.get(place)).headers["etag"]
        assert (await http.get(place, headers={"If-None-Match": tag})).status_code == 304
        first = await http.patch(place, json={"name": "A"}, headers={"If-Match": tag})
        assert first.status_code == 200
        second = await http.patch(place, json={"name": "B"}, headers={"If-Match": tag})
        assert (second.status_code, second.json()["code"]) == (412, "precondition-failed")
        third = await http.patch(place, json={"name": "B", "version": 1})
        assert (third.status_code, third.json()["code"]) == (409, "conflict")
        fresh = await http.patch(
            place, json={"name": "B"}, headers={"If-Match": first.headers["etag"]}
        )
        assert fresh.json()["name"] == "B"
        for nonsense in ('"x"', "W/", "*x"):
            answer = await http.patch(place, json={"name": "C"}, headers={"If-Match": nonsense})
            assert answer.status_code == 412


async def test_lists_have_pages_and_links(tmp_path: Path) -> None:
    """`Link` leads through all, each once, and searches are literal."""
    async with wired(tmp_path) as town, await town.person("ada") as http:
        names = [f"Song {number}" for number in range(7)] + ["100% riff", "a_b"]
        for name in names:
            await made(http, name=name)
        seen: list[str] = []
        url: str | None = "/projects?limit=4"
        while url is not None:
            answer = await http.get(url)
            seen += [project["name"] for project in answer.json()]
            assert answer.headers["x-total-count"] == "9"
            following = answer.links.get("next", {}).get("url")
            url = following and following.removeprefix("/api/v3")
        assert sorted(seen) == sorted(names)
        for search, count in (("song", 7), ("%", 1), ("_", 1), ("nothing", 0), ("SONG 3", 1)):
            found = await http.get("/projects", params={"search": search})
            assert len(found.json()) == count, search
        last = await http.get("/projects?limit=4&offset=8&search=")
        assert last.links["prev"]["url"].endswith("offset=4")
        assert "next" not in last.links


async def test_a_guest_is_let_in_by_address(tmp_path: Path) -> None:
    """The link works once, for the invited address; for anyone else it does not exist."""
    async with (
        wired(tmp_path) as town,
        await town.person("ada") as ada,
        await town.person("bob") as bob,
        await town.person("eve") as eve,
    ):
        project = await made(ada)
        body = {
            "project_id": project["id"],
            "email": "BOB@example.org",
            "permissions": ["view", "generate"],
            "message": "play with me",
        }
        invited = (await ada.post("/collaborate/invite", json=body)).json()
        assert set(invited) >= {"invitation_id", "expires_at", "invite_url"}
        secret = invited["invite_url"].partition("#join=")[2]
        join = f"/collaborate/join/{secret}"
        wrong, unknown = await eve.post(join), await eve.post("/collaborate/join/unknown")
        assert wrong.status_code == unknown.status_code == 404
        assert wrong.json()["detail"] == unknown.json()["detail"]
        assert (await bob.get(f"/projects/{project['id']}")).status_code == 404
        joined = await bob.post(join)
        assert joined.json()["success"] is True
        assert joined.json()["project"]["permissions"] == ["view", "generate"]
        assert (await bob.post(join)).status_code == 404
        await _rights_hold(project["id"], ada, bob)


async def _rights_hold(project: str, ada: httpx.AsyncClient, bob: httpx.AsyncClient) -> None:
    place = f"/projects/{project}"
    people = (await ada.get(f"{place}/collaborators")).json()
    assert [each["user"]["username"] for each in people] == ["bob"]
    assert people[0]["user"]["email"] == "bob@example.org"
    assert people[0]["user"]["total_generations"] is None
    assert (await bob.patch(place, json={"name": "Mine"})).status_code == 403
    assert (await bob.post(f"{place}/export", json={"format": "midi"})).status_code == 403
    made_by_bob = await bob.post(f"{place}/generate", json={"engine": "drummaroo", "bars": 1})
    assert made_by_bob.status_code == 200
    assert [each["id"] for each in (await bob.get("/projects")).json()] == [project]
    assert (await bob.delete(f"{place}/collaborators")).status_code == 204
    assert (await bob.get(place)).status_code == 404


async def test_nobody_gives_what_they_do_not_hold(tmp_path: Path) -> None:
    """An editor without export cannot make an exporter."""
    async with (
        wired(tmp_path) as town,
        await town.person("ada") as ada,
        await town.person("bob") as bob,
    ):
        project = await made(ada, collaborators=["bob@example.org"])
        secret = project["invitations"][0]["invite_url"].partition("#join=")[2]
        await bob.post(f"/collaborate/join/{secret}")
        body = {"project_id": project["id"], "email": "c@example.org", "permissions": ["export"]}
        assert (await bob.post("/collaborate/invite", json=body)).status_code == 403
        body["permissions"] = ["view"]
        assert (await bob.post("/collaborate/invite", json=body)).status_code == 201
        for wrong in ([], ["own"], ["view"] * 5, "view"):
            answer = await bob.post("/collaborate/invite", json={**body, "permissions": wrong})
            assert answer.status_code == 422


async def test_public_is_for_reading(tmp_path: Path) -> None:
    """Anyone may look; nobody sees addresses, and nobody may play."""
    async with (
        wired(tmp_path) as town,
        await town.person("ada") as ada,
        await town.person("bob") as bob,
    ):
        project = await made(ada, is_public=True)
        place = f"/projects/{project['id']}"
        seen = (await bob.get(place)).json()
        assert (seen["owner"]["email"], seen["collaborators"]) == (None, [])
        assert seen["owner"]["accessibility_settings"] == {}
        assert "ada@" not in (await bob.get(f"{place}/collaborators")).text
        answer = await bob.post(f"{place}/generate", json={"engine": "drummaroo"})
        assert answer.status_code == 403
        hidden = await ada.patch(place, json={"is_public": False})
        assert hidden.json()["is_public"] is False
        assert (await bob.get(place)).status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>", "'; DROP TABLE projects; --", "../../etc/passwd",
        "日本語 🎸 ñ", "\u202egnos", "%00%0d%0a", "{{7*7}}", "a" * 200, "null",
    ],
)  # fmt: skip
async def test_hostile_names_are_names(tmp_path: Path, name: str) -> None:
    """They come back as they went in, and find themselves."""
    async with wired(tmp_path) as town, await town.person("ada") as http:
        project = await made(http, name=name)
        assert (await http.get(f"/projects/{project['id']}")).json()["name"] == name
        found = (await http.get("/projects", params={"search": name})).json()
        assert [each["id"] for each in found] == [project["id"]]


@pytest.mark.parametrize("name", ["", "   ", "a" * 201, "a\u0007b", "\n"])
async def test_what_is_no_name(tmp_path: Path, name: str) -> None:
    """Empty, too long, or with control characters."""
    async with wired(tmp_path) as town, await town.person("ada") as http:
        answer = await http.post("/projects", json={"name": name})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-value")
