"""What comes in: queries, bodies, tokens."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.doubles.house import House
from tests.doubles.rest_door import client, door

JSON = {"Content-Type": "application/json"}
pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestQueries:
    @pytest.mark.parametrize(
        "query",
        [
            "limit=0", "limit=101", "limit=x", "limit=1e3", "limit=true", "offset=-1",
            "offset=99999999999999999999", "limit=", f"search={'x' * 201}", "serch=riff",
        ],
    )  # fmt: skip
    async def test_wrong_parameters_are_told(self, http: httpx.AsyncClient, query: str) -> None:
        """Out of range, of another type, or misspelt."""
        answer = await http.get(f"/api/v3/projects?{query}")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == query.partition("=")[0]

    @pytest.mark.parametrize("search", ["%00", "%ff", "%ED%A0%80", "%25", "_", "'; --"])
    async def test_hostile_searches_find_nothing(
        self, http: httpx.AsyncClient, search: str
    ) -> None:
        """Text is literal, whatever it holds."""
        answer = await http.get(f"/api/v3/projects?search={search}")
        assert answer.status_code in {200, 422}
        assert answer.status_code == 422 or answer.json() == []


class TestBodies:
    async def post(self, http: httpx.AsyncClient, content: bytes, **headers: str) -> httpx.Response:
        return await http.post("/api/v3/projects", content=content, headers={**JSON, **headers})

    @pytest.mark.parametrize(
        "content",
        [b"", b"{", b"nonsense", b'{"name": "\\ud800"}', b"\xff\xfe", b'{"name": ' + b"9" * 5000],
    )
    async def test_what_is_no_json_is_malformed(
        self, http: httpx.AsyncClient, content: bytes
    ) -> None:
        """400, and never a traceback."""
        answer = await self.post(http, content)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request")

    @pytest.mark.parametrize(
        ("content", "pointer"),
        [
            (b"[]", ""),
            (b'"x"', ""),
            (b"{}", "/name"),
            (b'{"name": 5}', "/name"),
            (b'{"name": ""}', "/name"),
            (b'{"name": NaN}', "/name"),
            (b'{"name": "x", "is_public": 1}', "/is_public"),
            (b'{"name": "x", "is_public": "true"}', "/is_public"),
            (b'{"name": "x", "extra": 1}', "/extra"),
            (b'{"name": "x", "collaborators": "a@b"}', "/collaborators"),
            (b'{"name": "x", "a/b~c": 1}', "/a~1b~0c"),
            (b'{"name": "\\u0000"}', ""),
        ],
    )
    async def test_wrong_values_are_pointed_at(
        self, http: httpx.AsyncClient, content: bytes, pointer: str
    ) -> None:
        """422 with a JSON pointer; nothing is coerced, nothing ignored."""
        answer = await self.post(http, content)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["pointer"] == pointer

    async def test_an_escaped_backslash_is_no_nul(self, http: httpx.AsyncClient) -> None:
        """The text `\\u0000` may be written."""
        answer = await self.post(http, b'{"name": "a \\\\u0000 b"}')
        assert answer.json()["name"] == "a \\u0000 b"

    async def test_another_kind_is_refused(self, http: httpx.AsyncClient) -> None:
        """A form cannot be passed off as JSON, so no foreign page can send one."""
        answer = await self.post(http, b'{"name": "x"}', **{"Content-Type": "text/plain"})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")

    async def test_too_much_is_refused_by_its_announcement(self, http: httpx.AsyncClient) -> None:
        """Before a byte is read."""
        answer = await self.post(http, b'{"name": "x"}', **{"Content-Length": "70000"})
        assert (answer.status_code, answer.json()["code"]) == (413, "payload-too-large")
        assert answer.headers["connection"] == "close"

    async def test_too_much_is_refused_while_it_comes(self, http: httpx.AsyncClient) -> None:
        """A stream that never said how long it is."""

        async def endless() -> AsyncIterator[bytes]:
            for _ in range(100):
                yield b" " * 1000

        answer = await http.post("/api/v3/projects", content=endless(), headers=JSON)
        assert answer.status_code == 413

    async def test_numbers_beyond_json_are_refused(self, http: httpx.AsyncClient) -> None:
        """Integers of 400 digits and infinities reach no engine."""
        project = (await self.post(http, b'{"name": "x"}')).json()["id"]
        for value in (b"1" + b"0" * 400, b"1e400", b"NaN", b"-Infinity"):
            content = b'{"engine": "drummaroo", "parameters": {"complexity": ' + value + b"}}"
            answer = await http.post(
                f"/api/v3/projects/{project}/generate", content=content, headers=JSON
            )
            assert answer.status_code == 422, value
            args = b'{"path": "drums/complexity", "value": ' + value + b"}"
            command = b'{"name": "set_parameter", "args": ' + args + b"}"
            answer = await http.post(
                f"/api/v3/sessions/{project}/commands", content=command, headers=JSON
            )
            assert answer.status_code in {400, 422}, value


class TestTokens:
    @pytest.mark.parametrize(
        "value",
        ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer x", f"Bearer {'x' * 5000}", "bearer a.b.c"],
    )
    async def test_only_a_living_bearer_token_opens(self, place: House, value: str) -> None:
        """Anything else is 401, with the scheme named."""
        async with client(door(place), Authorization=value) as http:
            answer = await http.get("/api/v3/projects")
        assert answer.status_code == 401
        assert "Bearer" in answer.headers["www-authenticate"]

    async def test_a_token_in_the_query_opens_nothing(self, place: House, token: str) -> None:
        """URLs are logged."""
        async with client(door(place)) as http:
            for name in ("access_token", "token", "refresh_token"):
                answer = await http.get(f"/api/v3/projects?{name}={token}")
                assert answer.status_code == 401
