"""What every `Analyzer` and `Renderer` promises: over worker processes, and the doubles."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from musearoo.conductor.cancelling import CancelFlag
from musearoo.domain.analysis import Analysis
from musearoo.domain.errors import Conflict, UnsupportedAudio
from musearoo.jobs.analyzer import WorkerAnalyzer
from musearoo.jobs.renderer import WorkerRenderer
from musearoo.ports.work import Analyzer, Lane, Renderer
from tests.doubles.pools import command, patient, running, song
from tests.doubles.work import StoredAnalyzer, TextRenderer

HEARD = Analysis(depth="quick", duration=1.0, tempo=120.0)


class Tools(NamedTuple):
    """One of each."""

    analyzer: Analyzer
    renderer: Renderer


@pytest.fixture(params=["workers", "double"])
async def tools(request: Any, tmp_path: Path) -> AsyncIterator[Tools]:
    if request.param == "double":
        answers: dict[str, Analysis | Exception] = {
            "riff.wav": HEARD,
            "noise.wav": UnsupportedAudio("This is not audio that we read."),
        }
        yield Tools(StoredAnalyzer(answers), TextRenderer())
        return
    async with running(patient(command(tmp_path))) as pool:
        yield Tools(WorkerAnalyzer(pool), WorkerRenderer(pool))


async def analyzed(tools: Tools, path: str, **options: Any) -> Analysis:
    return await tools.analyzer.analyze(
        path, depth="quick", features=(), maximum_seconds=10.0, **options
    )


class TestAnalyzer:
    async def test_result_comes_with_rising_progress(self, tools: Tools) -> None:
        heard: list[float] = []
        analysis = await analyzed(tools, "riff.wav", on_progress=heard.append)
        assert ("quick", 120.0) == (analysis.depth, analysis.tempo)
        assert sorted(heard) == heard
        assert 1.0 == heard[-1]

    async def test_refusal_reaches_the_caller(self, tools: Tools) -> None:
        with pytest.raises(UnsupportedAudio, match="not audio that we read"):
            await analyzed(tools, "noise.wav")

    async def test_cancel_stops_it(self, tools: Tools) -> None:
        flag = CancelFlag()
        with pytest.raises(Conflict):
            await analyzed(tools, "riff.wav", on_progress=lambda _: flag.request(), cancel=flag)

    async def test_cancelled_before_it_began(self, tools: Tools) -> None:
        flag = CancelFlag()
        flag.request()
        with pytest.raises(Conflict):
            await analyzed(tools, "riff.wav", cancel=flag)


class TestRenderer:
    @pytest.mark.parametrize("lane", ["interactive", "durable"])
    async def test_sound_and_picture_in_both_lanes(self, tools: Tools, lane: Lane) -> None:
        sound = await tools.renderer.audio(song("tune"), format="flac", lane=lane)
        picture = await tools.renderer.notation(song("tune"), lane=lane)
        assert sound.startswith(b"flac")
        assert b"<svg>tune</svg>" == picture

    async def test_same_song_gives_the_same_bytes(self, tools: Tools) -> None:
        first = await tools.renderer.audio(song("tune"), format="wav", lane="durable")
        assert first == await tools.renderer.audio(song("tune"), format="wav", lane="durable")
