"""Frames of the server as what happened, whatever form they came in."""

from collections.abc import Iterator

import msgspec

from musearoo.client.follower import Follower
from musearoo.codecs.ws import (
    AckRecord,
    AudioRecord,
    BarRecord,
    ClockRecord,
    FrameFault,
    FrameRefused,
    GenerationProgress,
    HandleTable,
    Header,
    NoteRecord,
    Outgoing,
    ParameterRecord,
    ProgressRecord,
    Record,
    decode_records,
    decode_server,
)
from musearoo.codecs.ws.outgoing import ProgressData
from musearoo.domain.events import Event, History, Sequenced
from musearoo.domain.ids import SessionId, UserId

_HISTORIES: tuple[History, ...] = ("do", "undo", "redo")


class _Place(msgspec.Struct, frozen=True):
    epoch: str
    seq: int


_PLACE = msgspec.json.Decoder(_Place)
Read = Outgoing | Sequenced | NoteRecord | AudioRecord | ClockRecord | AckRecord


class FrameReader:
    """Knows what records leave out: the handle table, whose connection a number is, the epoch."""

    def __init__(self, session: str, follower: Follower) -> None:
        self.handles = HandleTable(())
        self.senders: dict[int, str] = {}
        self._session = SessionId(session)
        self._follower = follower

    def read(self, frame: bytes | str) -> Iterator[Read]:
        """What a frame holds; nothing for what this client is too old to know."""
        if isinstance(frame, bytes):
            for record in decode_records(frame, by_server=True):
                yield from self._record(record)
            return
        try:
            yield decode_server(frame)
        except FrameRefused as refusal:
            if refusal.code is not FrameFault.UNKNOWN_TYPE:
                raise
            self._pass_over(frame)

    def _pass_over(self, frame: str) -> None:
        try:
            place = _PLACE.decode(frame)
        except msgspec.MsgspecError:
            return
        self._follower.passed(place.epoch, place.seq)

    def _record(self, record: Record) -> Iterator[Read]:
        match record:
            case ParameterRecord():
                yield self._sequenced(self.handles.event_of(record), record.header)
            case BarRecord():
                yield self._sequenced(record.event, record.header)
            case ProgressRecord():
                yield self._progress(record)
            case NoteRecord() | AudioRecord() | ClockRecord() | AckRecord():
                yield record

    def _progress(self, record: ProgressRecord) -> GenerationProgress:
        data = ProgressData(
            progress=record.permille / 1_000,
            status=record.status,
            generation_id=record.generation_id,
        )
        at = record.header.time_us / 1_000_000
        return GenerationProgress(session_id=self._session, timestamp=at, data=data)

    def _sequenced(self, event: Event, header: Header) -> Sequenced:
        user = self.senders.get(header.sender)
        return Sequenced(
            session=self._session,
            seq=self._follower.whole_number(header.number),
            epoch=self._follower.epoch or "",
            at=header.time_us / 1_000_000,
            user=UserId(user) if user is not None else None,
            cause=None,
            event=event,
            history=_HISTORIES[min(header.flags & 3, 2)],
        )
