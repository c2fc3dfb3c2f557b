"""From a recording to a band without a server: what `analyze`, `generate` and `band` do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from musearoo.app.settings import Settings
from musearoo.app.tasks import Tasks
from musearoo.conductor.contexts import adopted, engine_context
from musearoo.conductor.parameters import checked_style
from musearoo.domain.analysis import Analysis, Depth
from musearoo.domain.context import EngineContext
from musearoo.domain.engine import Bar, EngineRun, ParameterValue
from musearoo.domain.events import ContextAdopted
from musearoo.domain.music.fit import chord_tone_ratio, in_key_ratio, onset_alignment
from musearoo.domain.music.note import Note
from musearoo.domain.music.tempo_map import TempoMap
from musearoo.domain.song import Song, SongPart, balanced
from musearoo.exports import EXPORTERS
from musearoo.jobs.analyzer import WorkerAnalyzer
from musearoo.jobs.pool import PoolSettings, WorkerPool
from musearoo.jobs.renderer import WorkerRenderer
from musearoo.security.ambient import SystemClock

BAND: Final = ("drummaroo", "bassaroo", "harmonyroo", "melodyroo")
MAXIMUM_SECONDS: Final = 1800.0  # a band plays 256 bars at most
_EXPORTS: Final = {each.format: each for each in EXPORTERS}
Progress = Callable[[str, float], None]


class Fit(msgspec.Struct, frozen=True):
    """How a part fits the riff, each 0 to 1; pitched measures are None for drums."""

    onset_alignment: float
    chord_tone_ratio: float | None
    in_key_ratio: float | None


class Part(msgspec.Struct, frozen=True):
    """One played part."""

    engine: str
    name: str
    title: str
    program: int | None
    notes: tuple[Note, ...]
    confidence: float
    fit: Fit


class Band(msgspec.Struct, frozen=True):
    """All parts over one context."""

    title: str
    music: ContextAdopted
    parts: tuple[Part, ...]

    def song(self, *names: str) -> Song:
        """The song of all parts, or of the named ones."""
        return Song(
            title=self.title,
            bars=self.music.bars,
            parts=tuple(_song_part(part) for part in self.parts if not names or part.name in names),
            tempo_map=TempoMap(self.music.tempo_map.changes),
            meter=self.music.meter,
            key=self.music.key,
            chords=self.music.chords,
            sections=self.music.sections,
        )


class Bandstand:
    """Analyses and plays with worker processes of its own."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool
        self._analyzer = WorkerAnalyzer(pool)
        self._renderer = WorkerRenderer(pool)

    def engines(self) -> tuple[str, ...]:
        """Names of the installed engines."""
        return tuple(description.name for description in self._pool.engines())

    def check(self, parameters: Mapping[str, ParameterValue], *engines: str) -> None:
        """Refuse a parameter that none of the engines knows, or a value out of its range."""
        described = [self._pool.describe(engine) for engine in engines]
        for name, value in _with_style(dict(parameters)).items():
            knowing = [
                each for each in described if name in {spec.name for spec in each.parameters}
            ]
            for each in knowing or described[:1]:
                each.resolved({name: value})

    async def analyze(self, path: Path, depth: Depth, progress: Progress) -> Analysis:
        """Analyse a recording; raises `UnsupportedAudio` or `PayloadTooLarge`."""
        return await self._analyzer.analyze(
            str(path),
            depth=depth,
            features=(),
            maximum_seconds=MAXIMUM_SECONDS,
            on_progress=lambda share: progress("analysing", share),
        )

    async def play(
        self,
        music: ContextAdopted,
        engine: str,
        *,
        parameters: Mapping[str, ParameterValue],
        seed: int,
        heard: Mapping[str, tuple[Note, ...]],
    ) -> Part:
        """Play one part over a context, hearing the parts before it."""
        description = self._pool.describe(engine)
        values = description.resolved(_with_style(dict(parameters)))
        style = str(values.get("style", music.style))
        context = engine_context(music, style=style, bars=None, parts=heard)
        bars: list[Bar] = []
        run = EngineRun(engine=engine, context=context, parameters=values, seed=seed)
        played = await self._pool.play(run, lane="interactive", on_bar=bars.append)
        notes = tuple(note for bar in bars for note in bar.notes)
        return Part(
            engine=engine,
            name=description.default_part,
            title=description.title,
            program=description.program,
            notes=notes,
            confidence=played.confidence,
            fit=_fit(notes, context, pitched=description.program is not None),
        )

    async def band(
        self,
        title: str,
        music: ContextAdopted,
        *,
        parameters: Mapping[str, ParameterValue],
        seed: int,
        progress: Progress,
    ) -> Band:
        """Play the whole band, each part hearing those before it."""
        parts: list[Part] = []
        for number, engine in enumerate(BAND):
            progress(engine, number / len(BAND))
            heard = {part.name: part.notes for part in parts}
            known = {spec.name for spec in self._pool.describe(engine).parameters}
            own = {name: value for name, value in parameters.items() if name in known}
            part = await self.play(music, engine, parameters=own, seed=seed, heard=heard)
            parts.append(part)
        progress("played", 1.0)
        return Band(title, music, tuple(parts))

    async def audio(self, song: Song) -> bytes:
        """A song as WAV."""
        return await self._renderer.audio(song, format="wav", lane="interactive")

    async def files(self, band: Band) -> dict[str, bytes]:
        """Every file of a band by name: mix, score, and MIDI of the whole and of each part."""
        song = band.song()
        mix, score = await asyncio.gather(
            self.audio(song),
            self._renderer.notation(song, lane="durable"),
        )
        files = {
            "band.mid": midi(band),
            "band.musicxml": _EXPORTS["musicxml"].export(song),
            "mix.wav": mix,
            "score.svg": score,
        }
        for part in band.parts:
            files[f"{part.name}.mid"] = midi(band, part.name)
        return files


@contextlib.asynccontextmanager
async def bandstand(settings: Settings) -> AsyncIterator[Bandstand]:
    """A bandstand with its workers, ended with the block."""
    tasks = Tasks()
    pool = WorkerPool(PoolSettings(interactive=settings.workers), spawn=tasks, clock=SystemClock())
    await pool.start()
    try:
        yield Bandstand(pool)
    finally:
        await pool.close()
        await tasks.close()


def heard_music(analysis: Analysis) -> ContextAdopted:
    """The musical context that an analysis proposes."""
    return adopted(None, analysis)


def midi(band: Band, *names: str) -> bytes:
    """The band, or the named parts of it, as a MIDI file."""
    return _EXPORTS["midi"].export(band.song(*names))


def summary(band: Band, analysis: Analysis, seed: int) -> dict[str, object]:
    """What `band.json` says: what was heard, what was played and how it fits."""
    return {
        "title": band.title,
        "seed": seed,
        "tempo": analysis.tempo,
        "key": analysis.key,
        "time_signature": analysis.time_signature,
        "style": analysis.style,
        "bars": band.music.bars,
        "bar_1_at_seconds": round(band.music.tempo_map.origin_seconds, 3),
        "chords": [
            {"bar": span.start // band.music.meter.bar_ticks + 1, "chord": span.chord.symbol()}
            for span in band.music.chords
        ],
        "confidence": analysis.confidence,
        "warnings": analysis.warnings,
        "parts": [
            {
                "part": part.name,
                "engine": part.engine,
                "notes": len(part.notes),
                "confidence": part.confidence,
                "fit": msgspec.to_builtins(part.fit),
            }
            for part in band.parts
        ],
    }


def _with_style(parameters: dict[str, ParameterValue]) -> dict[str, ParameterValue]:
    if "style" in parameters:
        parameters["style"] = checked_style(str(parameters["style"]))
    return parameters


def _fit(notes: tuple[Note, ...], context: EngineContext, *, pitched: bool) -> Fit:
    return Fit(
        round(onset_alignment(notes, context), 3),
        round(chord_tone_ratio(notes, context), 3) if pitched else None,
        round(in_key_ratio(notes, context), 3) if pitched else None,
    )


def _song_part(part: Part) -> SongPart:
    return balanced(
        SongPart(name=part.name, title=part.title, notes=part.notes, program=part.program)
    )
