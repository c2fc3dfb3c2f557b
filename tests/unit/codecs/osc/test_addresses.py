"""The address table: complete, unambiguous, and read as generously as controllers need."""

import contextlib
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.codecs.osc import Char, Double, Impulse, Long, Symbol, compile_pattern
from musearoo.codecs.osc.addresses import Request, read
from musearoo.codecs.osc.arguments import plain, single
from musearoo.codecs.osc.table import AddressTable, address_table
from musearoo.codecs.osc.telling import all_paths, told, value_of
from musearoo.domain.commands import (
    COMMANDS,
    NAMES,
    At,
    Generate,
    LaunchClip,
    Lock,
    Regenerate,
    SelectTake,
    SetClockSource,
    SetForm,
    SetParameter,
    SetTransport,
    Undo,
    Unlock,
)
from musearoo.domain.errors import InvalidValue, MuseArooError
from musearoo.domain.ids import TakeId
from musearoo.domain.session.state import PartState, SessionState
from musearoo.engines.loading import load_engines

ENGINES = [engine.description for engine in load_engines().values()]
TABLE = address_table(ENGINES)
FOUNDING = (
    "/musearoo/generate/drums", "/musearoo/generate/bass", "/musearoo/generate/melody",
    "/musearoo/generate/harmony", "/musearoo/drums/complexity", "/musearoo/drums/intensity",
    "/musearoo/drums/groove", "/musearoo/bass/style", "/musearoo/session/tempo",
    "/musearoo/session/key", "/musearoo/session/style", "/live/song/tempo", "/live/song/time",
    "/live/clip/trigger", "/musearoo/cc/74", "/musearoo/note/1", "/musearoo/pair",
)  # fmt: skip


def heard(path: str, *arguments: object, table: AddressTable = TABLE) -> Request:
    address = table.find(path)
    assert address is not None, path
    return read(address, arguments, path)


def float32(value: float) -> float:
    return float(struct.unpack(">f", struct.pack(">f", value))[0])


@pytest.mark.parametrize("path", FOUNDING)
def test_the_founding_addresses_are_there(path: str) -> None:
    assert TABLE.find(path) is not None


def test_every_parameter_has_an_address() -> None:
    """With type, range, unit and meaning of the engine's own description."""
    for engine in ENGINES:
        for spec in engine.parameters:
            path = f"{engine.default_part}/{spec.name}"
            address = TABLE.find(f"/musearoo/{path}")
            assert address is not None
            assert address.parameter == path
            assert address.echo == f"/musearoo/{path}/echo"
            assert address.permission == "edit"
            (argument,) = address.arguments
            assert argument.default == spec.default
            if spec.kind in {"number", "integer"}:
                assert (argument.minimum, argument.maximum) == (spec.minimum, spec.maximum)
            request = read(address, (spec.default,))
            assert request.act == SetParameter(path=path, value=spec.default)


def test_every_command_can_be_sent() -> None:
    """Those without an address of their own by `/musearoo/command`."""
    named = {each.command for each in TABLE.incoming}
    assert named >= set(COMMANDS) - {"set_chords", "edit_notes"}
    act = heard("/musearoo/command", "set_chords", '{"chords": []}', "next_bar")
    assert act.at == At("next_bar")
    for address in TABLE.incoming:
        if address.command is not None:
            assert address.permission == COMMANDS[address.command].permission


def test_addresses_are_plain_and_one_of_each() -> None:
    """No two share a path, and none could be taken for a pattern."""
    for direction in (TABLE.incoming, TABLE.outgoing):
        paths = [each.path for each in direction]
        assert len(paths) == len(set(paths))
        for each in direction:
            assert each.meaning
            assert each.path.isascii()
            assert not set(each.path) & set("?*[] #,")
            assert not any(a.repeated for a in each.arguments[:-1])


@pytest.mark.parametrize(
    ("path", "arguments", "act"),
    [
        ("/musearoo/drums/complexity", (1,), SetParameter(path="drums/complexity", value=1.0)),
        ("/musearoo/drums/complexity", (True,), SetParameter(path="drums/complexity", value=1.0)),
        ("/musearoo/drums/complexity", (float32(0.7),),
         SetParameter(path="drums/complexity", value=0.7)),
        ("/musearoo/drums/complexity", (Double(0.7),),
         SetParameter(path="drums/complexity", value=0.7)),
        ("/musearoo/drums/complexity", (-3,), SetParameter(path="drums/complexity", value=0.0)),
        ("/musearoo/drums/push", (99,), SetParameter(path="drums/push", value=30.0)),
        ("/musearoo/harmony/voices", (4.4,), SetParameter(path="harmony/voices", value=4)),
        ("/musearoo/harmony/voices", (Long(5),), SetParameter(path="harmony/voices", value=5)),
        ("/musearoo/harmony/strict", (1.0,), SetParameter(path="harmony/strict", value=True)),
        ("/musearoo/harmony/strict", (0,), SetParameter(path="harmony/strict", value=False)),
        ("/musearoo/bass/style", ("Funky",), SetParameter(path="bass/style", value="funk")),
        ("/musearoo/bass/style", (2.0,), SetParameter(path="bass/style", value="pop")),
        ("/musearoo/bass/style", (Symbol("hip_hop"),),
         SetParameter(path="bass/style", value="hip hop")),
        ("/musearoo/drums/hats", (Char("x"),), None),
        ("/live/song/tempo", (128,), SetParameter(path="session/tempo", value=128.0)),
        ("/musearoo/session/tempo", (1000.0,), SetParameter(path="session/tempo", value=400.0)),
        ("/musearoo/generate/drums", (),
         Generate(engine="drummaroo", part="drums", parameters={})),
        ("/musearoo/generate/drums", (0.5, "jazz"),
         Generate(engine="drummaroo", part="drums",
                  parameters={"complexity": 0.5, "style": "jazz"})),
        ("/musearoo/regenerate", ("drums", 1, 3.0), Regenerate(part="drums", bars=(1, 3))),
        ("/musearoo/lock/drums", (1.0,), Lock(part="drums")),
        ("/musearoo/lock/drums", (0,), Unlock(part="drums")),
        ("/musearoo/take/select", ("drums", "t"), SelectTake(part="drums", take_id=TakeId("t"))),
        ("/musearoo/session/bars", (16.0,), SetForm(bars=16)),
        ("/musearoo/transport/locate", (5, 1.5), SetTransport(action="locate", bar=5, beat=1.5)),
        ("/musearoo/transport/loop", (0,), SetTransport(action="loop")),
        ("/musearoo/transport/loop", (4, 5), SetTransport(action="loop", loop_bars=4, bar=5)),
        ("/musearoo/transport/playing", (0.0,), SetTransport(action="stop")),
        ("/musearoo/undo", (), Undo()),
        ("/musearoo/clip/launch/drums", (1.0,), LaunchClip(part="drums")),
        ("/musearoo/session/clock_source", ("live",), SetClockSource(source="live")),
        ("/musearoo/request", ("my-1", "undo"), Undo()),
    ],
)  # fmt: skip
def test_numbers_are_read_generously(path: str, arguments: tuple[object, ...], act: object) -> None:
    """Floats for integers, integers for floats, 0 and 1 for booleans, a number for a choice."""
    if act is None:
        with pytest.raises(InvalidValue, match="one of"):
            heard(path, *arguments)
    else:
        assert heard(path, *arguments).act == act


@pytest.mark.parametrize("path", ["/musearoo/undo", "/musearoo/transport/play"])
@pytest.mark.parametrize("released", [0, 0.0, False])
def test_a_button_let_go_does_nothing(path: str, released: object) -> None:
    assert heard(path, released).act is None
    assert heard(path, 1.0).act is not None
    assert heard(path).act is not None


@pytest.mark.parametrize(
    ("text", "at"),
    [("now", At()), ("next_beat", At("next_beat")), ("next_bar", At("next_bar")),
     ("bar 5", At("bar", 5))],
)  # fmt: skip
def test_a_last_word_says_when(text: str, at: At) -> None:
    assert heard("/musearoo/drums/complexity", 0.5, text).at == at
    assert heard("/musearoo/generate/drums", text).at == at
    assert heard("/musearoo/generate/drums", 0.5, "funk", text).at == at
    assert heard("/musearoo/regenerate", "drums", 2, text).at == at


def test_takes_land_on_the_next_bar() -> None:
    """Unless said otherwise; parameters count now."""
    assert heard("/musearoo/generate/drums").at == At("next_bar")
    assert heard("/musearoo/take/select", "drums", "t").at == At("next_bar")
    assert heard("/musearoo/take/drums", 1).at == At("next_bar")
    assert heard("/musearoo/drums/complexity", 0.5).at is None


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("/musearoo/drums/complexity", ()),
        ("/musearoo/drums/complexity", (0.5, 0.5)),
        ("/musearoo/drums/complexity", (math.nan,)),
        ("/musearoo/drums/complexity", (math.inf,)),
        ("/musearoo/drums/complexity", ("0.5",)),
        ("/musearoo/drums/complexity", (None,)),
        ("/musearoo/drums/complexity", (b"",)),
        ("/musearoo/drums/complexity", (Impulse.IMPULSE,)),
        ("/musearoo/drums/complexity", ((0.5,),)),
        ("/musearoo/drums/complexity", (0.5, "bar x")),
        ("/musearoo/bass/style", ("polka",)),
        ("/musearoo/bass/style", (99,)),
        ("/musearoo/bass/style", (-1,)),
        ("/musearoo/command", ("dance",)),
        ("/musearoo/command", ("undo", "[")),
        ("/musearoo/command", ("undo", "[" * 10_000)),
        ("/musearoo/command", ("undo", '{"x": 1}')),
    ],
)
def test_the_rest_is_refused_with_what_would_be_right(
    path: str, arguments: tuple[object, ...]
) -> None:
    with pytest.raises(InvalidValue) as refusal:
        heard(path, *arguments)
    assert "must be" in refusal.value.detail


@pytest.mark.parametrize(
    ("path", "numbers"),
    [
        ("/musearoo/cc/3/74", {"channel": 3, "number": 74}),
        ("/musearoo/cc/74", {"channel": 1, "number": 74}),
        ("/musearoo/note/16", {"channel": 16}),
    ],
)
def test_numbers_in_a_path(path: str, numbers: dict[str, int]) -> None:
    """A controller is its channel and number; one number alone is on channel 1."""
    request = heard(path, *([0.5] if "cc" in path else [60, 100]))
    assert numbers.items() <= request.values.items()


@pytest.mark.parametrize(
    "path",
    ["/musearoo/cc/0/1", "/musearoo/cc/17/1", "/musearoo/cc/1/128", "/musearoo/cc/1/2/3",
     "/musearoo/cc/", "/musearoo/cc/x", "/musearoo/cc/-1", "/musearoo/cc/\u0661",
     "/musearoo/note/0", "/musearoo/note/1/2", "/musearoo/cc/{channel}/{number}"],
)  # fmt: skip
def test_numbers_that_do_not_fit(path: str) -> None:
    assert TABLE.find(path) is None


def test_other_parts_have_addresses_too() -> None:
    """A second drum kit is played as the first, as soon as the project has it."""
    parts = {"kit2": PartState("drummaroo"), "ghost": PartState("unknown")}
    address = TABLE.find_in("/musearoo/kit2/complexity", parts)
    assert address is not None
    assert read(address, (0.5,)).act == SetParameter(path="kit2/complexity", value=0.5)
    generate = TABLE.find_in("/musearoo/generate/kit2", parts)
    assert generate is not None
    assert read(generate, ()).act == Generate(engine="drummaroo", part="kit2")
    for path in ("/musearoo/kit2/nothing", "/musearoo/ghost/complexity", "/musearoo/x/y", "/"):
        assert TABLE.find_in(path, parts) is None


def test_patterns_find_a_bounded_number() -> None:
    assert len(TABLE.matching(compile_pattern("//*"), 64)) == 64
    found = TABLE.matching(compile_pattern("/musearoo/*/complexity"), 64)
    assert len(found) == 4


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_floats_become_their_shortest_form(value: float) -> None:
    """The same 32-bit value, with no digits that the sender never meant."""
    assert single(plain(value)) == value
    assert len(repr(plain(value))) <= len(repr(value))


@given(st.sampled_from(TABLE.incoming), st.lists(st.from_type(object), max_size=4))
def test_nothing_but_refusals(address: object, arguments: list[object]) -> None:
    """Whatever comes is read or refused in words."""
    assert hasattr(address, "path")
    with contextlib.suppress(MuseArooError):
        request = read(address, arguments, address.path.replace("{channel}/{number}", "1/1"))  # type: ignore[arg-type]
        assert request.act is None or type(request.act) in NAMES


def test_values_in_force_are_written_strictly() -> None:
    """Floats, integers and strings only: Pure Data knows no booleans."""
    state = SessionState(parameters={"harmony/strict": True, "drums/complexity": 1})
    for path in all_paths(TABLE, state):
        message = told(path, state, TABLE, 0.0)
        assert message is not None
        assert message.address.startswith(f"/musearoo/{path}")
        for value in message.arguments:
            assert type(value) in {float, int, str}
    strict, complexity = (
        TABLE.find("/musearoo/harmony/strict"),
        TABLE.find("/musearoo/drums/complexity"),
    )
    assert strict is not None
    assert complexity is not None
    assert value_of(strict, state) == 1
    assert type(value_of(complexity, state)) is float
