"""Reads the Groove MIDI performances and lays their hits on the sixteenth grid.

Groove MIDI Dataset 1.0.0, CC BY 4.0: Gillick, Roberts, Engel, Eck, Bamman, "Learning to
Groove with Inverse Sequence Transformations", ICML 2019.
"""

import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mido

PIECES = {
    36: "kick", 35: "kick", 38: "snare", 40: "snare", 37: "rimshot", 42: "closed hat",
    22: "closed hat", 46: "open hat", 26: "open hat", 44: "pedal hat", 51: "ride", 59: "ride",
    53: "ride bell", 49: "crash", 55: "crash", 57: "crash", 52: "crash", 48: "high tom",
    50: "high tom", 45: "mid tom", 47: "mid tom", 43: "floor tom", 58: "floor tom",
}  # fmt: skip
STEPS = 16
SWINGS = (0.5, 0.53, 0.56, 0.59, 0.62, 0.65, 0.667, 0.69, 0.72)
FASTEST_SWUNG = 175  # above it sixteenths are too fast to tell swing from haste


@dataclass(frozen=True)
class Hit:
    """One stroke: its bar and step, how late it was in microseconds, how hard."""

    bar: int
    step: int
    late_us: int
    piece: str
    velocity: int


@dataclass(frozen=True)
class Performance:
    """One recording: who, what, how fast, and its strokes."""

    name: str
    style: str
    bpm: float
    kind: str
    meter: str
    swing: float
    hits: tuple[Hit, ...]

    def bars(self) -> list[list[Hit]]:
        bars: dict[int, list[Hit]] = defaultdict(list)
        for hit in self.hits:
            bars[hit.bar].append(hit)
        return [bars[index] for index in sorted(bars)]


def performances(folder: Path) -> Iterator[Performance]:
    archive = zipfile.ZipFile(folder / "groove_v1.0.0_midionly.zip")
    present = set(archive.namelist())
    with (folder / "info.csv").open(encoding="utf-8") as table:
        for row in csv.DictReader(table):
            if row["midi_filename"] in present:
                yield _performance(row, _notes(archive.read(row["midi_filename"])))


def _notes(content: bytes) -> list[tuple[float, int, int]]:
    midi = mido.MidiFile(file=io.BytesIO(content))
    notes = []
    for track in midi.tracks:
        ticks = 0
        for message in track:
            ticks += message.time
            if message.type == "note_on" and message.velocity:
                notes.append((ticks / midi.ticks_per_beat, message.note, message.velocity))
    return sorted(notes)


def _performance(row: dict[str, str], notes: list[tuple[float, int, int]]) -> Performance:
    bpm = float(row["bpm"])
    swing = 0.5 if bpm > FASTEST_SWUNG else _swing([quarter % 1 for quarter, _, _ in notes])
    hits = []
    for quarter, pitch, velocity in notes:
        if pitch not in PIECES:
            continue
        straight = int(quarter) + _straight(quarter % 1, swing)
        step = round(straight * 4)
        late = (quarter - _swung(step / 4, swing)) * 60e6 / bpm
        hits.append(Hit(step // STEPS, step % STEPS, round(late), PIECES[pitch], velocity))
    return Performance(
        row["id"], row["style"], bpm, row["beat_type"], row["time_signature"], swing, tuple(hits)
    )


def _straight(position: float, swing: float) -> float:
    """A place in the beat with its off-beat moved back to one half."""
    if position < swing:
        return position / swing * 0.5
    return 0.5 + (position - swing) / (1 - swing) * 0.5


def _swung(quarter: float, swing: float) -> float:
    beat, position = int(quarter), quarter % 1
    if position <= 0.5:
        return beat + position * 2 * swing
    return beat + swing + (position - 0.5) * 2 * (1 - swing)


def _swing(positions: list[float]) -> float:
    """The place of the off-beat that puts the strokes closest to the grid."""
    best, swing = 1.0, 0.5
    for candidate in SWINGS:
        steps = [_straight(position, candidate) * 4 for position in positions]
        error = sum((step - round(step)) ** 2 for step in steps) / max(1, len(steps))
        if error < best - 0.0015:
            best, swing = error, candidate
    return swing
