"""Events as rows of the log and back: what was journalled together shares a row.

The bodies of rows, the first bytes tell which:

- of one event: MessagePack of the event and its history.
- `_RUN`: MessagePack of a list of numbers, times, users, causes, events and histories.
- `_TURNS`: the same of parameters that were turned, each a list without names. A row of 50 ms
  then fits into its page of the database.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from musearoo.conductor.values import pack
from musearoo.domain.engine import ParameterValue
from musearoo.domain.events import (
    Event,
    History,
    Landing,
    ParameterSet,
    Sequenced,
    is_state_class,
)
from musearoo.domain.ids import UserId
from musearoo.domain.records import StoredEvent
from musearoo.domain.session.turns import is_turn

# Begin the bodies of rows of several events; MessagePack never uses this byte.
_RUN: Final = b"\xc1"
_TURNS: Final = b"\xc1\xc1"
_BODY: Final = msgspec.msgpack.Decoder(tuple[Event, History])
_EVENTS: Final = msgspec.msgpack.Decoder(
    list[tuple[int, float, UserId | None, str | None, Event, History]]
)
_Turn = tuple[
    int, float, UserId | None, str | None, str, ParameterValue | None, str | None, Landing | None
]
_TURNED: Final = msgspec.msgpack.Decoder(list[_Turn])


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
        if row.body.startswith(_TURNS):
            yield from _turns(row, after)
        elif row.body.startswith(_RUN):
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
    return StoredEvent(
        session=last.session,
        seq=last.seq,
        epoch=last.epoch,
        at=last.at,
        user=None,
        cause=None,
        body=_TURNS + pack([_turn(e) for e in run]) if all(map(is_turn, run)) else _run(run),
    )


def _run(run: list[Sequenced]) -> bytes:
    return _RUN + pack([(e.seq, e.at, e.user, e.cause, e.event, e.history) for e in run])


def _turn(sequenced: Sequenced) -> _Turn:
    event: ParameterSet = sequenced.event  # type: ignore[assignment]  # see `is_turn`
    return (
        sequenced.seq,
        sequenced.at,
        sequenced.user,
        sequenced.cause,
        event.path,
        event.value,
        event.gesture,
        event.lands_at,
    )


def _turns(row: StoredEvent, after: int) -> Iterator[Sequenced]:
    for seq, at, user, cause, path, value, gesture, lands_at in _TURNED.decode(row.body[2:]):
        if seq > after:
            event = ParameterSet(path=path, value=value, gesture=gesture, lands_at=lands_at)
            yield _sequenced(row, seq, at, user, cause, event, "do")


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
