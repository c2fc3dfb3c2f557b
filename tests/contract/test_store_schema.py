"""The schema's life: empty to head and back, the same as the tables in code, on both databases."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from musearoo.domain.errors import Unavailable
from musearoo.storage import schema
from musearoo.storage.tables import metadata


def described(database: str) -> Any:
    """What the database itself tells of its schema, triggers included."""
    with schema.engine(database) as engine, engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            rows = connection.exec_driver_sql(
                "SELECT type, name, tbl_name, sql FROM sqlite_schema "
                "WHERE name NOT LIKE 'sqlite_%' AND name != 'alembic_version'"
            )
            return {(*names, *_sorted_lines(sql)) for *names, sql in rows}
        return {*_columns(connection), *_postgres_extras(connection)}


def _sorted_lines(sql: str | None) -> list[str]:
    """The parts of a definition: added columns and constraints stand where it happened."""
    parts = re.split(r"([(),])", sql or "")
    return sorted(part.strip() for part in parts if part.strip())


def _columns(connection: Connection) -> Iterator[tuple[str, ...]]:
    found = inspect(connection)
    for table in sorted(set(found.get_table_names()) - {"alembic_version"}):
        for column in found.get_columns(table):
            collation = getattr(column["type"], "collation", None)
            yield (
                table,
                column["name"],
                str(column["type"]),
                str(collation),
                str(column["nullable"]),
            )
        for parts in (found.get_pk_constraint(table), *found.get_foreign_keys(table)):
            yield table, str(sorted((k, str(v)) for k, v in parts.items()))


def _postgres_extras(connection: Connection) -> Iterator[tuple[str, ...]]:
    yield from (
        tuple(row)
        for row in connection.exec_driver_sql(
            "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public' "
            "AND tablename != 'alembic_version'"
        )
    )
    yield from (
        (row[0], "trigger")
        for row in connection.exec_driver_sql(
            "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        )
    )
    yield from (
        (row[0], "function")
        for row in connection.exec_driver_sql(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        )
    )


def test_migrated_schema_is_the_one_in_code(database: str) -> None:
    with schema.engine(database) as engine, engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert [] == compare_metadata(context, metadata)


def test_tables_made_from_code_are_described_alike(empty_database: str, database: str) -> None:
    """Down to options that Alembic does not compare: collation, STRICT, row order."""
    with schema.engine(empty_database) as engine, engine.begin() as connection:
        metadata.create_all(connection)

    made, migrated = described(empty_database), described(database)
    assert set() == made - migrated
    assert all("audit" in str(extra) for extra in migrated - made)


def test_upgrade_from_nothing_and_downgrade_leave_nothing(empty_database: str) -> None:
    assert schema.current(empty_database) is None
    schema.upgrade(empty_database)
    assert schema.HEAD == schema.current(empty_database)
    first = described(empty_database)

    schema.downgrade(empty_database)
    assert set() == described(empty_database)
    schema.upgrade(empty_database)
    assert first == described(empty_database)


def test_upgrade_twice_is_upgrade_once(database: str) -> None:
    before = described(database)
    schema.upgrade(database)
    assert before == described(database)


def test_newer_schema_is_refused_and_left_alone(empty_database: str) -> None:
    schema.upgrade(empty_database)
    with schema.engine(empty_database) as engine, engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(Unavailable, match="newer MuseAroo"):
        schema.upgrade(empty_database)
    assert "9999" == schema.current(empty_database)


def test_failed_migration_leaves_the_schema_as_it_was(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table in the way of a later step: the earlier steps are undone too."""
    with schema.engine(empty_database) as engine, engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE jobs (n INTEGER)")
    before = described(empty_database)

    with pytest.raises(Unavailable):
        schema.upgrade(empty_database)
    assert before == described(empty_database)
    assert schema.current(empty_database) is None


def test_head_is_the_last_script() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    assert schema.HEAD == ScriptDirectory.from_config(config).get_current_head()
