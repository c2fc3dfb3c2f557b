"""Workers that die, hang, shout, grow or never start: the server stays and tells its callers."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from structlog.testing import capture_logs

from musearoo.app.tasks import Tasks
from musearoo.conductor.cancelling import CancelFlag
from musearoo.domain.engine import Bar, EngineRun
from musearoo.domain.errors import (
    Conflict,
    PayloadTooLarge,
    ReducedCapacity,
    Unavailable,
    UnsupportedAudio,
)
from musearoo.domain.ids import JobId
from musearoo.domain.records import Job
from musearoo.jobs.analyzer import WorkerAnalyzer
from musearoo.jobs.crew import Crew
from musearoo.jobs.pool import WorkerPool
from musearoo.jobs.process import WorkerCommand
from musearoo.jobs.renderer import WorkerRenderer
from musearoo.jobs.setup import Link
from musearoo.ports.store import Store
from musearoo.ports.work import Performed
from musearoo.storage.opening import open_store
from tests.contract.making import job, with_song
from tests.doubles.job_server import BEGUN, serving
from tests.doubles.pools import (
    ROOT,
    PlainClock,
    command,
    fragile,
    patient,
    run_of,
    running,
    settings,
    song,
)
from tests.doubles.worker import STUBBORN
from tests.doubles.worker_server import PIDS
from tests.waiting import until, wait_until

BABBLE = """
import json, os, sys
os.write(json.loads(sys.argv[1])["descriptor"], b"\xff" * 4096)
"""
BLOCKED = """
import sys
sys.modules.update(resource=None, fcntl=None)
from tests.doubles.worker import TestSkills, main
main(TestSkills())
"""
TRIES = 4
"""What must be done in less than a second may be late once: the machine is not ours alone."""
posix = pytest.mark.skipif(os.name != "posix", reason="signals are of POSIX")


@pytest.fixture
async def pool(tmp_path: Path) -> AsyncIterator[WorkerPool]:
    async with running(patient(command(tmp_path), analysis=0)) as real:
        yield real


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[WorkerPool]:
    """Whoever is silent for 1.5 s is replaced, even if it was the machine that stood still."""
    async with running(settings(command(tmp_path), analysis=0)) as real:
        yield real


async def played(pool: WorkerPool, run: EngineRun) -> list[Bar]:
    bars: list[Bar] = []
    await pool.play(run, lane="interactive", on_bar=bars.append)
    return bars


async def served(pool: WorkerPool) -> list[Bar]:
    """The bars of the next who asks; a strict pool may take a moment of the machine for a hang."""

    async def asked() -> list[Bar]:
        try:
            return await played(pool, run_of())
        except Unavailable:
            return []

    return await until(asked, "a worker that plays")


class LateLoop(asyncio.SelectorEventLoop):
    """Tells of a started process when that has been speaking for a while."""

    async def subprocess_exec(self, *args: Any, **options: Any) -> Any:
        started = await super().subprocess_exec(*args, **options)
        await asyncio.sleep(0.5)
        return started


async def once_of(tried: Callable[[], Awaitable[bool]]) -> bool:
    """Whether something comes true in one of a few tries."""
    for _ in range(TRIES):
        if await tried():
            return True
    return False


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def files(folder: Path, pattern: str) -> list[Path]:
    return list(folder.glob(pattern))


def busy(crew: Crew) -> int:
    (pid,) = crew.pids
    return pid


class TestDeath:
    @posix
    async def test_killed_worker_costs_one_retry_and_no_bar_twice(self, pool: WorkerPool) -> None:
        bars: list[Bar] = []

        def on_bar(bar: Bar) -> None:
            bars.append(bar)
            if len(bars) == 3:
                os.kill(busy(pool.interactive), signal.SIGKILL)

        await pool.play(fragile("slow", bars=6), lane="interactive", on_bar=on_bar)
        assert list(range(6)) == [bar.index for bar in bars]
        assert bars == await played(pool, fragile("play", bars=6))

    async def test_second_worker_finishes_what_killed_the_first(self, pool: WorkerPool) -> None:
        bars = await played(pool, fragile("die_once", at=5))
        assert list(range(8)) == [bar.index for bar in bars]

    async def test_death_twice_is_told_and_the_next_caller_is_served(
        self, pool: WorkerPool
    ) -> None:
        with capture_logs() as logs, pytest.raises(Unavailable):
            await played(pool, fragile("die", at=2))
        assert 2 == sum(line["event"] == "worker.died" for line in logs)
        assert 8 == len(await played(pool, run_of()))

    @posix
    async def test_idle_worker_is_replaced(self, pool: WorkerPool) -> None:
        pid = busy(pool.interactive)
        os.kill(pid, signal.SIGKILL)
        await until(lambda: pool.interactive.pids not in {(), (pid,)})
        assert 8 == len(await played(pool, run_of()))

    async def test_poison_does_not_spread_to_those_who_wait(self, pool: WorkerPool) -> None:
        poison = [pool.play(fragile("die"), lane="interactive", on_bar=_unheard) for _ in range(3)]
        good = [pool.play(run_of(seed=n), lane="interactive", on_bar=_unheard) for n in range(5)]
        ends = await asyncio.gather(*poison, *good, return_exceptions=True)
        assert [Unavailable] * 3 + [Performed] * 5 == [
            Unavailable if isinstance(end, Unavailable) else type(end) for end in ends
        ]

    async def test_exit_in_a_plug_in_is_an_accident_like_others(self, pool: WorkerPool) -> None:
        pid = busy(pool.interactive)
        with pytest.raises(Unavailable):
            await played(pool, fragile("exit"))
        assert pid == busy(pool.interactive)

    async def test_traceback_is_logged_under_the_correlation_that_was_told(
        self, pool: WorkerPool
    ) -> None:
        with capture_logs() as logs, pytest.raises(Unavailable) as caught:
            await played(pool, fragile("raise"))
        (line,) = (line for line in logs if line["event"] == "worker.task_failed")
        assert line["correlation"] in caught.value.detail
        assert "ZeroDivisionError: a secret of the inside" in line["traceback"]

    async def test_no_descriptor_is_left_behind(self, pool: WorkerPool) -> None:
        await played(pool, fragile("die_once", seed=1))
        await until(lambda: pool.idle() == 1, "an idle worker")
        before = psutil.Process().num_fds() if hasattr(psutil.Process, "num_fds") else 0
        for seed in range(2, 8):
            await played(pool, fragile("die_once", seed=seed))
        await until(lambda: pool.idle() == 1, "an idle worker")

        def open_files() -> int:
            return psutil.Process().num_fds() if hasattr(psutil.Process, "num_fds") else 0

        await until(lambda: open_files() <= before + 1, "no more open files than before")


class TestHanging:
    async def test_silent_worker_is_replaced_and_its_caller_told(self, strict: WorkerPool) -> None:
        pid = busy(strict.interactive)
        began = time.monotonic()
        with pytest.raises(Unavailable, match="said nothing"):
            await played(strict, fragile("hang", at=3))
        assert time.monotonic() - began > 1.4
        await until(lambda: not alive(pid), "the end of the silent worker")
        assert 8 == len(await served(strict))

    async def test_slow_but_living_worker_is_left_alone(self, strict: WorkerPool) -> None:
        """It plays for 2 s, with a patience of 1.5 s between bars."""

        async def left_alone() -> bool:
            try:
                return len(await played(strict, fragile("slow", bars=40))) == 40
            except Unavailable:  # the machine stood still for that long
                return False

        assert await once_of(left_alone)

    async def test_worker_that_holds_the_interpreter_is_killed_after_a_cancel(
        self, pool: WorkerPool, tmp_path: Path
    ) -> None:
        """Its caller is answered at once, and not after the killing."""
        flag, pid = CancelFlag(), busy(pool.interactive)
        play = asyncio.ensure_future(
            pool.play(fragile("stubborn"), lane="interactive", on_bar=_unheard, cancel=flag)
        )
        await until(lambda: files(tmp_path, f"{STUBBORN}-{pid}"), "a worker that hears nothing")
        flag.request()
        with pytest.raises(Conflict):
            await play
        assert alive(pid)
        await until(lambda: not alive(pid), "the end of the worker")
        assert 8 == len(await played(pool, run_of()))

    async def test_worker_that_listens_survives_a_cancel(self, pool: WorkerPool) -> None:
        """One that is stopped by the machine for 0.25 s just then is taken for deaf."""

        async def survives() -> bool:
            flag, pid = CancelFlag(), busy(pool.interactive)
            run = fragile("slow", bars=200)
            with pytest.raises(Conflict):
                await pool.play(
                    run, lane="interactive", on_bar=lambda _bar: flag.request(), cancel=flag
                )
            assert 8 == len(await played(pool, run_of()))
            return pid == busy(pool.interactive)

        assert await once_of(survives)


class TestManners:
    @pytest.mark.parametrize("link", ["socket", "pipe"])
    async def test_printing_does_not_enter_the_protocol(
        self, tmp_path: Path, link: Link, capfd: pytest.CaptureFixture[str]
    ) -> None:
        async with running(patient(command(tmp_path, link=link), analysis=0)) as pool:
            assert 8 == len(await played(pool, fragile("print")))
        out, err = capfd.readouterr()
        assert "prints" not in out
        assert "C prints" in err
        assert "python prints" in err

    @posix
    async def test_interrupt_from_the_keyboard_is_for_the_server(self, pool: WorkerPool) -> None:
        pid = busy(pool.interactive)
        os.kill(pid, signal.SIGINT)
        assert 8 == len(await played(pool, run_of()))
        assert pid == busy(pool.interactive)

    @posix
    async def test_durable_workers_stand_back(self, pool: WorkerPool) -> None:
        await until(lambda: pool.durable.pids, "a durable worker")
        own = os.getpriority(os.PRIO_PROCESS, 0)
        assert own == os.getpriority(os.PRIO_PROCESS, busy(pool.interactive))
        assert min(own + 10, 19) == os.getpriority(os.PRIO_PROCESS, busy(pool.durable))

    @pytest.mark.skipif(sys.platform != "linux", reason="the OOM killer is of Linux")
    async def test_workers_go_first_when_memory_ends(self, pool: WorkerPool) -> None:
        path = Path(f"/proc/{busy(pool.interactive)}/oom_score_adj")
        assert "500" == path.read_text().strip()  # noqa: ASYNC240

    async def test_large_worker_is_renewed_between_tasks(self, tmp_path: Path) -> None:
        plan = patient(command(tmp_path), analysis=0, resident_limit=80 << 20)
        async with running(plan) as pool:
            await self.renewed(pool)

    async def renewed(self, pool: WorkerPool) -> None:
        pid = busy(pool.interactive)
        assert 8 == len(await played(pool, fragile("hog")))
        await until(
            lambda: pool.interactive.pids not in {(), (pid,)} and len(pool.interactive.pids) == 1,
            "another worker in place of the large one",
        )
        await until(lambda: not alive(pid), "the end of the large worker")
        assert 8 == len(await played(pool, run_of()))

    async def test_full_queue_refuses(self, tmp_path: Path) -> None:
        async with running(patient(command(tmp_path), analysis=0, queue_limit=2)) as pool:
            runs = [
                pool.play(fragile("slow", bars=4), lane="interactive", on_bar=_unheard)
                for _ in range(4)
            ]
            ends = await asyncio.gather(*runs, return_exceptions=True)
            assert 3 == sum(isinstance(end, Performed) for end in ends)
            assert isinstance(ends[3], ReducedCapacity)

    async def test_preload_is_warmed_once_by_each_worker(self, tmp_path: Path) -> None:
        plan = patient(command(tmp_path), sound=2, analysis=0, resident_limit=80 << 20)
        async with running(plan) as pool:
            await until(lambda: len(files(tmp_path, "warm-notation-*")) == 2, "two warm workers")
            assert 2 == len(files(tmp_path, "warm-sound-*"))
            await until(lambda: pool.sound.idle == 2, "two idle workers")
            pids = pool.sound.pids
            await asyncio.sleep(0.3)
            assert pids == pool.sound.pids  # large from the first, so renewing would not help

    async def test_rendering_leaves_the_players_alone(self, tmp_path: Path) -> None:
        async with running(patient(command(tmp_path), sound=1, analysis=0)) as pool:
            hung = asyncio.ensure_future(
                WorkerRenderer(pool).audio(song("hang"), format="wav", lane="interactive")
            )
            assert 8 == len(await played(pool, run_of()))
            hung.cancel()
            with pytest.raises(asyncio.CancelledError):
                await hung


class TestStarting:
    async def test_broken_plug_in_is_named_in_the_log(self, tmp_path: Path) -> None:
        with capture_logs() as logs:
            async with running(patient(command(tmp_path), interactive=2, analysis=0, durable=0)):
                await asyncio.sleep(0)
        reasons = [line["reason"] for line in logs if line["event"] == "engine.skipped"]
        assert ["kazoo: no such module"] == reasons

    @pytest.mark.parametrize("link", ["socket", "pipe"])
    def test_worker_may_speak_before_its_start_has_returned(
        self, tmp_path: Path, link: Link
    ) -> None:
        """What waits for it is not lost then, neither a warming nor what killed the one before."""

        async def story() -> None:
            async with running(patient(command(tmp_path, link=link), analysis=0)) as pool:
                assert 8 == len(await played(pool, fragile("die_once", at=3)))

        with asyncio.Runner(loop_factory=LateLoop) as runner:
            runner.run(story())

    async def test_broken_installation_is_told_within_seconds(self, tmp_path: Path) -> None:
        plan = settings(command(tmp_path, broken=True))
        pool = WorkerPool(plan, spawn=Tasks(), clock=PlainClock())
        with capture_logs() as logs, pytest.raises(Unavailable):
            await pool.start()
        assert any("a plug-in is broken" in line.get("traceback", "") for line in logs)
        with pytest.raises(Unavailable):
            await WorkerRenderer(pool).audio(song("x"), format="wav", lane="interactive")
        await pool.close()

    @pytest.mark.parametrize(
        "argv",
        [
            ("/nonexistent/python",),
            (sys.executable, "-c", "print('hello')"),
            (sys.executable, "-c", BABBLE),
        ],
        ids=["missing", "silent", "babbling"],
    )
    async def test_what_is_no_worker_is_given_up(self, argv: tuple[str, ...]) -> None:
        plan = settings(WorkerCommand(argv=argv))
        pool = WorkerPool(plan, spawn=Tasks(), clock=PlainClock())
        with pytest.raises(Unavailable):
            await pool.start()
        await pool.close()


class TestStrangersFiles:
    @pytest.fixture
    async def analyzer(self, tmp_path: Path) -> AsyncIterator[WorkerAnalyzer]:
        async with running(patient(command(tmp_path))) as pool:
            yield WorkerAnalyzer(pool, cpu_seconds=1)

    async def analyzed(self, analyzer: WorkerAnalyzer, name: str) -> list[float]:
        heard: list[float] = []
        await analyzer.analyze(
            f"/tmp/{name}.wav",
            depth="quick",
            features=(),
            maximum_seconds=1,
            on_progress=heard.append,
        )
        return heard

    async def test_progress_and_result_arrive(self, analyzer: WorkerAnalyzer) -> None:
        assert 10 == len(await self.analyzed(analyzer, "song"))

    async def test_refused_file(self, analyzer: WorkerAnalyzer) -> None:
        with pytest.raises(UnsupportedAudio, match="not audio that we read"):
            await self.analyzed(analyzer, "noise")

    async def test_file_that_crashes_the_decoder_costs_workers_only(
        self, analyzer: WorkerAnalyzer
    ) -> None:
        with pytest.raises(UnsupportedAudio, match="safely"):
            await self.analyzed(analyzer, "die")
        assert 10 == len(await self.analyzed(analyzer, "song"))

    @pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are of Linux")
    async def test_file_that_eats_memory_is_refused(self, analyzer: WorkerAnalyzer) -> None:
        with pytest.raises(PayloadTooLarge, match="memory"):
            await self.analyzed(analyzer, "bomb")
        assert 10 == len(await self.analyzed(analyzer, "song"))

    @posix
    async def test_file_that_eats_time_is_refused_once(self, analyzer: WorkerAnalyzer) -> None:
        with capture_logs() as logs, pytest.raises(UnsupportedAudio):
            await self.analyzed(analyzer, "spin")
        assert 1 == sum(line["event"] == "worker.died" for line in logs)

    async def test_without_limits_of_the_system_time_still_ends_it(self, tmp_path: Path) -> None:
        """As on Windows, which has no `resource` module."""
        blocked = WorkerCommand(argv=(sys.executable, "-c", BLOCKED), link="pipe", folder=str(ROOT))
        async with running(settings(blocked)) as pool:
            analyzer = WorkerAnalyzer(pool)
            with pytest.raises(UnsupportedAudio):
                await self.analyzed(analyzer, "spin")

            async def heard() -> bool:
                try:
                    return len(await self.analyzed(analyzer, "song")) == 10
                except UnsupportedAudio:  # the machine stood still for 2 s, its patience
                    return False

            assert await once_of(heard)


class TestRendering:
    async def test_long_file_arrives_whole(self, pool: WorkerPool) -> None:
        content = await WorkerRenderer(pool).audio(song("long"), format="wav", lane="durable")
        assert 9_000_000 == len(content)
        assert content.startswith(b"wav---")

    async def test_pictures_and_sounds(self, pool: WorkerPool) -> None:
        renderer = WorkerRenderer(pool)
        assert b"<svg>tune</svg>" == await renderer.notation(song("tune"), lane="interactive")
        assert b"ogg" == (await renderer.audio(song("a"), format="ogg", lane="interactive"))[:3]

    async def test_renderer_that_dies_is_told(self, pool: WorkerPool) -> None:
        with pytest.raises(Unavailable):
            await WorkerRenderer(pool).audio(song("die"), format="wav", lane="durable")


class TestTheEnd:
    @pytest.mark.serial
    @pytest.mark.parametrize("act", ["slow", "hang", "stubborn"])
    async def test_close_takes_less_than_a_second(self, tmp_path: Path, act: str) -> None:
        """Whatever its workers do; a machine that stands still is given another chance."""

        async def in_time() -> bool:
            return await self.closed(tmp_path, act) < 1.0

        assert await once_of(in_time)

    async def closed(self, folder: Path, act: str) -> float:
        """The seconds that closing took while a worker did as it was told."""
        tasks, begun = Tasks(), asyncio.Event()
        pool = WorkerPool(patient(command(folder)), spawn=tasks, clock=PlainClock())
        await pool.start()
        await until(
            lambda: all(crew.pids for crew in pool.crews() if crew.plan.size), "all workers"
        )
        run = fragile(act, at=1, bars=200)
        play = tasks(
            pool.play(run, lane="interactive", on_bar=lambda _bar: begun.set()), name="play"
        )
        await begun.wait()
        if act == "stubborn":
            pid = busy(pool.interactive)
            await until(lambda: files(folder, f"{STUBBORN}-{pid}"), "a worker that hears nothing")
        pids = [pid for crew in pool.crews() for pid in crew.pids]
        began = time.monotonic()
        await pool.close()
        took = time.monotonic() - began
        await until(lambda: not any(alive(pid) for pid in pids), "the end of all workers")
        with pytest.raises(Unavailable):
            await play
        return took

    @posix
    @pytest.mark.parametrize("act", ["play", "slow", "hang", "stubborn"])
    def test_no_worker_outlives_a_killed_server(self, act: str, tmp_path: Path) -> None:
        """Nor leaves a file anywhere but in the folder it was given."""
        before = set(Path(tempfile.gettempdir()).glob("warm-*"))
        pids = self.orphaned(act, tmp_path)
        _wait_for_the_end_of(pids)
        assert before == set(Path(tempfile.gettempdir()).glob("warm-*"))

    @posix
    @pytest.mark.serial
    @pytest.mark.parametrize("act", ["hang", "stubborn"])
    def test_a_killed_server_takes_its_workers_along_within_a_second(
        self, act: str, tmp_path: Path
    ) -> None:
        """Even those that hear nothing."""
        for _ in range(TRIES):
            pids = self.orphaned(act, tmp_path)
            began = time.monotonic()
            _wait_for_the_end_of(pids)
            if time.monotonic() - began < 1.0:
                return
        raise AssertionError("they live on for more than a second each time")

    def orphaned(self, act: str, folder: Path) -> list[int]:
        """The workers of a server that was killed just now."""
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.doubles.worker_server", act, str(folder)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        with server:
            try:
                assert server.stdout is not None
                line = next(line for line in server.stdout if line.startswith(PIDS))
            finally:
                server.kill()
        pids = [int(pid) for pid in line.split()[1:]]
        assert 3 == len(pids)
        return pids

    @posix
    async def test_job_of_a_killed_server_is_done_by_the_next(self, tmp_path: Path) -> None:
        opened = open_store(None, tmp_path)
        await with_song(opened)
        await opened.write(lambda tx: tx.jobs.enqueue(job("a", kind="generate")))
        await opened.close()
        await asyncio.to_thread(self.kill_in_mid_job, tmp_path)
        async with serving(tmp_path, bars=1) as (store, _):

            async def ended() -> Job | None:
                job = await found(store, "a")
                return job if job.state == "completed" else None

            done: Job | None = await until(ended, "the end of the job")
            assert done is not None
        assert (2, 2) == (done.attempt, done.fence)

    def kill_in_mid_job(self, folder: Path) -> None:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.doubles.job_server", str(folder)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        with server:
            try:
                assert server.stdout is not None
                assert next(line for line in server.stdout if line.startswith(BEGUN))
            finally:
                server.kill()

    @posix
    @pytest.mark.parametrize("link", ["socket", "pipe"])
    def test_uvloop_serves_as_well(self, tmp_path: Path, link: Link) -> None:
        """Its processes and pipes are not those of asyncio, so the hard cases are tried again."""
        uvloop = pytest.importorskip("uvloop")

        async def story() -> None:
            plan = patient(command(tmp_path, link=link), analysis=0)
            async with running(plan) as pool:
                assert 8 == len(await played(pool, run_of()))
                assert 8 == len(await played(pool, fragile("die_once", at=4)))
                with pytest.raises(Unavailable):
                    await played(pool, fragile("die"))
                flag = CancelFlag()
                play = asyncio.ensure_future(
                    pool.play(fragile("stubborn"), lane="interactive", on_bar=_unheard, cancel=flag)
                )
                await until(lambda: files(tmp_path, f"{STUBBORN}-*"), "a worker that hears nothing")
                flag.request()
                with pytest.raises(Conflict):
                    await play
                content = await WorkerRenderer(pool).audio(
                    song("long"), format="wav", lane="durable"
                )
                assert 9_000_000 == len(content)
                pids = pool.interactive.pids + pool.durable.pids
            await until(lambda: not any(alive(pid) for pid in pids), "the end of all workers")
            async with running(settings(command(tmp_path, link=link), analysis=0)) as strict:
                with pytest.raises(Unavailable):
                    await played(strict, fragile("hang"))
                assert 8 == len(await served(strict))

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(story())


async def found(store: Store, name: str) -> Job:
    stored = await store.read(lambda tx: tx.jobs.get(JobId(name)))
    assert stored is not None
    return stored


def _wait_for_the_end_of(pids: list[int]) -> None:
    wait_until(lambda: not any(map(alive, pids)), "the end of the orphans")


def _unheard(_bar: Bar) -> None:
    return
