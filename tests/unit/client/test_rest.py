"""The REST calls of the client, against answers as the server gives them."""

import json
from typing import Any

import httpx
import pytest

from musearoo.client import Account, Refused, Unreachable

LOGIN = {"access_token": "a2", "refresh_token": "r2", "user": {"id": "u"}}
OVER = {"type": "/problems/unauthenticated", "code": "unauthenticated", "detail": "It is over."}


class Desk(httpx.AsyncBaseTransport):
    """Answers by path, and remembers who asked what."""

    def __init__(self, **answers: Any) -> None:
        self.asked: list[tuple[str, str | None, Any]] = []
        self._answers = answers

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v3/")
        body = await request.aread()
        self.asked.append(
            (path, request.headers.get("Authorization"), json.loads(body) if body else None)
        )
        answer = self._answers[path.replace("/", "_").replace("-", "_")]
        answer = answer.pop(0) if isinstance(answer, list) else answer
        if isinstance(answer, Exception):
            raise answer
        status, value, *headers = answer
        return httpx.Response(status, json=value, headers=headers[0] if headers else {})


def account(desk: Desk, **proofs: str) -> Account:
    return Account("http://server/", transport=desk, **proofs)


async def test_ways_to_log_in() -> None:
    """Each leaves a token, and says who it is."""
    desk = Desk(auth_login=(200, LOGIN), auth_local=(200, LOGIN), auth_register=(201, LOGIN))
    async with account(desk) as ours:
        await ours.login("ada@example.org", "pw")
        await ours.login_local("t")
        await ours.register("ada@example.org", "ada", "pw")
        assert ("a2", "u") == (ours.token, ours.user_id)
    assert ["auth/login", "auth/local", "auth/register"] == [path for path, *_ in desk.asked]
    await ours.close()


async def test_tickets_and_sessions() -> None:
    """Asked for with the token."""
    desk = Desk(
        ws_tickets=(201, {"ticket": "t1", "expires_in": 30}),
        projects_p_sessions=(200, {"session_id": "p"}),
    )
    async with account(desk, token="a1") as ours:
        assert await ours.ticket("p") == "t1"
        assert await ours.open_session("p") == "p"
    assert ("ws-tickets", "Bearer a1", {"session_id": "p"}) == desk.asked[0]


async def test_a_token_that_is_over_is_refreshed_once() -> None:
    """And the call is made again with the new one."""
    desk = Desk(ws_tickets=[(401, OVER), (201, {"ticket": "t1"})], auth_refresh=(200, LOGIN))
    async with account(desk, token="a1", refresh_token="r1") as ours:
        assert await ours.ticket("p") == "t1"
    assert [
        ("ws-tickets", "Bearer a1"),
        ("auth/refresh", "Bearer a1"),
        ("ws-tickets", "Bearer a2"),
    ] == [each[:2] for each in desk.asked]


@pytest.mark.parametrize("proofs", [{"token": "a1"}, {"token": "a1", "refresh_token": "r1"}])
async def test_a_login_that_is_over_is_over(proofs: dict[str, str]) -> None:
    """Without a way to refresh it, or when that is refused too."""
    desk = Desk(ws_tickets=(401, OVER), auth_refresh=(401, OVER))
    async with account(desk, **proofs) as ours:
        with pytest.raises(Refused, match="It is over"):
            await ours.ticket("p")
        assert not await ours.refresh()


async def test_refusals_say_what_the_server_said() -> None:
    """Code, words, and when to come back; also where no code is given."""
    problem = {"type": "urn:ietf:params:http-problem:types#quota/quota-exceeded", "detail": "Full."}
    desk = Desk(ws_tickets=[(429, problem, {"Retry-After": "7"}), (502, [])])
    async with account(desk, token="a1") as ours:
        with pytest.raises(Refused) as refused:
            await ours.ticket("p")
        assert ("quota-exceeded", "Full.", 7.0) == (
            refused.value.code, refused.value.detail, refused.value.retry_after,
        )  # fmt: skip
        with pytest.raises(Refused) as refused:
            await ours.ticket("p")
        assert ("502", "Bad Gateway") == (refused.value.code, refused.value.detail)


async def test_nobody_answers() -> None:
    """No connection, or something that is no JSON."""
    desk = Desk(ws_tickets=httpx.ConnectError("refused"))
    async with account(desk, token="a1") as ours:
        with pytest.raises(Unreachable):
            await ours.ticket("p")
