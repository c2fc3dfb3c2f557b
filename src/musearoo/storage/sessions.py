"""Session heads and their event log."""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import JSON, LargeBinary, Text, bindparam, cast, func, or_, select, update

from musearoo.domain.errors import Conflict, NotFound
from musearoo.domain.ids import SessionId
from musearoo.domain.records import SessionRecord, StoredEvent
from musearoo.storage.mapping import EVENTS, SESSIONS
from musearoo.storage.statement import Connection, Statement
from musearoo.storage.tables import events, sessions

# The head's own number counts where the log was cut; appending then writes one row, not two.
_logged = select(func.max(events.c.seq)).where(events.c.session == sessions.c.id).scalar_subquery()
_GET = Statement(
    select(*SESSIONS.columns, _logged.label("logged")).where(sessions.c.id == bindparam("id"))
)
_LAST = Statement(
    select(sessions.c.seq, _logged.label("logged")).where(sessions.c.id == bindparam("id"))
)
_SAVE = Statement(
    update(sessions)
    .where(sessions.c.id == bindparam("key"), sessions.c.state_seq <= bindparam("number"))
    .values(
        epoch=bindparam("era"),
        seq=bindparam("number"),
        state_seq=bindparam("number"),
        state=bindparam("bytes"),
    )
)
_SET_EPOCH = Statement(update(sessions).where(sessions.c.id == bindparam("key")), columns=["epoch"])
# The names go as one parameter, so that the statement is the same however many there are.
_listed = func.json_each(bindparam("names")).table_valued("value")
# So does the answer: a row each would let the event loop wait for as many.
_LAST_EACH = Statement(
    select(func.json_group_array(func.json_array(sessions.c.id, sessions.c.seq, _logged))).where(
        sessions.c.id.in_(select(_listed.c.value))
    ),
    postgres=select(
        cast(func.json_agg(func.json_build_array(sessions.c.id, sessions.c.seq, _logged)), Text)
    ).where(
        sessions.c.id.in_(
            select(
                func.json_array_elements_text(
                    cast(bindparam("names", type_=Text), JSON)
                ).column_valued()
            )
        )
    ),
)
_LAST_EACH_ROWS: Final = msgspec.json.Decoder(list[tuple[SessionId, int, int | None]])
# A row of several events names their causes in its body only.
_OF_CAUSE = EVENTS.select.where(
    events.c.session == bindparam("session"), events.c.at >= bindparam("not_before")
)
_NAMING = Statement(
    _OF_CAUSE.where(
        or_(
            events.c.cause == bindparam("cause"),
            func.instr(events.c.body, bindparam("needle", type_=LargeBinary)) > 0,
        )
    ),
    postgres=_OF_CAUSE.where(
        or_(
            events.c.cause == bindparam("cause"),
            func.position(bindparam("needle", type_=LargeBinary).op("IN")(events.c.body)) > 0,
        )
    ),
)
_AFTER = Statement(
    EVENTS.select.where(events.c.session == bindparam("session"), events.c.seq > bindparam("after"))
    .order_by(events.c.seq)
    .limit(bindparam("limit"))
)


class Sessions:
    """`SessionRows` over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def insert(self, record: SessionRecord) -> None:
        if not SESSIONS.add(self._connection, record):
            raise Conflict("This project has its session already.")

    def get(self, session: SessionId) -> SessionRecord | None:
        row = self._connection.first(_GET, id=session)
        if row is None:
            return None
        name, epoch, seq, state_seq, state, logged = row
        last = max(seq, logged or 0)
        return SessionRecord(id=name, epoch=epoch, seq=last, state_seq=state_seq, state=state)

    def append(self, events: Sequence[StoredEvent]) -> None:
        if events and not EVENTS.add_all(self._connection, events):
            raise self._connection.fail(
                Conflict("Another process continued this session; read it again.")
            )

    def save_state(self, session: SessionId, epoch: str, seq: int, state: bytes) -> None:
        saved = self._connection.run(_SAVE, key=session, era=epoch, number=seq, bytes=state)
        if not saved and self.get(session) is None:
            raise NotFound("session")

    def set_epoch(self, session: SessionId, epoch: str) -> None:
        if self._connection.run(_SET_EPOCH, key=session, epoch=epoch) == 0:
            raise NotFound("session")

    def events_after(self, session: SessionId, after: int, limit: int) -> list[StoredEvent]:
        rows = self._connection.all(_AFTER, session=session, after=after, limit=limit)
        return [EVENTS.decode(row) for row in rows]

    def last_seq(self, session: SessionId) -> int:
        # Asked for at every commit: without the state, which may be large.
        row = self._connection.first(_LAST, id=session)
        return 0 if row is None else max(row[0], row[1] or 0)

    def last_seqs(self, sessions: Sequence[SessionId]) -> dict[SessionId, int]:
        names = msgspec.json.encode(list(sessions)).decode()
        row = self._connection.first(_LAST_EACH, names=names)
        found = row[0] if row is not None else None
        rows = _LAST_EACH_ROWS.decode(found or "[]")
        return {name: max(seq, logged or 0) for name, seq, logged in rows}

    def naming(self, session: SessionId, cause: str, not_before: float) -> list[StoredEvent]:
        rows = self._connection.all(
            _NAMING, session=session, cause=cause, needle=cause.encode(), not_before=not_before
        )
        return [EVENTS.decode(row) for row in rows]
