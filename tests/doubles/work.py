"""Workers without processes: the same promises, kept inside the loop."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from musearoo.domain.analysis import Analysis, Depth
from musearoo.domain.engine import Bar, EngineDescription, EngineParameters, EngineRun
from musearoo.domain.errors import (
    Conflict,
    InvalidValue,
    MuseArooError,
    ReducedCapacity,
    Unavailable,
)
from musearoo.domain.song import Song
from musearoo.engines.contract import Engine, play
from musearoo.ports.work import AudioFormat, Cancel, Lane, Performed


class LoopPool:
    """An `EnginePool` of one worker per lane that plays on the event loop, bar by bar.

    While `goes_on` is clear it waits behind each bar.
    """

    def __init__(
        self,
        engines: Mapping[str, Engine[Any]],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.warmed: list[str] = []
        self.runs: list[EngineRun] = []
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self._engines = engines
        self._monotonic = monotonic
        self._lanes: dict[Lane, asyncio.Lock] = {
            "interactive": asyncio.Lock(),
            "durable": asyncio.Lock(),
        }
        self._ahead = 0

    def engines(self) -> tuple[EngineDescription, ...]:
        return tuple(self._engines[name].description for name in sorted(self._engines))

    def describe(self, engine: str) -> EngineDescription:
        if engine not in self._engines:
            raise InvalidValue("engine", engine, f"one of {', '.join(sorted(self._engines))}")
        return self._engines[engine].description

    async def play(
        self,
        run: EngineRun,
        *,
        lane: Lane,
        on_bar: Callable[[Bar], None],
        cancel: Cancel | None = None,
        drop_after: float | None = None,
        player: str = "",
    ) -> Performed:
        self.describe(run.engine)
        _check(cancel)
        counted = int(lane == "interactive")
        self._ahead += counted
        try:
            await asyncio.sleep(0)
            async with self._lanes[lane]:
                if drop_after is not None and self._monotonic() > drop_after:
                    raise ReducedCapacity("This can no longer be done in time.")
                self.runs.append(run)
                began = time.perf_counter()
                confidence = await self._play(run, on_bar, cancel)
                return Performed(confidence, time.perf_counter() - began)
        finally:
            self._ahead -= counted

    def queued(self, player: str = "") -> int:
        return self._ahead

    def idle(self) -> int:
        return int(not self._lanes["interactive"].locked())

    def workers(self) -> int:
        return 1

    def warm(self, engine: str) -> None:
        self.describe(engine)
        self.warmed.append(engine)

    async def _play(
        self, run: EngineRun, on_bar: Callable[[Bar], None], cancel: Cancel | None
    ) -> float:
        engine = self._engines[run.engine]
        bars = play(engine, run)
        heard: list[Bar] = []
        while (bar := _next(bars)) is not None:
            _check(cancel)
            on_bar(bar)
            heard.append(bar)
            await asyncio.sleep(0)
            await self.goes_on.wait()
        _check(cancel)
        parameters = EngineParameters(engine.description.resolved(run.parameters))
        return engine.confidence(run.context, parameters, tuple(heard)) / 1000


class StoredAnalyzer:
    """An `Analyzer` that answers what a test put in, by file name."""

    def __init__(self, answers: Mapping[str, Analysis | Exception]) -> None:
        self.asked: list[str] = []
        self._answers = answers

    async def analyze(
        self,
        path: str,
        *,
        depth: Depth,
        features: tuple[str, ...],
        maximum_seconds: float,
        on_progress: Callable[[float], None] | None = None,
        cancel: Cancel | None = None,
    ) -> Analysis:
        self.asked.append(path)
        for step in range(1, 11):
            _check(cancel)
            if on_progress is not None:
                on_progress(step / 10)
            await asyncio.sleep(0)
        answer = self._answers[path]
        if isinstance(answer, Exception):
            raise answer
        return answer


class TextRenderer:
    """A `Renderer` whose files say what they were made of."""

    async def audio(self, song: Song, *, format: AudioFormat, lane: Lane) -> bytes:  # noqa: A002
        return f"{format}:{song.title}:{sum(len(part.notes) for part in song.parts)}".encode()

    async def notation(self, song: Song, *, lane: Lane) -> bytes:
        return f"<svg>{song.title}</svg>".encode()


class NotedJobs:
    """A `Jobs` that notes what it was told and runs nothing."""

    def __init__(self) -> None:
        self.woken = 0
        self.cancelled: list[str] = []

    def wake(self) -> None:
        self.woken += 1

    def cancel(self, job: str) -> None:
        self.cancelled.append(job)


def _next(bars: Any) -> Bar | None:
    try:
        return next(bars, None)
    except MuseArooError:
        raise
    except Exception as error:
        raise Unavailable("This failed on our side.") from error


def _check(cancel: Cancel | None) -> None:
    if cancel is not None and cancel.requested:
        raise Conflict("The work was cancelled.")
