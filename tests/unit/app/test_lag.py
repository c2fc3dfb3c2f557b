"""The loop's lateness, as admission sees it."""

import asyncio
import time

from musearoo.app.lag import EVERY_SECONDS, LoopLag
from musearoo.conductor.admission import Admission, Admitted, Deferred
from tests.sim import virtual
from tests.waiting import until


def test_a_standstill_is_forgotten_within_a_second() -> None:
    """It shows in full at the next look, and a calm loop has no lag."""

    async def story() -> None:
        lag, loop = LoopLag(), asyncio.get_running_loop()
        assert isinstance(loop, virtual.VirtualLoop)
        measuring = asyncio.ensure_future(lag.measure())
        await asyncio.sleep(2.5 * EVERY_SECONDS)
        assert lag() < 0.001
        loop._now += 0.15  # nobody has a turn for so long
        await asyncio.sleep(0)
        await asyncio.sleep(EVERY_SECONDS / 4)
        assert 0.15 - EVERY_SECONDS <= lag() <= 0.15
        await asyncio.sleep(0.8)
        assert lag() < 0.001
        measuring.cancel()

    virtual.run(story())


async def test_a_blocked_loop_shows_and_is_forgotten_again() -> None:
    """A standstill of 0.15 s shows at the next look, and fades while the loop runs."""
    lag = LoopLag()
    measuring = asyncio.ensure_future(lag.measure())
    await asyncio.sleep(2 * EVERY_SECONDS)
    time.sleep(0.15)  # noqa: ASYNC251  (this is the fault)
    await until(lambda: lag() > 0.05, "the standstill to show")
    await until(lambda: lag() < 0.025, "it to be forgotten")
    measuring.cancel()


def test_a_late_server_takes_no_more_in_however_idle_its_workers() -> None:
    """Four turns of 40 ms use up 150 ms before a worker is asked; who is alone may try."""
    admission = Admission(0.150)
    free = {"queued": 0, "workers": 1, "idle": 1, "under_way": 2}
    assert isinstance(admission.decide("drummaroo", 8, **free), Admitted)
    assert isinstance(admission.decide("drummaroo", 8, **free, lag=0.040), Deferred)
    alone = admission.decide("drummaroo", 8, **{**free, "under_way": 0}, lag=0.040)
    assert isinstance(alone, Admitted)
    slower = admission.decide("drummaroo", 8, **free, lag=0.005)
    assert isinstance(slower, Admitted)
    prompt = admission.decide("drummaroo", 8, **free)
    assert isinstance(prompt, Admitted)
    assert slower.begin_within_seconds < prompt.begin_within_seconds
