"""How MelodyRoo compares with the songs it learnt from: `python -m training.melody_report`.

The same measures are taken of POP909's melodies and of melodies made over the same
chords; `--novelty` looks for eight-note (interval, duration) sequences of the training set.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from statistics import mean, median

from musearoo.domain.context import EngineContext
from musearoo.domain.engine import EngineRun
from musearoo.domain.music.chord import QUALITIES, Chord, ChordSpan
from musearoo.domain.music.key import Key
from musearoo.domain.music.ticks import TICKS_PER_SIXTEENTH
from musearoo.engines.contract import play
from musearoo.engines.melodyroo import engine
from training.lead_sheets import LeadSheet, Tone, openewld, pop909
from training.melody_statistics import MAJOR, MINOR

NGRAM = 8
BARS = 16


def context_of(sheet: LeadSheet, style: str = "pop") -> EngineContext:
    """Sixteen bars of a song's chords from where its melody begins."""
    first = sheet.tones[0].start // sheet.bar + 1
    origin, end = first * sheet.bar, (first + BARS) * sheet.bar
    spans = []
    starts = [max(origin, harmony.start) for harmony in sheet.harmonies]
    for harmony, start, following in zip(sheet.harmonies, starts, [*starts[1:], end], strict=True):
        chord = chord_of(harmony.tones)
        if min(following, end) > start and chord:
            length = (min(following, end) - start) * TICKS_PER_SIXTEENTH
            spans.append(ChordSpan((start - origin) * TICKS_PER_SIXTEENTH, length, chord))
    key = Key(sheet.tonic, "minor" if sheet.minor else "major")
    return EngineContext(
        bars=BARS, key=key, chords=tuple(spans), style=style, tempo_millibpm=sheet.bpm * 1000
    )


def chord_of(tones: tuple[int, ...]) -> Chord | None:
    for root in tones:
        wanted = sorted((tone - root) % 12 for tone in tones)
        for quality, intervals in QUALITIES.items():
            if sorted(interval % 12 for interval in intervals) == wanted:
                return Chord(root, quality)
    return None


def made(sheet: LeadSheet, seed: int, **parameters: float) -> LeadSheet:
    """A melody of ours over the song's chords, as a lead sheet."""
    context = context_of(sheet)
    run = EngineRun(engine="melodyroo", context=context, parameters=dict(parameters), seed=seed)
    tones = tuple(
        Tone(
            note.start // TICKS_PER_SIXTEENTH,
            max(1, round(note.length / 0.95 / TICKS_PER_SIXTEENTH)),
            note.pitch,
        )
        for bar in play(engine, run)
        for note in bar.notes
    )
    first = (sheet.tones[0].start // sheet.bar + 1) * sheet.bar
    shifted = tuple(Tone(tone.start + first, tone.length, tone.pitch) for tone in tones)
    return LeadSheet(
        sheet.name, "ours", sheet.tonic, sheet.minor, sheet.bar, sheet.ternary, shifted,
        sheet.harmonies,
    )  # fmt: skip


def excerpt(sheet: LeadSheet) -> LeadSheet:
    """The song's own melody over the same bars."""
    first = (sheet.tones[0].start // sheet.bar + 1) * sheet.bar
    tones = tuple(t for t in sheet.tones if first <= t.start < first + BARS * sheet.bar)
    return LeadSheet(
        sheet.name, sheet.source, sheet.tonic, sheet.minor, sheet.bar, sheet.ternary, tones,
        sheet.harmonies,
    )  # fmt: skip


def measures(sheets: list[LeadSheet]) -> dict[str, float]:
    strong, weak, left, recovered, keyed = Counter(), Counter(), Counter(), Counter(), Counter()
    spans, rates, equal = [], [], Counter()
    for sheet in sheets:
        scale = {(sheet.tonic + step) % 12 for step in (MINOR if sheet.minor else MAJOR)}
        for tone, following in zip(sheet.tones, [*sheet.tones[1:], None], strict=True):
            inside = tone.pitch % 12 in sheet.harmony_at(tone.start)
            (strong if tone.start % (sheet.bar // 2) == 0 else weak)[inside] += 1
            keyed[tone.pitch % 12 in scale] += 1
            if not inside and following:
                left[0 < abs(following.pitch - tone.pitch) <= 2] += 1
        moves = [b.pitch - a.pitch for a, b in pairwise(sheet.tones)]
        for leap, move in pairwise(moves):
            if abs(leap) >= 7:
                recovered[move == 0 or (move > 0) != (leap > 0)] += 1
        pitches = sorted(tone.pitch for tone in sheet.tones)
        spans.append(pitches[-1 - len(pitches) // 100] - pitches[len(pitches) // 100])
        bars = rhythms(sheet)
        rates += [len(bar) for bar in bars if bar]
        for index, bar in enumerate(bars):
            if index and bar:
                equal[any(bar == bars[index - back] for back in (1, 2, 4) if back <= index)] += 1
    return {
        "chord tone on beats 1 and 3": _share(strong),
        "chord tone elsewhere": _share(weak),
        "in key": _share(keyed),
        "foreign tone left by step": _share(left),
        "leap turned back": _share(recovered),
        "range, semitones": median(spans),
        "notes a sounding bar": mean(rates),
        "rhythm of bar -1, -2 or -4": _share(equal),
    }


def _share(counts: Counter[bool]) -> float:
    return counts[True] / max(1, counts.total())


def rhythms(sheet: LeadSheet) -> list[tuple[int, ...]]:
    first = sheet.tones[0].start // sheet.bar
    bars: list[list[int]] = [[] for _ in range(sheet.tones[-1].start // sheet.bar - first + 1)]
    for tone in sheet.tones:
        bars[tone.start // sheet.bar - first].append(tone.start % sheet.bar)
    return [tuple(bar) for bar in bars]


def interval_shares(sheets: Iterable[LeadSheet]) -> dict[str, float]:
    names = ("unison", "2nd", "3rd", "4th", "tritone", "5th", "wider")
    limits = (0, 2, 4, 5, 6, 7, 99)
    counts: Counter[str] = Counter()
    for sheet in sheets:
        for earlier, later in pairwise(sheet.tones):
            size = abs(later.pitch - earlier.pitch)
            counts[next(n for n, limit in zip(names, limits, strict=True) if size <= limit)] += 1
    return {name: counts[name] / counts.total() for name in names}


def lengths(sheets: Iterable[LeadSheet]) -> dict[str, float]:
    counts = Counter(min(16, b.start - a.start) for s in sheets for a, b in pairwise(s.tones))
    return {str(length): counts[length] / counts.total() for length in (1, 2, 3, 4, 6, 8, 12, 16)}


def ngrams(tones: tuple[Tone, ...]) -> Iterator[tuple[tuple[int, int, bool], ...]]:
    """Eight notes as seven steps: interval, and time to the next onset or length of the note."""
    timed = [(b.pitch - a.pitch, b.start - a.start, True) for a, b in pairwise(tones)]
    held = [(b.pitch - a.pitch, a.length, False) for a, b in pairwise(tones)]
    for moves in (timed, held):
        for start in range(len(moves) - NGRAM + 2):
            yield tuple(moves[start : start + NGRAM - 1])


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--songs", type=int, default=200)
    options.add_argument("--novelty", type=int, default=0, help="melodies to compare")
    chosen = options.parse_args()
    songs = [sheet for sheet in pop909() if context_of(sheet).chords][: chosen.songs]
    human = [excerpt(sheet) for sheet in songs]
    human = [sheet for sheet in human if len(sheet.tones) > 20]
    ours = [made(sheet, seed) for seed, sheet in enumerate(songs)]
    for title, rows in (
        ("", (measures(human), measures(ours))),
        ("interval ", (interval_shares(human), interval_shares(ours))),
        ("time to next, sixteenths: ", (lengths(human), lengths(ours))),
    ):
        for name, value in rows[0].items():
            print(f"{title + name:<36}{value:8.3f}{rows[1][name]:8.3f}")
        if title:
            overlap = sum(min(value, rows[1][name]) for name, value in rows[0].items())
            print(f"{'overlap':<36}{overlap:16.3f}")
    if chosen.novelty:
        report_novelty(songs, chosen.novelty)


def report_novelty(songs: list[LeadSheet], count: int) -> None:
    known = {
        gram
        for sheet in (*pop909(modulating=True), *openewld())
        for tones in (sheet.tones, sheet.played)
        for gram in ngrams(tones)
    }
    found = total = touched = 0
    for number in range(count):
        own = list(ngrams(made(songs[number % len(songs)], 10_000 + number).tones))
        copies = sum(gram in known for gram in own)
        found, total, touched = found + copies, total + len(own), touched + bool(copies)
    print(f"novelty: {found} of {total} n-grams known, in {touched} of {count} melodies")


if __name__ == "__main__":
    main()
