"""The script runs in the Python of Live 11: syntax, library calls, and a run where it is there."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import vermin

from musearoo.live import remote_script

FOLDER = Path(remote_script.__path__[0]) / "MuseAroo"
MODULES = sorted(FOLDER.glob("*.py"))
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


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_the_syntax_is_of_python_37(module: Path):
    """No module uses syntax that came later."""
    ast.parse(module.read_text(encoding="utf-8"), feature_version=(3, 7))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_no_call_is_newer_than_python_37(module: Path):
    """vermin, which knows when what came into the library, finds nothing later."""
    _, least = vermin.detect(module.read_text(encoding="utf-8"))
    assert least is not None
    assert least <= (3, 7)


def test_the_check_finds_what_is_newer():
    """A later call, here `math.prod` of 3.8, would be found."""
    assert vermin.detect("import math\nmath.prod([1])")[1] == (3, 8)


def test_only_the_standard_library_and_live_are_imported():
    """A user drops the folder into Live: nothing else is there."""
    known = set(sys.stdlib_module_names) | {"Live", "ableton"}
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            else:
                continue
            assert {name.split(".")[0] for name in names} <= known, module.name


def test_no_thread_and_no_waiting():
    """Live has one thread for everything: what waits or starts another stops its window."""
    for module in MODULES:
        text = module.read_text(encoding="utf-8")
        for forbidden in ("threading", "time.sleep", "select.", "subprocess", "setblocking(True)"):
            assert forbidden not in text, (module.name, forbidden)


def test_it_runs_in_python_37():
    """In a real 3.7: it connects, is welcomed, tells a set and writes a clip."""
    found = python37()
    if found is None:
        pytest.skip("system program missing: python3.7")
    done = subprocess.run(
        [found, "-W", "error", str(HARNESS), str(FOLDER)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.split()) == (0, ["3.7", "ready", "ok", "64", "0"]), (
        done.stdout + done.stderr
    )
