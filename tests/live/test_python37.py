"""The script runs in the Python of Live 11, where there is one."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from musearoo.live import remote_script

FOLDER = Path(remote_script.__path__[0]) / "MuseAroo"
HARNESS = Path(__file__).with_name("on_python37.py")


def python37() -> str | None:
    """A Python 3.7 that starts; a mere name on the path may be a shim without one behind it."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for found in (shutil.which("python3.7"), *map(str, pyenv.glob("3.7.*/bin/python3.7"))):
        if (
            found
            and subprocess.run([found, "-V"], capture_output=True, check=False).returncode == 0
        ):
            return found
    return None


def test_it_runs_in_python_37():
    """In a real 3.7: it connects, is welcomed, tells a set and writes a clip."""
    found = python37()
    if found is None:
        pytest.skip("system program missing: python3.7")
    done = subprocess.run(
        [found, "-W", "error", str(HARNESS), str(FOLDER)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout.split()) == (0, ["3.7", "ready", "ok", "64", "0"]), (
        done.stdout + done.stderr
    )
