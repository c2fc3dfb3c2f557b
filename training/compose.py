"""Random pieces with exact truth, to train BrainAroo on: notes, beats, bars, chords, key.

Sources: chord and melody statistics of POP909 (MIT) and human drumming from the Groove
MIDI data set (CC BY 4.0), beside progressions and rhythms drawn by our own rules.  Songs
and drummers' takes are split by name, so that held-out pieces never share material.
"""

import io
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from symusic import Score

METERS = {  # name: (quarters a bar, beats of the bar in quarters, accents in eighths)
    "4/4": (4.0, 1.0, (0, 4)),
    "3/4": (3.0, 1.0, (0,)),
    "2/4": (2.0, 1.0, (0,)),
    "5/4": (5.0, 1.0, (0, 6)),
    "6/4": (6.0, 1.0, (0, 6)),
    "7/4": (7.0, 1.0, (0, 8)),
    "5/8": (2.5, 0.5, (0, 3)),
    "7/8": (3.5, 0.5, (0, 2, 4)),
    "6/8": (3.0, 1.5, (0, 3)),
    "9/8": (4.5, 1.5, (0, 3, 6)),
    "12/8": (6.0, 1.5, (0, 3, 6, 9)),
}
METER_SHARE = {
    "4/4": 0.50, "3/4": 0.12, "2/4": 0.02, "5/4": 0.06, "6/4": 0.01, "7/4": 0.03, "5/8": 0.02,
    "7/8": 0.07, "6/8": 0.09, "9/8": 0.03, "12/8": 0.05,
}  # fmt: skip
MAJOR_DEGREES = {(0, "maj"): 30, (5, "maj"): 19, (7, "maj"): 19, (9, "min"): 12, (2, "min"): 8, (4, "min"): 4, (10, "maj"): 3, (7, "7"): 4, (0, "maj7"): 4, (5, "maj7"): 3, (2, "min7"): 4, (9, "min7"): 3, (0, "7"): 2, (5, "7"): 1, (2, "7"): 1, (5, "min"): 1, (4, "7"): 1}  # fmt: skip
MINOR_DEGREES = {(0, "min"): 34, (8, "maj"): 13, (10, "maj"): 13, (5, "min"): 11, (3, "maj"): 10, (7, "maj"): 4, (7, "min"): 5, (7, "7"): 4, (0, "min7"): 5, (5, "min7"): 2, (8, "maj7"): 2, (5, "maj"): 2, (2, "hdim7"): 1}  # fmt: skip
TONES = {"maj": (0, 4, 7), "min": (0, 3, 7), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "min7": (0, 3, 7, 10), "hdim7": (0, 3, 6, 10), "dim": (0, 3, 6), "aug": (0, 4, 8), "sus4": (0, 5, 7), "sus2": (0, 2, 7), "maj6": (0, 4, 7, 9), "min6": (0, 3, 7, 9)}  # fmt: skip
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
KEYS_PROGRAMS, GUITARS, BASSES, LEADS, PADS = (
    (0, 4, 11),
    (24, 27, 29),
    (32, 33, 36, 38),
    (73, 65, 56, 80, 0, 11, 27, 24, 48),
    (48, 61, 89, 81),
)


@dataclass
class Piece:
    """A composed excerpt in quarter notes; `truth` times are added by `perform`."""

    meter: str
    bars: int
    bpm: float
    key: tuple[int, bool]
    chords: list[tuple[float, float, int, str]]
    tracks: list[tuple[int, bool, list[tuple[float, float, int, int]]]] = field(
        default_factory=list
    )
    swing: float = 0.5
    pickup: float = 0.0
    kind: str = ""

    @property
    def bar(self) -> float:
        return METERS[self.meter][0]


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
        "C Db D Eb E F Gb G Ab A Bb B".split().index(key.split(":")[0])
        if ":" in key and key.split(":")[0] in "C Db D Eb E F Gb G Ab A Bb B".split()
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
        names = "C Db D Eb E F Gb G Ab A Bb B".split() + "C C# D D# E F F# G G# A A# B".split()
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


def chord_at(piece: Piece, beat: float) -> tuple[int, str]:
    for a, b, root, quality in piece.chords:
        if a - 1e-6 <= beat < b - 1e-6:
            return root, quality
    return piece.chords[-1][2], piece.chords[-1][3]


def pattern(
    rng: np.random.Generator, piece: Piece, density: float, syncopation: float
) -> list[tuple[float, float]]:
    """(place in quarters, accent 0-1) within one bar, denser on strong places."""
    compound = METERS[piece.meter][1] == 1.5
    step = 0.5 if compound or rng.random() < 0.55 else 0.25
    if piece.swing > 0.5:
        step = 0.5
    count = round(piece.bar / step)
    accents = set(METERS[piece.meter][2])
    hits = []
    for i in range(count):
        eighth = i * step * 2
        level = (
            3
            if i == 0
            else 2
            if eighth in accents
            else 1.2
            if (i * step / METERS[piece.meter][1]) % 1 == 0
            else 0.6
            if eighth % 1 == 0
            else 0.2
        )
        level = level * (1 - syncopation) + syncopation * rng.uniform(0, 2)
        if rng.random() < 1 - np.exp(-density * level):
            hits.append(
                (i * step, float(np.clip(0.45 + 0.18 * level + rng.normal(0, 0.08), 0.2, 1)))
            )
    return hits or [(0.0, 0.9)]


def _bars_of(
    rng: np.random.Generator, piece: Piece, density: float, syncopation: float, change: float
) -> list[list[tuple[float, float]]]:
    """One pattern per bar: a cell of one or two bars that repeats with changes."""
    cells = [pattern(rng, piece, density, syncopation) for _ in range(int(rng.choice([1, 1, 2])))]
    return [
        pattern(rng, piece, density, syncopation)
        if rng.random() < change
        else cells[b % len(cells)]
        for b in range(piece.bars)
    ]


def _velocity(rng: np.random.Generator, accent: float, spread: float) -> int:
    return int(np.clip(40 + 80 * accent * spread + 60 * (1 - spread) + rng.normal(0, 5), 15, 127))


def _bass(rng: np.random.Generator, piece: Piece) -> list:
    notes, spread = [], rng.uniform(0.2, 1)
    style = rng.choice(["root", "riff", "walk", "octave"], p=[0.4, 0.35, 0.15, 0.1])
    if style == "walk":
        rows = [
            [
                (q * METERS[piece.meter][1], 0.8)
                for q in range(int(piece.bar / METERS[piece.meter][1]))
            ]
        ] * piece.bars
    else:
        rows = _bars_of(rng, piece, rng.uniform(0.3, 1.6), rng.uniform(0, 0.5), rng.uniform(0, 0.4))
    low = int(rng.integers(28, 38))
    cell = rng.integers(0, 6, 64)
    for b, row in enumerate(rows):
        for k, (place, accent) in enumerate(row):
            at = b * piece.bar + place
            root, quality = chord_at(piece, at)
            tones = TONES[quality]
            first = k == 0 or chord_at(piece, at - 0.26) != (root, quality)
            pick = 0 if first or style == "root" else int(cell[k])
            pitch = root + (
                tones[pick % 3]
                if pick < 3
                else 12
                if style == "octave"
                else (0, 7, 10 if 10 in tones else 7)[pick % 3]
            )
            if style == "walk" and not first and rng.random() < 0.4:
                pitch = root + int(rng.choice([2, 5, 9]))
            pitch = low + (pitch - low) % 12 + (12 if style == "octave" and k % 2 else 0)
            following = row[k + 1][0] if k + 1 < len(row) else piece.bar
            notes.append(
                (
                    at,
                    max(0.1, (following - place) * rng.uniform(0.5, 1)),
                    pitch,
                    _velocity(rng, accent, spread),
                )
            )
    return notes


def _comp(rng: np.random.Generator, piece: Piece) -> list:
    style = rng.choice(
        ["strum", "arpeggio", "pad", "skank", "block", "power"],
        p=[0.3, 0.22, 0.14, 0.07, 0.17, 0.1],
    )
    notes, spread, base = [], rng.uniform(0.2, 1), int(rng.integers(48, 60))
    beat = METERS[piece.meter][1]
    if style == "pad":
        for a, b, root, quality in piece.chords:
            notes += [(a, b - a, base + (root + t - base) % 12, 75) for t in TONES[quality]]
        return notes
    if style == "skank":
        rows = [
            [
                (q * beat + beat * (2 / 3 if beat == 1.5 else 0.5), 0.8)
                for q in range(int(piece.bar / beat))
            ]
        ] * piece.bars
    elif style == "block":
        rows = [
            [(q * beat, 1.0 if q == 0 else 0.7) for q in range(int(piece.bar / beat))]
        ] * piece.bars
    elif style == "arpeggio":
        step = 0.5 if beat != 1 or rng.random() < 0.7 or piece.swing > 0.5 else 0.25
        rows = [
            [(i * step, 1.0 if i == 0 else 0.6) for i in range(round(piece.bar / step))]
        ] * piece.bars
    else:
        rows = _bars_of(
            rng, piece, rng.uniform(0.3, 1.3), rng.uniform(0, 0.6), rng.uniform(0, 0.35)
        )
    order = rng.integers(0, 4, 16)
    low = base - 12 if style == "power" else base
    for b, row in enumerate(rows):
        for k, (place, accent) in enumerate(row):
            at = b * piece.bar + place
            root, quality = chord_at(piece, at)
            tones = (0, 7, 12) if style == "power" else TONES[quality]
            following = row[k + 1][0] if k + 1 < len(row) else piece.bar
            length = (
                max(0.1, (following - place) * rng.uniform(0.4, 1)) if style != "arpeggio" else 1.0
            )
            pitches = (
                [low + (root - low) % 12 + t for t in tones]
                if style == "power"
                else [base + (root + t - base) % 12 for t in tones]
            )
            if style == "arpeggio":
                pitches = [
                    sorted(pitches)[int(order[k % len(order)]) % len(pitches)]
                    + (12 if order[(k + 3) % 16] == 3 else 0)
                ]
                if place == 0:
                    pitches = [base - 12 + (root - base) % 12]
            elif style == "strum" and rng.random() < 0.5:
                pitches = [base - 12 + (root - base) % 12, *pitches]
            late = rng.uniform(0.003, 0.018) if style == "strum" else 0.0
            notes += [
                (at + j * late * piece.bpm / 60, length, p, _velocity(rng, accent, spread))
                for j, p in enumerate(sorted(pitches))
            ]
    return notes


def _melody(rng: np.random.Generator, piece: Piece) -> list:
    tonic, minor = piece.key
    scale = [
        (tonic + s) % 12 for s in ((0, 2, 3, 5, 7, 8, 10) if minor else (0, 2, 4, 5, 7, 9, 11))
    ]
    ladder = [p for p in range(57, 84) if p % 12 in scale]
    rows = _bars_of(rng, piece, rng.uniform(0.35, 1.1), rng.uniform(0, 0.5), rng.uniform(0.1, 0.5))
    place, notes, spread = len(ladder) // 2 + int(rng.integers(-3, 4)), [], rng.uniform(0.1, 0.8)
    for b, row in enumerate(rows):
        for k, (offset, accent) in enumerate(row):
            at = b * piece.bar + offset
            place = int(
                np.clip(place + rng.choice([-3, -2, -1, -1, 0, 1, 1, 2, 3]), 0, len(ladder) - 1)
            )
            if accent > 0.75 or rng.random() < 0.4:
                root, quality = chord_at(piece, at)
                tones = {(root + t) % 12 for t in TONES[quality]}
                near = [i for i in range(len(ladder)) if ladder[i] % 12 in tones]
                place = min(near, key=lambda i: abs(i - place)) if near else place
            following = row[k + 1][0] if k + 1 < len(row) else piece.bar
            notes.append(
                (
                    at,
                    (following - offset) * rng.uniform(0.6, 1),
                    ladder[place],
                    _velocity(rng, accent, spread),
                )
            )
    return notes


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
    return _drum_rules(rng, piece)


def _drum_rules(rng: np.random.Generator, piece: Piece) -> list:
    beat = METERS[piece.meter][1]
    beats = round(piece.bar / beat) if beat != 0.5 else round(piece.bar / 0.5)
    kicks = _bars_of(rng, piece, rng.uniform(0.2, 0.7), rng.uniform(0, 0.4), rng.uniform(0, 0.2))
    feel = rng.choice(
        ["back", "half", "four", "train", "offbeat", "plain"], p=[0.45, 0.12, 0.12, 0.1, 0.07, 0.14]
    )
    hat = float(rng.choice([0.5, 0.5, 0.25, 1.0])) if beat == 1.0 else 0.5
    if piece.swing > 0.5 and hat == 0.25:
        hat = 0.5
    symbol, notes = int(rng.choice([42, 42, 51, 46])), []
    groups = METERS[piece.meter][2]
    for b in range(piece.bars):
        start = b * piece.bar
        notes += [
            (
                start + i * hat,
                0.1,
                symbol,
                int(np.clip((95 if i * hat % beat == 0 else 70) + rng.normal(0, 8), 20, 127)),
            )
            for i in range(round(piece.bar / hat))
        ]
        if feel == "four":
            notes += [(start + q * beat, 0.1, 36, 110) for q in range(round(piece.bar / beat))]
        else:
            notes += [(start + p, 0.1, 36, int(70 + 50 * a)) for p, a in kicks[b]]
            if rng.random() < 0.9:
                notes.append((start, 0.1, 36, 115))
        if piece.meter in ("4/4", "2/4", "6/4", "5/4", "7/4"):
            places = {
                "half": [2.0],
                "train": [i * 0.25 for i in range(int(piece.bar * 4))],
                "offbeat": [q + 0.5 for q in range(int(piece.bar))],
            }.get(feel, [q for q in range(1, beats, 2)])
        elif beat == 1.5:
            places = [1.5 * q for q in range(1, beats, 2)] or [1.5]
        else:
            places = [g / 2 for g in groups[1:]] or [1.0, 2.0]
        for p in places:
            loud = 110 if feel != "train" or p % 2 in (1.0,) else 45
            notes.append((start + p, 0.1, 38, int(np.clip(loud + rng.normal(0, 6), 20, 127))))
        if b % 4 == 0 and rng.random() < 0.4:
            notes.append((start, 0.1, 49, 100))
    return notes


def _arrange(rng: np.random.Generator, piece: Piece, library: Library, melody: list | None) -> None:
    """Choose the players: half of the pieces are one instrument alone."""
    kind = str(
        rng.choice(
            ["bass", "comp", "lead", "drums", "piano", "band", "nodrums"],
            p=[0.11, 0.17, 0.1, 0.09, 0.08, 0.3, 0.15],
        )
    )
    piece.kind = f"{piece.kind}{kind}"
    comp = lambda: int(rng.choice(GUITARS + KEYS_PROGRAMS))  # noqa: E731
    if kind in ("bass", "band", "nodrums", "piano"):
        piece.tracks.append(
            (0 if kind == "piano" else int(rng.choice(BASSES)), False, _bass(rng, piece))
        )
    if kind in ("comp", "band", "nodrums", "piano"):
        piece.tracks.append((0 if kind == "piano" else comp(), False, _comp(rng, piece)))
    if kind in ("band", "nodrums") and rng.random() < 0.3:
        piece.tracks.append((int(rng.choice(PADS)), False, _comp(rng, piece)))
    if kind == "lead" or (kind in ("band", "nodrums", "piano") and rng.random() < 0.6):
        piece.tracks.append((int(rng.choice(LEADS)), False, melody or _melody(rng, piece)))
    if kind in ("drums", "band"):
        piece.tracks.append((int(rng.choice([0, 0, 25, 40])), True, _drums(rng, piece, library)))
    if kind == "lead" and rng.random() < 0.35 and piece.bar >= 3:
        piece.pickup = float(rng.choice([0.5, 1.0]))
