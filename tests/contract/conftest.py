"""Both databases for one suite: a test that takes `store` runs on SQLite and on PostgreSQL."""

import asyncio
import importlib
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from musearoo.ports.store import Store
from musearoo.storage import schema
from musearoo.storage.opening import open_store
from musearoo.storage.tables import metadata
from tests.servers.postgres import CannotRun, Postgres, running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of this test process, which may stand still for a while."""
    try:
        with running() as server, pytest.MonkeyPatch.context() as patched:
            adapter = importlib.import_module("musearoo.storage.postgres")
            for name in ("CONNECT_SECONDS", "LOCK_SECONDS"):
                patched.setattr(adapter, name, 60)
            yield server
    except CannotRun as reason:
        pytest.skip(f"PostgreSQL cannot run here: {reason}")


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with the present schema, to copy."""
    path = tmp_path_factory.mktemp("migrated") / "template.sqlite3"
    schema.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def shared_database(postgres: Postgres) -> str:
    """A PostgreSQL database with the present schema, emptied between tests.

    Copying a template for each test costs a hundred times as much.
    """
    name = postgres.create()
    schema.upgrade(postgres.url(name))
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Which database this run of the test uses."""
    return str(request.param)


@pytest.fixture
def empty_database(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any table."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def database(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with the present schema and no rows; leave its schema alone."""
    if backend == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "test.sqlite3")
        yield f"sqlite:///{tmp_path / 'test.sqlite3'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name: str = request.getfixturevalue("shared_database")
    server.empty(name, [table.name for table in metadata.sorted_tables])
    yield server.url(name)


@pytest.fixture
async def store(database: str, tmp_path: Path) -> AsyncIterator[Store]:
    """An open store over `database`."""
    opened = await asyncio.to_thread(open_store, database, tmp_path / "data")
    yield opened
    await opened.close()
