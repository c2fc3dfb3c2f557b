"""How fast BrainAroo listens: python benchmarks/bench_analysis_speed.py [--no-librosa].

Prints one JSON line: import time, cold processes (import, decode, analyse a file), warm
calls, and librosa's usual recipe in the same run.
"""
# ruff: noqa: PLC0415

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

RATE = 44100
SECONDS = 180

COLD = """
import sys, time
begin = time.perf_counter()
from musearoo.brain import analyze_file
imported = time.perf_counter() - begin
analyze_file(sys.argv[1], depth=sys.argv[2])
print(imported, time.perf_counter() - begin)
"""
LIBROSA = """
import sys, time
begin = time.perf_counter()
import librosa
y, sr = librosa.load(sys.argv[1])
def listen():
    librosa.beat.beat_track(y=y, sr=sr)
    librosa.feature.chroma_cqt(y=y, sr=sr)
listen()
cold = time.perf_counter() - begin
begin = time.perf_counter()
listen()
print(cold, time.perf_counter() - begin)
"""


def song() -> np.ndarray:
    """Three minutes of strummed chords and drums, stereo."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.brain import sounds
    from tests.brain.sounds import Hit

    shapes = [
        (45, 52, 57, 60, 64),
        (41, 48, 53, 57, 60),
        (48, 52, 55, 60, 64),
        (43, 50, 55, 59, 62),
    ]
    strum = sounds.play(sounds.chords(shapes * 2, 4, (0, 1, 1.5, 2.5, 3, 3.5)), sounds.guitar, 112)
    beat = sounds.play([Hit(q, 0.1, 38 if q % 2 else 36) for q in range(32)], sounds.drum, 112)
    loop = sounds.mix(strum, beat)[: int(32 * 60 / 112 * sounds.RATE)]
    mono = np.tile(loop, int(SECONDS * sounds.RATE / len(loop)) + 1)[: SECONDS * sounds.RATE]
    mono = np.repeat(mono, 2) * 0.3
    return np.stack([mono, mono * 0.8], axis=1)


def child(code: str, *arguments: str) -> list[float]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return [float(part) for part in done.stdout.split()]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--no-librosa", action="store_true")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "song.wav")
        sound = song()
        soundfile.write(path, sound, RATE)
        line: dict[str, object] = {
            "benchmark": "analysis_speed",
            "seconds": SECONDS,
            "cores": os.cpu_count(),
            "machine": platform.processor() or platform.machine(),
            "load": round(os.getloadavg()[0], 2),
        }
        for depth in ("quick", "comprehensive", "deep"):
            runs = [child(COLD, path, depth) for _ in range(3)]
            line[f"cold_{depth}_s"] = round(statistics.median(r[1] for r in runs), 3)
            line["import_s"] = round(min(r[0] for r in runs), 3)
        from musearoo.brain import analyze

        analyze(sound[: RATE * 10], RATE)
        for depth in ("quick", "comprehensive", "deep"):
            begin = time.perf_counter()
            analyze(sound, RATE, depth=depth)
            line[f"warm_{depth}_s"] = round(time.perf_counter() - begin, 3)
        line["x_real_time_cold"] = round(SECONDS / float(str(line["cold_comprehensive_s"])), 1)
        line["x_real_time_warm"] = round(SECONDS / float(str(line["warm_comprehensive_s"])), 1)
        if not chosen.no_librosa:
            cold, warm = child(LIBROSA, path)
            line |= {
                "librosa_cold_s": round(cold, 3),
                "librosa_warm_s": round(warm, 3),
                "librosa_x_real_time_cold": round(SECONDS / cold, 1),
                "librosa_x_real_time_warm": round(SECONDS / warm, 1),
            }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
