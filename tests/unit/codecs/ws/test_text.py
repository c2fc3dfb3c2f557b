"""Text frames: read strictly, refused with a code and the message they answer."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.codecs.ws import (
    MAXIMUM_FIRST_FRAME,
    MAXIMUM_FRAME,
    ChatMessage,
    FrameFault,
    FrameRefused,
    Heartbeat,
    Incoming,
    ParameterChange,
    SessionJoin,
    decode,
    encode,
)
from musearoo.codecs.ws.incoming import ChatData, ParameterData
from musearoo.codecs.ws.text import MAXIMUM_DEPTH
from tools.ws_samples import client_messages


def refusal(frame: bytes | str, limit: int = MAXIMUM_FRAME) -> FrameRefused:
    with pytest.raises(FrameRefused) as caught:
        decode(frame, limit)
    return caught.value


@pytest.mark.parametrize("message", client_messages().values(), ids=list(client_messages()))
def test_each_message_survives_the_wire(message: Incoming) -> None:
    """What a client encodes, the server reads as the same value."""
    again = decode(encode(message))
    assert type(message) is type(again)
    assert encode(message) == encode(again)


def test_envelope_of_the_founding_document_is_read() -> None:
    """Its six fields are taken; who and when are the connection's to say."""
    frame = (
        b'{"type":"chat_message","session_id":"s","user_id":"someone else","timestamp":1.5,'
        b'"data":{"text":"hi"},"message_id":"m"}'
    )
    wanted = ChatMessage(data=ChatData(text="hi"), message_id="m", session_id="s")
    assert wanted == decode(frame)


def test_identity_and_time_are_not_even_looked_at() -> None:
    """Values of any shape in `user_id` and `timestamp` change nothing."""
    frame = b'{"type":"heartbeat","user_id":[{"a":1}],"timestamp":"soon"}'
    assert Heartbeat() == decode(frame)


def test_text_may_come_as_str_or_bytes() -> None:
    """Both are the same frame."""
    text = '{"type":"chat_message","data":{"text":"Grüße"}}'
    assert decode(text.encode()) == decode(text)


def test_lone_surrogates_are_refused() -> None:
    """A str that is no text cannot have come over the wire."""
    assert refusal('{"type":"\ud800"}').code is FrameFault.MALFORMED


def test_reconnect_is_a_join() -> None:
    """The founding document's name means the same."""
    frame = b'{"type":"reconnect","data":{"resume_token":"r","epoch":"e","last_seq":4}}'
    assert isinstance(decode(frame), SessionJoin)


def test_parameters_come_one_or_several() -> None:
    """Both forms of a change are read; a mixture and half of one are not."""
    one = decode(b'{"type":"parameter_change","data":{"path":"drums/fills","value":false}}')
    assert ParameterChange(data=ParameterData(path="drums/fills", value=False)) == one
    mixed = b'{"type":"parameter_change","data":{"path":"a/b","value":1,"parameters":{"a/b":1}}}'
    assert refusal(mixed).code is FrameFault.INVALID
    lonely = b'{"type":"parameter_change","data":{"value":1,"parameters":{"a/b":1}}}'
    assert refusal(lonely).code is FrameFault.INVALID


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("session_join", b"{}"),
        ("session_join", b'{"ticket":"t","last_seq":4}'),
        ("generation_request", b'{"engine":"drummaroo","audio_context":{}}'),
        (
            "generation_request",
            b'{"engine":"drummaroo","audio_context":{"stream":1,"asset_id":"a"}}',
        ),
        ("generation_request", b'{"engine":"drummaroo","bars":0}'),
        ("voice_command", b'{"command":""}'),
        ("voice_command", b'{"audio_data":"not base64!"}'),
        ("auth_refresh", b"{}"),
        ("audio_stream_start", b'{"codec":"mp3","rate":48000}'),
        ("cursor_position", b'{"bar":1,"pitch":128}'),
        ("command", b'{"name":"undo","at":"bar -1"}'),
    ],
)
def test_data_out_of_range_is_refused(kind: str, data: bytes) -> None:
    """The refusal says where, and which message it answers."""
    fault = refusal(b'{"type":"%s","message_id":"m","data":%s}' % (kind.encode(), data))
    assert (FrameFault.INVALID, "m") == (fault.code, fault.reply_to)
    assert "$" in fault.detail


def test_unknown_types_are_named() -> None:
    """A client that is newer than the server learns what was not understood."""
    fault = refusal(b'{"type":"dance","message_id":"m"}')
    assert (FrameFault.UNKNOWN_TYPE, "m") == (fault.code, fault.reply_to)
    assert "dance" in fault.detail


def test_types_of_the_server_are_not_for_clients() -> None:
    """Nobody can send a `generation_complete` in another's name."""
    fault = refusal(b'{"type":"generation_complete","data":{}}')
    assert FrameFault.UNKNOWN_TYPE is fault.code


def test_message_ids_that_are_none_are_not_echoed() -> None:
    """What is no id does not come back as one."""
    assert refusal(b'{"type":"dance","message_id":5}').reply_to is None
    assert refusal(b'{"type":"dance","message_id":""}').reply_to is None


def test_sizes_end_at_the_limit() -> None:
    """64 KiB are read, one byte more is not; before a join it is 8 KiB."""
    frame = b'{"type":"heartbeat"}'
    assert Heartbeat() == decode(frame.ljust(MAXIMUM_FRAME))
    assert refusal(frame.ljust(MAXIMUM_FRAME + 1)).code is FrameFault.TOO_LARGE
    early = refusal(frame.ljust(MAXIMUM_FIRST_FRAME + 1), MAXIMUM_FIRST_FRAME)
    assert FrameFault.TOO_LARGE is early.code


def test_brackets_end_at_the_limit() -> None:
    """Exactly 32 levels are read wherever they are; brackets in strings do not count."""

    def nested(levels: int) -> bytes:
        inner = b"[" * levels + b"]" * levels
        return b'{"type":"heartbeat","x":' + inner + b',"y":"[[[[\\"[[[["}'

    assert Heartbeat() == decode(nested(MAXIMUM_DEPTH - 1))
    assert refusal(nested(MAXIMUM_DEPTH)).code is FrameFault.MALFORMED
    wide = b'{"type":"heartbeat","x":[' + b"[]," * 500 + b"[]]}"
    assert Heartbeat() == decode(wide)


def test_details_are_short() -> None:
    """A refusal does not send back what was sent."""
    assert len(refusal(b'{"type":"%s"}' % (b"x" * 5_000)).detail) <= 300
    assert len(FrameRefused(FrameFault.INVALID, "x" * 5_000).detail) == 300


@given(st.floats() | st.integers() | st.text() | st.booleans() | st.none())
def test_values_are_finite_and_of_bounded_size(value: object) -> None:
    """A parameter takes numbers up to 2^53, text up to 200 characters, true and false."""
    frame = msgspec.json.encode(
        {"type": "parameter_change", "data": {"path": "drums/x", "value": value}}
    )
    fits = value is not None and (
        len(value) <= 200 if isinstance(value, str) else abs(value) <= 2**53  # type: ignore[arg-type]
    )
    if fits:
        message = decode(frame)
        assert isinstance(message, ParameterChange)
        assert value == message.data.value
    else:
        refusal(frame)
