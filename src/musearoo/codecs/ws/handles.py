"""The numbers by which binary records name parameters, and events as records."""

import re
from collections.abc import Iterable
from typing import Final

from musearoo.codecs.ws.bars import encode_bar
from musearoo.codecs.ws.binary import encode_parameter
from musearoo.codecs.ws.outgoing import ParameterHandle
from musearoo.codecs.ws.records import (
    BarRecord,
    Header,
    ParameterRecord,
    RecordFlags,
    ValueKind,
    refused,
)
from musearoo.domain.commands import SetParameter
from musearoo.domain.engine import ParameterValue
from musearoo.domain.events import ParameterSet, Sequenced, TakeBar

_LOW_32: Final = 0xFFFF_FFFF
_GESTURE: Final = re.compile(r"([1-9][0-9]{0,4})@")
_LARGEST_GESTURE: Final = 65_535
_SAME_MOMENT: Final = 0.001  # seconds
_FLAGS: Final = {"do": RecordFlags.NONE, "undo": RecordFlags.UNDO, "redo": RecordFlags.REDO}
_KINDS: Final = {
    "number": ValueKind.NUMBER,
    "integer": ValueKind.INTEGER,
    "boolean": ValueKind.BOOLEAN,
    "choice": ValueKind.CHOICE,
}


class HandleTable:
    """Parameter paths by number and back; one table for all of a session, sent in `welcome`."""

    def __init__(self, handles: Iterable[ParameterHandle]) -> None:
        self.handles: Final = tuple(handles)
        self._by_number: Final = {each.handle: each for each in self.handles}
        self._by_path: Final = {each.path: each for each in self.handles}

    def act_of(self, record: ParameterRecord, instance: str) -> SetParameter:
        """What a client's parameter record asks; raises `FrameRefused`.

        `instance` is the client's own name, which makes its gesture numbers unmistakable.
        """
        known = self._by_number.get(record.handle)
        if known is None:
            raise refused(f"There is no parameter with handle {record.handle}.", record.header)
        value = _read(known, record)
        if value is None or record.kind != _KINDS[known.kind]:
            raise refused(f"{known.path} takes a {known.kind}.", record.header)
        number = record.header.stream
        gesture = f"{number}@{instance}" if number else None
        return SetParameter(path=known.path, value=value, gesture=gesture)

    def request_of(
        self, path: str, value: ParameterValue, header: Header
    ) -> ParameterRecord | None:
        """A client's wish as a record; None for what only text can say."""
        known = self._by_path.get(path)
        written = _written(known, value) if known is not None else None
        if known is None or written is None:
            return None
        return ParameterRecord(
            header=header, handle=known.handle, kind=written[0], value=written[1]
        )

    def event_of(self, record: ParameterRecord) -> ParameterSet:
        """What the server's parameter record tells; raises `FrameRefused`."""
        known = self._by_number.get(record.handle)
        if known is None:
            raise refused(f"There is no parameter with handle {record.handle}.", record.header)
        unset = record.kind is ValueKind.UNSET
        value = None if unset else _read(known, record)
        if value is None and not unset:
            raise refused(f"{known.path} takes a {known.kind}.", record.header)
        number = record.header.stream
        gesture = f"{number}@{record.header.sender}" if number else None
        return ParameterSet(path=known.path, value=value, gesture=gesture)

    def record_of(self, sequenced: Sequenced, sender: int) -> bytes | None:
        """An event as a record; None for what only text can say.

        That is every event but parameter changes and bars, changes that land later, and
        events that no connection (`sender` 0) made: their author would be lost.
        """
        event = sequenced.event
        if isinstance(event, TakeBar):
            return encode_bar(BarRecord(header=_header(sequenced, sender, 0), event=event))
        if not sender or not isinstance(event, ParameterSet) or _lands_later(sequenced, event):
            return None
        known = self._by_path.get(event.path)
        written = _written(known, event.value) if known is not None else None
        if known is None or written is None:
            return None
        kind, value = written
        header = _header(sequenced, sender, _gesture(event.gesture))
        return encode_parameter(
            ParameterRecord(header=header, handle=known.handle, kind=kind, value=value)
        )


def _header(sequenced: Sequenced, sender: int, stream: int) -> Header:
    time_us = int(sequenced.at * 1_000_000 + 0.5)
    return Header(sequenced.seq & _LOW_32, sender, stream, time_us, _FLAGS[sequenced.history])


def _read(known: ParameterHandle, record: ParameterRecord) -> ParameterValue | None:
    match record.kind:
        case ValueKind.NUMBER:
            return record.value
        case ValueKind.INTEGER:
            return int(record.value)
        case ValueKind.BOOLEAN:
            return record.value == 1.0
        case ValueKind.CHOICE if record.value < len(known.choices):
            return known.choices[int(record.value)]
        case _:
            return None


def _written(
    known: ParameterHandle, value: ParameterValue | None
) -> tuple[ValueKind, float] | None:
    """How a record says a value; None if it is not of the parameter's kind."""
    if value is None:
        return ValueKind.UNSET, 0.0
    match known.kind, value:
        case "boolean", bool():
            return ValueKind.BOOLEAN, float(value)
        case ("boolean", _) | (_, bool()):
            return None
        case "choice", str() if value in known.choices:
            return ValueKind.CHOICE, float(known.choices.index(value))
        case "integer", int():
            return ValueKind.INTEGER, float(value)
        case "number", int() | float():
            return ValueKind.NUMBER, float(value)
    return None


def _gesture(text: str | None) -> int:
    found = _GESTURE.match(text) if text is not None else None
    number = int(found[1]) if found is not None else 0
    return number if number <= _LARGEST_GESTURE else 0


def _lands_later(sequenced: Sequenced, event: ParameterSet) -> bool:
    landing = event.lands_at
    if landing is None or landing.server_time is None:
        return False
    return landing.server_time > sequenced.at + _SAME_MOMENT
