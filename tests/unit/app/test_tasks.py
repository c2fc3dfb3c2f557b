"""Background tasks live until they end, and their failures are heard."""

import asyncio

from structlog.testing import capture_logs

from musearoo.app.tasks import Tasks
from tests.waiting import until


async def fail() -> None:
    raise ValueError("wrong note")


class TestTasks:
    async def test_answer_reaches_whoever_waits(self) -> None:
        async def answer() -> int:
            return 42

        assert await Tasks()(answer(), name="answer") == 42

    async def test_failure_is_logged_with_the_name(self) -> None:
        tasks = Tasks()
        with capture_logs() as logs:
            tasks(fail(), name="solo")
            await until(lambda: not len(tasks), "the task to end")
        assert [("task.failed", "solo")] == [(line["event"], line["task"]) for line in logs]

    async def test_close_cancels_what_runs(self) -> None:
        tasks = Tasks()
        task = tasks(asyncio.sleep(60), name="sleeper")
        await tasks.close()
        assert task.cancelled()
