"""How a command reaches a running server: its account there, and a live session."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

import typer

from musearoo.app.cli.console import load_settings
from musearoo.app.settings import Settings
from musearoo.client import Account, ClientError, Refused, Session, connect
from musearoo.domain.errors import Conflict, MuseArooError, NotFound, Unavailable
from musearoo.security.local_tokens import read_local_token

T = TypeVar("T")

Which = Annotated[
    str | None,
    typer.Option("--session", "-s", help="Id of the project; the latest one if left out."),
]
Server = Annotated[
    str | None, typer.Option(help="The server, if it is not the one that runs here.")
]
Token = Annotated[
    str | None, typer.Option(envvar="MUSEAROO_TOKEN", help="An access token for that server.")
]


def told(work: Callable[[], Coroutine[Any, Any, T]]) -> Callable[[], Coroutine[Any, Any, T]]:
    """Say the client's refusals in the words that the console knows."""

    async def work_told() -> T:
        try:
            return await work()
        except Refused as refusal:
            raise _known(refusal) from None
        except ClientError as failure:
            raise Unavailable(str(failure)) from None

    return work_told


@asynccontextmanager
async def logged_in(server: str | None, token: str | None) -> AsyncIterator[Account]:
    """The account of whoever runs the command; on this machine its owner's."""
    settings = load_settings()
    scheme = "https" if settings.tls_cert else "http"
    url = server or f"{scheme}://{settings.host}:{settings.port}"
    async with Account(url, token=token) as account:
        if token is None:
            await _login(account, settings)
        yield account


@asynccontextmanager
async def joined(
    server: str | None, token: str | None, which: str | None
) -> AsyncIterator[Session]:
    """A live session as the client of whoever runs the command."""
    async with logged_in(server, token) as account:
        name = await account.open_session(which or await latest(account))
        async with connect(account=account, session=name) as live:
            yield live


def _known(refusal: Refused) -> MuseArooError:
    return NotFound("session") if refusal.code == "not-found" else Conflict(refusal.detail)


async def _login(account: Account, settings: Settings) -> None:
    token = read_local_token(settings.data_dir)
    if token is None:
        raise Unavailable("No server runs on this data folder; start one with musearoo serve.")
    await account.login_local(token)


async def latest(account: Account) -> str:
    """The id of the project that was worked in last; raises `Conflict` if there is none."""
    projects = await account.call("GET", "/projects", params={"limit": 1})
    if not projects:
        raise Conflict(
            "You have no project yet: drop a riff into the page, or POST /api/v3/projects."
        )
    return str(projects[0]["id"])
