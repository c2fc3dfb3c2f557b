"""What messages ask of the conductor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.codecs.ws import FrameFault, FrameRefused, acts_of, decode, moment_of
from musearoo.domain.commands import (
    COMMANDS,
    Act,
    At,
    Generate,
    SetParameter,
    SetTransport,
    parse_act,
)
from musearoo.domain.errors import InvalidValue
from tools.ws_samples import ASSET


def asked(frame: bytes) -> tuple[Act, ...]:
    return acts_of(decode(frame))


def test_a_parameter_change_sets_one_path() -> None:
    """With its gesture, so that a drag is undone as one."""
    frame = b'{"type":"parameter_change","data":{"path":"a/b","value":0,"gesture":"g"}}'
    assert (SetParameter(path="a/b", value=0, gesture="g"),) == asked(frame)


def test_the_founding_form_sets_each_path() -> None:
    """In the order in which they were written."""
    frame = b'{"type":"parameter_change","data":{"parameters":{"b/y":2,"a/x":"t"}}}'
    assert (SetParameter(path="b/y", value=2), SetParameter(path="a/x", value="t")) == asked(frame)


def test_a_generation_request_is_a_generate() -> None:
    """The audio context becomes what the act calls it."""
    frame = (
        b'{"type":"generation_request","data":{"engine":"drummaroo","parameters":{"style":"funk"},'
        b'"audio_context":{"asset_id":"%s"},"bars":4,"seed":7,"style_hints":["dry"],'
        b'"quality_target":"fast","part":"drums"}}' % ASSET.encode()
    )
    wanted = Generate(
        engine="drummaroo", parameters={"style": "funk"}, part="drums", bars=4, seed=7,
        style_hints=("dry",), quality_target="fast", reference_asset=ASSET,
    )  # fmt: skip
    assert (wanted,) == asked(frame)


def test_a_stream_as_context() -> None:
    """A live stream, a recording or an analysis: whatever is listened to is named."""
    frame = (
        b'{"type":"generation_request","data":{"engine":"bassaroo","audio_context":{"stream":3}}}'
    )
    assert (Generate(engine="bassaroo", stream=3),) == asked(frame)
    analysis = (
        b'{"type":"generation_request","data":{"engine":"x","audio_context":{"analysis_id":"n"}}}'
    )
    (act,) = asked(analysis)
    assert isinstance(act, Generate)
    assert act.analysis_id == "n"


def test_commands_are_those_of_every_door() -> None:
    """`args` are read by the same rules as over REST."""
    frame = b'{"type":"command","data":{"name":"transport","args":{"action":"stop"}}}'
    assert (SetTransport(action="stop"),) == asked(frame)
    assert [parse_act("undo", None)] == list(asked(b'{"type":"command","data":{"name":"undo"}}'))


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b'{"name":"dance"}', "set_parameter"),
        (b'{"name":"transport","args":{"action":"dance"}}', "action"),
        (b'{"name":"transport","args":[]}', "object"),
        (b'{"name":"transport","args":{"action":"play","x":1}}', "unknown field"),
        (b'{"name":"select_take","args":{"part":"d","take_id":"\xff"}}', "utf-8"),
    ],
)
def test_what_is_no_command_is_refused(data: bytes, word: str) -> None:
    """With the id of the message, and what would be right."""
    with pytest.raises(FrameRefused) as caught:
        asked(b'{"type":"command","message_id":"m","data":%s}' % data)
    assert (FrameFault.INVALID, "m") == (caught.value.code, caught.value.reply_to)
    assert word in caught.value.detail


@given(
    st.sampled_from(sorted(COMMANDS)),
    st.dictionaries(
        st.sampled_from(["part", "bars", "voices", "action", "path", "value", "seed", "bar", "x"]),
        st.none() | st.text(max_size=3) | st.integers(-2, 9) | st.floats(0, 1)
        | st.lists(st.integers(0, 3), max_size=2),
        max_size=4,
    ),
)  # fmt: skip
def test_both_doors_take_the_same_arguments(name: str, args: dict[str, object]) -> None:
    """What REST makes of a command, the WebSocket makes of it; what one refuses, both do."""
    import msgspec  # noqa: PLC0415

    frame = msgspec.json.encode({"type": "command", "data": {"name": name, "args": args}})
    try:
        wanted: Act | None = parse_act(name, msgspec.json.decode(msgspec.json.encode(args)))
    except InvalidValue:
        wanted = None
    try:
        found: Act | None = asked(frame)[0]
    except FrameRefused:
        found = None
    assert wanted == found


def test_moments() -> None:
    """Left out is left to the act; the rest is what every door means."""
    assert moment_of(None) is None
    assert At("bar", 12) == moment_of("bar 12")


def test_what_is_no_act_asks_nothing() -> None:
    """Presence, chat and clocks are the room's own business."""
    assert asked(b'{"type":"heartbeat"}') == ()
