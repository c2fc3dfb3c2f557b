"""Work that is begun at once and goes on as a task only if it must wait."""

import asyncio

import pytest

from musearoo.app.tasks import Tasks
from musearoo.conductor.eager import begin
from tests.waiting import until


class TestBegin:
    async def test_what_need_not_wait_is_done_before_it_returns(self):
        done, tasks = [], Tasks()

        async def work() -> None:
            done.append(1)

        begin(work(), tasks, name="work")
        assert [1] == done
        assert 0 == len(tasks)

    async def test_what_waits_goes_on_and_hears_results_and_failures(self):
        heard: list[object] = []
        first, second = (asyncio.get_running_loop().create_future() for _ in range(2))

        async def work() -> None:
            heard.append(await first)
            try:
                await second
            except ValueError as failure:
                heard.append(str(failure))
            await asyncio.sleep(0)
            heard.append("end")

        tasks = Tasks()
        begin(work(), tasks, name="work")
        assert 1 == len(tasks)
        first.set_result("one")
        await until(lambda: heard, "the first result")
        second.set_exception(ValueError("two"))
        await until(lambda: not len(tasks), "the end of the work")
        assert ["one", "two", "end"] == heard

    async def test_a_failure_of_the_first_step_is_the_caller_s(self):
        async def work() -> None:
            raise ValueError("at once")

        with pytest.raises(ValueError, match="at once"):
            begin(work(), Tasks(), name="work")

    async def test_cancelling_reaches_the_work(self):
        ended = []

        async def work() -> None:
            try:
                await asyncio.sleep(10)
            finally:
                ended.append(1)

        tasks = Tasks()
        begin(work(), tasks, name="work")
        await asyncio.sleep(0)
        await tasks.close()
        assert [1] == ended
