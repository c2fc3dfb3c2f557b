"""Parameters by number, and events as records."""

from typing import Any

import pytest

from musearoo.codecs.ws import (
    BarRecord,
    FrameRefused,
    HandleTable,
    Header,
    ParameterRecord,
    SharedEvent,
    ValueKind,
    decode_records,
)
from musearoo.domain.commands import SetParameter
from musearoo.domain.events import Event, KeySet, Landing, ParameterSet, Sequenced, TakeBar
from musearoo.domain.music.key import Key
from tools.ws_samples import GENERATION, HANDLES, KICK, NOW, TAKE, sequenced

TABLE = HandleTable(HANDLES)


def asked(handle: int, kind: ValueKind, value: float, gesture: int = 0) -> ParameterRecord:
    return ParameterRecord(
        header=Header(number=7, stream=gesture), handle=handle, kind=kind, value=value
    )


@pytest.mark.parametrize(
    ("record", "path", "value"),
    [
        (asked(0, ValueKind.NUMBER, 0.5), "drums/complexity", 0.5),
        (asked(1, ValueKind.CHOICE, 1.0), "drums/style", "funk"),
        (asked(2, ValueKind.BOOLEAN, 1.0), "drums/fills", True),
        (asked(3, ValueKind.INTEGER, 2.0), "bass/octave", 2),
    ],
)
def test_a_record_asks_for_a_parameter(record: ParameterRecord, path: str, value: Any) -> None:
    """The same command that text asks for."""
    act = TABLE.act_of(record, "a1")
    assert SetParameter(path=path, value=value) == act
    assert type(value) is type(act.value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("drums/complexity", 0.25),
        ("drums/complexity", 1),
        ("drums/style", "rock"),
        ("drums/fills", False),
        ("bass/octave", -2),
    ],
)
def test_a_wish_becomes_a_record_and_the_same_wish_again(path: str, value: Any) -> None:
    """What a client writes by handle, the server reads by path."""
    record = TABLE.request_of(path, value, Header(number=4))
    assert record is not None
    assert SetParameter(path=path, value=value) == TABLE.act_of(record, "a1")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("horns/complexity", 0.5),
        ("drums/complexity", True),
        ("drums/complexity", "much"),
        ("drums/style", 1),
        ("drums/style", "polka"),
        ("drums/fills", 1),
        ("bass/octave", 0.5),
    ],
)
def test_wishes_of_another_kind_go_as_text(path: str, value: Any) -> None:
    """The server then says what is wrong with them."""
    assert TABLE.request_of(path, value, Header()) is None


def test_gestures_are_told_apart_by_client() -> None:
    """Number 3 of one client is not number 3 of another."""
    assert TABLE.act_of(asked(0, ValueKind.NUMBER, 0.5, gesture=3), "a1").gesture == "3@a1"


@pytest.mark.parametrize(
    "record",
    [
        asked(9, ValueKind.NUMBER, 0.5),
        asked(0, ValueKind.INTEGER, 1.0),
        asked(1, ValueKind.CHOICE, 2.0),
        asked(1, ValueKind.UNSET, 0.0),
    ],
)
def test_what_the_table_does_not_know_is_refused(record: ParameterRecord) -> None:
    """Unknown handles, other kinds, choices beyond the list; only the server unsets."""
    with pytest.raises(FrameRefused) as caught:
        TABLE.act_of(record, "a1")
    assert caught.value.reply_to == "7"


def of_server(event: Event, sender: int = 2, **changes: Any) -> tuple[Sequenced, bytes | None]:
    import msgspec  # noqa: PLC0415

    stamped = msgspec.structs.replace(sequenced(event, 5_000_000_000), **changes)
    return stamped, TABLE.record_of(stamped, sender)


@pytest.mark.parametrize(
    "event",
    [
        ParameterSet(path="drums/complexity", value=0.7, gesture="3@a1"),
        ParameterSet(path="drums/style", value="rock"),
        ParameterSet(path="drums/fills", value=False),
        ParameterSet(path="bass/octave", value=None),
    ],
)
def test_a_change_is_told_in_36_bytes(event: ParameterSet) -> None:
    """Path, value, author, time and the low half of the number come through."""
    original, octets = of_server(event)
    assert octets is not None
    (record,) = decode_records(octets, by_server=True)
    assert isinstance(record, ParameterRecord)
    told = TABLE.event_of(record)
    assert (event.path, event.value) == (told.path, told.value)
    assert (told.gesture is None) == (event.gesture is None)
    header = record.header
    assert (original.seq & 0xFFFF_FFFF, 2) == (header.number, header.sender)
    assert round(original.at * 1e6) == header.time_us


@pytest.mark.parametrize(
    ("event", "sender"),
    [
        (ParameterSet(path="drums/complexity", value=0.7), 0),
        (ParameterSet(path="horns/complexity", value=0.7), 2),
        (ParameterSet(path="drums/style", value="polka"), 2),
        (ParameterSet(path="drums/fills", value=True, lands_at=Landing(5, 0.0, NOW + 1)), 2),
        (KeySet(key=Key(0)), 2),
    ],
)
def test_what_a_record_cannot_say_goes_as_text(event: Event, sender: int) -> None:
    """No author, no handle, no such choice, a later landing, another event."""
    assert of_server(event, sender)[1] is None


def test_a_change_that_lands_now_fits_a_record() -> None:
    """Nothing is lost by leaving out a landing that is the present."""
    for landing in (Landing(5, 0.0), Landing(5, 0.0, NOW)):
        event = ParameterSet(path="drums/fills", value=True, lands_at=landing)
        assert of_server(event)[1] is not None


def test_gestures_of_text_clients_have_no_number() -> None:
    """Also none that does not fit 16 bits."""
    for gesture in ("drag-1", "70000@a1", "0@a1"):
        _, octets = of_server(ParameterSet(path="drums/fills", value=True, gesture=gesture))
        (record,) = decode_records(octets or b"", by_server=True)
        assert record.header.stream == 0


def test_the_history_is_in_the_flags() -> None:
    """A client shows an undo as one."""
    event = ParameterSet(path="drums/fills", value=True)
    flags = []
    for history in ("do", "undo", "redo"):
        _, octets = of_server(event, history=history)
        flags.append(decode_records(octets or b"", by_server=True)[0].header.flags)
    assert [0, 1, 2] == flags


def test_what_a_client_cannot_read_is_refused() -> None:
    """A table that is older than the record, a kind that does not fit."""
    for record in (asked(9, ValueKind.NUMBER, 1.0), asked(1, ValueKind.CHOICE, 5.0)):
        with pytest.raises(FrameRefused):
            TABLE.event_of(record)


def test_one_bytes_object_for_all() -> None:
    """Text and record are encoded once, however many ask."""
    shared = SharedEvent(sequenced(ParameterSet(path="drums/fills", value=True), 9), sender=2)
    assert shared.text is shared.text
    assert shared.record(TABLE) is shared.record(TABLE)
    assert (9, "parameter_change", "state") == (shared.seq, shared.type, shared.message_class)
    assert ("parameter_change", "drums/fills") == shared.key


def test_events_have_no_key() -> None:
    """What is never dropped is never replaced; what does not fit a record has none."""
    shared = SharedEvent(sequenced(KeySet(key=Key(0)), 9))
    assert shared.key is None
    assert shared.record(TABLE) is None
    assert shared.record(TABLE) is None


def test_a_bar_is_told_whole() -> None:
    """The record of a bar is the event, in a quarter of the bytes."""
    event = TakeBar(generation_id=GENERATION, take_id=TAKE, part="drums", bar=2, notes=(KICK,) * 8)
    shared = SharedEvent(sequenced(event, 9))
    octets = shared.record(TABLE) or b""
    (record,) = decode_records(octets, by_server=True)
    assert isinstance(record, BarRecord)
    assert event == record.event
    assert len(octets) * 3 < len(shared.text)
