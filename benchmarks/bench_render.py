"""Notes to MIDI, sound and notation: python benchmarks/bench_render.py [--rounds 60].

Eight bars for four parts (438 notes at 110 bpm, 17.5 s of sound). `clip` is one part of 160
notes as MIDI. `sum` is MIDI, then a WAV, then an SVG, one after another in this process,
warm; the goal is p95 <= 80 ms. `fresh` is the sound of songs whose notes no one has played
before in this process, after `warm_up`. `probe` is a fixed loop of Python before and after: on
a busy machine it is slow too. Prints one JSON line; times in milliseconds.
"""

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.machine import facts
from musearoo.codecs import midi, musicxml
from musearoo.domain.song import Song
from musearoo.render import audio, notation
from tests.unit.codecs.songs import funk

TRANSPOSITIONS = (-5, -4, -3, -2, 1, 2, 3, 4)


def milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3


def quantiles(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    picked = {"min": 0.0, "p50": 0.5, "p95": 0.95}
    return {name: round(ordered[int(q * (len(ordered) - 1))], 3) for name, q in picked.items()}


def transposed(song: Song, semitones: int) -> Song:
    parts = tuple(
        msgspec.structs.replace(
            part,
            notes=tuple(
                msgspec.structs.replace(note, pitch=note.pitch + semitones) for note in part.notes
            ),
        )
        if part.program is not None
        else part
        for part in song.parts
    )
    return msgspec.structs.replace(song, parts=parts)


def clip(song: Song) -> Song:
    """One part of 160 notes."""
    drums = msgspec.structs.replace(song.parts[3], notes=song.parts[3].notes[:160])
    return msgspec.structs.replace(song, parts=(drums,), chords=(), sections=())


def probe() -> float:
    return milliseconds(lambda: sum(i * i for i in range(100_000)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    song, busy_before, first_probe = funk(), facts(), probe()
    warming = {"audio": milliseconds(audio.warm_up), "notation": milliseconds(notation.warm_up)}
    others = [transposed(song, up) for up in TRANSPOSITIONS]
    fresh = [milliseconds(partial(audio.render_audio, own, "wav")) for own in others]
    one = clip(song)
    work: dict[str, Callable[[], object]] = {
        "clip": lambda: midi.encode(one),
        "midi": lambda: midi.encode(song),
        "audio": lambda: audio.render_audio(song, "wav"),
        "musicxml": lambda: musicxml.encode(song),
        "svg": lambda: notation.render_svg(song),
    }
    for warm in work.values():
        warm()
    gc.freeze()
    taken = {name: [milliseconds(one_of) for _ in range(rounds)] for name, one_of in work.items()}
    together = [
        sum(milliseconds(work[name]) for name in ("midi", "audio", "svg")) for _ in range(rounds)
    ]
    result = {
        "benchmark": "render",
        "notes": sum(len(part.notes) for part in song.parts),
        "sum": quantiles(together),
        **{name: quantiles(values) for name, values in taken.items()},
        "fresh": quantiles(fresh),
        "warm_up": {name: round(value, 1) for name, value in warming.items()},
        "times_real_time": round(1e3 * audio.seconds(song) / quantiles(taken["audio"])["p50"]),
        "probe": [round(first_probe, 2), round(probe(), 2)],
        "machine": busy_before,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
