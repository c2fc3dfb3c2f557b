"""SQL written once in SQLAlchemy Core, rendered once per database, run on the bare driver.

Running the rendered text costs microseconds; SQLAlchemy's own execution costs a hundred.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final, Protocol, cast

from sqlalchemy import ClauseElement, Dialect
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.sql.compiler import SQLCompiler

from musearoo.domain.errors import InvalidValue

Value = str | int | float | bytes | None
Parameters = Mapping[str, Value]
# A driver's row: the mapping gives each column its type back.
Row = tuple[Any, ...]

_SQLITE: Final[Dialect] = sqlite.dialect(paramstyle="named")
_POSTGRES: Final[Dialect] = psycopg.dialect()  # type: ignore[no-untyped-call]
_INTEGER_LIMIT: Final = 2**63


class Statement:
    """One statement for both databases; `postgres` differs only where the SQL must.

    `columns` are what an INSERT or UPDATE sets, from parameters of their names. `suffix`
    is appended as it is, for clauses that both write alike. `parent` names what is
    missing when a foreign key is refused. `constants` are the parameters that SQLAlchemy
    made of literals; they are known once the text is.
    """

    def __init__(
        self,
        clause: ClauseElement,
        *,
        postgres: ClauseElement | None = None,
        columns: Sequence[str] | None = None,
        suffix: str = "",
        parent: str = "record",
    ) -> None:
        self.parent = parent
        self.constants: dict[str, Value] = {}
        self._clause = clause
        self._postgres = clause if postgres is None else postgres
        self._columns = columns
        self._suffix = suffix
        self._several: dict[int, str] = {}

    @cached_property
    def for_sqlite(self) -> str:
        """The text with `:name` parameters."""
        return self._rendered(self._clause, _SQLITE)

    @cached_property
    def for_postgres(self) -> str:
        """The text with `%(name)s` parameters."""
        return self._rendered(self._postgres, _POSTGRES)

    def several_for_sqlite(self, rows: int) -> str:
        """The text that inserts so many rows in one step, with `?` for all of their columns.

        Only for an INSERT with `columns`.
        """
        known = self._several.get(rows)
        if known is None:
            one = f"({', '.join(f':{name}' for name in self.columns)})"
            several = ", ".join([f"({', '.join('?' * len(self.columns))})"] * rows)
            known = self._several[rows] = self.for_sqlite.replace(one, several)
        return known

    @property
    def columns(self) -> Sequence[str]:
        """What an INSERT or UPDATE sets."""
        return self._columns or ()

    def _rendered(self, clause: ClauseElement, dialect: Dialect) -> str:
        keys = list(self._columns) if self._columns is not None else None
        compiled = cast("SQLCompiler", clause.compile(dialect=dialect, column_keys=keys))
        binds = compiled.bind_names.items()
        self.constants |= {name: bind.value for bind, name in binds if not bind.required}
        return compiled.string + self._suffix


class Connection(Protocol):
    """What the row classes need of a database connection.

    Every method raises `InvalidValue` for a parameter that some database cannot hold,
    `Conflict` for a key taken twice, `NotFound` for a missing parent row, `Unavailable`
    when the database does not do its work. After any of these but `InvalidValue` the
    work is lost: later statements raise the same, and the writer undoes the whole.
    """

    def all(self, statement: Statement, /, **parameters: Value) -> Sequence[Row]:
        """Run and answer every row."""
        ...

    def first(self, statement: Statement, /, **parameters: Value) -> Row | None:
        """Run and answer the first row."""
        ...

    def run(self, statement: Statement, /, **parameters: Value) -> int:
        """Run and answer how many rows changed."""
        ...

    def run_many(self, statement: Statement, rows: Sequence[Parameters]) -> int:
        """Run once per row and answer how many rows changed in all."""
        ...

    def insert_many(self, statement: Statement, rows: Sequence[Parameters]) -> int:
        """Insert rows by an INSERT with `columns`, and answer how many there are more."""
        ...

    def fail(self, error: Exception) -> Exception:
        """Declare the work lost, as after a half-done statement, and answer what to raise."""
        ...


def checked(parameters: Parameters) -> Parameters:
    """The parameters, or `InvalidValue` for what one of the databases would refuse or change."""
    for name, value in parameters.items():
        kind = type(value)
        if kind is str:
            check_text(name, str(value))
        elif kind is int:
            if not -_INTEGER_LIMIT <= int(value or 0) < _INTEGER_LIMIT:
                raise InvalidValue(name, value, "an integer of at most 64 bits")
        elif kind is float and not math.isfinite(float(value or 0)):
            raise InvalidValue(name, value, "a finite number")
    return parameters


def check_text(name: str, value: str) -> None:
    """Refuse NUL, which PostgreSQL cannot store, and lone surrogates, which UTF-8 cannot."""
    if "\0" in value:
        raise InvalidValue(name, value, "text without NUL characters")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidValue(name, value, "valid Unicode text") from None
