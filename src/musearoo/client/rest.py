"""The few REST calls that a live client needs: log in, refresh, projects, sessions, tickets."""

from types import TracebackType
from typing import Any, Self

import httpx

from musearoo.client.refusals import Refused, Unreachable

_BASE = "/api/v3"
_SECONDS = 30.0


class Account:
    """A login at one server. Refreshes its access token when the server says it is over."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        refresh_token: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self.user_id: str | None = None
        self._refresh_token = refresh_token
        self._transport = transport
        self._http: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections to the server; the login stays."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def register(self, email: str, username: str, password: str) -> None:
        """Make an account and log in with it."""
        body = {"email": email, "username": username, "password": password}
        self._logged_in(await self._call("POST", "/auth/register", json=body))

    async def login(self, email: str, password: str) -> None:
        """Log in; raises `Refused`."""
        body = {"email": email, "password": password}
        self._logged_in(await self._call("POST", "/auth/login", json=body))

    async def login_local(self, token: str) -> None:
        """Log in as the owner of this machine, with the token of the data folder."""
        self._logged_in(await self._call("POST", "/auth/local", json={"token": token}))

    async def refresh(self) -> bool:
        """Get a new access token; False if there is nothing to refresh it with."""
        if self._refresh_token is None:
            return False
        body = {"refresh_token": self._refresh_token}
        try:
            self._logged_in(await self._call("POST", "/auth/refresh", json=body))
        except Refused:
            self._refresh_token = None
            return False
        return True

    async def open_session(self, project: str) -> str:
        """The id of a project's session."""
        return str((await self.call("POST", f"/projects/{project}/sessions"))["session_id"])

    async def ticket(self, session: str) -> str:
        """A single-use ticket for the WebSocket."""
        return str((await self.call("POST", "/ws-tickets", json={"session_id": session}))["ticket"])

    async def call(self, method: str, path: str, **request: Any) -> Any:
        """Any call below /api/v3 as this account; answers the JSON, raises `Refused`."""
        try:
            return await self._call(method, path, **request)
        except Refused as refusal:
            if refusal.code != "unauthenticated" or not await self.refresh():
                raise
        return await self._call(method, path, **request)

    async def download(self, link: str) -> bytes:
        """The file behind a signed link, as takes and exports hand them out; raises `Refused`."""
        url = self.url + link if link.startswith("/") else link
        try:
            response = await self._client().get(url)
            if response.is_error:
                raise _refusal(response, response.json())
        except (httpx.HTTPError, ValueError) as error:
            raise Unreachable(f"The file at {url} cannot be had: {error}") from error
        return response.content

    async def _call(self, method: str, path: str, **request: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token is not None else {}
        try:
            response = await self._client().request(method, path, headers=headers, **request)
            answer = response.json() if response.content else None
        except (httpx.HTTPError, ValueError) as error:
            raise Unreachable(f"No MuseAroo server answers at {self.url}: {error}") from error
        if response.is_error:
            raise _refusal(response, answer)
        return answer

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:  # not before: making one reads all certificates
            self._http = httpx.AsyncClient(
                base_url=self.url + _BASE, timeout=_SECONDS, transport=self._transport
            )
        return self._http

    def _logged_in(self, login: dict[str, Any]) -> None:
        self.token = str(login["access_token"])
        self._refresh_token = login.get("refresh_token")
        self.user_id = str(login["user"]["id"])


def _refusal(response: httpx.Response, answer: Any) -> Refused:
    problem = answer if isinstance(answer, dict) else {}
    code = str(problem.get("code") or str(problem.get("type", "")).rpartition("/")[2])
    after = response.headers.get("Retry-After", "")
    return Refused(
        code or str(response.status_code),
        str(problem.get("detail") or response.reason_phrase),
        float(after) if after.isdigit() else None,
    )
