"""A draft is its asker's alone: to everyone else it looks as what never was, at every door."""

from pathlib import Path
from typing import Any

import httpx

from tests.access.town import MEMBERS, NOBODIES, STRANGERS, Town, missing, reopened
from tests.doubles.house import House
from tests.doubles.rest_door import client, door

OTHERS = (*(name for name in MEMBERS if name != "partner"), *STRANGERS, *NOBODIES, "owner")


class Visitor:
    """Sends requests over REST as anybody."""

    def __init__(self, place: House, town: Town) -> None:
        self.http = client(door(place))
        self.town = town

    async def send(self, who: str, method: str, path: str, **body: Any) -> httpx.Response:
        token = self.town.tokens.get(who)
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return await self.http.request(method, f"/api/v3{path}", headers=headers, **body)

    async def draft(self, who: str, project: str, **more: Any) -> dict[str, Any]:
        """A draft of one bar, played to its end."""
        body = {"engine": "drummaroo", "bars": 1, "draft": True, **more}
        answer = await self.send(who, "POST", f"/projects/{project}/generate", json=body)
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        assert made["draft"]
        assert made["stages_ms"]["stored"] >= made["stages_ms"]["sent"]
        return made


def plain(answer: httpx.Response, *names: str) -> tuple[int, str]:
    """An answer without what the request itself said."""
    text = answer.text
    for name in names:
        text = text.replace(name, "…")
    problem = answer.json()
    return answer.status_code, f"{problem['code']} {problem['title']} {problem['detail']}"


async def test_nobody_else_finds_a_draft(town: Town, tmp_path: Path) -> None:
    """Reading, selecting, keeping or cancelling it answers as for a take that never was."""
    project = town.things["private"].project
    never = missing()
    async with reopened(tmp_path) as place:
        visitor = Visitor(place, town)
        made = await visitor.draft("partner", project)
        take, generation = made["take_id"], made["generation_id"]
        pick = f"/sessions/{project}/commands"
        requests: list[tuple[str, str, Any, Any]] = [
            ("GET", "/takes/{}", take, never.take),
            ("GET", "/generations/{}", generation, never.generation),
            ("POST", "/generations/{}/cancel", generation, never.generation),
        ]
        for who in OTHERS:
            for method, path, real, unreal in requests:
                found = await visitor.send(who, method, path.format(real))
                unknown = await visitor.send(who, method, path.format(unreal))
                assert found.status_code in {401, 404}, (who, path, found.text)
                assert plain(found, real) == plain(unknown, unreal), (who, path)
            for name in ("select_take", "commit_take"):
                answers = [
                    await visitor.send(
                        who,
                        "POST",
                        pick,
                        json={"name": name, "args": {"part": "drums", "take_id": wanted}},
                    )
                    for wanted in (take, never.take)
                ]
                assert answers[0].status_code in {401, 403, 404}, (who, name, answers[0].text)
                assert plain(answers[0], take) == plain(answers[1], never.take), (who, name)
        stored = await visitor.send("partner", "GET", f"/takes/{take}")
        assert stored.status_code == 200
        assert stored.json()["draft"]


async def test_lists_have_ones_own_drafts_only(town: Town, tmp_path: Path) -> None:
    """Neither the takes of others' lists nor their number tell of a draft."""
    project = town.things["private"].project
    async with reopened(tmp_path) as place:
        visitor = Visitor(place, town)
        path = f"/projects/{project}/takes"
        before = {
            who: await visitor.send(who, "GET", path) for who in ("owner", "viewer", "partner")
        }
        made = await visitor.draft("partner", project)
        for who in ("owner", "viewer"):
            after = await visitor.send(who, "GET", path)
            assert after.json() == before[who].json(), who
            assert after.headers.get("x-total-count") == before[who].headers.get("x-total-count")
        own = await visitor.send("partner", "GET", path, params={"part": "drums"})
        assert own.json()[0]["id"] == made["take_id"]
        assert len(own.json()) == len(before["partner"].json()) + 1


async def test_a_selected_draft_is_everyones(town: Town, tmp_path: Path) -> None:
    """From then on it is a take like any other."""
    project = town.things["private"].project
    async with reopened(tmp_path) as place:
        visitor = Visitor(place, town)
        made = await visitor.draft("partner", project)
        body = {"name": "select_take", "args": {"part": "drums", "take_id": made["take_id"]}}
        done = await visitor.send("partner", "POST", f"/sessions/{project}/commands", json=body)
        assert done.status_code in {200, 201}, done.text
        seen = await visitor.send("viewer", "GET", f"/takes/{made['take_id']}")
        assert seen.status_code == 200
        assert not seen.json()["draft"]
        parts = (await visitor.send("viewer", "GET", f"/projects/{project}/parts")).json()
        assert [p["selected"]["id"] for p in parts if p["part"] == "drums"] == [made["take_id"]]
