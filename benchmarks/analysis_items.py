"""Items with exact truth for the analysis benchmarks, none of which training has seen.

Lead sheets: public-domain OpenEWLD.  Songs and drumming: the test splits of POP909 and
Groove.  Riffs: written by hand here, played by NumPy instruments.  The first two are
rendered with the sound font, the last without it.
"""
# ruff: noqa: E501, C901, PLR0912, RUF005

import io
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from symusic import Note, Score, Synthesizer, Tempo, Track

sys.path.insert(0, str(Path(__file__).parents[1]))
from analysis_riffs import riffs
from analysis_truth import RATE, Item, bar_of, beat_of, truth

from training.compose import Library

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
KINDS = {"major": "maj", "minor": "min", "dominant": "maj", "major-seventh": "maj", "minor-seventh": "min", "major-sixth": "maj", "minor-sixth": "min", "dominant-ninth": "maj"}  # fmt: skip
TRIADS = {"maj": (0, 4, 7), "min": (0, 3, 7)}
FLATS = ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"]

Parts = list[tuple[int, bool, list[tuple[float, float, int, int]]]]
Sheet = tuple[str, list, list, list, int]
"""Meter, notes, chords, bar starts, key signature."""


class Font:
    """Plays note lists in quarters with the shipped sound font."""

    def __init__(self, data: Path) -> None:
        self._synth = Synthesizer(str(data / "soundfont/musearoo_gm_subset.sf3"), RATE, 0)

    def play(self, parts: Parts, bpm: float, seconds: float) -> np.ndarray:
        score = Score(4800)
        score.tempos.append(Tempo(0, 60.0))
        for program, drums, notes in parts:
            track = Track("", program, drums)
            for at, length, pitch, velocity in notes:
                if at * 60 / bpm < seconds - 0.2:
                    track.notes.append(
                        Note(
                            int(at * 60 / bpm * 4800),
                            max(int(length * 60 / bpm * 4800), 200),
                            int(pitch),
                            int(velocity),
                        )
                    )
            score.tracks.append(track)
        return np.asarray(self._synth.render(score, stereo=False))[0][: int(seconds * RATE)]


def lead_sheets(data: Path, font: Font, count: int) -> list[Item]:
    items = []
    with zipfile.ZipFile(data / "openewld_pd/openewld_pd.zip") as archive:
        names = sorted(n for n in archive.namelist() if n.endswith(".mxl"))
        for index, name in enumerate(np.random.default_rng(5).permutation(names)):
            sheet = _read_sheet(archive.read(str(name)))
            if sheet is not None:
                items.append(_play_sheet(str(name), sheet, font, index))
            if len(items) == count:
                break
    return items


def _read_sheet(blob: bytes) -> Sheet | None:
    with zipfile.ZipFile(io.BytesIO(blob)) as archive:
        inner = next(n for n in archive.namelist() if n.endswith(".xml") and "META" not in n)
        root = ElementTree.fromstring(archive.read(inner))
    divisions, at, notes, chords, meters, fifths = 1, 0.0, [], [], set(), None
    bars = []
    for measure in root.find("part").findall("measure"):
        bars.append(at)
        for element in measure:
            if element.tag == "attributes":
                divisions = int(element.findtext("divisions") or divisions)
                if element.find("time") is not None:
                    meters.add(
                        f"{element.findtext('time/beats')}/{element.findtext('time/beat-type')}"
                    )
                fifths = element.findtext("key/fifths") or fifths
            elif element.tag == "harmony":
                step, alter = (
                    element.findtext("root/root-step"),
                    element.findtext("root/root-alter"),
                )
                if step is None:
                    return None
                chords.append(
                    (
                        at,
                        (STEPS[step] + int(float(alter or 0))) % 12,
                        KINDS.get(element.findtext("kind") or ""),
                    )
                )
            elif element.tag == "backup":
                return None
            elif (
                element.tag == "note"
                and element.find("chord") is None
                and element.find("grace") is None
            ):
                length = float(element.findtext("duration")) / divisions
                pitch = element.find("pitch")
                if pitch is not None:
                    midi = (
                        12 * (int(pitch.findtext("octave")) + 1)
                        + STEPS[pitch.findtext("step")]
                        + int(float(pitch.findtext("alter") or 0))
                    )
                    tied = any(t.get("type") == "stop" for t in element.findall("tie"))
                    if tied and notes:
                        notes[-1] = (notes[-1][0], notes[-1][1] + length, notes[-1][2])
                    else:
                        notes.append((at, length, midi))
                at += length
    if len(meters) != 1 or len(chords) < 6 or len(bars) < 9:
        return None
    meter = meters.pop()
    meter = {"2/2": "4/4", "12/8": "12/8"}.get(meter, meter)
    if meter not in ("4/4", "3/4", "6/8", "2/4", "9/8", "12/8"):
        return None
    return meter, notes, chords, bars, int(fifths or 0)


def _play_sheet(name: str, sheet: Sheet, font: Font, index: int) -> Item:
    meter, notes, chords, bars, fifths = sheet
    bar, beat = bar_of(meter), beat_of(meter)
    first = bars[1] if abs(bars[1] - bar) > 0.01 else 0.0
    rng = np.random.default_rng(index)
    bpm = float(rng.uniform(84, 150)) * (1.2 if beat == 1.5 else 1)
    seconds = min(20.0, notes[-1][0] * 60 / bpm)
    style = index % 4
    program = (0, 73, 24, 65)[index % 4]
    parts = [
        (
            program,
            False,
            [(a, d * 0.95, p, 92 + 10 * (a % bar == first % bar)) for a, d, p in notes],
        )
    ]
    spans = [
        (a, b, r, k)
        for (a, r, k), b in zip(chords, [c[0] for c in chords[1:]] + [notes[-1][0]], strict=True)
    ]
    backing, low = [], []
    for a, b, root, kind in spans:
        tones = TRIADS[kind or "maj"]
        pulse = np.arange(a, b - 1e-6, beat)
        for k, q in enumerate(pulse):
            on = abs((q - first) % bar) < 1e-6
            low.append((q, beat * 0.8, 36 + root, 95 if on else 75)) if on or k == 0 else None
            if not on:
                backing += [(q, beat * 0.5, 52 + (root + t - 52) % 12, 68) for t in tones]
    if style != 1:
        parts += [(33, False, low), (24 if style else 0, False, backing)]
    tonic = _sheet_key(spans, fifths)
    shown = [(a, b, r, k == "min") for a, b, r, k in spans if k]
    sound = font.play(parts, bpm, seconds)
    return truth(
        f"sheet {name} {'solo' if style == 1 else 'trio'}",
        sound,
        meter,
        bpm,
        first=first,
        key=tonic,
        chords=shown,
    )


def _sheet_key(
    spans: list[tuple[float, float, int, str | None]], fifths: int
) -> tuple[int, bool] | None:
    """The last chord where it is one of the two keys of the signature, else unknown."""
    _, _, root, kind = spans[-1]
    major = fifths * 7 % 12
    return (
        (root, kind == "min")
        if (root, kind) in ((major, "maj"), ((major + 9) % 12, "min"))
        else None
    )


def songs(data: Path, font: Font, count: int) -> list[Item]:
    library = Library(data, "test")
    rng = np.random.default_rng(11)
    takes = [g for g in library.grooves if g[0] == "4/4"]
    items: list[Item] = []
    for song in library.songs:
        key = song["key"]
        if len(key) != 1 or key[0].split(":")[0] not in FLATS:
            continue
        tonic, minor = FLATS.index(key[0].split(":")[0]), key[0].endswith("min")
        start, at = 64.0, 0.0
        chords = []
        for label, pcs, bass, beats in song["chords"]:
            if pcs and at + beats > start and at < start + 64:
                quality = label.partition(":")[2].split("/")[0]
                root = (
                    FLATS + ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]
                ).index(label.split(":")[0]) % 12
                chords.append(
                    (
                        max(at - start, 0),
                        min(at + beats - start, 64.0),
                        root,
                        quality.startswith(("min", "dim", "hdim")),
                        bass,
                        pcs,
                    )
                )
            at += beats
        melody, at = [], 0.0
        for pitch, length in song["melody"]:
            if pitch and start <= at / 4 < start + 64:
                melody.append((at / 4 - start, length / 4, pitch, 95))
            at += length
        if len(chords) < 8 or len(melody) < 30:
            continue
        bpm, seconds = float(song["tempo"]), 22.0
        low = [
            (q, 0.9, 36 + bass, 90) for a, b, _, _, bass, _ in chords for q in np.arange(a, b, 2.0)
        ]
        pad = [
            (q, 0.45, 48 + p, 64)
            for a, b, _, _, _, pcs in chords
            for q in np.arange(a, b - 0.01, 0.5)
            for p in (pcs if q % 1 == 0 else pcs[:1])
        ]
        style, drums = int(len(items) % 4), takes[rng.integers(len(takes))][2]
        parts = [(33, False, low), ((0, 24, 4, 27)[style], False, pad)]
        if style != 1:
            parts.append((73, False, melody))
        if style in (0, 3):
            parts.append((0, True, [n for n in drums if n[0] < 80]))
        sound = font.play(parts, bpm, seconds)
        shown = [(a, b, r, m) for a, b, r, m, _, _ in chords]
        items.append(
            truth(f"song {song['song']}", sound, "4/4", bpm, key=(tonic, minor), chords=shown)
        )
        if len(items) == count:
            break
    return items


def drum_takes(data: Path, font: Font, count: int) -> list[Item]:
    takes = Library(data, "test").grooves
    order = np.random.default_rng(3).permutation(len(takes))
    items = []
    for i in order[:count]:
        meter, style, notes = takes[i]
        bpm = float(np.random.default_rng(int(i)).uniform(80, 140))
        sound = font.play([(0, True, notes)], bpm, 14.0)
        items.append(truth(f"drums {style}", sound, meter, bpm))
    return items


def all_items(data: Path) -> list[Item]:
    """Every item, the same in each run; without the data sets, our own riffs only."""
    if not (data / "soundfont").is_dir():
        return riffs()
    font = Font(data)
    return riffs() + lead_sheets(data, font, 24) + songs(data, font, 16) + drum_takes(data, font, 8)
