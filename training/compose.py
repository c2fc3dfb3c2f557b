"""Random pieces with exact truth, to train BrainAroo on: notes, beats, bars, chords, key.

Sources: chord and melody statistics of POP909 (MIT) and human drumming from the Groove
MIDI data set (CC BY 4.0), beside progressions and rhythms drawn by our own rules.  Songs
and drummers' takes are split by name, so that held-out pieces never share material.
"""
# ruff: noqa: E501

import io
import json
import zipfile
from pathlib import Path

import numpy as np
from symusic import Score

from training.piece import METER_SHARE, METERS, TONES, Piece
from training.players import (
    BASSES,
    GUITARS,
    KEYS_PROGRAMS,
    LEADS,
    PADS,
    bass_part,
    comp_part,
    drum_rules,
    melody_part,
)

MAJOR_DEGREES = {(0, "maj"): 30, (5, "maj"): 19, (7, "maj"): 19, (9, "min"): 12, (2, "min"): 8, (4, "min"): 4, (10, "maj"): 3, (7, "7"): 4, (0, "maj7"): 4, (5, "maj7"): 3, (2, "min7"): 4, (9, "min7"): 3, (0, "7"): 2, (5, "7"): 1, (2, "7"): 1, (5, "min"): 1, (4, "7"): 1}  # fmt: skip
MINOR_DEGREES = {(0, "min"): 34, (8, "maj"): 13, (10, "maj"): 13, (5, "min"): 11, (3, "maj"): 10, (7, "maj"): 4, (7, "min"): 5, (7, "7"): 4, (0, "min7"): 5, (5, "min7"): 2, (8, "maj7"): 2, (5, "maj"): 2, (2, "hdim7"): 1}  # fmt: skip
LOOPS = (
    (0, 7, 9, 5),
    (9, 5, 0, 7),
    (0, 5, 7, 5),
    (0, 9, 5, 7),
    (0, 5, 0, 7),
    (2, 7, 0, 0),
    (0, 4, 5, 7),
)
MINOR_LOOPS = (
    (0, 8, 3, 10),
    (0, 10, 8, 7),
    (0, 5, 8, 7),
    (0, 8, 10, 0),
    (0, 3, 10, 5),
    (0, 5, 0, 7),
)


class Library:
    """POP909 songs and Groove takes of one split ("train", "valid" or "test")."""

    def __init__(self, data: Path, split: str) -> None:
        wanted = {"train": range(8), "valid": (8,), "test": (9,)}[split]
        with zipfile.ZipFile(data / "pop909_symbolic/pop909_symbolic.zip") as archive:
            lines = archive.read(archive.namelist()[0]).decode().splitlines()
        songs = [json.loads(line) for line in lines]
        self.songs = [s for s in songs if int(s["song"]) % 10 in wanted]
        self.grooves = self._grooves(
            data, {"train": "train", "valid": "validation"}.get(split, split)
        )

    @staticmethod
    def _grooves(data: Path, split: str) -> list[tuple[str, str, list]]:
        result = []
        with zipfile.ZipFile(data / "groove_midi/groove_v1.0.0_midionly.zip") as archive:
            names = set(archive.namelist())
            rows = io.TextIOWrapper(archive.open("info.csv")).read().splitlines()
            head = rows[0].split(",")
            for row in rows[1:]:
                take = dict(zip(head, row.split(","), strict=False))
                if (
                    take["split"] != split
                    or take["beat_type"] != "beat"
                    or take["midi_filename"] not in names
                ):
                    continue
                score = Score.from_midi(archive.read(take["midi_filename"]))
                notes = [
                    (n.time / score.tpq, 0.1, n.pitch, n.velocity)
                    for t in score.tracks
                    for n in t.notes
                ]
                if len(notes) > 20:
                    result.append((take["time_signature"].replace("-", "/"), take["style"], notes))
        return result


def compose(rng: np.random.Generator, library: Library, seconds: float) -> Piece:
    """Draw a piece of about `seconds`."""
    names = list(METER_SHARE)
    meter = str(
        rng.choice(names, p=np.array(list(METER_SHARE.values())) / sum(METER_SHARE.values()))
    )
    bpm = _tempo(rng, meter)
    bars = max(2, int(np.ceil((seconds + 4) * bpm / 60 / METERS[meter][0])))
    piece = Piece(meter, bars, bpm, (int(rng.integers(12)), bool(rng.random() < 0.45)), [])
    song = meter == "4/4" and rng.random() < 0.5
    melody = _from_song(rng, piece, library) if song else None
    if melody is None:
        _progression(rng, piece)
    if meter in ("4/4", "3/4", "2/4") and rng.random() < 0.16:
        piece.swing = float(rng.uniform(0.58, 0.68))
    _arrange(rng, piece, library, melody)
    return piece


def _tempo(rng: np.random.Generator, meter: str) -> float:
    centre, spread, low, high = {
        1.0: (108, 0.36, 52, 205), 1.5: (84, 0.32, 42, 150), 0.5: (128, 0.25, 80, 190),
    }[METERS[meter][1]]  # fmt: skip
    while True:
        bpm = centre * 2 ** rng.normal(0, spread)
        if low < bpm < high:
            break
    bpm = bpm * 1.5 if METERS[meter][1] == 1.5 else bpm
    return float(round(bpm)) if rng.random() < 0.3 else float(bpm)


def _from_song(rng: np.random.Generator, piece: Piece, library: Library) -> list | None:
    """Chords and melody of a stretch of a POP909 song, transposed."""
    song = library.songs[rng.integers(len(library.songs))]
    key = song["key"][0]
    tonic = (
        ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"].index(key.split(":")[0])
        if ":" in key
        and key.split(":")[0] in ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"]
        else None
    )
    if tonic is None or len(song["key"]) > 1:
        return None
    shift = int(rng.integers(-6, 6))
    piece.key = ((tonic + shift) % 12, key.endswith("min"))
    total = sum(c[3] for c in song["chords"])
    if total < piece.bars * 4 + 8:
        return None
    start = 4.0 * rng.integers(0, int((total - piece.bars * 4) // 4))
    at = 0.0
    for label, pcs, _, beats in song["chords"]:
        a, b = max(at - start, 0.0), min(at + beats - start, piece.bars * 4.0)
        at += beats
        if b <= a or not pcs:
            continue
        name, _, quality = label.split("/")[0].partition(":")
        names = [
            "C",
            "Db",
            "D",
            "Eb",
            "E",
            "F",
            "Gb",
            "G",
            "Ab",
            "A",
            "Bb",
            "B",
            "C",
            "C#",
            "D",
            "D#",
            "E",
            "F",
            "F#",
            "G",
            "G#",
            "A",
            "A#",
            "B",
        ]
        if name not in names:
            return None
        quality = quality.split("(")[0]
        known = quality if quality in TONES else ("min" if quality.startswith("min") else "maj")
        piece.chords.append((a, b, (names.index(name) % 12 + shift) % 12, known))
    if not piece.chords or piece.chords[0][0] > 0.01:
        return None
    notes, at = [], 0.0
    for pitch, length in song["melody"]:
        a = at / 4 - start
        at += length
        if pitch and 0 <= a < piece.bars * 4:
            notes.append((a, length / 4 * 0.95, pitch + shift, int(rng.integers(75, 110))))
    piece.kind = "song"
    return notes if len(notes) > 6 else None


def _progression(rng: np.random.Generator, piece: Piece) -> None:
    tonic, minor = piece.key
    table = MINOR_DEGREES if minor else MAJOR_DEGREES
    pool, weight = list(table), np.array(list(table.values()), float)
    length = int(rng.choice([1, 2, 4, 4, 4, 8]))
    rate = float(rng.choice([0.5, 1, 1, 1, 2])) if piece.bar >= 4 else float(rng.choice([1, 1, 2]))
    if rng.random() < 0.4 and length >= 4:
        loop = (MINOR_LOOPS if minor else LOOPS)[rng.integers(len(MINOR_LOOPS if minor else LOOPS))]
        chosen = [max((k for k in pool if k[0] == d), key=lambda k: table[k]) for d in loop]
    else:
        chosen = [pool[i] for i in rng.choice(len(pool), length, p=weight / weight.sum())]
        if rng.random() < 0.65:
            chosen[0] = (0, "min" if minor else "maj")
    span = piece.bar * rate if rate >= 1 else piece.bar / 2
    at, i, end = 0.0, 0, piece.bars * piece.bar
    while at < end:
        degree, quality = chosen[i % len(chosen)]
        piece.chords.append((at, min(at + span, end), (tonic + degree) % 12, quality))
        at, i = at + span, i + 1


def _drums(rng: np.random.Generator, piece: Piece, library: Library) -> list:
    takes = [g for g in library.grooves if g[0] == piece.meter]
    if takes and (piece.meter == "4/4" or rng.random() < 0.4) and rng.random() < 0.6:
        _, _, notes = takes[rng.integers(len(takes))]
        last = max(n[0] for n in notes)
        span = piece.bars * piece.bar
        start = piece.bar * int(rng.integers(0, max(1, int((last - span) // piece.bar) + 1)))
        cut = [(a - start, d, p, v) for a, d, p, v in notes if -0.05 <= a - start < span]
        piece.swing = 0.5
        if len(cut) > 16 and max(n[0] for n in cut) > 0.5 * span:
            return [(max(a, 0.0), d, p, v) for a, d, p, v in cut]
    return drum_rules(rng, piece)


def _arrange(rng: np.random.Generator, piece: Piece, library: Library, melody: list | None) -> None:
    """Choose the players: half of the pieces are one instrument alone."""
    kind = str(
        rng.choice(
            ["bass", "comp", "lead", "drums", "piano", "band", "nodrums"],
            p=[0.11, 0.17, 0.1, 0.09, 0.08, 0.3, 0.15],
        )
    )
    piece.kind = f"{piece.kind}{kind}"
    chordal = lambda: int(rng.choice(GUITARS + KEYS_PROGRAMS))  # noqa: E731
    if kind in ("bass", "band", "nodrums", "piano"):
        piece.tracks.append(
            (0 if kind == "piano" else int(rng.choice(BASSES)), False, bass_part(rng, piece))
        )
    if kind in ("comp", "band", "nodrums", "piano"):
        piece.tracks.append((0 if kind == "piano" else chordal(), False, comp_part(rng, piece)))
    if kind in ("band", "nodrums") and rng.random() < 0.3:
        piece.tracks.append((int(rng.choice(PADS)), False, comp_part(rng, piece)))
    if kind == "lead" or (kind in ("band", "nodrums", "piano") and rng.random() < 0.6):
        piece.tracks.append((int(rng.choice(LEADS)), False, melody or melody_part(rng, piece)))
    if kind in ("drums", "band"):
        piece.tracks.append((int(rng.choice([0, 0, 25, 40])), True, _drums(rng, piece, library)))
    if kind == "lead" and rng.random() < 0.35 and piece.bar >= 3:
        piece.pickup = float(rng.choice([0.5, 1.0]))
