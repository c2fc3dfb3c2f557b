"""Truth against BrainAroo: python benchmarks/bench_analysis_quality.py [--data DIR] [--librosa] [--items].

Prints one JSON line.  Tempo within 4 % (Acc2 allows the factors 2, 3, 1/2, 1/3), beats
and downbeats within 70 ms, 2/4 counts as 4/4, key as in MIREX, chords as overlap with
major and minor triads.
"""
# ruff: noqa: E501, C416, PLC0415

import argparse
import json
import time
from pathlib import Path

import numpy as np
from analysis_items import FLATS, all_items
from analysis_truth import Item, beat_of

from musearoo.brain import analyze
from musearoo.domain.analysis import Analysis
from musearoo.domain.music.chord import Chord
from musearoo.domain.music.key import Key

RATE = 22050


def f_measure(truth: np.ndarray, found: np.ndarray, window: float = 0.07) -> float:
    if not len(truth) or not len(found):
        return 0.0
    hits, used = 0, set()
    for time_ in truth:
        near = int(np.argmin(np.abs(found - time_)))
        if abs(found[near] - time_) <= window and near not in used:
            used.add(near)
            hits += 1
    return 2 * hits / (len(truth) + len(found))


def tempo_hits(truth: float, found: float | None) -> tuple[float, float]:
    if not found:
        return 0.0, 0.0
    close = [abs(found / (truth * factor) - 1) <= 0.04 for factor in (1, 2, 3, 1 / 2, 1 / 3)]
    return float(close[0]), float(any(close))


def key_score(truth: tuple[int, bool], found: str | None) -> float:
    if found is None:
        return 0.0
    key = Key.parse(found)
    tonic, minor = truth
    if (key.tonic, key.is_minor) == truth:
        return 1.0
    if key.is_minor == minor and (key.tonic - tonic) % 12 in (5, 7):
        return 0.5
    if key.is_minor != minor and key.tonic == (tonic + (3 if minor else 9)) % 12:
        return 0.3
    return 0.2 if key.tonic == tonic else 0.0


def chord_overlap(item: Item, found: Analysis) -> float:
    grid = np.arange(0, len(item.sound) / RATE, 0.05)
    right = total = 0
    for at in grid:
        want = next(((r, m) for a, b, r, m in item.chords if a <= at < b), None)
        if want is None:
            continue
        total += 1
        have = next((c.symbol for c in found.chords if c.start <= at < c.end), "N")
        if have != "N":
            chord = Chord.parse(have)
            right += (chord.root, chord.is_minor) == want
    return right / max(total, 1)


def merged(meter: str | None) -> str | None:
    return "4/4" if meter == "2/4" else meter


def judge(item: Item, found: Analysis) -> dict[str, float]:
    felt = (
        found.tempo / beat_of(found.time_signature)
        if found.tempo and found.time_signature
        else None
    )
    row: dict[str, float] = {}
    row["acc1"], row["acc2"] = tempo_hits(item.bpm, felt)
    if felt and row["acc1"]:
        row["tempo_error_percent"] = 100 * abs(felt / item.bpm - 1)
    row["candidate"] = float(
        any(
            abs(c.bpm / (item.bpm * beat_of(item.meter)) - 1) < 0.04 for c in found.tempo_candidates
        )
    )
    row["beat_f"] = f_measure(item.beats, np.array(found.beats))
    row["downbeat_f"] = f_measure(
        item.downbeats, np.array([found.beats[i] for i in found.downbeats])
    )
    row["meter"] = float(merged(found.time_signature) == merged(item.meter))
    if item.key is not None:
        row["key_weighted"] = key_score(item.key, found.key)
        row["key_exact"] = float(row["key_weighted"] == 1.0)
    if item.chords:
        row["chord_majmin"] = chord_overlap(item, found)
    for name, right in (
        ("tempo", row["acc1"]),
        ("time_signature", row["meter"]),
        ("key", row.get("key_exact")),
    ):
        if right is not None and found.confidence.get(name, 0) > 0:
            row[f"_{name}"] = found.confidence[name]
    return row


def calibration(rows: list[dict[str, float]], field: str, right: str, bins: int = 5) -> float:
    """Expected calibration error over equally filled bins."""
    pairs = sorted((r[f"_{field}"], r[right]) for r in rows if f"_{field}" in r and right in r)
    if not pairs:
        return 0.0
    parts = np.array_split(np.array(pairs), min(bins, len(pairs)))
    return float(sum(len(p) * abs(p[:, 0].mean() - p[:, 1].mean()) for p in parts) / len(pairs))


def summary(rows: list[dict[str, float]]) -> dict[str, float]:
    names = [
        n
        for n in (
            "acc1",
            "acc2",
            "candidate",
            "tempo_error_percent",
            "beat_f",
            "downbeat_f",
            "meter",
            "key_weighted",
            "key_exact",
            "chord_majmin",
        )
    ]
    result = {
        n: round(float(np.mean([r[n] for r in rows if n in r])), 3)
        for n in names
        if any(n in r for r in rows)
    }
    for field, right in (("tempo", "acc1"), ("time_signature", "meter"), ("key", "key_exact")):
        result[f"ece_{field}"] = round(calibration(rows, field, right), 3)
    return result


def librosa_rows(items: list[Item]) -> list[dict[str, float]]:
    """The usual librosa recipe: beat_track, chroma_cqt with Krumhansl profiles."""
    import librosa

    major = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
    minor = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
    rows = []
    for item in items:
        bpm, beats = librosa.beat.beat_track(y=item.sound, sr=RATE, units="time")
        row: dict[str, float] = {}
        row["acc1"], row["acc2"] = tempo_hits(item.bpm, float(np.atleast_1d(bpm)[0]))
        row["beat_f"] = f_measure(item.beats, np.asarray(beats))
        if item.key is not None:
            chroma = librosa.feature.chroma_cqt(y=item.sound, sr=RATE).mean(axis=1)
            score = [
                np.corrcoef(np.roll(p, t), chroma)[0, 1] for p in (major, minor) for t in range(12)
            ]
            best = int(np.argmax(score))
            name = f"{FLATS[best % 12]} {'minor' if best >= 12 else 'major'}"
            row["key_weighted"] = key_score(item.key, name)
            row["key_exact"] = float(row["key_weighted"] == 1)
        rows.append(row)
    return rows


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--data", type=Path, default=Path("../shared/data"))
    options.add_argument("--librosa", action="store_true")
    options.add_argument("--items", action="store_true", help="one line per item")
    chosen = options.parse_args()
    items = all_items(chosen.data)
    begin, rows = time.perf_counter(), []
    for item in items:
        found = analyze(item.sound, RATE)
        rows.append(judge(item, found))
        if chosen.items:
            r = rows[-1]
            want = f"{FLATS[item.key[0]]}{'m' if item.key[1] else ''}" if item.key else "-"
            print(
                f"{item.name[:34]:34s} {item.meter:5s}{found.time_signature or '-':5s} bpm {item.bpm:6.1f} {found.tempo or 0:6.1f} beat {r['beat_f']:.2f} down {r['downbeat_f']:.2f} key {want:4s} {found.key or '-':9s} chord {r.get('chord_majmin', -1):.2f}"
            )
    spent = time.perf_counter() - begin
    seconds = sum(len(i.sound) / RATE for i in items)
    groups = {
        g: summary([r for r, i in zip(rows, items, strict=True) if i.name.split()[0] in names])
        for g, names in {"sheets": {"sheet"}, "songs": {"song"}, "drums": {"drums"}}.items()
    }
    groups["riffs"] = summary(
        [
            r
            for r, i in zip(rows, items, strict=True)
            if i.name.split()[0] not in {"sheet", "song", "drums"}
        ]
    )
    line = {
        "benchmark": "analysis_quality",
        "items": len(items),
        "x_real_time": round(seconds / spent, 1),
        **summary(rows),
        "groups": groups,
    }
    if chosen.librosa:
        line["librosa"] = summary(librosa_rows(items))
    print(json.dumps(line))


if __name__ == "__main__":
    main()
