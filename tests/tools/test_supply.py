"""What we install: declared, locked with hashes, and under terms we accept."""

import ast
import re
import sys
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PERMISSIVE = re.compile(r"MIT|BSD|ISC|Apache|PSF|Zlib|CC0|Public Domain", re.IGNORECASE)
STRONG = re.compile(r"(?<!L)GPL|Affero|NonCommercial|-NC\b", re.IGNORECASE)
NOTICED = {"verovio", "soxr", "certifi"}
EXTRAS = {"psycopg", "pocketsphinx", "linkpython-extern", "py2tosc", "python-rtmidi", "zeroconf"}


def name_of(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", Requirement(requirement).name).lower()


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {name_of(line) for line in project["dependencies"]}


def installed_closure() -> dict[str, Distribution]:
    """Every distribution that the default installation brings to this machine."""
    found: dict[str, Distribution] = {}
    waiting = list(declared())
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = distribution(name)
        for line in found[name].requires or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(name_of(line))
    return found


def terms(dist: Distribution) -> str:
    fields = ("License-Expression", "Classifier", "License")
    lines = [line for field in fields for line in dist.metadata.get_all(field) or []]
    return " ".join(line[:200] for line in lines if not line.startswith("Programming"))


def outside_imports() -> set[str]:
    roots = set()
    for path in (ROOT / "src").rglob("*.py"):
        if "remote_script" in path.parts:  # runs inside Live, which brings what it imports
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                roots |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                roots.add(node.module.split(".")[0])
    return roots - set(sys.stdlib_module_names) - {"musearoo"}


def roots_of(name: str) -> set[str]:
    """What can be imported of a distribution; nothing where it is not installed."""
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        return set()
    return {file.parts[0].partition(".")[0] for file in files}


class TestLicences:
    def test_default_installation_has_no_strong_copyleft(self) -> None:
        strong = {n for n, d in installed_closure().items() if STRONG.search(terms(d))}
        assert strong - NOTICED == set()

    def test_all_else_is_permissive_or_named_in_the_notice(self) -> None:
        known = {n for n, d in installed_closure().items() if PERMISSIVE.search(terms(d))}
        assert set(installed_closure()) - known - NOTICED == set()

    def test_notice_names_them(self) -> None:
        notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
        assert [name for name in sorted(NOTICED | EXTRAS) if name not in notice] == []


class TestDeclared:
    def test_every_outside_import_is_a_declared_dependency(self) -> None:
        # Parts of declared frameworks that are meant to be imported directly.
        carried = {"starlette": "fastapi", "click": "typer", "anyio": "fastapi"}
        carried |= {"rtmidi": "python-rtmidi"}
        allowed = declared() | EXTRAS
        provided = {root for name in allowed for root in roots_of(name)}
        undeclared = {root for root in outside_imports() if carried.get(root, root) not in allowed}
        assert undeclared - provided == set()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
class TestLocks:
    def test_every_line_has_hashes(self, lock: Path) -> None:
        entries = re.split(r"\n(?=[a-z0-9])", lock.read_text(encoding="utf-8").strip())
        assert [entry for entry in entries if "--hash=sha256:" not in entry] == []

    def test_no_address_or_option_stands_in_it(self, lock: Path) -> None:
        text = lock.read_text(encoding="utf-8")
        assert re.findall(r"^-.*|\w+://\S+", text, re.MULTILINE) == []

    def test_declared_dependencies_are_locked(self, lock: Path) -> None:
        if lock.stem == "build":
            return
        locked = set(re.findall(r"^([a-z0-9-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE))
        assert declared() - locked == set()
