"""What a worker can do: one method for each kind of task, over what is installed."""

import os
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Protocol

from musearoo.app.worker_guard import limit_processor
from musearoo.domain.analysis import Analysis
from musearoo.domain.context import EngineContext
from musearoo.domain.engine import EngineParameters, EngineRun
from musearoo.domain.song import Song
from musearoo.engines.contract import Engine, play
from musearoo.jobs import frames
from musearoo.ports.work import AudioFormat

Engines = Mapping[str, Engine[Any]]


class Cancelled(Exception):
    """The server asked to stop."""


class Skills(Protocol):
    """Everything a worker calls on; a test puts other players in its place."""

    def engines(self, skipped: Callable[[str], None]) -> Engines:
        """The installed players, by name; `skipped` is told of those that are broken."""
        ...

    def analyze(self, task: frames.AnalyzeTask, progress: Callable[[float], None]) -> Analysis:
        """Decode and analyse a file."""
        ...

    def audio(self, song: Song, format: AudioFormat) -> bytes:  # noqa: A002
        """Render to a whole audio file."""
        ...

    def notation(self, song: Song) -> bytes:
        """Engrave as SVG."""
        ...

    def warm(self, what: str) -> None:
        """Load and touch "sound", "notation" or "analysis"."""
        ...


class Installed:
    """The skills of this distribution, imported when first needed: a player needs no NumPy."""

    def engines(self, skipped: Callable[[str], None]) -> Engines:
        from musearoo.engines.loading import BrokenEngine, load_engines  # noqa: PLC0415

        def report(broken: BrokenEngine) -> None:
            skipped(f"{broken.name} ({broken.source}): {broken.reason}")

        return load_engines(report)

    def analyze(self, task: frames.AnalyzeTask, progress: Callable[[float], None]) -> Analysis:
        from musearoo.brain import DecodeLimits, analyze_file  # noqa: PLC0415

        return analyze_file(
            task.path,
            depth=task.depth,
            features=task.features or None,
            progress=progress,
            limits=DecodeLimits(maximum_seconds=task.maximum_seconds),
        )

    def audio(self, song: Song, format: AudioFormat) -> bytes:  # noqa: A002
        from musearoo.render.audio import render_audio  # noqa: PLC0415

        return render_audio(song, format)

    def notation(self, song: Song) -> bytes:
        from musearoo.render.notation import render_svg  # noqa: PLC0415

        return render_svg(song)

    def warm(self, what: str) -> None:
        match what:
            case "sound":
                from musearoo.render.audio import warm_up  # noqa: PLC0415

                warm_up()
            case "notation":
                from musearoo.render import notation  # noqa: PLC0415

                notation.warm_up()
            case "analysis":
                import_module("musearoo.brain")


class Bench:
    """Where tasks are done, one at a time. `send` tells the server of bars and progress."""

    def __init__(
        self,
        skills: Skills,
        send: Callable[[frames.FromWorker], None],
        is_cancelled: Callable[[int], bool],
        *,
        plays: bool,
    ) -> None:
        self._skills = skills
        self._send = send
        self._is_cancelled = is_cancelled
        skipped: list[str] = []
        self._engines = skills.engines(skipped.append) if plays else {}
        self._skipped = tuple(skipped)

    def ready(self) -> frames.Ready:
        """What to tell the server first."""
        engines = tuple(self._engines[name].description for name in sorted(self._engines))
        return frames.Ready(os.getpid(), engines, self._skipped)

    def do(self, order: frames.Run) -> frames.Result:
        """Do a task; raises `Cancelled`, a domain error, or whatever went wrong in it."""
        match order.task:
            case frames.PlayTask(run=run):
                return self._play(order.id, run)
            case frames.AnalyzeTask() as task:
                return self._analyze(order.id, task)
            case frames.AudioTask(song=song, format=format_):
                return self._made(order.id, self._skills.audio(song, format_))
            case frames.NotationTask(song=song):
                return self._made(order.id, self._skills.notation(song))
            case frames.WarmTask(what=what):
                return self._warm(what)

    def _play(self, order: int, run: EngineRun) -> frames.Ended:
        began = time.perf_counter()
        engine = self._engines[run.engine]
        bars = []
        for bar in play(engine, run):
            self._check(order)
            self._send(frames.Played(order, bar))
            bars.append(bar)
        parameters = EngineParameters(engine.description.resolved(run.parameters))
        permille = engine.confidence(run.context, parameters, tuple(bars))
        confidence = min(max(permille / 1000, 0.0), 1.0)
        return frames.Ended(confidence, time.perf_counter() - began)

    def _analyze(self, order: int, task: frames.AnalyzeTask) -> frames.Analyzed:
        def progress(value: float) -> None:
            self._check(order)
            self._send(frames.Progress(order, value))

        limit_processor(task.cpu_seconds)
        return frames.Analyzed(self._skills.analyze(task, progress))

    def _made(self, order: int, content: bytes) -> frames.Made:
        for begin in range(0, len(content), frames.CHUNK):
            self._check(order)
            self._send(frames.Chunk(order, content[begin : begin + frames.CHUNK]))
        return frames.Made(len(content))

    def _warm(self, what: str) -> frames.Warmed:
        engine = self._engines.get(what)
        if engine is None:
            self._skills.warm(what)
        else:
            run = EngineRun(engine=what, context=EngineContext(bars=1), parameters={}, seed=0)
            for _ in play(engine, run):
                pass
        return frames.Warmed()

    def _check(self, order: int) -> None:
        if self._is_cancelled(order):
            raise Cancelled
