"""Items with exact truth for the analysis benchmarks, none of which training has seen.

Lead sheets: public-domain OpenEWLD.  Songs and drumming: the test splits of POP909 and
Groove.  Riffs: written by hand here, played by NumPy instruments.  The first two are
rendered with the sound font, the last without it.
"""

import io
import json
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from symusic import Note, Score, Synthesizer, Tempo, Track

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.unit.brain import sounds
from tests.unit.brain.sounds import Hit

RATE = 22050
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
KINDS = {"major": "maj", "minor": "min", "dominant": "maj", "major-seventh": "maj", "minor-seventh": "min", "major-sixth": "maj", "minor-sixth": "min", "dominant-ninth": "maj"}  # fmt: skip
TRIADS = {"maj": (0, 4, 7), "min": (0, 3, 7)}
FLATS = ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"]


@dataclass
class Item:
    """A sound and the truth about it; bpm counts the felt beat."""

    name: str
    sound: np.ndarray
    meter: str
    bpm: float
    beats: np.ndarray
    downbeats: np.ndarray
    key: tuple[int, bool] | None = None
    chords: list[tuple[float, float, int, bool]] = field(default_factory=list)


def beat_of(meter: str) -> float:
    """Quarters in one felt beat."""
    number, unit = (int(part) for part in meter.split("/"))
    return 1.5 if unit == 8 and number % 3 == 0 else 0.5 if unit == 8 else 1.0


def bar_of(meter: str) -> float:
    number, unit = (int(part) for part in meter.split("/"))
    return number * 4 / unit


def truth(name, sound, meter, bpm, *, first=0.0, key=None, chords=(), swing=0.5) -> Item:
    """Truth at a steady `bpm` quarters a minute; `first` is the first downbeat in quarters."""
    second, total = 60 / bpm, len(sound) / RATE - 0.3
    beat, bar = beat_of(meter), bar_of(meter)
    start = first - beat * int(first / beat + 1e-9)
    beats = np.arange(start, total / second, beat) * second
    downbeats = np.arange(first, total / second, bar) * second
    spans = [(a * second, b * second, r, m) for a, b, r, m in chords]
    return Item(name, sound, meter, bpm / beat, beats, downbeats, key, spans)


class Font:
    """Plays note lists in quarters with the shipped sound font."""

    def __init__(self, data: Path) -> None:
        self._synth = Synthesizer(str(data / "soundfont/musearoo_gm_subset.sf3"), RATE, 0)

    def play(self, parts, bpm: float, seconds: float) -> np.ndarray:
        score = Score(4800)
        score.tempos.append(Tempo(0, 60.0))
        for program, drums, notes in parts:
            track = Track("", program, drums)
            for at, length, pitch, velocity in notes:
                if at * 60 / bpm < seconds - 0.2:
                    track.notes.append(Note(int(at * 60 / bpm * 4800), max(int(length * 60 / bpm * 4800), 200), int(pitch), int(velocity)))
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


def _read_sheet(blob: bytes):
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
                    meters.add(f"{element.findtext('time/beats')}/{element.findtext('time/beat-type')}")
                fifths = element.findtext("key/fifths") or fifths
            elif element.tag == "harmony":
                step, alter = element.findtext("root/root-step"), element.findtext("root/root-alter")
                if step is None:
                    return None
                chords.append((at, (STEPS[step] + int(float(alter or 0))) % 12, KINDS.get(element.findtext("kind") or "")))
            elif element.tag == "backup":
                return None
            elif element.tag == "note" and element.find("chord") is None and element.find("grace") is None:
                length = float(element.findtext("duration")) / divisions
                pitch = element.find("pitch")
                if pitch is not None:
                    midi = 12 * (int(pitch.findtext("octave")) + 1) + STEPS[pitch.findtext("step")] + int(float(pitch.findtext("alter") or 0))
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


def _play_sheet(name: str, sheet, font: Font, index: int) -> Item:
    meter, notes, chords, bars, fifths = sheet
    bar, beat = bar_of(meter), beat_of(meter)
    first = bars[1] if abs(bars[1] - bar) > 0.01 else 0.0
    rng = np.random.default_rng(index)
    bpm = float(rng.uniform(84, 150)) * (1.2 if beat == 1.5 else 1)
    seconds = min(20.0, notes[-1][0] * 60 / bpm)
    style = index % 4
    program = (0, 73, 24, 65)[index % 4]
    parts = [(program, False, [(a, d * 0.95, p, 92 + 10 * (a % bar == first % bar)) for a, d, p in notes])]
    spans = [(a, b, r, k) for (a, r, k), b in zip(chords, [c[0] for c in chords[1:]] + [notes[-1][0]], strict=True)]
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
    return truth(f"sheet {name} {'solo' if style == 1 else 'trio'}", sound, meter, bpm, first=first, key=tonic, chords=shown)


def _sheet_key(spans, fifths: int) -> tuple[int, bool] | None:
    """The last chord where it is one of the two keys of the signature, else unknown."""
    _, _, root, kind = spans[-1]
    major = fifths * 7 % 12
    return (root, kind == "min") if (root, kind) in ((major, "maj"), ((major + 9) % 12, "min")) else None


def songs(data: Path, font: Font, count: int) -> list[Item]:
    from training.compose import Library

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
                root = (FLATS + ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]).index(label.split(":")[0]) % 12
                chords.append((max(at - start, 0), min(at + beats - start, 64.0), root, quality.startswith(("min", "dim", "hdim")), bass, pcs))
            at += beats
        melody, at = [], 0.0
        for pitch, length in song["melody"]:
            if pitch and start <= at / 4 < start + 64:
                melody.append((at / 4 - start, length / 4, pitch, 95))
            at += length
        if len(chords) < 8 or len(melody) < 30:
            continue
        bpm, seconds = float(song["tempo"]), 22.0
        low = [(q, 0.9, 36 + bass, 90) for a, b, _, _, bass, _ in chords for q in np.arange(a, b, 2.0)]
        pad = [(q, 0.45, 48 + p, 64) for a, b, _, _, _, pcs in chords for q in np.arange(a, b - 0.01, 0.5) for p in (pcs if q % 1 == 0 else pcs[:1])]
        style, drums = int(len(items) % 4), takes[rng.integers(len(takes))][2]
        parts = [(33, False, low), ((0, 24, 4, 27)[style], False, pad)]
        if style != 1:
            parts.append((73, False, melody))
        if style in (0, 3):
            parts.append((0, True, [n for n in drums if n[0] < 80]))
        sound = font.play(parts, bpm, seconds)
        shown = [(a, b, r, m) for a, b, r, m, _, _ in chords]
        items.append(truth(f"song {song['song']}", sound, "4/4", bpm, key=(tonic, minor), chords=shown))
        if len(items) == count:
            break
    return items


def drum_takes(data: Path, font: Font, count: int) -> list[Item]:
    from training.compose import Library

    takes = Library(data, "test").grooves
    order = np.random.default_rng(3).permutation(len(takes))
    items = []
    with zipfile.ZipFile(data / "groove_midi/groove_v1.0.0_midionly.zip") as archive:
        rows = io.TextIOWrapper(archive.open("info.csv")).read().splitlines()
    del rows
    for i in order[:count]:
        meter, style, notes = takes[i]
        bpm = float(np.random.default_rng(int(i)).uniform(80, 140))
        sound = font.play([(0, True, notes)], bpm, 14.0)
        items.append(truth(f"drums {style}", sound, meter, bpm))
    return items


def riffs() -> list[Item]:
    """Short riffs as a person would send: one instrument, 2 to 20 seconds."""
    guitar, bass, piano, voice, organ, drum = sounds.guitar, sounds.bass, sounds.piano, sounds.voice, sounds.organ, sounds.drum
    am = [(45, 52, 57, 60, 64), (41, 48, 53, 57, 60), (48, 52, 55, 60, 64), (43, 50, 55, 59, 62)]
    gd = [(43, 50, 55, 59, 62), (50, 57, 62, 66), (52, 55, 59, 64), (48, 52, 55, 60, 64)]
    made: list[Item] = []

    def add(name, hits, instrument, bpm, meter, key, chords, *, first=0.0, swing=0.5, loose=3.0, lead=0.0, extra=None):
        sound = sounds.play(hits, instrument, bpm, swing=swing, lead_in=lead, loose_ms=loose, seed=len(made))
        if extra:
            sound = sounds.mix(sound, sounds.play(extra, drum, bpm, swing=swing, lead_in=lead))
        item = truth(name, sound, meter, bpm, first=first, key=key, chords=chords)
        for times in (item.beats, item.downbeats):
            times += lead
        item.chords = [(a + lead, b + lead, r, m) for a, b, r, m in item.chords]
        made.append(item)

    def span(roots, bar, start=0.0):
        return [(start + i * bar, start + (i + 1) * bar, r, m) for i, (r, m) in enumerate(roots)]

    amfcg, gdec = [(9, True), (5, False), (0, False), (7, False)], [(7, False), (2, False), (4, True), (0, False)]
    strum = (0, 1, 1.5, 2.5, 3, 3.5)
    add("guitar strum 4/4", sounds.chords(am * 2, 4, strum), guitar, 96, "4/4", (9, True), span(amfcg * 2, 4))
    add("guitar strum G 4/4", sounds.chords(gd * 2, 4, (0, 1.5, 2, 3, 3.5)), guitar, 126, "4/4", (7, False), span(gdec * 2, 4), lead=0.4)
    arp = [Hit(b * 4 + i * 0.5, 0.9, gd[b % 4][[0, 2, 3, 1, 3, 2, 3, 1][i] % len(gd[b % 4])], 0.9 if i == 0 else 0.6) for b in range(8) for i in range(8)]
    add("guitar arpeggio 4/4", arp, guitar, 84, "4/4", (7, False), span(gdec * 2, 4))
    waltz = [h for b in range(8) for h in [Hit(b * 3, 1, am[b % 4][0], 0.9)] + [Hit(b * 3 + q, 0.8, p, 0.5) for q in (1, 2) for p in am[b % 4][2:]]]
    add("piano waltz 3/4", waltz, piano, 138, "3/4", (9, True), span(amfcg * 2, 3))
    jig = [Hit(b * 3 + i * 0.5, 0.45, gd[b % 4][[0, 2, 3, 1, 3, 2][i] % len(gd[b % 4])], (1.0, 0.5, 0.55, 0.8, 0.5, 0.55)[i]) for b in range(8) for i in range(6)]
    add("guitar 6/8", jig, guitar, 150, "6/8", (7, False), span(gdec * 2, 3))
    ballad = [Hit(b * 6 + i * 0.5, 0.5, am[b % 4][i % 3 + 2 if i else 0], (1.0, 0.5, 0.5)[i % 3] if i else 1.0) for b in range(6) for i in range(12)]
    add("piano 12/8", ballad, piano, 102, "12/8", (9, True), span((amfcg * 2)[:6], 6), extra=[Hit(b * 6 + q, 0.1, d, v) for b in range(6) for q, d, v in ((0, 36, 1), (1.5, 38, 1), (3, 36, 1), (4.5, 38, 1))])
    take5 = [h for b in range(8) for h in [Hit(b * 5, 1.2, 39 + 12 * (b % 2) * 0, 0.95), Hit(b * 5 + 3, 0.8, 46, 0.85)] + [Hit(b * 5 + q, 0.4, p, 0.6) for q in (1.5, 2, 4) for p in (54, 58, 63)]]
    add("piano 5/4", take5, piano, 160, "5/4", (3, True), [(0, 40, 3, True)], swing=0.6)
    money = [Hit(a, 0.4, p, v) for a, p, v in ((0, 47, 1), (1, 59, 0.7), (1.5, 54, 0.7), (2, 47, 0.9), (3, 42, 0.8), (4, 45, 0.85), (5, 47, 0.8), (6, 50, 0.7))]
    add("bass 7/4", sounds.repeat(money, 7, [0] * 4), bass, 120, "7/4", (11, True), [(0, 28, 11, True)])
    odd = [Hit(a, 0.4, p, v) for a, p, v in ((0, 40, 1), (0.5, 47, 0.5), (1, 52, 0.85), (1.5, 47, 0.5), (2, 40, 0.9), (2.5, 55, 0.5), (3, 54, 0.6))]
    add("guitar 7/8", sounds.repeat(odd, 3.5, [0, 0, 5, 0, 0, 0, -2, 0]), guitar, 140, "7/8", (4, True), span([(4, True), (4, True), (9, True), (4, True), (4, True), (4, True), (2, False), (4, True)], 3.5), extra=[Hit(b * 3.5 + q, 0.1, d, 0.8) for b in range(8) for q, d in ((0, 36), (1, 38), (2, 36), (3, 38))])
    funk = [Hit(a, 0.3, p, v) for a, p, v in ((0, 40, 1), (0.75, 40, 0.6), (1.5, 52, 0.8), (2.25, 50, 0.6), (2.5, 47, 0.7), (3, 45, 0.7), (3.5, 43, 0.7))]
    add("bass funk 4/4", sounds.repeat(funk, 4, [0, 0, 5, 0]), bass, 104, "4/4", (4, True), span([(4, True), (4, True), (9, True), (4, True)], 4))
    pop = [Hit(b * 4 + i * 0.5, 0.45, (45, 41, 36, 43)[b % 4], 0.95 if i == 0 else 0.65) for b in range(8) for i in range(8)]
    add("bass eighths 4/4", pop, bass, 118, "4/4", (9, True), span(amfcg * 2, 4))
    walk = [Hit(i, 0.9, p, 0.8 + 0.1 * (i % 4 == 0)) for i, p in enumerate((38, 41, 45, 42, 43, 47, 50, 47, 36, 40, 43, 40, 36, 38, 40, 37) * 2)]
    add("bass walk ii-V-I", walk, bass, 152, "4/4", (0, False), span([(2, True), (7, False), (0, False), (0, False)] * 2, 4))
    blues = [h for b, r in enumerate((0, 0, 0, 0, 5, 5, 0, 0, 7, 5, 0, 7)) for q in range(4) for h in (Hit(b * 4 + q, 0.5, 40 + r, 0.9), Hit(b * 4 + q, 0.5, (47 if q % 2 == 0 else 49) + r, 0.8), Hit(b * 4 + q + 0.5, 0.4, 40 + r, 0.55), Hit(b * 4 + q + 0.5, 0.4, (47 if q % 2 == 0 else 49) + r, 0.5))]
    roots = [(4, False)] * 4 + [(9, False)] * 2 + [(4, False)] * 2 + [(11, False), (9, False), (4, False), (11, False)]
    add("guitar shuffle blues", blues, guitar, 116, "4/4", (4, False), span(roots, 4), swing=0.667)
    tune = [Hit(a, d, p, v) for a, d, p, v in ((0, 1, 67, 0.9), (1, 0.5, 64, 0.6), (1.5, 0.5, 64, 0.6), (2, 1, 65, 0.8), (3, 1, 62, 0.7), (4, 0.5, 60, 0.9), (4.5, 0.5, 64, 0.6), (5, 1, 67, 0.7), (6, 2, 67, 0.8), (8, 1, 69, 0.9), (9, 0.5, 65, 0.6), (9.5, 0.5, 65, 0.6), (10, 1, 67, 0.8), (11, 1, 64, 0.7), (12, 0.5, 62, 0.9), (12.5, 0.5, 65, 0.6), (13, 1, 59, 0.7), (14, 2, 60, 0.8))]
    add("voice tune 4/4", tune + [Hit(h.at + 16, h.length, h.pitch, h.loudness) for h in tune], voice, 100, "4/4", (0, False), span([(0, False), (0, False), (5, False), (7, False)] * 2, 4), loose=12)
    sung = [Hit(a + 1, d, p, 0.7 + 0.2 * (a % 3 == 0)) for a, d, p in ((-1, 1, 62), (0, 2, 67), (2, 1, 71), (3, 2, 71), (5, 1, 69), (6, 2, 67), (8, 1, 71), (9, 3, 74), (12, 2, 72), (14, 1, 71), (15, 2, 69), (17, 1, 67), (18, 3, 67))]
    add("voice 3/4 pickup", sung, voice, 112, "3/4", (7, False), [], first=1.0, loose=10)
    add("piano pop 4/4", [h for b in range(8) for h in [Hit(b * 4, 2, (45, 41, 36, 43)[b % 4], 0.9), Hit(b * 4 + 2.5, 1, (45, 41, 36, 43)[b % 4], 0.6)] + [Hit(b * 4 + q, 0.8, p, 0.6) for q in range(4) for p in am[b % 4][2:]]], piano, 76, "4/4", (9, True), span(amfcg * 2, 4))
    skank = [Hit(b * 4 + q + 0.5, 0.25, p, 0.7) for b in range(8) for q in range(4) for p in am[b % 4][2:]]
    rootsb = [Hit(b * 4 + a, 0.6, (33, 41, 36, 43)[b % 4], v) for b in range(8) for a, v in ((0, 1.0), (1.5, 0.7), (2, 0.9))]
    add("reggae skank", skank + rootsb, guitar, 76, "4/4", (9, True), span(amfcg * 2, 4), extra=[Hit(b * 4 + 2, 0.1, d, 0.9) for b in range(8) for d in (36, 38)])
    add("chorale organ", [Hit(i, 0.98, p, 0.7) for i in range(16) for p in ((48, 60, 64, 67), (43, 59, 62, 67), (45, 60, 64, 69), (41, 60, 65, 69), (48, 60, 64, 67), (50, 57, 65, 69), (43, 59, 62, 67), (48, 60, 64, 67))[i % 8]], organ, 72, "4/4", (0, False), [(float(i), i + 1.0, r, m) for i, (r, m) in enumerate([(0, False), (7, False), (9, True), (5, False), (0, False), (2, True), (7, False), (0, False)] * 2)])
    punk = [Hit(b * 4 + i * 0.5, 0.4, p, 0.8) for b in range(8) for i in range(8) for p in ((40, 47, 52), (45, 52, 57), (47, 54, 59), (45, 52, 57))[b % 4]]
    add("punk power chords", punk, guitar, 176, "4/4", (4, False), [], extra=[Hit(b * 4 + q + o, 0.1, d, 0.9) for b in range(8) for q in range(4) for o, d in ((0, 36), (0.5, 38))])
    half = [Hit(b * 4 + q, 0.1, d, v) for b in range(6) for q, d, v in [(0, 36, 1), (2, 38, 1), (2.75, 36, 0.8)] + [(i * 0.25, 42, 0.5) for i in range(16)]]
    add("half-time beat", [Hit(b * 4 + a, 0.5, p, 0.9) for b in range(6) for a, p in ((0, 33), (1.75, 33), (2.75, 36))], bass, 78, "4/4", (9, True), [(0, 24, 9, True)], extra=half)
    add("two bars only", sounds.chords([am[0], am[1]], 4, strum), guitar, 110, "4/4", (9, True), span(amfcg[:2], 4))
    add("bass two bars", sounds.repeat(funk, 4, [0, 0]), bass, 96, "4/4", (4, True), [(0, 8, 4, True)])
    bossa = [h for b in range(8) for h in [Hit(b * 4 + q, 0.9, (38, 43, 36, 45)[b % 4], 0.8) for q in (0, 1.5, 2, 3.5)] + [Hit(b * 4 + q, 0.4, p, 0.7) for q in (0, 1, 1.5, 2.5, 3.5) for p in ((53, 57, 60), (53, 59, 62), (55, 59, 64), (55, 61, 64))[b % 4]]]
    add("bossa guitar", bossa, guitar, 132, "4/4", (0, False), span([(2, True), (7, False), (0, False), (9, False)] * 2, 4))
    return made


def all_items(data: Path) -> list[Item]:
    """Every item, the same in each run."""
    font = Font(data)
    return riffs() + lead_sheets(data, font, 24) + songs(data, font, 16) + drum_takes(data, font, 8)
