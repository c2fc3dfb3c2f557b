"""BrainAroo behind processes with limits on memory and time: `ports.work.Analyzer`."""

from collections.abc import Callable
from typing import Final

from musearoo.domain.analysis import Analysis, Depth
from musearoo.domain.errors import UnsupportedAudio
from musearoo.jobs import frames
from musearoo.jobs.order import Lost, Order
from musearoo.jobs.pool import WorkerPool, perform
from musearoo.ports.work import Cancel

# A three-minute song takes 5 s; a recording of the longest kind must fit, a bomb must not.
_CPU_SECONDS: Final = 30
_CPU_SHARE_OF_LENGTH: Final = 0.1


class WorkerAnalyzer:
    """Each file is decoded in a worker that it can only take down with itself.

    `cpu_seconds` of processor time are allowed to any file, and more to long ones.
    """

    def __init__(self, pool: WorkerPool, *, cpu_seconds: float = _CPU_SECONDS) -> None:
        self._pool = pool
        self._cpu_seconds = cpu_seconds

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
        cpu_seconds = int(self._cpu_seconds + _CPU_SHARE_OF_LENGTH * maximum_seconds)
        order = Order(
            frames.AnalyzeTask(path, depth, features, maximum_seconds, cpu_seconds),
            patience=self._pool.settings.analysis_patience,
            on_progress=on_progress,
        )
        try:
            result = await perform(self._pool.analysis, order, cancel)
        except Lost as error:
            raise UnsupportedAudio(
                "This file cannot be decoded safely; export it again as WAV or FLAC."
            ) from error
        assert isinstance(result, frames.Analyzed)  # noqa: S101
        return result.analysis
