"""`musearoo live install`: found or given folders, renewal, removal, and what is not touched."""

import json
import stat
import sys
from pathlib import Path

import pytest

from musearoo.domain.errors import Conflict, InvalidValue, Unavailable
from musearoo.live import remote_script
from musearoo.live.script.install import (
    NAME,
    Server,
    install,
    scripts_folder,
    server_of,
    uninstall,
)

SERVER = Server("127.0.0.1", 11002, "t" * 43)
SOURCE = Path(remote_script.__path__[0]) / NAME


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(each.relative_to(folder)): each.read_bytes()
        for each in sorted(folder.rglob("*"))
        if each.is_file()
    }


def test_the_whole_script_is_put_in_place(tmp_path: Path):
    """Every module of the script is there as it is here, and the secret is private."""
    target = install(tmp_path / "Remote Scripts", SERVER, "1.0")
    assert target == tmp_path / "Remote Scripts" / "MuseAroo"
    modules = {each.name for each in SOURCE.glob("*.py")}
    assert {"__init__.py", "surface.py", "bridge.py"} <= modules
    for name in modules:
        assert (target / name).read_bytes() == (SOURCE / name).read_bytes()
    assert set(everything(target)) == modules | {"server.json", "installed.json"}
    config = target / "server.json"
    assert json.loads(config.read_bytes()) == {
        "host": "127.0.0.1",
        "port": 11002,
        "token": "t" * 43,
    }
    if sys.platform != "win32":
        assert stat.S_IMODE(config.stat().st_mode) == 0o600


def test_installing_again_changes_nothing(tmp_path: Path):
    """A second run leaves the same files."""
    install(tmp_path, SERVER, "1.0")
    first = everything(tmp_path)
    install(tmp_path, SERVER, "1.0")
    assert everything(tmp_path) == first


def test_a_newer_version_replaces_the_older(tmp_path: Path, monkeypatch):
    """Files of the older version are renewed, those that are no more are taken away."""
    older = tmp_path / "older" / NAME
    older.mkdir(parents=True)
    (older / "__init__.py").write_bytes(b"old")
    (older / "gone.py").write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr("musearoo.live.script.install.files", lambda _: tmp_path / "older")
        target = install(tmp_path / "scripts", SERVER, "0.9")
    assert (target / "gone.py").exists()
    install(tmp_path / "scripts", Server("::1", 5, "u" * 43), "1.0")
    assert not (target / "gone.py").exists()
    assert (target / "__init__.py").read_bytes() == (SOURCE / "__init__.py").read_bytes()
    assert json.loads((target / "server.json").read_bytes())["port"] == 5


@pytest.mark.parametrize("name", ["__init__.py", "server.json"])
def test_a_file_of_somebody_else_is_not_overwritten(tmp_path: Path, name: str):
    """A folder of that name with other content is refused before anything is written."""
    target = tmp_path / NAME
    target.mkdir()
    (target / name).write_text("somebody's own")
    with pytest.raises(Conflict, match="move it away"):
        install(tmp_path, SERVER, "1.0")
    assert everything(tmp_path) == {f"{NAME}/{name}": b"somebody's own"}


def test_a_changed_file_is_not_overwritten(tmp_path: Path):
    """Who has changed the script keeps the change, and is told."""
    target = install(tmp_path, SERVER, "1.0")
    (target / "bridge.py").write_text("my own bridge")
    before = everything(tmp_path)
    with pytest.raises(Conflict, match=r"bridge\.py"):
        install(tmp_path, SERVER, "1.0")
    assert everything(tmp_path) == before
    assert uninstall(tmp_path) == (True, ("bridge.py",))
    assert (target / "bridge.py").read_text() == "my own bridge"


def test_an_interrupted_installation_can_be_repeated(tmp_path: Path):
    """Files of ours without the list that comes after them are taken for ours."""
    target = install(tmp_path, SERVER, "1.0")
    (target / "installed.json").unlink()
    (target / "server.json").unlink()
    (target / ".wire.py.new").write_bytes(b"half a")
    install(tmp_path, SERVER, "1.0")
    assert (target / "server.json").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_are_not_followed(tmp_path: Path):
    """Neither the folder nor a file in it may lead elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / NAME).symlink_to(elsewhere)
    with pytest.raises(Conflict):
        install(scripts, SERVER, "1.0")
    with pytest.raises(Conflict):
        uninstall(scripts)
    (scripts / NAME).unlink()
    (scripts / NAME).mkdir()
    (scripts / NAME / "wire.py").symlink_to(elsewhere / "victim")
    with pytest.raises(Conflict):
        install(scripts, SERVER, "1.0")
    assert not any(elsewhere.iterdir())


def test_uninstalling_takes_ours_and_leaves_the_rest(tmp_path: Path):
    """Script, secret and compiled files go; a file of somebody else and its folder stay."""
    target = install(tmp_path, SERVER, "1.0")
    (target / "__pycache__").mkdir()
    (target / "__pycache__" / "wire.pyc").write_bytes(b"")
    assert uninstall(tmp_path) == (True, ())
    assert not target.exists()
    assert uninstall(tmp_path) == (False, ())
    target = install(tmp_path, SERVER, "1.0")
    (target / "notes.txt").write_text("mine")
    assert uninstall(tmp_path) == (True, ("notes.txt",))
    assert set(everything(target)) == {"notes.txt"}


def test_a_forged_list_cannot_delete_elsewhere(tmp_path: Path):
    """A list that names files outside the folder is no list of ours."""
    target = install(tmp_path, SERVER, "1.0")
    victim = tmp_path / "victim"
    victim.write_bytes(b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    forged = {"version": "1", "files": {"../victim": empty}}
    (target / "installed.json").write_text(json.dumps(forged))
    assert uninstall(tmp_path) == (False, ())
    assert victim.exists()


@pytest.mark.parametrize(
    "library",
    [
        "Music/Ableton/User Library",
        "Documents/Ableton/User Library",
        "OneDrive/Documents/Ableton/User Library",
    ],
)
def test_the_user_library_is_found(tmp_path: Path, library: str):
    """Live's own places on macOS and Windows are tried."""
    (tmp_path / library).mkdir(parents=True)
    assert scripts_folder(home=tmp_path) == tmp_path / library / "Remote Scripts"


def test_a_library_that_is_not_found_is_asked_for(tmp_path: Path):
    """Without a User Library the option is named; a given folder must be somewhere."""
    with pytest.raises(Unavailable, match="--path"):
        scripts_folder(home=tmp_path)
    library = tmp_path / "User Library"
    library.mkdir()
    assert scripts_folder(library) == library / "Remote Scripts"
    assert scripts_folder(tmp_path) == tmp_path
    with pytest.raises(Unavailable, match="no folder"):
        scripts_folder(tmp_path / "not" / "there")


@pytest.mark.parametrize(
    ("bound", "reached"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("::", "::1"),
        ("192.168.1.5", "192.168.1.5"),
    ],
)
def test_the_script_gets_an_address_that_leads_to_the_server(bound: str, reached: str):
    """What a server binds is turned into what a script can connect to."""
    assert server_of(bound, 11002, "t" * 43).host == reached


def test_a_server_that_cannot_be_found_again_is_not_installed():
    """A name would have to be looked up, and a free port is another one at each start."""
    with pytest.raises(InvalidValue):
        server_of("studio.local", 11002, "t" * 43)
    with pytest.raises(InvalidValue):
        server_of("127.0.0.1", 0, "t" * 43)
