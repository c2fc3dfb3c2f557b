"""Whoever hears the room hears the same, in the same order, however the bytes come to them."""

from itertools import accumulate
from operator import le
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from musearoo.codecs.ws.handles import HandleTable
from musearoo.protocols.ws.arrivals import Arrivals
from musearoo.protocols.ws.fanning import Fan
from musearoo.protocols.ws.frames import Word, binary_frame, payloads_of, text_frame
from musearoo.protocols.ws.outbox import Outbox


class Told:
    """An event that says its number, differently to those who read records."""

    key = None

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self.text = text_frame(b"%d" % seq)

    def binary(self, _handles: HandleTable) -> bytes:
        return binary_frame(b"%d" % self.seq)


class Wire:
    """A member with a socket that may be full, or closed; `due` is what it must have got."""

    def __init__(self, *, binary: bool, direct: bool) -> None:
        self.binary = binary
        self.outbox = Outbox(lambda: None, lambda first, last: text_frame(b"gap"))
        self.outbox.write = self.write if direct else None
        self.closed = False
        self.pieces: list[bytes] = []
        self.due: list[tuple[bool, bytes]] = []

    def write(self, piece: bytes) -> None:
        if self.closed:
            raise RuntimeError("the handler is closed")
        assert not self.outbox.slow
        assert not self.outbox.ready
        self.pieces.append(piece)

    def flush(self) -> None:
        """As the transport does it."""
        while self.outbox.paused_at is None and (frames := self.outbox.take()):
            self.pieces.append(b"".join(frames))
            if not self.outbox.slow:
                break

    @property
    def got(self) -> list[tuple[bool, bytes]]:
        return list(payloads_of(b"".join(self.pieces)))


class Hall:
    """A room's fan and its members; `everybody` has those who left as well."""

    def __init__(self) -> None:
        self.members: dict[str, Wire] = {}
        self.everybody: list[Wire] = []
        self.slow: set[Wire] = set()
        self.fan = Fan(
            self.members, Arrivals(self.members, lambda: 0.0), HandleTable([]), lambda _fan: None
        )
        self.seq = 0

    def enter(self, name: str, *, binary: bool = False, direct: bool = True) -> Wire:
        if name in self.members:
            self.leave(name)
        self.fan.flush()
        self.members[name] = Wire(binary=binary, direct=direct)
        self.everybody.append(self.members[name])
        self.fan.regroup()
        return self.members[name]

    def leave(self, name: str) -> None:
        self.fan.flush()
        self.resume(name)
        del self.members[name]
        self.fan.regroup()

    def post(self) -> None:
        self.seq += 1
        told: Any = Told(self.seq)
        self.fan.add(told)
        for each in self.members.values():
            each.due.append((not each.binary, b"%d" % self.seq))

    def tell(self, name: str) -> None:
        """A word for all but one."""
        self.seq += 1
        number = b"%d" % self.seq
        word = Word(text_frame(number), binary_frame(number), (str(self.seq),))
        self.fan.tell(word, self.members[name].outbox)
        for each in self.members.values():
            if each is not self.members[name]:
                each.due.append((not each.binary, number))

    def answer(self, name: str) -> None:
        self.fan.answer(self.members[name].outbox, text_frame(b"answer"))
        self.members[name].due.append((True, b"answer"))

    def say(self, name: str) -> None:
        """A frame for one alone, as a connection sends it."""
        self.fan.flush()
        self.members[name].outbox.control(text_frame(b"word"))
        self.members[name].due.append((True, b"word"))

    def pause(self, name: str) -> None:
        self.members[name].outbox.pause(0.0)
        self.slow.add(self.members[name])

    def resume(self, name: str) -> None:
        self.members[name].outbox.resume()
        self.members[name].flush()

    def flush(self) -> None:
        """A turn of the loop."""
        self.fan.flush()
        for each in self.members.values():
            each.flush()

    def do(self, kind: str, *more: Any) -> None:
        if kind == "enter":
            self.enter(more[0], binary=more[1], direct=more[2])
        elif not more or more[0] in self.members:
            getattr(self, kind)(*more)


_NAMES = st.sampled_from("ab")
_ENTER = st.tuples(st.just("enter"), _NAMES, st.booleans(), st.booleans())
_STEPS = st.one_of(
    st.tuples(st.sampled_from(["answer", "say", "tell", "pause", "resume", "leave"]), _NAMES),
    st.sampled_from([("post",), ("flush",)]),
    _ENTER,
)


def events_first(frames: list[tuple[bool, bytes]]) -> list[tuple[bool, bytes]]:
    """The events in order, then the rest, which may go before data once a reader is slow."""
    return sorted(frames, key=lambda each: not each[1].isdigit())


def before_each_answer(frames: list[tuple[bool, bytes]]) -> list[int]:
    """How many events were heard before each frame that is none."""
    heard = list(accumulate(payload.isdigit() for _, payload in frames))
    return [count for count, each in zip(heard, frames, strict=True) if not each[1].isdigit()]


class TestFan:
    @given(st.lists(_ENTER, min_size=1, max_size=3), st.lists(_STEPS, max_size=40))
    def test_everyone_gets_everything_once_and_in_order(self, first: list[Any], steps: list[Any]):
        """With people who come, leave, read slowly, ask, and sit behind another server."""
        hall = Hall()
        for step in first + steps:
            hall.do(*step)
        hall.flush()
        for name in hall.members:
            hall.resume(name)
        for wire in hall.everybody:
            assert events_first(wire.due) == events_first(wire.got)
            if wire not in hall.slow:  # an answer is never heard before what it is behind
                due, got = before_each_answer(wire.due), before_each_answer(wire.got)
                assert all(map(le, due, got))

    def test_each_gets_one_piece_a_turn(self):
        """Events, words and the answer behind them are one write."""
        hall = Hall()
        wires = [hall.enter(name, binary=name == "b") for name in "abc"]
        for _ in range(3):
            hall.post()
        hall.tell("b")
        hall.answer("c")
        assert 12 == hall.fan.flush()
        assert [1, 1, 1] == [len(each.pieces) for each in wires]
        hall.post()
        hall.fan.flush()
        assert all(each.due == each.got for each in wires)

    def test_a_word_for_one_alone_keeps_its_place(self):
        """It waits for the end of the turn, and what the room says meanwhile waits behind it."""
        hall = Hall()
        wires = [hall.enter(name) for name in "ab"]
        for _ in range(2):
            hall.post()
            hall.flush()
            hall.say("a")
        hall.post()
        hall.flush()
        assert all(each.due == each.got for each in wires)

    def test_who_left_is_written_to_no_more(self):
        hall = Hall()
        wires = [hall.enter(name) for name in "ab"]
        hall.post()
        hall.leave("a")
        hall.post()
        hall.fan.flush()
        assert [1, 2] == [len(each.got) for each in wires]

    def test_a_closing_socket_is_written_to_no_more(self):
        """Nothing may go behind a close frame, even before its connection has left."""
        hall = Hall()
        closing, other = hall.enter("a"), hall.enter("b")
        hall.post()
        hall.fan.flush()
        closing.outbox.detach()
        hall.post()
        hall.fan.flush()
        assert [1, 2] == [len(each.got) for each in (closing, other)]

    @pytest.mark.parametrize("stray", [False, True])
    def test_whoever_cannot_be_written_to_keeps_nobody_from_hearing(self, stray: bool):
        """Whatever is wrong with one transport is not the others' matter."""
        hall = Hall()
        wires = [hall.enter(name) for name in "abc"]

        def write(_piece: bytes) -> None:
            raise AttributeError("_write_appdata")  # a TLS transport that was closed twice

        wires[1].outbox.write = write
        hall.fan.regroup()
        for _ in range(2):
            hall.post()
            if stray:
                hall.answer("b")
            with capture_logs() as logs:
                hall.fan.flush()
            assert ["ws.write_failed"] == [line["event"] for line in logs]
        assert [2, 0, 2] == [len(each.got) for each in wires]

    def test_a_socket_that_fills_up_while_it_is_written_to_waits_alone(self):
        """What does not fit any more waits in its outbox; the others hear at once."""
        hall = Hall()
        full, other = hall.enter("a"), hall.enter("b")

        def write(piece: bytes) -> None:
            full.pieces.append(piece)
            full.outbox.pause(0.0)

        full.outbox.write = write
        hall.fan.regroup()
        for _ in range(3):
            hall.post()
            hall.fan.flush()
        assert [1, 3] == [len(each.got) for each in (full, other)]
        hall.resume("a")
        assert full.due == full.got
        hall.post()
        hall.fan.flush()
        assert full.due == full.got == other.got
