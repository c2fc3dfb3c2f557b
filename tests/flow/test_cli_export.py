"""`musearoo export`: the server is found by its folder, or the folder is opened where none runs."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flow.outcomes import LONG
from tests.servers.server import ServerProcess, serving


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("export") / "data"


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[ServerProcess]:
    """A server on a port of its own, with a project that has a part."""
    with serving(folder) as server:
        yield server


@pytest.fixture(scope="module")
def project(running: ServerProcess) -> str:
    with running.client() as http:
        made: dict[str, Any] = http.post("/api/v3/projects", json={"name": "Kitchen"}).json()
        where = f"/api/v3/projects/{made['id']}"
        http.post(f"{where}/generate", json={"engine": "bassaroo"}).raise_for_status()
    return str(made["id"])


def export(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The command, told of the folder alone."""
    command = [sys.executable, "-m", "musearoo.app", "export", *map(str, arguments)]
    surroundings = {name: value for name, value in os.environ.items() if "MUSEAROO" not in name}
    return subprocess.run(
        [*command, "--data-dir", str(folder), "--json"],
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=2 * LONG,
        check=False,
    )


def test_the_server_is_found_whatever_its_port(
    folder: Path, project: str, tmp_path: Path, running: ServerProcess
) -> None:
    """The folder says where it answers, to its owner only; without a project, the latest."""
    done = export(folder, "-o", tmp_path / "song.mid")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert (tmp_path / "song.mid").read_bytes()[:4] == b"MThd"
    assert json.loads(done.stdout)["bytes"] == (tmp_path / "song.mid").stat().st_size
    said = folder / "local-address"
    assert (said.read_text(), said.stat().st_mode & 0o077) == (running.url, 0)
    refused = export(folder, "../../auth", "-o", tmp_path / "none")
    assert (refused.returncode, set(json.loads(refused.stdout))) == (3, {"error", "detail"})
    assert not (tmp_path / "none").exists()


def test_without_a_server_the_folder_is_opened(
    folder: Path, project: str, tmp_path: Path, running: ServerProcess
) -> None:
    """After a power cut, with token and address of the dead server still there."""
    target = tmp_path / "song.musicxml"
    running.kill()
    try:
        assert (folder / "local-address").exists()
        done = export(folder, project, "--format", "musicxml", "-o", target)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        assert b"<score-partwise" in target.read_bytes()
        assert not (folder / "local-address").exists()
    finally:
        running.start()


def test_an_empty_folder_stays_empty(tmp_path: Path) -> None:
    """Nothing is made where nothing is kept."""
    done = export(tmp_path / "data", "-o", tmp_path / "none")
    assert done.returncode == 4
    assert "musearoo serve" in json.loads(done.stdout)["detail"]
    assert not list(tmp_path.iterdir())
