"""`musearoo live install`: what a person sees, what a program reads, and that it then connects."""

import json
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from musearoo.app.cli.console import load_settings
from musearoo.app.cli.root import app
from musearoo.app.live_script import script_link
from musearoo.app.tasks import Tasks
from musearoo.security.ambient import SystemClock
from tests.application.live.script.stage import Stage
from tests.doubles.calm import CalmClock


def musearoo(home: Path, *arguments: str, **settings: str) -> Result:
    given = {"MUSEAROO_DATA_DIR": str(home / "data"), "HOME": str(home), "USERPROFILE": str(home)}
    return CliRunner().invoke(app, ["live", "install", *arguments], env={**given, **settings})


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "Music" / "Ableton" / "User Library"
    folder.mkdir(parents=True)
    return folder


def test_a_person_is_told_what_to_choose_in_live(tmp_path: Path, library: Path):
    """The folder, the server's address and the steps in Live's settings are shown."""
    told = musearoo(tmp_path)
    assert told.exit_code == 0
    for words in (str(library), "127.0.0.1", "11002", "Control Surface", "Link, Tempo & MIDI"):
        assert words in told.output


def test_a_program_reads_the_same(tmp_path: Path, library: Path):
    """As JSON, with the port of the settings; a second run says the same, removal says so."""
    told = musearoo(tmp_path, "--json", MUSEAROO_LIVE_SCRIPT_PORT="4711")
    said = json.loads(told.output)
    target = library / "Remote Scripts" / "MuseAroo"
    assert (said["installed"], said["host"], said["port"]) == (str(target), "127.0.0.1", 4711)
    assert "token" not in told.output
    assert json.loads((target / "server.json").read_bytes())["port"] == 4711
    again = musearoo(tmp_path, "--json", MUSEAROO_LIVE_SCRIPT_PORT="4711")
    assert again.output == told.output
    gone = musearoo(tmp_path, "--uninstall", "--json")
    assert json.loads(gone.output) == {"uninstalled": True, "left": []}
    assert not target.exists()


def test_without_a_library_the_option_is_named(tmp_path: Path):
    """Where no Live is found the answer is one line and exit code 4."""
    told = musearoo(tmp_path)
    assert told.exit_code == 4
    assert "--path" in told.output
    refused = json.loads(musearoo(tmp_path, "--json").output)
    assert refused["error"] == "unavailable"


def test_what_is_in_the_way_is_named(tmp_path: Path, library: Path):
    """A file of somebody else is refused with its name and exit code 3."""
    (library / "Remote Scripts" / "MuseAroo").mkdir(parents=True)
    (library / "Remote Scripts" / "MuseAroo" / "wire.py").write_text("mine")
    told = musearoo(tmp_path)
    assert told.exit_code == 3
    assert "wire.py" in told.output


def test_where_it_cannot_be_written_it_is_said(tmp_path: Path, library: Path):
    """A file in the place of the Remote Scripts folder is named, without a traceback."""
    (library / "Remote Scripts").write_text("not a folder")
    told = musearoo(tmp_path)
    assert told.exit_code == 4
    assert "Remote Scripts" in told.output
    assert isinstance(told.exception, SystemExit)


async def test_what_the_command_installs_connects(tmp_path: Path, library: Path):
    """The script that the command put in place finds the server of the same data folder."""
    stage = Stage(library / "Remote Scripts", CalmClock())
    settings = load_settings(data_dir=tmp_path / "data", live_script_port=0)
    stage.link = script_link(settings, clock=SystemClock(), spawn=stage.tasks)
    await stage.link.open()
    done = musearoo(tmp_path, MUSEAROO_LIVE_SCRIPT_PORT=str(stage.link.port))
    assert done.exit_code == 0
    stage.start_live()
    await stage.here()
    await stage.close()


@pytest.mark.parametrize(("host", "told"), [("127.0.0.1", []), ("0.0.0.0", ["live.reachable"])])
async def test_a_port_that_others_reach_is_warned_of(tmp_path: Path, host: str, told: list[str]):
    """Only on loopback nothing is said."""
    settings = load_settings(data_dir=tmp_path, live_script_host=host, live_script_port=0)
    with capture_logs() as logs:
        script_link(settings, clock=SystemClock(), spawn=Tasks())
    assert [line["event"] for line in logs] == told
