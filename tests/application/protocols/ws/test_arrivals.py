"""Presence in a crowd: told at once when it is quiet, in few pieces when many come."""

import asyncio
import json
from typing import Any

import pytest

from musearoo.codecs.ws.handles import HandleTable
from musearoo.protocols.ws.arrivals import TOGETHER_SECONDS, Arrivals
from musearoo.protocols.ws.fanning import Fan
from musearoo.protocols.ws.flushing import Flusher, delay_for
from musearoo.protocols.ws.frames import text_frame
from musearoo.protocols.ws.outbox import Outbox
from musearoo.protocols.ws.replaying import Replays
from tests.application.protocols.ws.room_doubles import payloads
from tests.sim import virtual


class Hearer:
    binary = False

    def __init__(self) -> None:
        self.outbox = Outbox(lambda: None, lambda _first, _last: b"")

    def pieces(self) -> list[list[str]]:
        """The names in each piece that lies ready."""
        taken = self.outbox.take()
        return [[json.loads(each) for _, each in payloads(piece)] for piece in taken]


def frame(name: str) -> bytes:
    return text_frame(json.dumps(name).encode())


class Told:
    """A post, as far as it is written."""

    def __init__(self, seq: int) -> None:
        self.seq, self.key, self.text = seq, None, frame(str(seq))


class TestArrivals:
    async def test_the_first_is_told_at_once_and_the_rest_together(self):
        """A crowd of fifty costs each member two writes, and nobody hears of itself."""
        now = [10.0]
        members = {str(number): Hearer() for number in range(50)}
        arrivals = Arrivals(members, lambda: now[0])
        for name, member in members.items():
            arrivals.say(name, frame(name), member)
        assert [["0"]] == members["7"].pieces()
        now[0] += TOGETHER_SECONDS
        async with asyncio.timeout(5):
            while arrivals.waiting:  # noqa: ASYNC110  arrivals have no event for tests
                await asyncio.sleep(0.001)
        for number in (1, 7, 49):
            *earlier, told = members[str(number)].pieces()
            assert earlier in ([], [["0"]])
            assert [str(n) for n in range(1, 50) if n != number] == told
        now[0] += 1.0
        arrivals.say("0", frame("back"), None)
        assert [["back"]] == members["0"].pieces()[-1:]

    @pytest.mark.parametrize(("size", "most"), [(1, 110), (100, 12), (1_000, 9)])
    def test_telling_a_large_room_takes_no_more_than_telling_a_small_one(self, size, most):
        """Two thousand come in two seconds: the larger the room the fewer the pieces."""

        async def crowd() -> None:
            loop, pieces = asyncio.get_running_loop(), list[list[str]]()
            members = {f"m{number}": Hearer() for number in range(size)}
            arrivals = Arrivals(members, loop.time)
            await asyncio.sleep(1)
            for number in range(2_000):
                arrivals.say(str(number), frame(str(number)), None)
                await asyncio.sleep(0.001)
                pieces += members["m0"].pieces()
            await asyncio.sleep(0.4)
            assert not arrivals.waiting
            pieces += members["m0"].pieces()
            assert [str(n) for n in range(2_000)] == [name for each in pieces for name in each]
            assert len(pieces) <= most
            await asyncio.sleep(0.4)
            arrivals.say("late", frame("late"), None)  # it is quiet again
            assert [["late"]] == members["m0"].pieces()[-1:]

        virtual.run(crowd())

    async def test_a_later_word_replaces_an_earlier(self):
        now = [10.0]
        members = {"a": Hearer(), "b": Hearer()}
        arrivals = Arrivals(members, lambda: now[0])
        for word in ("x", "joined", "away", "left"):
            arrivals.say("c", frame(word), None)
        arrivals.tell()
        assert [["x"], ["left"]] == members["a"].pieces()

    async def test_a_slow_reader_gets_the_latest_of_each(self):
        members = {"a": Hearer()}
        arrivals = Arrivals(members, lambda: 10.0)
        members["a"].outbox.pause(0.0)
        for word in ("one", "two"):
            arrivals.say("c", frame(word), None)
            arrivals.tell()
        members["a"].outbox.resume()
        assert [["two"]] == members["a"].pieces()


class TestDelay:
    def test_it_waits_only_where_that_saves_writes(self):
        """Few connections with much to hear gain; many with little each would only be late."""
        assert 0.0 == delay_for(50_000, 10)
        assert 0.002 == delay_for(80_000, 40)
        assert 0.0 == delay_for(80_000, 500)
        assert 0.005 == delay_for(320_000, 40)
        assert 0.0 == delay_for(250_000, 5_000)

    async def test_a_busy_room_widens_and_a_quiet_one_narrows(self):
        now = [0.0]
        flusher = Flusher(lambda: now[0])

        class Busy:
            frames, width = 1_000, 1

            def flush(self) -> int:
                return self.frames

        busy = Busy()
        for frames, delay in ((1_000, 0.002), (1, 0.0)):
            busy.frames = frames
            for _ in range(30):
                now[0] += 0.0125
                flusher.add(busy)
                async with asyncio.timeout(5):
                    while flusher._dirty:  # noqa: ASYNC110  nor has the flusher
                        await asyncio.sleep(0)
            assert delay == flusher.delay


class TestReplays:
    def test_the_same_gap_is_put_together_once(self):
        """A thousand who missed the same share one piece of memory; a slow one does not."""
        asked = []

        def missed() -> list[Any]:
            asked.append(1)
            return [Told(4), Told(5)]

        replays, boxes = Replays(HandleTable([])), [Hearer() for _ in range(3)]
        boxes[2].outbox.pause(0.0)
        for each in boxes:
            replays.give(each.outbox, (3, 5), missed, binary=False)
        first, second = (each.outbox.take() for each in boxes[:2])
        assert first[0] is second[0]
        assert 2 == len(asked)
        boxes[2].outbox.resume()
        assert [["4"], ["5"]] == boxes[2].pieces()
        replays.give(boxes[0].outbox, (5, 5), list, binary=False)
        assert [] == boxes[0].outbox.take()


class TestFlushing:
    async def test_one_who_cannot_write_keeps_nobody_waiting(self):
        """A socket that broke in this very turn raises; the others are written to all the same."""
        flushed = []

        class Somebody:
            width = 1

            def __init__(self, *, broken: bool) -> None:
                self.broken = broken

            def flush(self) -> int:
                if self.broken:
                    raise RuntimeError("the handler is closed")
                flushed.append(self)
                return 1

        flusher = Flusher(lambda: 0.0)
        for broken in (False, True, False):
            flusher.add(Somebody(broken=broken))
        async with asyncio.timeout(5):
            while len(flushed) < 2:  # noqa: ASYNC110  flushers have no event for tests
                await asyncio.sleep(0)

    def test_a_closed_member_keeps_nobody_from_hearing(self):
        """The room writes to the others directly; the closed one's end is its protocol's matter."""
        heard: list[bytes] = []

        def closed(_piece: bytes) -> None:
            raise RuntimeError("the handler is closed")

        members = {name: Hearer() for name in "abc"}
        for name, member in members.items():
            member.outbox.write = closed if name == "b" else heard.append
        told: Any = Told(1)
        fan = Fan(members, Arrivals(members, lambda: 0.0), HandleTable([]), lambda _fan: None)
        fan.add(told)
        fan.answer(members["c"].outbox, frame("ack"))
        assert 3 == fan.flush()
        assert [frame("1"), frame("1") + frame("ack")] == heard
        assert 0 == fan.flush()
