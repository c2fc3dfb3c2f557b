"""What is counted, what is repeated, and what is said when it is too much."""

import asyncio
from pathlib import Path
from typing import Any

import httpx

from musearoo.conductor.cancelling import CancelFlag
from musearoo.conductor.world import Allowance, Rules
from musearoo.domain.permissions import Tier
from musearoo.protocols.rest.options import Pace, RestOptions
from tests.flow.conftest import wired


async def project_of(http: httpx.AsyncClient) -> str:
    made: dict[str, Any] = (await http.post("/projects", json={"name": "Riff"})).json()
    return str(made["id"])


async def test_the_printed_limit_holds_and_is_told(tmp_path: Path) -> None:
    """Five a minute for the free tier: five of six at once, and the sixth knows when."""
    async with wired(tmp_path) as town, await town.person("ada") as http:
        project = await project_of(http)
        body = {"engine": "drummaroo", "bars": 1}
        answers = await asyncio.gather(
            *(http.post(f"/projects/{project}/generate", json=body) for _ in range(6))
        )
        codes = sorted(answer.status_code for answer in answers)
        assert codes[5] == 429
        assert set(codes[:5]) <= {200, 202}  # who must wait for a player is queued
        refused = next(answer for answer in answers if answer.status_code == 429)
        problem = refused.json()
        assert problem["code"] == "quota-exceeded"
        assert problem["violated-policies"] == ["minute"]
        assert 1 <= int(refused.headers["retry-after"]) <= 70
        assert refused.headers["ratelimit-policy"].startswith('"minute";q=5;w=60')
        assert '"minute";r=0' in refused.headers["ratelimit"]
        profile = await http.get("/user/profile")
        assert '"hour";r=45' in profile.headers["ratelimit"]
        assert profile.json()["total_generations"] == 5


async def test_commands_and_generate_share_one_count(tmp_path: Path) -> None:
    """Whatever the way in; undo, parameters and cancel cost nothing."""
    async with wired(tmp_path) as town, await town.person("ada") as http:
        project = await project_of(http)
        commands = f"/sessions/{project}/commands"
        await http.post(f"/projects/{project}/generate", json={"engine": "drummaroo", "bars": 1})
        args = {"engine": "bassaroo", "bars": 1}
        answer = await http.post(commands, json={"name": "generate", "args": args})
        assert '"minute";r=3' in answer.headers["ratelimit"]
        for number in range(8):
            tempo = {"path": "session/tempo", "value": 90 + number}
            answer = await http.post(commands, json={"name": "set_parameter", "args": tempo})
            assert answer.status_code == 200
        assert '"minute";r=3' in (await http.get("/user/profile")).headers["ratelimit"]


async def test_what_is_refused_costs_nothing(tmp_path: Path) -> None:
    """A wrong parameter is no generation."""
    async with wired(tmp_path) as town, await town.person("ada") as http:
        project = await project_of(http)
        for _ in range(7):
            body = {"engine": "drummaroo", "parameters": {"complexity": 7}}
            answer = await http.post(f"/projects/{project}/generate", json=body)
            assert answer.status_code == 422
        assert '"minute";r=5' in (await http.get("/user/profile")).headers["ratelimit"]


async def test_local_mode_counts_nothing(tmp_path: Path) -> None:
    """No limits, so none are told."""
    async with (
        wired(tmp_path, Rules(quotas=False, local_mode=True)) as town,
        await town.person("ada") as http,
    ):
        project = await project_of(http)
        body = {"engine": "drummaroo", "bars": 1}
        answer = await http.post(f"/projects/{project}/generate", json=body)
        assert "ratelimit" not in answer.headers


async def test_a_repeated_key_gives_the_first_answer(tmp_path: Path) -> None:
    """One project, one take, one invitation, however often the request comes."""
    async with wired(tmp_path, Rules(quotas=False)) as town, await town.person("ada") as http:
        key = {"Idempotency-Key": "make-1"}
        made = [await http.post("/projects", json={"name": "Riff"}, headers=key) for _ in "abc"]
        assert len({answer.json()["id"] for answer in made}) == 1
        project = made[0].json()["id"]
        body = {"engine": "drummaroo", "bars": 1}
        key = {"Idempotency-Key": "play-1"}
        place = f"/projects/{project}/generate"
        played = await asyncio.gather(*(http.post(place, json=body, headers=key) for _ in range(4)))
        assert len({answer.json()["generation_id"] for answer in played}) == 1
        assert (await http.get(f"/projects/{project}/takes")).headers["x-total-count"] == "1"
        body = {"project_id": project, "email": "b@example.org", "permissions": ["view"]}
        key = {"Idempotency-Key": "ask-1"}
        asked = [await http.post("/collaborate/invite", json=body, headers=key) for _ in "ab"]
        assert asked[0].json() == asked[1].json()


async def test_a_key_for_another_request_is_a_conflict(tmp_path: Path) -> None:
    """On the same route or another: one space for each person, and for them alone."""
    async with (
        wired(tmp_path, Rules(quotas=False)) as town,
        await town.person("ada") as http,
        await town.person("bob") as bob,
    ):
        key = {"Idempotency-Key": "one"}
        project = (await http.post("/projects", json={"name": "A"}, headers=key)).json()["id"]
        other = await http.post("/projects", json={"name": "B"}, headers=key)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency-conflict")
        body = {"engine": "drummaroo"}
        elsewhere = await http.post(f"/projects/{project}/generate", json=body, headers=key)
        assert elsewhere.status_code == 409
        command = {"name": "undo", "id": "one"}
        by_id = await http.post(f"/sessions/{project}/commands", json=command)
        assert by_id.status_code == 409
        assert (await bob.post("/projects", json={"name": "B"}, headers=key)).status_code == 201
        for bad in ("", "x" * 129, "tab\there"):
            answer = await http.post(
                "/projects", json={"name": "C"}, headers={"Idempotency-Key": bad}
            )
            assert answer.status_code == 422


async def test_a_refused_request_may_be_repeated_rightly(tmp_path: Path) -> None:
    """A refusal is no answer that is kept."""
    async with wired(tmp_path, Rules(quotas=False)) as town, await town.person("ada") as http:
        key = {"Idempotency-Key": "again"}
        assert (await http.post("/projects", json={"name": " "}, headers=key)).status_code == 422
        assert (await http.post("/projects", json={"name": "A"}, headers=key)).status_code == 201


def sent(http: httpx.AsyncClient, project: str, content: bytes, **headers: str) -> Any:
    """An upload."""
    return http.post(
        f"/projects/{project}/analyze",
        files={"audio_file": ("riff.wav", content)},
        headers=headers,
    )


MP3 = b"ID3\x04\0\0\0\0\0\0"  # a header that declares no more than its kind


async def test_uploads_are_repeated_and_limited(tmp_path: Path) -> None:
    """The same file under the same key is one analysis; too much is refused, and leaves nothing."""
    small = Allowance(file_bytes=10_000, seconds=60, total_bytes=15_000, files=10)
    rules = Rules(analyze_wait=0.01, allowances={Tier.FREE: small})
    async with wired(tmp_path, rules) as town, await town.person("ada") as http:
        project = await project_of(http)
        key = {"Idempotency-Key": "up-1"}
        first, second = [await sent(http, project, MP3 + b"a" * 4000, **key) for _ in "ab"]
        assert first.status_code == second.status_code == 202
        assert first.headers["location"].endswith(first.json()["analysis_id"])
        assert first.json()["analysis_id"] == second.json()["analysis_id"]
        assert first.json()["status"] == "queued"
        before = blobs(tmp_path)
        other = await sent(http, project, MP3 + b"b" * 4000, **key)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency-conflict")
        large = await sent(http, project, MP3 + b"x" * 10_001)
        assert (large.status_code, large.json()["code"]) == (413, "payload-too-large")
        assert blobs(tmp_path) == before
        assert (await sent(http, project, MP3 + b"y" * 9_000)).status_code == 202
        full = await sent(http, project, MP3 + b"z" * 9_000)
        assert full.status_code == 413


def blobs(folder: Path) -> set[Path]:
    """Every stored byte string, finished or half."""
    return {path for path in (folder / "blobs").rglob("*") if path.is_file()}


async def test_who_will_not_wait_is_answered_at_once(tmp_path: Path) -> None:
    """`Prefer: respond-async` gives 202 and the place to ask."""
    async with wired(tmp_path, Rules(quotas=False)) as town, await town.person("ada") as http:
        project = await project_of(http)
        play, go = town.place.world.engines.play, asyncio.Event()

        async def when_it_may(*args: Any, **options: Any) -> Any:
            await go.wait()
            return await play(*args, **{**options, "drop_after": None})

        town.place.world.engines.play = when_it_may  # type: ignore[method-assign]
        for prefer in ("respond-async", "wait=0", "respond-async, wait=0"):
            go.clear()
            answer = await http.post(
                f"/projects/{project}/generate",
                json={"engine": "drummaroo", "bars": 32},
                headers={"Prefer": prefer},
            )
            assert answer.status_code == 202
            assert answer.json()["status"] in {"queued", "processing"}
            assert answer.json()["estimated_seconds"] > 0
            go.set()
            place = answer.headers["location"].removeprefix("/api/v3")
            await town.place.ended(answer.json()["generation_id"])
            done = (await http.get(place)).json()
            assert (done["status"], done["progress"]) == ("completed", 1.0)
            assert set(done["result_urls"]) == {"midi", "audio", "notation"}


async def test_a_generation_can_be_stopped_once(tmp_path: Path) -> None:
    """Afterwards it has ended, and cannot be stopped again."""
    async with wired(tmp_path, Rules(quotas=False)) as town, await town.person("ada") as http:
        project = await project_of(http)
        play = town.place.world.engines.play

        async def once_asked_to_stop(*args: Any, cancel: CancelFlag, **options: Any) -> Any:
            asked = asyncio.Event()
            cancel.on_request(asked.set)
            await asked.wait()
            return await play(*args, cancel=cancel, **{**options, "drop_after": None})

        town.place.world.engines.play = once_asked_to_stop  # type: ignore[method-assign, assignment]
        answer = await http.post(
            f"/projects/{project}/generate",
            json={"engine": "drummaroo", "bars": 256},
            headers={"Prefer": "respond-async"},
        )
        generation = answer.json()["generation_id"]
        stopped = await http.post(f"/generations/{generation}/cancel")
        assert stopped.status_code == 202
        await town.place.ended(generation)
        assert (await http.get(f"/generations/{generation}")).json()["status"] == "cancelled"
        again = await http.post(f"/generations/{generation}/cancel")
        assert (again.status_code, again.json()["code"]) == (409, "conflict")


async def test_addresses_that_hurry_wait(tmp_path: Path) -> None:
    """429 before anything else is done, with the time to wait."""
    options = RestOptions(pace=Pace(per_minute=0.1, burst=5))  # the next after ten minutes
    async with wired(tmp_path, options=options) as town, town.client() as http:
        answers = [await http.get("/engines") for _ in range(8)]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 3
        assert 0 < int(answers[-1].headers["retry-after"]) <= 700
