"""The players of composed pieces: bass, accompaniment, melody and drums by rules."""
# ruff: noqa: C901, PLR0912

import numpy as np

from training.piece import METERS, TONES, Piece, chord_at

KEYS_PROGRAMS, GUITARS, BASSES, LEADS, PADS = (
    (0, 4, 11),
    (24, 27, 29),
    (32, 33, 36, 38),
    (73, 65, 56, 80, 0, 11, 27, 24, 48),
    (48, 61, 89, 81),
)


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


def bars_of(
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


def velocity_of(rng: np.random.Generator, accent: float, spread: float) -> int:
    return int(np.clip(40 + 80 * accent * spread + 60 * (1 - spread) + rng.normal(0, 5), 15, 127))


def bass_part(rng: np.random.Generator, piece: Piece) -> list:
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
        rows = bars_of(rng, piece, rng.uniform(0.3, 1.6), rng.uniform(0, 0.5), rng.uniform(0, 0.4))
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
                    velocity_of(rng, accent, spread),
                )
            )
    return notes


def comp_part(rng: np.random.Generator, piece: Piece) -> list:
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
        rows = bars_of(rng, piece, rng.uniform(0.3, 1.3), rng.uniform(0, 0.6), rng.uniform(0, 0.35))
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
                (at + j * late * piece.bpm / 60, length, p, velocity_of(rng, accent, spread))
                for j, p in enumerate(sorted(pitches))
            ]
    return notes


def melody_part(rng: np.random.Generator, piece: Piece) -> list:
    tonic, minor = piece.key
    scale = [
        (tonic + s) % 12 for s in ((0, 2, 3, 5, 7, 8, 10) if minor else (0, 2, 4, 5, 7, 9, 11))
    ]
    ladder = [p for p in range(57, 84) if p % 12 in scale]
    rows = bars_of(rng, piece, rng.uniform(0.35, 1.1), rng.uniform(0, 0.5), rng.uniform(0.1, 0.5))
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
                    velocity_of(rng, accent, spread),
                )
            )
    return notes


def drum_rules(rng: np.random.Generator, piece: Piece) -> list:
    beat = METERS[piece.meter][1]
    beats = round(piece.bar / beat) if beat != 0.5 else round(piece.bar / 0.5)
    kicks = bars_of(rng, piece, rng.uniform(0.2, 0.7), rng.uniform(0, 0.4), rng.uniform(0, 0.2))
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
            }.get(feel, list(range(1, beats, 2)))
        elif beat == 1.5:
            places = [1.5 * q for q in range(1, beats, 2)] or [1.5]
        else:
            places = [g / 2 for g in groups[1:]] or [1.0, 2.0]
        for p in places:
            loud = 110 if feel != "train" or p % 2 == 1.0 else 45
            notes.append((start + p, 0.1, 38, int(np.clip(loud + rng.normal(0, 6), 20, 127))))
        if b % 4 == 0 and rng.random() < 0.4:
            notes.append((start, 0.1, 49, 100))
    return notes
