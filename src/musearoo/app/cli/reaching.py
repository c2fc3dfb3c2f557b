"""How a command reaches a running server: its account there, and a live session."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, Any, TypeVar

import typer

from musearoo.app.cli.console import load_settings
from musearoo.app.settings import Settings
from musearoo.client import Account, ClientError, Refused, Session, Unreachable, connect
from musearoo.domain.errors import Conflict, MuseArooError, NotFound, Unavailable
from musearoo.security.local_tokens import read_local_address, read_local_token
from musearoo.storage.folder import DATABASE_NAME

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


def told(
    work: Callable[[], Coroutine[Any, Any, T]], what: str = "session"
) -> Callable[[], Coroutine[Any, Any, T]]:
    """Say the client's refusals in the words that the console knows; `what` is not found."""

    async def work_told() -> T:
        try:
            return await work()
        except Refused as refusal:
            raise _known(refusal, what) from None
        except ClientError as failure:
            raise Unavailable(str(failure)) from None

    return work_told


@asynccontextmanager
async def logged_in(
    server: str | None, token: str | None, settings: Settings | None = None
) -> AsyncIterator[Account]:
    """The account of whoever runs the command; on this machine its owner's."""
    settings = settings or load_settings()
    async with Account(server or _address(settings), token=token) as account:
        if token is None:
            await _login(account, settings)
        yield account


@asynccontextmanager
async def at_hand(
    server: str | None, token: str | None, settings: Settings
) -> AsyncIterator[Account]:
    """The same, but where no server runs on this machine's folder, the folder itself is opened.

    Raises `Unavailable` when nothing is kept there, or when something else has the folder.
    """
    async with AsyncExitStack() as opened:
        try:
            account = await opened.enter_async_context(logged_in(server, token, settings))
        except (Unavailable, Unreachable):
            if server is not None or token is not None or not _keeps_something(settings):
                raise
            account = await opened.enter_async_context(_in_folder(settings))
        yield account


@asynccontextmanager
async def _in_folder(settings: Settings) -> AsyncIterator[Account]:
    import httpx  # noqa: PLC0415  (these load slowly)

    from musearoo.app.compose import running  # noqa: PLC0415
    from musearoo.protocols.rest.app import create_app  # noqa: PLC0415
    from musearoo.protocols.rest.options import RestOptions  # noqa: PLC0415

    async with running(settings) as graph:
        if graph.local_tokens is None:
            raise Unavailable("This server has accounts: give --server and --token.")
        options = RestOptions(local_tokens=graph.local_tokens, pace=None)
        door = httpx.ASGITransport(create_app(graph.conductor, options))
        async with Account("http://127.0.0.1", transport=door) as account:
            await account.login_local(graph.local_tokens.issue())
            yield account


def _keeps_something(settings: Settings) -> bool:
    return settings.database_url is not None or (settings.data_dir / DATABASE_NAME).exists()


def _address(settings: Settings) -> str:
    """Where the server on this data folder says it is; else where the settings would put it."""
    scheme = "https" if settings.tls_cert else "http"
    said = read_local_address(settings.data_dir)
    return said or f"{scheme}://{settings.host}:{settings.port}"


@asynccontextmanager
async def joined(
    server: str | None, token: str | None, which: str | None
) -> AsyncIterator[Session]:
    """A live session as the client of whoever runs the command."""
    async with logged_in(server, token) as account:
        name = await account.open_session(which or await latest(account))
        async with connect(account=account, session=name) as live:
            yield live


def _known(refusal: Refused, what: str) -> MuseArooError:
    return NotFound(what) if refusal.code == "not-found" else Conflict(refusal.detail)


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
