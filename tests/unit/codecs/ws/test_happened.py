"""The client's side: what the server sent comes back as what the server meant."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from musearoo.codecs.events import encode_event, snapshot
from musearoo.codecs.ws import (
    FrameFault,
    FrameRefused,
    Outgoing,
    decode_server,
    encode,
    state_of,
)
from musearoo.domain.events import Event, Sequenced
from musearoo.domain.session.reducer import apply
from musearoo.domain.session.state import SessionState
from tools.ws_samples import NOW, sequenced, server_messages, session_events


def refusal(frame: bytes | str, **limits: int) -> FrameRefused:
    with pytest.raises(FrameRefused) as caught:
        decode_server(frame, **limits)
    return caught.value


@pytest.mark.parametrize("event", session_events(), ids=lambda event: type(event).__name__)
def test_each_event_comes_back(event: Event) -> None:
    """With its number, author, cause and history."""
    stamped = sequenced(event, 12)
    assert stamped == decode_server(encode_event(stamped))


@pytest.mark.parametrize("message", server_messages().values(), ids=list(server_messages()))
def test_each_message_comes_back(message: Outgoing) -> None:
    """As the type it was."""
    again = decode_server(encode(message))
    assert type(message) is type(again)
    assert not isinstance(again, Sequenced)
    assert encode(message) == encode(again)


def states() -> Iterator[SessionState]:
    state = SessionState()
    yield state
    for seq, event in enumerate(session_events(), 1):
        state = apply(state, sequenced(event, seq))
        yield state


def shown(state: SessionState) -> dict[str, Any]:
    """The snapshot as it comes over the wire, without what each person is told alone."""
    values: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(snapshot(state, NOW)))
    del values["undo"]
    return values


def test_a_snapshot_gives_the_state() -> None:
    """After any event, what a client reads from a snapshot shows the same again."""
    for state in states():
        assert shown(state) == shown(state_of(shown(state)))


def test_a_state_goes_on_from_a_snapshot() -> None:
    """Snapshot and the events after it give the same state as all events."""
    events = [sequenced(event, seq) for seq, event in enumerate(session_events(), 1)]
    final = list(states())[-1]
    for start, state in enumerate(states()):
        follower = state_of(shown(state))
        for event in events[start:]:
            follower = apply(follower, event)
        assert shown(final) == shown(follower)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"", FrameFault.MALFORMED),
        (b"[]", FrameFault.MALFORMED),
        (b'{"type":"dance"}', FrameFault.UNKNOWN_TYPE),
        (b'{"type":"welcome","data":{}}', FrameFault.INVALID),
        (b'{"type":"take_bar","data":{}}', FrameFault.INVALID),
    ],
)
def test_what_no_server_sends_is_refused(frame: bytes, code: FrameFault) -> None:
    """A newer server's types are told apart from faults."""
    assert code is refusal(frame).code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"name": "dance"}, FrameFault.UNKNOWN_TYPE),
        ({}, FrameFault.UNKNOWN_TYPE),
        ({"name": "key_set", "key": "H moll"}, FrameFault.INVALID),
        ({"name": "key_set"}, FrameFault.INVALID),
        ({"name": "style_set", "style": 4}, FrameFault.INVALID),
    ],
)
def test_events_that_make_no_sense_are_refused(data: dict[str, Any], code: FrameFault) -> None:
    """Whether the name is new, or the values are wrong."""
    message = {
        "type": "event", "session_id": "s", "user_id": None, "timestamp": 1.0, "data": data,
        "seq": 1, "epoch": "e",
    }  # fmt: skip
    assert code is refusal(msgspec.json.encode(message)).code


def test_size_is_bounded() -> None:
    """A client need not take more than it asked for."""
    assert refusal(b" " * 11, limit=10).code is FrameFault.TOO_LARGE


@pytest.mark.parametrize("broken", [None, {}, {"key": 4}])
def test_what_is_no_state_is_refused(broken: object) -> None:
    """Instead of half a state."""
    with pytest.raises(FrameRefused):
        state_of(broken)


def test_states_with_impossible_values_are_refused() -> None:
    """Shapes may be right and the music wrong."""
    with pytest.raises(FrameRefused):
        state_of({**shown(SessionState()), "key": "H moll"})
