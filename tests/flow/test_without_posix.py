"""The server on a system without uvloop, resource and fcntl, as on Windows."""

import os
import subprocess
import sys
from pathlib import Path

from tests.flow.outcomes import outcome
from tests.servers.server import serving

BLOCKED = Path(__file__).parent.parent / "servers" / "blocked"


def test_a_take_is_played_without_the_posix_modules(tmp_path: Path) -> None:
    """Accounts, workers, store and rendering all do without them."""
    environment = {"PYTHONPATH": str(BLOCKED), "TEST_BLOCKED_MODULES": "uvloop,resource,fcntl"}
    with serving(tmp_path / "data", environment) as server, server.client() as client:
        project = client.post("/api/v3/projects", json={"name": "Riff"}).json()["id"]
        asked = {"engine": "drummaroo"}
        done = outcome(client, client.post(f"/api/v3/projects/{project}/generate", json=asked))
        midi = client.get(done["result_urls"]["midi"])
        assert midi.content.startswith(b"MThd")


def test_the_blocker_blocks(tmp_path: Path) -> None:
    """The test above would not notice a blocker that does nothing."""
    done = subprocess.run(
        [sys.executable, "-c", "import resource"],
        env={**os.environ, "PYTHONPATH": str(BLOCKED), "TEST_BLOCKED_MODULES": "resource"},
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert "blocked by the test" in done.stderr
