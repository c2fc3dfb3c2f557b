"""Events as rows of the log and back: what was journalled together shares a row."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from musearoo.conductor.values import pack
from musearoo.domain.events import Event, History, Sequenced, is_state_class
from musearoo.domain.ids import UserId
from musearoo.domain.records import StoredEvent

# Begins the body of a row of several events; MessagePack never uses this byte.
_RUN: Final = b"\xc1"
_BODY: Final = msgspec.msgpack.Decoder(tuple[Event, History])
_EVENTS: Final = msgspec.msgpack.Decoder(
    list[tuple[int, float, UserId | None, str | None, Event, History]]
)


def rows_of(events: Sequence[Sequenced]) -> list[StoredEvent]:
    """The rows of consecutive events of one session; a run of state-class events is one row.

    Such a row has the number and time of its last event, and tells of nobody in its columns.
    """
    rows: list[StoredEvent] = []
    run: list[Sequenced] = []
    for sequenced in events:
        if is_state_class(sequenced.event):
            run.append(sequenced)
            continue
        _end(run, rows)
        rows.append(_single(sequenced))
    _end(run, rows)
    return rows


def events_of(rows: Iterable[StoredEvent], after: int = 0) -> Iterator[Sequenced]:
    """The events in rows of the log, those numbered up to `after` left out."""
    for row in rows:
        if row.body.startswith(_RUN):
            yield from _unfolded(row, after)
        elif row.seq > after:
            event, history = _BODY.decode(row.body)
            yield _sequenced(row, row.seq, row.at, row.user, row.cause, event, history)


def _end(run: list[Sequenced], rows: list[StoredEvent]) -> None:
    if len(run) == 1:
        rows.append(_single(run[0]))
    elif run:
        rows.append(_folded(run))
    run.clear()


def _single(sequenced: Sequenced) -> StoredEvent:
    return StoredEvent(
        session=sequenced.session,
        seq=sequenced.seq,
        epoch=sequenced.epoch,
        at=sequenced.at,
        user=sequenced.user,
        cause=sequenced.cause,
        body=pack((sequenced.event, sequenced.history)),
    )


def _folded(run: list[Sequenced]) -> StoredEvent:
    last = run[-1]
    body = pack([(e.seq, e.at, e.user, e.cause, e.event, e.history) for e in run])
    return StoredEvent(
        session=last.session,
        seq=last.seq,
        epoch=last.epoch,
        at=last.at,
        user=None,
        cause=None,
        body=_RUN + body,
    )


def _unfolded(row: StoredEvent, after: int) -> Iterator[Sequenced]:
    for seq, at, user, cause, event, history in _EVENTS.decode(memoryview(row.body)[1:]):
        if seq > after:
            yield _sequenced(row, seq, at, user, cause, event, history)


def _sequenced(
    row: StoredEvent,
    seq: int,
    at: float,
    user: UserId | None,
    cause: str | None,
    event: Event,
    history: History,
) -> Sequenced:
    return Sequenced(
        session=row.session,
        seq=seq,
        epoch=row.epoch,
        at=at,
        user=user,
        cause=cause,
        event=event,
        history=history,
    )
