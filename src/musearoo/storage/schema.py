"""The schema's version: upgrade and downgrade by Alembic, whose scripts lie in this package."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from musearoo.domain.errors import Unavailable

HEAD: Final = "0002"
MIGRATIONS: Final = Path(__file__).parent / "migrations"


def upgrade(url: str | URL, revision: str = "head") -> None:
    """Bring a database to a revision; does nothing, quickly, when it is there.

    Raises `Unavailable` when it cannot be reached or a newer MuseAroo has written it.
    """
    present = current(url)
    if revision == "head" and present == HEAD:
        return
    if present is not None and present > HEAD:
        raise Unavailable(
            f"The database has schema {present}, written by a newer MuseAroo; "
            f"this one knows schemas up to {HEAD}. Install the newer version again."
        )
    _migrate(url, revision, down=False)


def downgrade(url: str | URL, revision: str = "base") -> None:
    """Take a database back to an older revision; what only the newer one holds is lost."""
    _migrate(url, revision, down=True)


def current(url: str | URL) -> str | None:
    """The revision of a database; None when it is empty."""
    with engine(url) as connectable, _reachable(), connectable.connect() as connection:
        if not connection.dialect.has_table(connection, "alembic_version"):
            return None
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


@contextmanager
def engine(url: str | URL) -> Iterator[Engine]:
    """An engine for schema work; SQLite transactions include what changes the schema."""
    made = create_engine(driver_url(url), poolclass=NullPool)
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", _manual_transactions)
        event.listen(made, "begin", _begin)
    try:
        yield made
    finally:
        made.dispose()


def driver_url(url: str | URL) -> URL:
    """The URL with the driver that we bring."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _migrate(url: str | URL, revision: str, *, down: bool) -> None:
    # Alembic costs a fifth of a second to import, so only those who migrate pay for it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine(url) as connectable, _reachable(), connectable.begin() as connection:
        config.attributes["connection"] = connection
        if down:
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise Unavailable(f"The database cannot be used: {cause}") from error


def _manual_transactions(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = OFF")  # tables may be rebuilt


def _begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
