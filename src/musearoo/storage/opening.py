"""Opens the store that the settings name."""

from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from musearoo.domain.errors import InvalidValue, Unavailable
from musearoo.ports.store import Store
from musearoo.storage import schema
from musearoo.storage.folder import DATABASE_NAME, FolderLock
from musearoo.storage.sqlite import SqliteStore

_EXPECTED: Final = "sqlite:///path/to/file.sqlite3 or postgresql://user:password@host/database"


def database_url(url: str | None, data_dir: Path) -> URL:
    """The URL given, or that of the embedded database in the data folder.

    Raises `InvalidValue` for what is no URL of a database that we know.
    """
    if url is None:
        return URL.create("sqlite", database=str((data_dir / DATABASE_NAME).absolute()))
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InvalidValue("database URL", "(hidden)", _EXPECTED) from None
    if parsed.get_backend_name() not in {"sqlite", "postgresql"} or not parsed.database:
        raise InvalidValue("database URL", parsed.render_as_string(), _EXPECTED)
    return parsed


def open_store(url: str | None, data_dir: Path) -> Store:
    """Lock the data folder, bring the schema up to date and open the store.

    Blocks for up to a second or two. `url` None means SQLite in the data folder. The
    store belongs to the event loop that uses it first; `close` releases the folder.
    Raises `Unavailable` when another process holds the folder or the database cannot
    be used, `InvalidValue` for a URL of another kind.
    """
    chosen = database_url(url, data_dir)
    lock = FolderLock(data_dir)
    try:
        if chosen.get_backend_name() == "postgresql":
            return _open_postgres(chosen, lock)
        schema.upgrade(chosen)
        return SqliteStore(Path(chosen.database or ""), on_close=lock.release)
    except BaseException:
        lock.release()
        raise


def _open_postgres(url: URL, lock: FolderLock) -> Store:
    try:
        from musearoo.storage.postgres import PostgresStore  # noqa: PLC0415  it is an extra
    except ImportError as error:
        raise Unavailable(
            "PostgreSQL needs a driver: install musearoo[postgres], or leave the database "
            "URL empty to use the embedded database."
        ) from error
    schema.upgrade(url)
    return PostgresStore(url, on_close=lock.release)
