"""Melodies with chords as plain values, read from POP909's and OpenEWLD's packed forms.

Both live outside the repository (`../shared/data`); only counts over all songs are kept.
"""

import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from musearoo.domain.music.pitch import LETTERS, parse_pitch_class

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SIXTEENTHS_IN_QUARTER = 4
_ALTERED = {"-1": "b", "1": "#"}
_MINOR_KINDS = ("minor", "diminished", "half-diminished")
_KIND_TONES = {
    "major": (0, 4, 7), "minor": (0, 3, 7), "dominant": (0, 4, 7, 10), "diminished": (0, 3, 6),
    "augmented": (0, 4, 8), "major-seventh": (0, 4, 7, 11), "minor-seventh": (0, 3, 7, 10),
    "diminished-seventh": (0, 3, 6, 9), "half-diminished": (0, 3, 6, 10),
    "major-sixth": (0, 4, 7, 9),
    "minor-sixth": (0, 3, 7, 9), "dominant-ninth": (0, 4, 7, 10, 2),
    "suspended-fourth": (0, 5, 7), "suspended-second": (0, 2, 7),
}  # fmt: skip


@dataclass(frozen=True)
class Tone:
    """One melody note in sixteenths from the start of the first full bar."""

    start: int
    length: int
    pitch: int


@dataclass(frozen=True)
class Harmony:
    """Chord pitch classes, root first, from a sixteenth on."""

    start: int
    tones: tuple[int, ...]


@dataclass(frozen=True)
class LeadSheet:
    """A melody over chords in one key; `phrase_ends` are sixteenths where phrases close.

    `played` are the notes with the gaps they were given.
    """

    name: str
    source: str
    tonic: int
    minor: bool
    bar: int
    ternary: bool
    tones: tuple[Tone, ...]
    harmonies: tuple[Harmony, ...]
    phrase_ends: tuple[int, ...] = ()
    played: tuple[Tone, ...] = ()
    bpm: int = 110

    def harmony_at(self, sixteenth: int) -> tuple[int, ...]:
        sounding: tuple[int, ...] = ()
        for harmony in self.harmonies:
            if harmony.start > sixteenth:
                break
            sounding = harmony.tones
        return sounding


def pop909(*, modulating: bool = False) -> Iterator[LeadSheet]:
    """Songs in one key, or all; gaps of a sixteenth are how they were played, and are closed."""
    archive = DATA / "pop909_symbolic" / "pop909_symbolic.zip"
    with zipfile.ZipFile(archive) as file:
        name = next(entry for entry in file.namelist() if entry.endswith(".jsonl"))
        lines = file.read(name).decode().splitlines()
    for line in lines:
        song = json.loads(line)
        if modulating or len(song["key"]) == 1:
            yield _pop909_song(song)


def _pop909_song(song: dict) -> LeadSheet:
    tonic, _, mode = song["key"][0].partition(":")
    tones, now = [], 0
    for pitch, length in song["melody"]:
        if pitch:
            tones.append(Tone(now, length, pitch))
        now += length
    harmonies, beat = [], 0.0
    for _, classes, bass, beats in song["chords"]:
        harmonies.append(Harmony(round(beat * SIXTEENTHS_IN_QUARTER), (*classes, bass)[:-1]))
        beat += beats
    ends, bar = [], 0
    for letter, length in re.findall(r"([A-Za-z])(\d+)", song["sections"]):
        bar += int(length)
        if letter.isupper():
            ends.append(bar * 16)
    return LeadSheet(
        song["song"], "pop909", parse_pitch_class(tonic), mode == "min", 16, False,
        tuple(legato(tones)), tuple(harmonies), tuple(ends), tuple(tones), song["tempo"],
    )  # fmt: skip


def openewld() -> Iterator[LeadSheet]:
    archive = DATA / "openewld_pd" / "openewld_pd.zip"
    with zipfile.ZipFile(archive) as file:
        for name in sorted(entry for entry in file.namelist() if entry.endswith(".mxl")):
            with zipfile.ZipFile(file.open(name)) as score:
                inner = next(
                    entry
                    for entry in score.namelist()
                    if entry.endswith(".xml") and not entry.startswith("META-INF")
                )
                sheet = _openewld_song(name, ElementTree.fromstring(score.read(inner)))
            if sheet:
                yield sheet


def _openewld_song(name: str, root: ElementTree.Element) -> LeadSheet | None:
    part = root.find("part")
    time, key = root.find(".//time"), root.find(".//key/fifths")
    if part is None or time is None or key is None:
        return None
    beats, beat_type = int(time.findtext("beats", "4")), int(time.findtext("beat-type", "4"))
    bar = beats * 16 // beat_type
    tones, harmonies = _read_measures(part, bar)
    if not harmonies or len(tones) < 16:
        return None
    tonic = int(key.text or 0) * 7 % 12
    relative = (tonic + 9) % 12
    last = next((h.tones for h in reversed(harmonies) if h.tones), ())
    minor = bool(last) and last[0] == relative
    return LeadSheet(
        name, "openewld", relative if minor else tonic, minor, bar,
        beat_type == 8 and beats % 3 == 0, tuple(legato(tones)), tuple(harmonies),
        played=tuple(tones),
    )  # fmt: skip


def _read_measures(part: ElementTree.Element, bar: int) -> tuple[list[Tone], list[Harmony]]:
    tones: list[Tone] = []
    harmonies: list[Harmony] = []
    divisions, start = 1, 0
    for number, measure in enumerate(part.findall("measure")):
        now = 0
        measure_tones: list[tuple[int, int, int, bool]] = []
        measure_harmonies: list[tuple[int, tuple[int, ...]]] = []
        for element in measure:
            if element.tag == "attributes":
                divisions = int(element.findtext("divisions", str(divisions)))
            elif element.tag == "harmony":
                measure_harmonies.append((now * 4 // divisions, _harmony_tones(element)))
            elif element.tag == "note" and element.find("chord") is None:
                duration = int(element.findtext("duration", "0"))
                pitch = _pitch(element)
                if pitch and duration:
                    tied = any(tie.get("type") == "stop" for tie in element.findall("tie"))
                    measure_tones.append(
                        (now * 4 // divisions, duration * 4 // divisions, pitch, tied)
                    )
                now += duration
        shift = start + (bar - now * 4 // divisions if number == 0 else 0)
        for at, length, pitch, tied in measure_tones:
            if tied and tones and tones[-1].pitch == pitch:
                last = tones[-1]
                tones[-1] = Tone(last.start, last.length + length, pitch)
            elif length:
                tones.append(Tone(at + shift, length, pitch))
        harmonies += [Harmony(at + shift, classes) for at, classes in measure_harmonies]
        start += bar
    return tones, harmonies


def _pitch(note: ElementTree.Element) -> int:
    pitch = note.find("pitch")
    if pitch is None:
        return 0
    octave = int(pitch.findtext("octave", "4"))
    alter = int(pitch.findtext("alter", "0"))
    return 12 * (octave + 1) + LETTERS[pitch.findtext("step", "C")] + alter


def _harmony_tones(harmony: ElementTree.Element) -> tuple[int, ...]:
    step = harmony.findtext("root/root-step", "C")
    root = parse_pitch_class(step + _ALTERED.get(harmony.findtext("root/root-alter", "0"), ""))
    kind = harmony.findtext("kind", "major")
    fallback = (0, 3, 7) if kind.startswith(_MINOR_KINDS) else (0, 4, 7)
    return tuple((root + tone) % 12 for tone in _KIND_TONES.get(kind, fallback))


def legato(tones: list[Tone], gap: int = 1) -> list[Tone]:
    """Hold notes over gaps of up to `gap` sixteenths."""
    held = []
    for tone, following in zip(tones, [*tones[1:], None], strict=True):
        length = tone.length
        if following and following.start <= tone.start:
            continue
        if following and following.start - tone.start - length <= gap:
            length = following.start - tone.start
        held.append(Tone(tone.start, length, tone.pitch))
    return held
