"""Commands that run and look after the server."""

import platform
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from musearoo import __version__
from musearoo.app.cli.console import (
    UNAVAILABLE,
    AsJson,
    answer,
    fail,
    load_settings,
    run,
    system_refusal,
)
from musearoo.app.logging import configure_logging
from musearoo.app.settings import Settings
from musearoo.domain.errors import MuseArooError

config = typer.Typer(help="Look at the settings.", no_args_is_help=True)
database = typer.Typer(help="Look after the database.", no_args_is_help=True)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.")] = None,
    osc_host: Annotated[str | None, typer.Option(help="Address of the OSC door.")] = None,
    osc_port: Annotated[int | None, typer.Option(help="Port of the OSC door.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder for everything kept.")] = None,
    *,
    live: Annotated[
        str | None, typer.Option(help="Ableton Live by: abletonosc, script, off.")
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page.")] = False,
) -> None:
    """Run the server until interrupted."""
    from musearoo.app.serve import serve as run_server  # noqa: PLC0415  (doors load slowly)

    settings = load_settings(
        host=host, port=port, osc_host=osc_host, osc_port=osc_port, data_dir=data_dir, live=live
    )
    configure_logging(settings)
    try:
        run_server(settings, announce=_announce, open_browser=open_browser)
    except MuseArooError as refusal:
        fail(refusal)
    except OSError as error:
        fail(system_refusal(error))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def doctor(*, json: AsJson = False) -> None:
    """Check that everything the server needs works here."""
    settings = load_settings()
    checks = run(lambda: _checks(settings), as_json=json)
    answer(
        {"ok": all(check.ok for check in checks), "checks": checks},
        as_json=json,
        lines=lambda: (
            f"{'ok ' if each.ok else 'NO '} {each.name}: {each.found}" for each in checks
        ),
    )
    if not all(check.ok for check in checks):
        raise typer.Exit(UNAVAILABLE)


def openapi(*, json: AsJson = False) -> None:  # noqa: ARG001  (it is always JSON)
    """Print the OpenAPI document of the REST door."""
    from musearoo.app.serve import openapi_document  # noqa: PLC0415  (doors load slowly)

    sys.stdout.write(msgspec.json.format(openapi_document()).decode() + "\n")


@config.command("show")
def config_show(*, json: AsJson = False) -> None:
    """Show every setting in force; secrets are masked."""
    shown = load_settings().model_dump(mode="json")
    answer(
        shown, as_json=json, lines=lambda: (f"MUSEAROO_{k.upper()}={v}" for k, v in shown.items())
    )


@database.command("upgrade")
def database_upgrade(*, json: AsJson = False) -> None:
    """Bring the database to the present schema (serve does it by itself)."""
    from musearoo.storage.opening import open_store  # noqa: PLC0415

    settings = load_settings()
    url = settings.database_url.get_secret_value() if settings.database_url else None

    async def work() -> None:
        await open_store(url, settings.data_dir).close()

    run(work, as_json=json)
    done = {"upgraded": True, "data_dir": str(settings.data_dir)}
    answer(done, as_json=json, lines=lambda: iter(["The database is up to date."]))


class Check(msgspec.Struct, frozen=True):
    """One thing the server needs."""

    name: str
    ok: bool
    found: str


async def _checks(settings: Settings) -> list[Check]:
    return [
        Check("python", sys.version_info >= (3, 11), platform.python_version()),
        Check("event loop", True, "uvloop" if find_spec("uvloop") else "asyncio"),
        _check("data folder", lambda: _writable(settings.data_dir)),
        _check("sqlite", _sqlite),
        _check("audio files", _audio_files),
        _check("sound font", _sound),
        _check("engraving", _engraving),
        Check("spoken commands", True, _speech()),
        await _workers(settings),
    ]


def _check(name: str, probe: Callable[[], str]) -> Check:
    try:
        return Check(name, True, probe())
    except Exception as error:  # noqa: BLE001  (a doctor reports whatever is wrong)
        return Check(name, False, f"{type(error).__name__}: {error}")


def _writable(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / ".probe"
    probe.write_bytes(b"")
    probe.unlink()
    return str(folder)


def _sqlite() -> str:
    import sqlite3  # noqa: PLC0415

    return sqlite3.sqlite_version


def _audio_files() -> str:
    import soundfile  # noqa: PLC0415

    missing = {"WAV", "FLAC", "OGG", "AIFF", "MP3"} - set(soundfile.available_formats())
    if missing:
        raise RuntimeError(f"libsndfile cannot read {', '.join(sorted(missing))}")
    return f"libsndfile {soundfile.__libsndfile_version__}"


def _sound() -> str:
    from musearoo.render.audio import warm_up  # noqa: PLC0415

    warm_up()
    return "plays"


def _engraving() -> str:
    import verovio  # noqa: PLC0415

    return f"verovio {verovio.toolkit().getVersion()}"


def _speech() -> str:
    from musearoo.voice.speech import PocketsphinxRecogniser  # noqa: PLC0415

    installed = PocketsphinxRecogniser.is_installed()
    return "pocketsphinx" if installed else "as text only; pip install 'musearoo[voice]'"


async def _workers(settings: Settings) -> Check:
    from musearoo.app.bandstand import bandstand  # noqa: PLC0415

    try:
        async with bandstand(settings) as stand:
            return Check("engines", True, ", ".join(stand.engines()))
    except MuseArooError as error:
        return Check("engines", False, error.detail)


def _announce(url: str) -> None:
    sys.stdout.write(f"MuseAroo {__version__} is ready. Open\n\n  {url}\n\n")
    sys.stdout.flush()
