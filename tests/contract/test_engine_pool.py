"""What every `EnginePool` promises: the worker processes over both wires, and the double."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from musearoo.conductor.cancelling import CancelFlag
from musearoo.domain.engine import Bar
from musearoo.domain.errors import Conflict, InvalidValue, ReducedCapacity, Unavailable
from musearoo.ports.work import EnginePool
from tests.doubles.pools import command, fragile, patient, run_of, running
from tests.doubles.work import LoopPool
from tests.doubles.worker import TestSkills
from tests.waiting import until


@pytest.fixture(params=["socket", "pipe", "double"])
async def pool(request: Any, tmp_path: Path) -> AsyncIterator[EnginePool]:
    if request.param == "double":
        yield LoopPool(TestSkills().engines())
        return
    async with running(patient(command(tmp_path, link=request.param), analysis=0)) as real:
        yield real


async def played(pool: EnginePool, run: Any, **options: Any) -> tuple[float, list[Bar]]:
    bars: list[Bar] = []
    performed = await pool.play(run, lane="interactive", on_bar=bars.append, **options)
    assert performed.seconds > 0
    return performed.confidence, bars


class TestDescriptions:
    async def test_engines_come_by_name(self, pool: EnginePool) -> None:
        names = [description.name for description in pool.engines()]
        assert ["fragile", "steady", "stopwatch"] == names
        assert pool.engines()[1] == pool.describe("steady")

    async def test_unknown_engine_is_refused_with_the_names(self, pool: EnginePool) -> None:
        with pytest.raises(InvalidValue, match="fragile, steady, stopwatch"):
            pool.describe("kazoo")
        with pytest.raises(InvalidValue, match="kazoo"):
            await played(pool, run_of("kazoo"))
        with pytest.raises(InvalidValue, match="kazoo"):
            pool.warm("kazoo")


class TestPlaying:
    async def test_bars_arrive_in_order_and_whole(self, pool: EnginePool) -> None:
        confidence, bars = await played(pool, run_of(bars=8))
        assert 0.75 == confidence
        assert list(range(8)) == [bar.index for bar in bars]
        assert all(len(bar.notes) == 4 and bar.notes[0].id for bar in bars)

    async def test_same_run_gives_the_same_notes(self, pool: EnginePool) -> None:
        assert await played(pool, run_of(seed=9)) == await played(pool, run_of(seed=9))

    async def test_both_lanes_play(self, pool: EnginePool) -> None:
        bars: list[Bar] = []
        performed = await pool.play(run_of(bars=2), lane="durable", on_bar=bars.append)
        assert 0.75 == performed.confidence
        assert 2 == len(bars)

    async def test_many_at_once_all_end(self, pool: EnginePool) -> None:
        answers = await asyncio.gather(*(played(pool, run_of(seed=n)) for n in range(30)))
        assert all(len(bars) == 8 for _, bars in answers)
        assert 30 == len({bars[0].notes[0].id for _, bars in answers})

    async def test_orders_start_as_they_came(self, pool: EnginePool) -> None:
        ended: list[int] = []

        async def one(number: int) -> None:
            await played(pool, run_of(seed=number))
            ended.append(number)

        await asyncio.gather(*(one(number) for number in range(8)))
        assert list(range(8)) == ended

    async def test_a_hint_disturbs_nothing(self, pool: EnginePool) -> None:
        pool.warm("steady")
        pool.warm("fragile")
        _, bars = await played(pool, run_of())
        assert 8 == len(bars)


class TestFailing:
    async def test_refusal_of_the_engine_reaches_the_caller(self, pool: EnginePool) -> None:
        with pytest.raises(InvalidValue, match="style is 'polka'") as caught:
            await played(pool, fragile("refuse"))
        assert "style" == caught.value.field

    async def test_wrong_parameter_is_refused(self, pool: EnginePool) -> None:
        with pytest.raises(InvalidValue, match="act"):
            await played(pool, fragile("dance"))

    async def test_accident_tells_nothing_of_the_inside(self, pool: EnginePool) -> None:
        with pytest.raises(Unavailable) as caught:
            await played(pool, fragile("raise"))
        assert "secret" not in caught.value.detail
        assert 8 == len((await played(pool, run_of()))[1])

    async def test_fault_of_the_listener_reaches_the_caller(self, pool: EnginePool) -> None:
        def on_bar(bar: Bar) -> None:
            raise KeyError(bar.index)

        with pytest.raises(KeyError):
            await pool.play(run_of(), lane="interactive", on_bar=on_bar)
        assert 8 == len((await played(pool, run_of()))[1])


class TestCancelling:
    async def test_cancelled_before_it_began(self, pool: EnginePool) -> None:
        flag = CancelFlag()
        flag.request()
        with pytest.raises(Conflict):
            await played(pool, run_of(), cancel=flag)

    async def test_cancelled_while_it_plays(self, pool: EnginePool) -> None:
        flag = CancelFlag()
        bars: list[Bar] = []

        def on_bar(bar: Bar) -> None:
            bars.append(bar)
            if len(bars) == 2:
                flag.request()

        with pytest.raises(Conflict):
            await pool.play(
                fragile("slow", bars=100), lane="interactive", on_bar=on_bar, cancel=flag
            )
        assert 2 == len(bars)
        await until(lambda: pool.idle() == 1, "an idle worker")
        assert 2 == len(bars)

    async def test_cancelled_while_it_waits(self, pool: EnginePool) -> None:
        """The one before it is at its first bar when the cancel comes, and goes on unharmed."""
        flag = CancelFlag()
        bars: list[Bar] = []

        def on_bar(bar: Bar) -> None:
            bars.append(bar)
            flag.request()

        first = pool.play(fragile("slow", bars=4), lane="interactive", on_bar=on_bar)
        second = played(pool, run_of(), cancel=flag)
        _, refused = await asyncio.gather(first, second, return_exceptions=True)
        assert isinstance(refused, Conflict)
        assert 4 == len(bars)

    async def test_caller_that_goes_away_frees_the_worker(self, pool: EnginePool) -> None:
        begun = asyncio.Event()
        task = asyncio.ensure_future(
            pool.play(
                fragile("slow", bars=256), lane="interactive", on_bar=lambda _bar: begun.set()
            )
        )
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: pool.idle() == 1, "an idle worker")
        assert 0 == pool.queued()


class TestTime:
    async def test_too_late_is_refused(self, pool: EnginePool) -> None:
        with pytest.raises(ReducedCapacity):
            await played(pool, run_of(), drop_after=time.monotonic() - 1)

    async def test_waiting_too_long_is_refused(self, pool: EnginePool) -> None:
        """The time is over before the one before it is at its second bar."""
        bars: list[Bar] = []

        def on_bar(bar: Bar) -> None:
            bars.append(bar)
            time.sleep(0.03)

        first = pool.play(fragile("slow", bars=4), lane="interactive", on_bar=on_bar)
        second = played(pool, run_of(), drop_after=time.monotonic() + 0.02)
        _, refused = await asyncio.gather(first, second, return_exceptions=True)
        assert isinstance(refused, ReducedCapacity)
        assert 4 == len(bars)

    async def test_counts_tell_of_the_work(self, pool: EnginePool) -> None:
        seen: list[tuple[int, int]] = []

        def on_bar(_bar: Bar) -> None:
            seen.append((pool.queued(), pool.idle()))

        assert (0, 1, 1) == (pool.queued(), pool.idle(), pool.workers())
        await asyncio.gather(
            pool.play(run_of(bars=1), lane="interactive", on_bar=on_bar),
            pool.play(run_of(bars=1), lane="interactive", on_bar=on_bar),
        )
        assert [(2, 0), (1, 0)] == seen
        assert (0, 1) == (pool.queued(), pool.idle())


class TestFairness:
    async def test_everyone_has_a_turn_before_anyones_second(self, tmp_path: Path) -> None:
        """Who comes late with one request does not wait for all of another's."""
        async with running(patient(command(tmp_path), analysis=0)) as pool:
            done: list[str] = []

            async def play(player: str) -> None:
                run = fragile("slow", bars=2)
                await pool.play(run, lane="interactive", on_bar=lambda _bar: None, player=player[0])
                done.append(player)

            tasks = [asyncio.ensure_future(play(name)) for name in ("a1", "a2", "a3", "b1")]
            await asyncio.sleep(0)
            assert [pool.queued(name) for name in "abc"] == [4, 3, 2]
            tasks.append(asyncio.ensure_future(play("c1")))
            await asyncio.gather(*tasks)
            assert done == ["a1", "b1", "c1", "a2", "a3"]
