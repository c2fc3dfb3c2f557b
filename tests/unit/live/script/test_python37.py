"""The script is for the Python of Live 11: its syntax and its library calls."""

import ast
import sys
from pathlib import Path

import pytest
import vermin

from musearoo.live import remote_script

FOLDER = Path(remote_script.__path__[0]) / "MuseAroo"
MODULES = sorted(FOLDER.glob("*.py"))


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
