"""Repeated commands while the first of them is cancelled, fails or lies."""

import asyncio
from pathlib import Path

import pytest

from musearoo.conductor.repeats import Keep
from musearoo.domain.errors import Unavailable
from musearoo.domain.ids import CommandId
from tests.doubles.house import House, house

ONE = CommandId("one")


class Work:
    """Counts how often it is done; the first try waits to be let go."""

    def __init__(self, place: House, failure: Exception | None = None) -> None:
        self.done = 0
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        self._place = place
        self._failure = failure

    async def __call__(self, keep: Keep) -> str:
        self.begun.set()
        await self.go.wait()
        self.done += 1
        if self._failure is not None:
            raise self._failure
        await self._place.world.store.write(lambda tx: keep(tx, "answer"))
        return "answer"


class TestTheFirstOne:
    async def test_may_be_cancelled_without_harm_to_the_second(self, tmp_path: Path) -> None:
        """The second gets the answer of the first, whose work goes on; it is done once."""
        async with house(tmp_path) as place:
            ada = await place.person("ada")
            work, repeats = Work(place), place.conductor.repeats
            first = asyncio.create_task(repeats.once(ada.user, ONE, "body", str, work))
            await work.begun.wait()
            second = asyncio.create_task(repeats.once(ada.user, ONE, "body", str, work))
            await asyncio.sleep(0)
            first.cancel()
            await asyncio.sleep(0)
            third = asyncio.create_task(repeats.once(ada.user, ONE, "body", str, work))
            work.go.set()
            assert (await second, await third, work.done) == ("answer", "answer", 1)
            assert first.cancelled()

    async def test_may_fail_and_the_next_tries_again(self, tmp_path: Path) -> None:
        """Those who waited hear the failure; nothing of it is remembered."""
        async with house(tmp_path) as place:
            ada = await place.person("ada")
            broken, repeats = Work(place, Unavailable("no")), place.conductor.repeats
            broken.go.set()
            outcomes = await asyncio.gather(
                *(repeats.once(ada.user, ONE, "body", str, broken) for _ in range(3)),
                return_exceptions=True,
            )
            assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3
            assert broken.done == 1
            work = Work(place)
            work.go.set()
            assert await repeats.once(ada.user, ONE, "body", str, work) == "answer"

    @pytest.mark.parametrize("new", [True, False])
    async def test_a_false_promise_of_newness_harms_nobody_else(
        self, tmp_path: Path, new: bool
    ) -> None:
        """The session does not start over because a client used an id twice."""
        async with house(tmp_path) as place:
            ada = await place.person("ada")
            repeats = place.conductor.repeats
            work = Work(place)
            work.go.set()
            await repeats.once(ada.user, ONE, "body", str, work)
            repeats._recent.clear()
            assert await repeats.once(ada.user, ONE, "body", str, work, new=new) == "answer"
            assert work.done == 1 + new
