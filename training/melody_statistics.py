"""Count what melodies do and write MelodyRoo's tables: `python -m training.melody_statistics`.

Counts over all songs of POP909 (776 songs in one key) and of OpenEWLD's public-domain
part (288 lead sheets): rhythm cells of a beat, steps after steps, chord
relations, phrase ends. No tune can be read back from them.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from musearoo.domain.music.ticks import TICKS_PER_SIXTEENTH
from musearoo.engines.melodyroo.novelty import filter_of, grams
from training.lead_sheets import LeadSheet, Tone, openewld, pop909

TARGET = Path(__file__).parents[1] / "src/musearoo/engines/melodyroo/statistics.json"
FILTER = TARGET.with_name("known.bloom")
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
WIDEST_STEP = 7
COST_OF_ONE_BIT = 16
RAREST_CELL = 0.002
Table = dict[str, dict[str, int]]


def cost(count: int, total: int) -> int:
    return round(COST_OF_ONE_BIT * -math.log2((count + 0.5) / (total + 1)))


def costs(counts: Counter[int], keys: Iterable[int]) -> list[int]:
    total = sum(counts.values())
    return [cost(counts[key], total) for key in keys]


def symbols(tones: tuple[Tone, ...]) -> str:
    """One sign a sixteenth: x begins, - holds, . rests."""
    signs = ["."] * (tones[-1].start + tones[-1].length)
    for tone in tones:
        signs[tone.start : tone.start + tone.length] = "x" + "-" * (tone.length - 1)
    return "".join(signs)


def place(beat: int, beats: int) -> str:
    if beat == 0:
        return "down"
    return "mid" if beats % 2 == 0 and beat == beats // 2 else "weak"


def cells(sheets: Iterable[LeadSheet]) -> dict[str, Table]:
    """How often a cell follows another, by the beat's place in the bar."""
    found: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for sheet in sheets:
        size = 6 if sheet.ternary else 4
        beats, text = max(1, sheet.bar // size), symbols(sheet.tones)
        parts = [text[at : at + size] for at in range(0, len(text) - size + 1, size)]
        for index, (before, cell) in enumerate(pairwise(parts), start=1):
            if "x" in cell + before:
                found[place(index % beats, beats)][before][cell] += 1
    return {where: _common(table) for where, table in sorted(found.items())}


def _common(table: dict[str, Counter[str]]) -> Table:
    total: Counter[str] = Counter()
    for counts in table.values():
        total.update(counts)
    rare = RAREST_CELL * sum(total.values())
    kept = {cell for cell, count in total.items() if count >= rare}
    rows = {
        before: {cell: count for cell, count in sorted(counts.items()) if cell in kept}
        for before, counts in sorted(table.items())
        if before in kept and sum(counts.values()) >= 20
    }
    return {"": {cell: total[cell] for cell in sorted(kept)}, **rows}


def degree(sheet: LeadSheet, pitch: int) -> int | None:
    """Diatonic steps above the tonic of MIDI octave 0, None outside the scale."""
    scale = MINOR if sheet.minor else MAJOR
    octave, semitone = divmod(pitch - sheet.tonic, 12)
    return octave * 7 + scale.index(semitone) if semitone in scale else None


def degrees(sheet: LeadSheet) -> list[int]:
    found = (degree(sheet, tone.pitch) for tone in sheet.tones)
    return [value for value in found if value is not None]


def motion(step: int) -> int:
    """-2 to 2: leap or step down, repeat, step or leap up; leaps are fifths and more."""
    size = 0 if step == 0 else 1 if abs(step) < 4 else 2
    return size if step >= 0 else -size


def steps(sheets: Iterable[LeadSheet]) -> list[list[int]]:
    """Costs of the next step (-7..7) after each kind of motion (-2..2)."""
    found: dict[int, Counter[int]] = defaultdict(Counter)
    for sheet in sheets:
        moves = [later - earlier for earlier, later in pairwise(degrees(sheet))]
        for before, after in pairwise(moves):
            if max(abs(before), abs(after)) <= WIDEST_STEP:
                found[motion(before)][after] += 1
    span = range(-WIDEST_STEP, WIDEST_STEP + 1)
    return [costs(found[before], span) for before in range(-2, 3)]


def relations(sheets: Iterable[LeadSheet]) -> dict[str, list[int]]:
    """Costs of root, third, fifth, seventh or more, and no chord tone, by metrical strength."""
    found: dict[str, Counter[int]] = defaultdict(Counter)
    for sheet in sheets:
        for tone in sheet.tones:
            chord = sheet.harmony_at(tone.start)
            if chord:
                found[strength(tone.start, sheet)][relation(tone.pitch, chord)] += 1
    return {where: costs(counts, range(5)) for where, counts in sorted(found.items())}


def relation(pitch: int, chord: tuple[int, ...]) -> int:
    return min(chord.index(pitch % 12), 3) if pitch % 12 in chord else 4


def strength(start: int, sheet: LeadSheet) -> str:
    beat = 6 if sheet.ternary else 4
    if start % sheet.bar in (0, sheet.bar // 2):
        return "strong"
    return "beat" if start % sheet.bar % beat == 0 else "weak"


def phrase_ends(sheets: Iterable[LeadSheet]) -> list[int]:
    """Costs of the scale degree on which a labelled phrase ends."""
    found: Counter[int] = Counter()
    for sheet in sheets:
        for end in sheet.phrase_ends:
            last = [tone for tone in sheet.tones if end - 32 <= tone.start < end]
            final = degree(sheet, last[-1].pitch) if last else None
            if final is not None:
                found[final % 7] += 1
    return costs(found, range(7))


def statistics() -> dict[str, object]:
    pop, songs = list(pop909()), list(openewld())
    return {
        "source": "Counts over POP909 (MIT, Wang et al. 2020; Dai et al. 2021) and OpenEWLD's "
        "public-domain part (MIT, Simonetta et al.); made by training/melody_statistics.py",
        "cells": {
            "pop": cells(pop),
            "song": cells(sheet for sheet in songs if not sheet.ternary),
            "ternary": cells(sheet for sheet in songs if sheet.ternary),
        },
        "steps": {"pop": steps(pop), "song": steps(songs)},
        "relations": {"pop": relations(pop), "song": relations(songs)},
        "ends": phrase_ends(pop),
    }


def known() -> bytes:
    """Every eight notes of every song, with times, held and played lengths, as a filter."""
    sheets = [*pop909(modulating=True), *openewld()]
    tunes = [tones for sheet in sheets for tones in (sheet.tones, sheet.played)]
    return filter_of(
        entry
        for tones in tunes
        for entry in grams(
            (t.pitch, t.start * TICKS_PER_SIXTEENTH, t.length * TICKS_PER_SIXTEENTH) for t in tones
        )
    )


if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(json.dumps(statistics(), separators=(",", ":")) + "\n", encoding="utf-8")
    FILTER.write_bytes(known())
    for path in (TARGET, FILTER):
        print(f"{path}: {path.stat().st_size} bytes")
