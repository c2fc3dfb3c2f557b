"""Commands on what a server keeps: over REST where one runs, else on the folder itself."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote

import typer

from musearoo.app.cli.console import AsJson, answer, load_settings, run
from musearoo.app.cli.reaching import Server, Token, at_hand, latest, told
from musearoo.client import Account
from musearoo.conductor.accounts import Accounts
from musearoo.domain.errors import Conflict, InvalidValue, Unavailable
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Tier

user = typer.Typer(help="Look after accounts.", no_args_is_help=True)
_WAIT_SECONDS: Final = 300.0
_POLL_SECONDS: Final = 0.2
_ORIGIN: Final = Origin("cli", "127.0.0.0/24", "cli", "cli")


def export(
    project: Annotated[
        str | None, typer.Argument(help="Id of a project; the latest one if left out.")
    ] = None,
    format_name: Annotated[str, typer.Option("--format", help="midi, musicxml ...")] = "midi",
    output: Annotated[Path | None, typer.Option("-o", "--output")] = None,
    server: Server = None,
    token: Token = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="The server's folder, if it has one of its own.")
    ] = None,
    *,
    json: AsJson = False,
) -> None:
    """Export a project of yours, from the server that runs here or from what it left."""
    settings = load_settings(data_dir=data_dir)

    async def work() -> dict[str, object]:
        async with at_hand(server, token, settings) as account:
            return await _export(account, project or await latest(account), format_name, output)

    result = run(told(work, "project"), as_json=json)
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
    account: Account, project: str, format_name: str, output: Path | None
) -> dict[str, object]:
    path = f"/projects/{quote(project, safe='')}/export"
    state = await account.call("POST", path, json={"format": format_name})
    export_id = state["export_id"]
    deadline = time.monotonic() + _WAIT_SECONDS
    while state.get("status") not in {"completed", "failed"}:
        if time.monotonic() > deadline:
            raise Unavailable("The export takes longer than expected; ask again later.")
        await asyncio.sleep(_POLL_SECONDS)
        state = await account.call("GET", f"/exports/{export_id}")
    if state["status"] == "failed":
        raise Conflict(str(state.get("error")))
    content = await account.download(str(state["download_url"]))
    target = output or Path(f"{project}.{format_name}")
    target.write_bytes(content)
    return {"export_id": export_id, "file": str(target), "bytes": len(content)}


def _tier_lines(result: dict[str, object]) -> Iterator[str]:
    yield f"{result['email']} is {result['tier']} now."
