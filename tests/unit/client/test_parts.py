"""The parts of the client that need no server: clock, backoff, outbox, order, queues."""

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.client import Ended, Happenings, Lagged, Refused
from musearoo.client.backoff import FIRST, LONGEST, Backoff
from musearoo.client.clock import SLEW, ClockEstimator, SteadyClock
from musearoo.client.follower import Follower, Gap
from musearoo.client.outbox import Outbox
from musearoo.client.wire import websocket_url
from musearoo.codecs.ws import Heartbeat
from musearoo.codecs.ws.outgoing import AckData, ErrorData, ReconnectedData, WelcomeData
from tests.application.client.stage import LIMITS, changed

ACK = AckData(seq=1, epoch="e")


class TestClockEstimator:
    def test_nothing_known(self) -> None:
        """Before the first answer server time is local time."""
        clock = ClockEstimator()
        assert (0.0, None, None, False) == (
            clock.offset, clock.round_trip, clock.error, clock.ready,
        )  # fmt: skip

    def test_symmetric_paths_are_exact(self) -> None:
        """Equal ways there and back leave no error, however long they are."""
        clock = ClockEstimator()
        clock.add(10.0, 1010.5, 1010.6, 11.1)
        assert clock.offset == pytest.approx(1_000.0)
        assert clock.round_trip == pytest.approx(1.0)
        assert clock.error == pytest.approx(0.5)
        clock.reset()
        assert not clock.ready

    @given(st.integers(0, 2**32))
    def test_disturbed_ways_are_not_believed(self, seed: int) -> None:
        """Of 40 samples with bursts of up to 30 ms the undisturbed decide: 1 ms is kept."""
        chance = random.Random(seed)
        clock, local = ClockEstimator(), 0.0
        for _ in range(40):
            there, back = 0.001, 0.001
            if chance.random() < 0.7:
                there += chance.random() * 0.03
                back += chance.random() * 0.03
            arrived = local + there + 500.0
            clock.add(local, arrived, arrived + 0.001, arrived + 0.001 + back - 500.0)
            local += 1.0
        assert clock.offset == pytest.approx(500.0, abs=0.001)

    @given(st.floats(0, 0.1), st.floats(0, 0.1))
    def test_the_error_is_never_larger_than_told(self, there: float, back: float) -> None:
        """For any way of sharing the round trip."""
        clock = ClockEstimator()
        clock.add(0.0, there + 50.0, there + 50.0, there + back)
        assert clock.error is not None
        assert abs(clock.offset - 50.0) <= clock.error + 1e-9


class TestSteadyClock:
    def test_it_starts_at_the_estimate_and_then_glides(self) -> None:
        """A new estimate is approached by at most a millisecond a second."""
        estimator = ClockEstimator()
        steady = SteadyClock(estimator)
        assert steady.now(5.0) == 5.0
        estimator.add(0.0, 100.0, 100.0, 0.0)
        assert steady.now(10.0) == 110.0
        estimator.reset()
        estimator.add(0.0, 101.0, 101.0, 0.0)
        assert steady.now(20.0) == pytest.approx(120.0 + 10 * SLEW)
        steady.step()
        assert steady.now(21.0) == pytest.approx(122.0)


def test_waits_double_and_are_spread() -> None:
    """From 250 ms to 10 s, each between half and whole."""
    longest = Backoff(lambda: 1.0)
    assert [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, LONGEST, LONGEST] == [longest.wait() for _ in range(8)]
    longest.reset()
    assert FIRST == longest.wait()
    assert FIRST / 2 == Backoff(lambda: 0.0).wait()


class TestOutbox:
    async def test_answers_find_their_messages(self) -> None:
        """Acks and refusals by cause; what is unknown changes nothing."""
        outbox = Outbox()
        first = outbox.put("1", Heartbeat())
        second = outbox.put("2", Heartbeat())
        outbox.done("9", ACK)
        outbox.done(None, ACK)
        assert not outbox.refused("9", ErrorData(code="x", detail="d"))
        outbox.done("1", ACK)
        assert outbox.refused("2", ErrorData(code="too-many", detail="d", retry_after=2.0))
        assert ACK == await first
        with pytest.raises(Refused) as refused:
            await second
        assert refused.value.retry_after == 2.0
        await outbox.empty()

    async def test_the_order_is_kept(self) -> None:
        """What is sent again goes in the order of the first time."""
        outbox = Outbox()
        for name in "cab":
            outbox.put(name, Heartbeat(message_id=name))
        outbox.done("a", ACK)
        assert ["c", "b"] == [message.message_id for message in outbox]
        assert len(outbox) == 2

    async def test_too_many_wait(self) -> None:
        """Whoever asks more than can wait, waits."""
        outbox = Outbox(1)
        await outbox.room()
        outbox.put("1", Heartbeat())
        waiting = asyncio.ensure_future(outbox.room())
        await asyncio.sleep(0)
        assert not waiting.done()
        outbox.done("1", ACK)
        await waiting

    async def test_the_end_fails_all(self) -> None:
        """Those who gave up waiting are left alone."""
        outbox = Outbox()
        held, dropped = outbox.put("1", Heartbeat()), outbox.put("2", Heartbeat())
        dropped.cancel()
        outbox.fail(Ended("over"))
        with pytest.raises(Ended):
            await held
        late = outbox.put("3", Heartbeat())
        late.cancel()
        outbox.done("3", ACK)
        again = outbox.put("4", Heartbeat())
        again.cancel()
        assert outbox.refused("4", ErrorData(code="x", detail="d"))


def follower(seq: int = 5) -> Follower:
    """One that stands at a number, without a state."""
    following = Follower()
    data = WelcomeData(
        epoch="e", seq=seq, resumed=False, connection="c", sender=1, user_id="u",
        permissions=(), server_time=1.0, limits=LIMITS, resume_token="r",
    )  # fmt: skip
    following.welcome(data)
    return following


class TestFollower:
    def test_another_epoch_is_a_gap(self) -> None:
        """Its numbers mean something else."""
        with pytest.raises(Gap):
            follower().take(changed(6, epoch="f"))

    def test_numbers_beyond_what_was_announced_are_a_gap(self) -> None:
        """Inside the range they may be missing."""
        following = follower()
        following.reconnected(ReconnectedData(status="coalesced", from_seq=6, to_seq=8))
        assert following.take(changed(7))
        with pytest.raises(Gap):
            following.take(changed(10))

    def test_numbers_before_a_range_are_no_part_of_it(self) -> None:
        """What was not announced is missed, though a later range was; ranges may join."""
        following = follower()
        for first, last in ((12, 14), (6, 8), (15, 20)):
            following.reconnected(ReconnectedData(status="coalesced", from_seq=first, to_seq=last))
        assert following.take(changed(8))
        with pytest.raises(Gap):
            following.take(changed(12))
        for number in (9, 10, 11, 18, 20, 21):
            assert following.take(changed(number))
        with pytest.raises(Gap):
            following.take(changed(23))

    def test_half_an_announcement_announces_nothing(self) -> None:
        """Both ends are needed."""
        following = follower()
        following.reconnected(ReconnectedData(status="coalesced", from_seq=6))
        assert not following.coalesced

    @given(st.integers(0, 2**40), st.integers(-(2**30), 2**30))
    def test_low_halves_are_completed(self, seq: int, ahead: int) -> None:
        """32 bits are enough to know a number that is near."""
        number = max(0, seq + ahead)
        assert number == follower(seq).whole_number(number & 0xFFFF_FFFF)


class TestHappenings:
    async def test_who_reads_too_slowly_is_told(self) -> None:
        """What fits is still there; then the iterator says that it lost count."""
        everyone: set[Happenings] = set()
        slow = Happenings(everyone, 2)
        for seq in range(3):
            slow.tell(changed(seq))
        assert not everyone
        assert [0, 1] == [(await anext(slow)).seq for _ in range(2)]  # type: ignore[union-attr]
        with pytest.raises(Lagged):
            await anext(slow)
        slow.tell(changed(9))

    async def test_whoever_waits_at_the_end_is_released(self) -> None:
        """An iterator that is closed ends its loop."""
        quiet = Happenings(set())
        reading = asyncio.ensure_future(anext(quiet, None))
        await asyncio.sleep(0)
        quiet.close()
        assert await reading is None


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("http://127.0.0.1:8000", "ws://127.0.0.1:8000/api/v3/ws"),
        ("https://music.example/", "wss://music.example/api/v3/ws"),
        ("https://music.example/band", "wss://music.example/band/api/v3/ws"),
        ("wss://other.example/api/v3/ws", "wss://other.example/api/v3/ws"),
    ],
)
def test_urls(url: str, wanted: str) -> None:
    """The address of the server is enough; one that `going_away` gave is taken as it is."""
    assert wanted == websocket_url(url)
