"""The audit log, the first answers to commands, and the quota counters."""

from typing import Final

from sqlalchemy import bindparam, delete, insert, select

from musearoo.domain.errors import Conflict
from musearoo.domain.ids import CommandId, UserId
from musearoo.domain.records import Answer, AuditEntry
from musearoo.storage.mapping import ANSWERS, AUDIT
from musearoo.storage.statement import Connection, Parameters, Statement
from musearoo.storage.tables import answers, audit, quotas

ANSWER_SECONDS: Final = 24 * 3600

_LATEST = Statement(AUDIT.select.order_by(audit.c.n.desc()).limit(bindparam("limit")))
_FIND = Statement(
    ANSWERS.select.where(
        answers.c.user == bindparam("user"),
        answers.c.command == bindparam("command"),
        answers.c.created_at >= bindparam("not_before"),
    )
)
_EXPIRE = Statement(
    delete(answers).where(
        answers.c.user == bindparam("user"),
        answers.c.command == bindparam("command"),
        answers.c.created_at < bindparam("not_before"),
    )
)
_PRUNE = Statement(delete(answers).where(answers.c.created_at < bindparam("before")))
_LOAD = Statement(select(quotas.c.name, quotas.c.counters))
_SAVE = Statement(
    insert(quotas), suffix=" ON CONFLICT (name) DO UPDATE SET counters = excluded.counters"
)


class Audit:
    """`AuditRows` over one connection; triggers refuse to change what was appended."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, entry: AuditEntry) -> None:
        AUDIT.add(self._connection, entry)

    def latest(self, limit: int) -> list[AuditEntry]:
        return [AUDIT.decode(row) for row in self._connection.all(_LATEST, limit=limit)]


class Answers:
    """`AnswerRows` over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, user: UserId, command: CommandId, not_before: float) -> Answer | None:
        row = self._connection.first(_FIND, user=user, command=command, not_before=not_before)
        return ANSWERS.maybe(row)

    def put(self, answer: Answer) -> None:
        if ANSWERS.add(self._connection, answer):
            return
        expired = self._connection.run(
            _EXPIRE,
            user=answer.user,
            command=answer.command,
            not_before=answer.created_at - ANSWER_SECONDS,
        )
        if not expired:
            raise Conflict("This command was answered already.")
        ANSWERS.add(self._connection, answer)

    def prune(self, before: float) -> int:
        return self._connection.run(_PRUNE, before=before)


class Quotas:
    """`QuotaRows` over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def load(self) -> dict[str, bytes]:
        return dict(self._connection.all(_LOAD))

    def save(self, counters: dict[str, bytes]) -> None:
        if counters:
            rows: list[Parameters] = [
                {"name": name, "counters": held} for name, held in counters.items()
            ]
            self._connection.run_many(_SAVE, rows)
