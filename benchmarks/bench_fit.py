"""How well the band fits riffs whose truth is known: `python benchmarks/bench_fit.py [WORD ...]`.

Goes the way of `musearoo band`: recording in, analysis, four parts, files. Prints one JSON
line. Measures are taken on the clock of the recording against the truth, not against what
was heard:

- `bar1`: seconds from the nearest true downbeat to bar 1 of the band
- `pulse`: share of the drum strokes within 45 ms of a true sixteenth
- `accents`: share of the true strokes on quarters that drums or bass meet within 45 ms
- `chord_tones`, `in_key`: sounding time of the pitched parts on the true chord, notes in
  the true scale (harmonic minor's seventh and the tones of the true chord included)
- `levels`: decibels of each part inside the mix; `peak` and `clipped` of the mix
"""

import asyncio
import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
import numpy as np
import numpy.typing as npt
import soundfile

from benchmarks.fit_riffs import Riff, recording, riffs
from benchmarks.machine import facts
from musearoo.app.bandstand import Band, Bandstand, Part, bandstand, heard_music
from musearoo.app.logging import quiet_logging
from musearoo.app.settings import Settings
from musearoo.domain.analysis import Analysis
from musearoo.domain.music.chord import Chord
from musearoo.domain.music.key import Key
from musearoo.domain.music.meter import Meter

NEAR = 0.045
SEED = 11
MEANS = ("tempo_ok", "meter_ok", "key_ok", "chords", "pulse", "accents", "chord_tones", "in_key")


def written(riff: Riff, folder: Path) -> Path:
    path = folder / f"{riff.name.replace(' ', '-')}.{riff.suffix}"
    kind = {"aiff": "AIFF", "mp3": "MP3"}.get(riff.suffix, riff.suffix.upper())
    soundfile.write(path, recording(riff).T, riff.rate, format=kind)
    return path


async def measured(stand: Bandstand, riff: Riff, path: Path) -> dict[str, Any]:
    analysis = await stand.analyze(path, "comprehensive", lambda _what, _share: None)
    music = heard_music(analysis)
    band = await stand.band(
        riff.name, music, parameters={}, seed=SEED, progress=lambda _what, _share: None
    )
    files = await stand.files(band)
    return {
        "riff": riff.name,
        **heard(riff, analysis),
        **fitted(riff, band),
        "own_fit": {part.name: _fit(part) for part in band.parts},
        **await levels(stand, band, files["mix.wav"]),
    }


def _fit(part: Part) -> list[float | None]:
    fit = part.fit
    return [fit.onset_alignment, fit.chord_tone_ratio, fit.in_key_ratio]


def heard(riff: Riff, analysis: Analysis) -> dict[str, Any]:
    times = np.arange(0.25, riff.bars * riff.bar_quarters, 0.25)
    hits = [
        _same(_chord_at(analysis, riff.seconds(at)), riff.chords[int(at // riff.bar_quarters)])
        for at in times
    ]
    return {
        "tempo": round(analysis.tempo or 0, 2),
        "tempo_ok": abs((analysis.tempo or 0) / (riff.bpm * (1 + riff.drift / 2)) - 1) < 0.03,
        "meter": analysis.time_signature,
        "meter_ok": analysis.time_signature is not None
        and analysis.time_signature.split(" ")[0] == riff.meter,
        "key": analysis.key,
        "key_ok": analysis.key == riff.key,
        "style": analysis.style,
        "chords": round(float(np.mean(hits)), 3),
    }


def _chord_at(analysis: Analysis, seconds: float) -> str:
    spans = (each.symbol for each in analysis.chords if each.start <= seconds < each.end)
    return next(spans, "N")


def _same(said: str, true: str) -> bool:
    if said == "N":
        return False
    one, other = Chord.parse(said), Chord.parse(true)
    third = 3 if ":min" in true else 4
    return one.root == other.root and (other.root + third) % 12 in one.pitch_classes


def fitted(riff: Riff, band: Band) -> dict[str, Any]:
    at = band.music.tempo_map.seconds_at
    bar = Meter.parse(riff.meter).bar_ticks / 960
    downbeats = np.array([riff.seconds(n * bar) for n in range(riff.bars)])
    grid = np.array([riff.seconds(n / 4) for n in range(int(riff.bars * bar * 4))])
    quarters = np.array(sorted({riff.seconds(s[0]) for s in riff.strokes if s[0] == int(s[0])}))
    drums = np.array([at(note.start) for part in band.parts for note in part.notes
                      if part.name == "drums"])  # fmt: skip
    low = np.array([at(note.start) for part in band.parts for note in part.notes
                    if part.name in {"drums", "bass"}])  # fmt: skip
    inside = drums[drums < grid[-1] + 0.1]
    chord_time, key_notes = _pitched(riff, band)
    return {
        "bars": [band.music.bars, riff.bars],
        "bar1": round(float(_distance(np.array([at(0)]), downbeats)[0]), 3),
        "end_drift": round(float(_distance(np.array([at(_last(band))]), grid)[0]), 3),
        "pulse": round(float(np.mean(_distance(inside, grid) < NEAR)), 3),
        "accents": round(float(np.mean(_distance(quarters, low) < NEAR)), 3),
        "chord_tones": chord_time,
        "in_key": key_notes,
    }


def _last(band: Band) -> int:
    return (band.music.bars - 1) * band.music.meter.bar_ticks


def _distance(times: npt.NDArray[Any], places: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if not len(times) or not len(places):
        return np.ones(1)
    return np.abs(times[:, None] - places[None, :]).min(axis=1)


def _pitched(riff: Riff, band: Band) -> tuple[float, float]:
    key = Key.parse(riff.key)
    starts = [riff.seconds(n * riff.bar_quarters) for n in range(riff.bars)]
    on_chord = total = 0
    in_key = []
    for part in band.parts:
        for note in part.notes if part.name != "drums" else ():
            seconds = band.music.tempo_map.seconds_at(note.start)
            bar = int(np.searchsorted(starts, seconds + 0.03)) - 1
            chord = Chord.parse(riff.chords[min(max(0, bar), riff.bars - 1)])
            total += note.length
            on_chord += note.length if note.pitch % 12 in chord.pitch_classes else 0
            in_key.append(key.contains(note.pitch) or note.pitch % 12 in chord.pitch_classes)
    return round(on_chord / max(1, total), 3), round(float(np.mean(in_key)), 3)


async def levels(stand: Bandstand, band: Band, mix: bytes) -> dict[str, Any]:
    """How loud each part is inside the mix: its share by least squares over the parts alone."""
    sound = _mono(mix)
    alone = [_mono(await stand.audio(band.song(part.name))) for part in band.parts]
    length = min(len(sound), *(len(each) for each in alone))
    rows = np.stack([each[:length] for each in alone], axis=1)
    gains = np.linalg.lstsq(rows, sound[:length], rcond=None)[0]
    peaks, _rate = soundfile.read(io.BytesIO(mix))
    return {
        "levels": {"mix": round(_decibels(sound), 1)}
        | {
            part.name: round(_decibels(gain * each), 1)
            for part, gain, each in zip(band.parts, gains, alone, strict=True)
        },
        "peak": round(float(np.abs(peaks).max()), 3),
        "clipped": int(np.sum(np.abs(peaks) >= 0.9999)),
    }


def _mono(wav: bytes) -> npt.NDArray[Any]:
    return np.asarray(soundfile.read(io.BytesIO(wav))[0]).mean(axis=1)


def _decibels(sound: npt.NDArray[Any]) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(sound**2)) + 1e-9))


async def main() -> None:
    quiet_logging()
    wanted = [
        riff for riff in riffs() if not sys.argv[1:] or any(w in riff.name for w in sys.argv[1:])
    ]
    with tempfile.TemporaryDirectory() as folder:
        async with bandstand(Settings(data_dir=Path(folder) / "data")) as stand:
            results = [await measured(stand, riff, written(riff, Path(folder))) for riff in wanted]
    means = {name: round(float(np.mean([each[name] for each in results])), 3) for name in MEANS}
    print(json.dumps({"benchmark": "fit", **facts(), "means": means, "riffs": results}))


if __name__ == "__main__":
    asyncio.run(main())
