"""Commands on files: a recording in, its analysis, one part or a whole band out."""

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, cast

import msgspec
import typer

from musearoo.app.bandstand import BAND, Band, bandstand, heard_music, midi, summary
from musearoo.app.cli.console import AsJson, answer, load_settings, progress_bar, run
from musearoo.domain.analysis import Analysis, Depth
from musearoo.domain.engine import ParameterValue
from musearoo.domain.errors import InvalidValue, UnsupportedAudio

Recording = Annotated[Path, typer.Argument(help="A .wav, .mp3, .flac, .aiff or .ogg file.")]
Seed = Annotated[int | None, typer.Option(help="The same seed gives the same notes.")]
Depths = Annotated[str, typer.Option("--type", help="quick, comprehensive or deep.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="An engine parameter, such as complexity=0.8.")
]


def analyze(recording: Recording, depth: Depths = "comprehensive", *, json: AsJson = False) -> None:
    """Say what BrainAroo hears in a recording."""

    async def work() -> Analysis:
        source, chosen = existing(recording), checked_depth(depth)
        with progress_bar(quiet=json) as progress:
            async with bandstand(load_settings()) as stand:
                return await stand.analyze(source, chosen, progress)

    analysis = run(work, as_json=json)
    answer(analysis, as_json=json, lines=lambda: _analysis_lines(analysis))


def generate(
    recording: Recording,
    engine: Annotated[str, typer.Option(help="drummaroo, bassaroo, melodyroo, harmonyroo ...")],
    seed: Seed = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="The MIDI file to write.")] = Path(
        "out.mid"
    ),
    parameters: Set = None,
    *,
    json: AsJson = False,
) -> None:
    """Play one part to a recording and write it as MIDI."""
    chosen = seed if seed is not None else random.randrange(2**32)  # noqa: S311

    async def work() -> dict[str, object]:
        source, values = existing(recording), parsed(parameters)
        writable(output)
        with progress_bar(quiet=json) as progress:
            async with bandstand(load_settings()) as stand:
                stand.check(values, engine)
                analysis = followable(await stand.analyze(source, "comprehensive", progress))
                music = heard_music(analysis)
                part = await stand.play(music, engine, parameters=values, seed=chosen, heard={})
        played = Band(recording.stem, music, (part,))
        output.write_bytes(midi(played))
        return {**summary(played, analysis, chosen), "file": str(output)}

    result = run(work, as_json=json)
    answer(result, as_json=json, lines=lambda: _band_lines(result))


def band(
    recording: Recording,
    folder: Annotated[Path, typer.Option("-o", "--output", help="The folder to write to.")],
    seed: Seed = None,
    parameters: Set = None,
    depth: Depths = "comprehensive",
    *,
    json: AsJson = False,
) -> None:
    """Play a whole band to a recording: MIDI, mix and score into a folder."""
    chosen = seed if seed is not None else random.randrange(2**32)  # noqa: S311

    async def work() -> dict[str, object]:
        source, values, deep = existing(recording), parsed(parameters), checked_depth(depth)
        writable(folder / "band.json")
        with progress_bar(quiet=json) as progress:
            async with bandstand(load_settings()) as stand:
                stand.check(values, *BAND)
                analysis = followable(await stand.analyze(source, deep, progress))
                played = await stand.band(
                    recording.stem,
                    heard_music(analysis),
                    parameters=values,
                    seed=chosen,
                    progress=progress,
                )
                progress("rendering", 1.0)
                written = await stand.files(played)
        result = summary(played, analysis, chosen)
        _write(folder, written, result)
        _with_riff(folder, source, played)
        files = sorted([*written, "band.json", "together.wav"])
        return {**result, "folder": str(folder), "files": files}

    result = run(work, as_json=json)
    answer(result, as_json=json, lines=lambda: _band_lines(result))


def existing(recording: Path) -> Path:
    """The file, if there is one."""
    if recording.is_dir():
        raise UnsupportedAudio(f"{recording} is a folder; name one recording in it.")
    if not recording.exists():
        raise UnsupportedAudio(f"There is no file {recording}.")
    return recording


def followable(analysis: Analysis) -> Analysis:
    """The analysis, if a band has anything to follow in it."""
    if analysis.tempo is None and analysis.key is None:
        why = "; ".join(analysis.warnings) or "neither tempo nor key"
        raise UnsupportedAudio(f"Nothing to follow ({why}). Record two bars or more, louder.")
    return analysis


def writable(file: Path) -> None:
    """See before the work that its result can be kept; makes the folder."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidValue("--output", str(file.parent), f"a folder ({reason})") from error
    if file.is_dir() or not os.access(file.parent, os.W_OK):
        raise InvalidValue("--output", str(file), "a file that can be written")


def checked_depth(text: str) -> Depth:
    """One of the three depths."""
    if text not in {"quick", "comprehensive", "deep"}:
        raise InvalidValue("--type", text, "quick, comprehensive or deep")
    return cast("Depth", text)


def parsed(parameters: list[str] | None) -> dict[str, ParameterValue]:
    """`name=value` texts as parameters: numbers and booleans in their own type."""
    values: dict[str, ParameterValue] = {}
    for text in parameters or ():
        name, equals, value = text.partition("=")
        if not equals:
            raise InvalidValue("--set", text, "name=value, such as complexity=0.8")
        values[name] = _typed(value)
    return values


def _typed(value: str) -> ParameterValue:
    if value in {"true", "false"}:
        return value == "true"
    try:
        return float(value)
    except ValueError:
        return value


def _write(folder: Path, written: dict[str, bytes], result: dict[str, object]) -> None:
    for name, content in written.items():
        (folder / name).write_bytes(content)
    (folder / "band.json").write_bytes(msgspec.json.format(msgspec.json.encode(result)))


def _with_riff(folder: Path, recording: Path, played: Band) -> None:
    from musearoo.app.together import together  # noqa: PLC0415  (loads NumPy)

    bar_1 = played.music.tempo_map.origin_seconds
    both = together(recording, folder / "mix.wav", bar_1=bar_1, title=played.title)
    (folder / "together.wav").write_bytes(both)


def _analysis_lines(analysis: Analysis) -> Iterator[str]:
    for name in ("tempo", "time_signature", "key", "style", "emotion", "complexity"):
        value = getattr(analysis, name)
        shown = (
            "not found" if value is None else f"{value:.4g}" if isinstance(value, float) else value
        )
        yield f"{name.replace('_', ' '):15} {shown}  ({analysis.confidence.get(name, 0):.0%} sure)"
    yield "chords          " + " ".join(chord.symbol for chord in analysis.chords[:32])
    yield from (f"note: {warning}" for warning in analysis.warnings)


def _band_lines(result: dict[str, object]) -> Iterator[str]:
    tempo, key = result["tempo"], result["key"]
    heard = (
        f"{tempo:.4g} bpm" if tempo else "no clear tempo, 120 bpm taken",
        str(key) if key else "no clear key",
        str(result["time_signature"] or "no clear meter"),
        str(result["style"] or "no clear style"),
        f"{result['bars']} bars from {result['bar_1_at_seconds']} s",
        f"seed {result['seed']}",
    )
    yield f"{result['title']}: {', '.join(heard)}"
    yield from (f"note: {warning}" for warning in cast("list[str]", result["warnings"]))
    for part in cast("list[dict[str, object]]", result["parts"]):
        fit = cast("dict[str, float | None]", part["fit"])
        measures = ", ".join(
            f"{name.replace('_', ' ')} {value:.2f}"
            for name, value in fit.items()
            if value is not None
        )
        yield f"  {part['part']}: {part['notes']} notes; {measures}"
    yield f"written to {result.get('folder') or result.get('file')}"
    if "files" in result:
        yield "listen to together.wav: your riff with the band"
