"""Riffs as people record them, synthesised with their truth: strings, hands, a voice, a room."""
# ruff: noqa: E501

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np
import numpy.typing as npt

Sound = npt.NDArray[np.float64]
Stroke = tuple[float, float, int, float]  # quarter, length in quarters, pitch, loudness


@dataclass(frozen=True)
class Riff:
    """What is played, how it is recorded, and what is true of it."""

    name: str
    strokes: Sequence[Stroke]
    instrument: str
    bpm: float
    meter: str
    key: str
    chords: Sequence[str]  # one for each bar, Harte
    bars: int
    rate: int = 44100
    suffix: str = "wav"
    channels: int = 1
    lead: float = 0.0
    drift: float = 0.0  # share by which the tempo rises to the end
    noise: float = 0.001
    loose: float = 0.004
    seed: int = field(default=1)

    @property
    def bar_quarters(self) -> float:
        top, bottom = self.meter.split("/")
        return int(top) * 4 / int(bottom)

    def seconds(self, quarter: float) -> float:
        """The clock of a quarter under a tempo that rises evenly."""
        total = self.bars * self.bar_quarters
        share = quarter / total
        return self.lead + 60 / self.bpm * (quarter - self.drift * quarter * share / 2)


def recording(riff: Riff) -> Sound:
    """The riff as samples, one row a channel."""
    random = np.random.default_rng(riff.seed)
    end = riff.seconds(riff.bars * riff.bar_quarters) + 1.0
    sound = np.zeros(int(end * riff.rate))
    for at, length, pitch, loud in riff.strokes:
        start = max(0.0, riff.seconds(at) + random.normal(0, riff.loose))
        seconds = length * 60 / riff.bpm
        played = INSTRUMENTS[riff.instrument](pitch, seconds, riff.rate, random)
        first = int(start * riff.rate)
        part = played[: len(sound) - first] * loud * random.uniform(0.9, 1.1)
        sound[first : first + len(part)] += part
    sound *= 0.7 / np.abs(sound).max()
    sound += random.normal(0, riff.noise, len(sound))
    if riff.channels == 1:
        return sound[None]
    return np.stack([sound, 0.8 * np.roll(sound, riff.rate // 2000)])


def _string(pitch: int, seconds: float, rate: int, random: np.random.Generator) -> Sound:
    """A plucked string: partials stretched a little, the higher the shorter."""
    time = np.arange(int((seconds + 0.15) * rate)) / rate
    base = 440 * 2 ** ((pitch - 69) / 12)
    count = int(min(24, rate / 2.2 / base))
    wave = sum(
        np.sin(2 * np.pi * base * n * np.sqrt(1 + 6e-5 * n * n) * time + random.uniform(0, 6))
        * np.exp(-(1.3 + 0.55 * n) * time)
        * (abs(np.sin(0.41 * n)) + 0.05)
        / n
        for n in range(1, count + 1)
    )
    return _faded(np.asarray(wave), rate, 0.0015, 0.06)


def _hammer(pitch: int, seconds: float, rate: int, random: np.random.Generator) -> Sound:
    """A struck string with the knock of the hammer."""
    time = np.arange(int((seconds + 0.2) * rate)) / rate
    base = 440 * 2 ** ((pitch - 69) / 12)
    count = int(min(16, rate / 2.2 / base))
    wave = sum(
        np.sin(2 * np.pi * base * n * np.sqrt(1 + 4e-4 * n * n) * time)
        * np.exp(-(0.8 + 0.3 * n) * time)
        * 0.68**n
        for n in range(1, count + 1)
    )
    knock = random.normal(0, 0.08, len(time)) * np.exp(-120 * time)
    return _faded(np.asarray(wave) + knock, rate, 0.002, 0.12)


def _voice(pitch: int, seconds: float, rate: int, random: np.random.Generator) -> Sound:
    """A sung vowel: scooped start, vibrato that grows, formants of an open a, breath."""
    time = np.arange(int((seconds + 0.03) * rate)) / rate
    vibrato = 0.3 * np.sin(2 * np.pi * 5.4 * time) * np.minimum(1, time / 0.5)
    cents = vibrato - 0.9 * np.exp(-time / 0.03) + random.normal(0, 0.04)
    phase = 2 * np.pi * np.cumsum(440 * 2 ** ((pitch + cents - 69) / 12)) / rate
    base = 440 * 2 ** ((pitch - 69) / 12)
    wave = sum(
        np.sin(n * phase) / n * sum(np.exp(-(((n * base - f) / w) ** 2)) * g for f, w, g in VOWEL)
        for n in range(1, int(min(30, rate / 2.2 / base)) + 1)
    )
    breath = 0.01 * random.normal(0, 1, len(time))
    return _faded(np.asarray(wave) + breath, rate, 0.035, 0.05)


VOWEL = ((750, 200, 1.0), (1150, 220, 0.7), (2800, 400, 0.3), (300, 300, 0.6))
INSTRUMENTS: dict[str, Callable[[int, float, int, np.random.Generator], Sound]] = {
    "string": _string, "hammer": _hammer, "voice": _voice,
}  # fmt: skip


def _faded(wave: Sound, rate: int, attack: float, release: float) -> Sound:
    time = np.arange(len(wave)) / rate
    fade = np.minimum(1, time / attack) * np.minimum(1, (len(wave) / rate - time) / release)
    return wave * np.clip(fade, 0, 1)


OPEN = {
    "A:min": (45, 52, 57, 60, 64), "F:maj": (41, 48, 53, 57, 60), "C:maj": (48, 52, 55, 60, 64),
    "G:maj": (43, 47, 50, 55, 59), "D:maj": (50, 57, 62, 66), "E:min": (40, 47, 52, 55, 59),
    "B:min": (47, 54, 59, 62, 66), "A:maj": (45, 52, 57, 61, 64), "D:min": (50, 57, 62, 65),
    "E:maj": (40, 47, 52, 56, 59), "Bb:maj": (46, 53, 58, 62, 65), "G:min": (43, 50, 55, 58, 62),
    "Eb:maj7": (39, 55, 58, 62), "C:min7": (36, 55, 58, 63), "F:min7": (41, 56, 60, 63),
    "Bb:7": (46, 56, 62, 65),
}  # fmt: skip


def strum(chords: Sequence[str], quarters: float, places: Sequence[float]) -> list[Stroke]:
    """Each chord strummed at the places of its bar, down from the root, up from the top."""
    made = []
    for bar, chord in enumerate(chords):
        for number, place in enumerate(places):
            down = place == int(place)
            strings = OPEN[chord] if down else OPEN[chord][:1:-1]
            loud = 0.9 if number == 0 else 0.75 if down else 0.5
            until = (*places, quarters)[number + 1]
            made += [
                (bar * quarters + place + 0.012 * i, until - place, pitch, loud)
                for i, pitch in enumerate(strings)
            ]
    return made


def picked(chords: Sequence[str], quarters: float, order: Sequence[int]) -> list[Stroke]:
    """Chords broken into eighths."""
    made = []
    for bar, chord in enumerate(chords):
        for i, string in enumerate(order):
            pitches = OPEN[chord]
            loud = 0.95 if i == 0 else 0.75 if i % 3 == 0 else 0.5
            pitch = pitches[string % len(pitches)]
            made.append((bar * quarters + i * 0.5, 1.2, pitch, loud))
    return made


def hands(
    chords: Sequence[str], quarters: float, left: Sequence[float], right: Sequence[float]
) -> list[Stroke]:
    """A piano: the left hand has the root, the right hand the rest."""
    made = []
    for bar, chord in enumerate(chords):
        root, *rest = OPEN[chord]
        start = bar * quarters
        made += [(start + q, 1.5, root, 0.9 if q == 0 else 0.65) for q in left]
        made += [(start + q, 0.8, pitch, 0.55) for q in right for pitch in rest]
    return made


def line(pattern: str, bars: int, quarters: float, moves: Sequence[int] = (0,)) -> list[Stroke]:
    """A line of `quarter:pitch:length` words, moved by semitones bar by bar."""
    words = [tuple(float(part) for part in word.split(":")) for word in pattern.split()]
    made = []
    for bar in range(bars):
        for at, pitch, length in words:
            loud = 1.0 if at == 0 else 0.8 if at == int(at) else 0.6
            moved = int(pitch) + moves[bar % len(moves)]
            made.append((bar * quarters + at, length, moved, loud))
    return made


def tune(notes: str, first: float = 0.0) -> list[Stroke]:
    """A melody of `pitch:length` words, one after the other."""
    words = [word.split(":") for word in notes.split()]
    lengths = [float(length) for _pitch, length in words]
    starts = accumulate(lengths, initial=first)
    return [
        (at, length * 0.95, int(pitch), 0.95 if at % 4 == 0 else 0.7)
        for (pitch, _), length, at in zip(words, lengths, starts, strict=False)
    ]


def riffs() -> list[Riff]:
    """The set: four instruments, 70 to 160 bpm, four meters, five containers, five rates."""
    am, g = ["A:min", "F:maj", "C:maj", "G:maj"] * 2, ["G:maj", "D:maj", "E:min", "C:maj"] * 2
    d, jazz = (
        ["D:maj", "A:maj", "B:min", "G:maj"] * 2,
        ["C:min7", "F:min7", "Bb:7", "Eb:maj7"] * 2,
    )
    f, dm = (
        ["F:maj", "Bb:maj", "C:maj", "F:maj"] * 2,
        ["D:min", "Bb:maj", "F:maj", "C:maj"] * 2,
    )
    em, em7 = (
        ["E:min", "E:min", "A:min", "E:min"] * 2,
        ["E:min"] * 4 + ["A:min"] * 2 + ["E:min"] * 2,
    )
    rock = "0:40:.5 .5:40:.5 1:43:.5 1.5:45:.75 2.5:40:.5 3:46:.25 3.25:45:.25 3.5:43:.5"
    funk = "0:38:.5 .75:38:.25 1.5:50:.25 2:41:.5 2.5:43:.5 3.25:45:.25 3.5:48:.5"
    seven = "0:40:.5 .5:47:.5 1:52:.5 1.5:47:.5 2:43:.5 2.5:55:.5 3:54:.5"
    sung = (
        "65:1 67:.5 69:.5 72:1.5 69:.5 70:1 74:1 70:2 72:1 70:.5 69:.5 67:1 64:1 65:3 60:1 "
        "65:1 67:.5 69:.5 72:1.5 69:.5 74:1 70:1 67:2 67:.5 69:.5 70:1 64:1 67:1 65:4"
    )
    slow = "0:45:1 1.5:45:.5 2:52:1 3:48:.5 3.5:47:.5"
    return [
        Riff("guitar strum", strum(am, 4, (0, 1, 1.5, 2.5, 3, 3.5)), "string", 96, "4/4", "A minor", am, 8, lead=0.8),
        Riff("guitar riff", line(rock, 8, 4, (0, 0, 5, 0)), "string", 120, "4/4", "E minor", em, 8, 48000, "flac"),
        Riff("bass funk", line(funk, 8, 4), "string", 104, "4/4", "D minor", ["D:min"] * 8, 8, 44100, "ogg"),
        Riff("piano ballad", hands(g, 4, (0, 2.5), (0, 1, 2, 3)), "hammer", 72, "4/4", "G major", g, 8, 44100, "aiff", 2, lead=0.3, drift=0.03),
        Riff("piano waltz", hands(g, 3, (0,), (1, 2)), "hammer", 140, "3/4", "G major", g, 8, 44100, "mp3", 2),
        Riff("guitar jig", picked(d, 3, (0, 2, 3, 1, 3, 2)), "string", 135, "6/8", "D major", d, 8, 48000, lead=0.5),
        Riff("guitar seven", line(seven, 8, 3.5, (0, 0, 0, 0, 5, 5, 0, 0)), "string", 150, "7/8", "E minor", em7, 8),
        Riff("voice", tune(sung), "voice", 84, "4/4", "F major", f, 8, 22050, noise=0.003, loose=0.012, lead=0.6),
        Riff("fast strum", strum(d, 4, (0, 1, 2, 2.5, 3, 3.5)), "string", 160, "4/4", "D major", d, 8, 96000, noise=0.01),
        Riff("jazz piano", hands(jazz, 4, (0, 2), (0, 1.5, 3)), "hammer", 126, "4/4", "Eb major", jazz, 8, 44100, "flac", 2),
        Riff("slow bass", line(slow, 8, 4, (0, -4, -9, -2)), "string", 70, "4/4", "A minor", am, 8, 22050, "mp3", lead=1.2),
        Riff("piano six", picked(dm, 3, (0, 2, 3, 4, 3, 2)), "hammer", 100, "6/8", "D minor", dm, 8, 48000, "ogg", 2, drift=-0.02, noise=0.004),
    ]  # fmt: skip
