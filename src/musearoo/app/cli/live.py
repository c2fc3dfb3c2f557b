"""The commands around Ableton Live."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from musearoo import __version__
from musearoo.app.cli.console import AsJson, answer, fail, load_settings, system_refusal
from musearoo.domain.errors import MuseArooError
from musearoo.live.script.install import NEXT, install, scripts_folder, server_of, uninstall
from musearoo.live.script.token import load_or_create_token

live = typer.Typer(help="Work with Ableton Live.", no_args_is_help=True)

_GONE: Final = "In Live, set the control surface that was MuseAroo to None."


@live.command("install")
def live_install(
    path: Annotated[
        Path | None, typer.Option(help="Live's Remote Scripts folder, where it is not found.")
    ] = None,
    *,
    remove: Annotated[bool, typer.Option("--uninstall", help="Take the script away.")] = False,
    json: AsJson = False,
) -> None:
    """Put MuseAroo's remote script where Ableton Live finds it."""
    try:
        folder = scripts_folder(path)
        if remove:
            _uninstall(folder, as_json=json)
        else:
            _install(folder, as_json=json)
    except MuseArooError as refusal:
        fail(refusal, as_json=json)
    except OSError as error:
        fail(system_refusal(error), as_json=json)


def _install(folder: Path, *, as_json: bool) -> None:
    settings = load_settings()
    token = load_or_create_token(settings.data_dir)
    server = server_of(settings.live_script_host, settings.live_script_port, token)
    target = install(folder, server, __version__)
    told = {
        "installed": str(target),
        "host": server.host,
        "port": server.port,
        "next": NEXT,
    }

    def lines() -> Iterator[str]:
        yield f"The script is in {target}"
        yield f"It connects to {server.host}, port {server.port}, where `musearoo serve` listens."
        yield from (f"{number}. {step}" for number, step in enumerate(NEXT, 1))

    answer(told, as_json=as_json, lines=lines)


def _uninstall(folder: Path, *, as_json: bool) -> None:
    was_there, left = uninstall(folder)

    def lines() -> Iterator[str]:
        yield _GONE if was_there else f"There was no script of ours in {folder}"
        if left:
            yield f"Left, because it is not ours or was changed: {', '.join(left)}"

    answer({"uninstalled": was_there, "left": left}, as_json=as_json, lines=lines)
