"""Commands on what a server keeps: over REST where one runs, else on the folder itself."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from musearoo.app.cli.console import AsJson, answer, load_settings, run
from musearoo.app.settings import Settings
from musearoo.conductor.accounts import Accounts
from musearoo.domain.errors import Conflict, InvalidValue, Unavailable
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Tier
from musearoo.security.local_tokens import read_local_token

if TYPE_CHECKING:
    import httpx

user = typer.Typer(help="Look after accounts.", no_args_is_help=True)
_WAIT_SECONDS: Final = 300.0
_POLL_SECONDS: Final = 0.2
_ORIGIN: Final = Origin("cli", "127.0.0.0/24", "cli", "cli")


def export(
    project: Annotated[str, typer.Argument(help="The id of a project.")],
    format_name: Annotated[str, typer.Option("--format", help="midi, musicxml ...")],
    output: Annotated[Path | None, typer.Option("-o", "--output")] = None,
    *,
    json: AsJson = False,
) -> None:
    """Export a project of the local owner from the server that runs here."""

    async def work() -> dict[str, object]:
        async with _client(load_settings()) as client:
            return await _export(client, project, format_name, output)

    result = run(work, as_json=json)
    answer(result, as_json=json, lines=lambda: iter([f"written to {result['file']}"]))


@user.command("set-tier")
def set_tier(
    email: Annotated[str, typer.Argument(help="The address of the account.")],
    tier: Annotated[str, typer.Argument(help="free, pro or studio.")],
    *,
    json: AsJson = False,
) -> None:
    """Change the tier of an account; the server must not be running."""

    async def work() -> dict[str, object]:
        from musearoo.app.compose import running  # noqa: PLC0415

        if tier not in set(Tier):
            raise InvalidValue("tier", tier, "one of " + ", ".join(Tier))
        async with running(load_settings()) as graph:
            accounts: Accounts = graph.conductor.accounts
            await accounts.set_tier(email, Tier(tier), _ORIGIN)
        return {"email": email, "tier": tier}

    result = run(work, as_json=json)
    answer(result, as_json=json, lines=lambda: _tier_lines(result))


async def _export(
    client: "httpx.AsyncClient", project: str, format_name: str, output: Path | None
) -> dict[str, object]:
    path = f"/api/v3/projects/{project}/export"
    started = _checked(await client.post(path, json={"format": format_name}))
    state = started
    deadline = time.monotonic() + _WAIT_SECONDS
    while state.get("status") not in {"completed", "failed"}:
        if time.monotonic() > deadline:
            raise Unavailable("The export takes longer than expected; ask again later.")
        await asyncio.sleep(_POLL_SECONDS)
        state = _checked(await client.get(f"/api/v3/exports/{started['export_id']}"))
    if state["status"] == "failed":
        raise Conflict(str(state.get("error")))
    content = await client.get(str(state["download_url"]))
    target = output or Path(f"{project}.{format_name}")
    target.write_bytes(content.content)
    return {"export_id": started["export_id"], "file": str(target), "bytes": len(content.content)}


def _client(settings: Settings) -> "httpx.AsyncClient":
    import httpx  # noqa: PLC0415  (loads slowly)

    token = read_local_token(settings.data_dir)
    if token is None:
        raise Unavailable("No server runs on this data folder; start one with musearoo serve.")
    scheme = "https" if settings.tls_cert else "http"
    base = f"{scheme}://{settings.host}:{settings.port}"
    try:
        login = httpx.post(f"{base}/api/v3/auth/local", json={"token": token}, timeout=10)
    except httpx.HTTPError as error:
        raise Unavailable(
            f"The server at {base} does not answer; if it has another port, say MUSEAROO_PORT=..."
        ) from error
    access = _checked(login)["access_token"]
    return httpx.AsyncClient(
        base_url=base, headers={"Authorization": f"Bearer {access}"}, timeout=60
    )


def _checked(response: "httpx.Response") -> dict[str, Any]:
    body: dict[str, Any] = response.json()
    if response.is_error:
        raise Conflict(str(body.get("detail") or body.get("title")))
    return body


def _tier_lines(result: dict[str, object]) -> Iterator[str]:
    yield f"{result['email']} is {result['tier']} now."
