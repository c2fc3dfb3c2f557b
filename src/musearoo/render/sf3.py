"""The SoundFont 2 file format, as far as a sampler needs it, with SF3's Vorbis samples.

Source: "SoundFont Technical Specification 2.04" (E-mu, 2006): chunks in
sections 5 to 7, generators in 8.1, how zones combine in 9.4. SF3 is MuseScore's
variant: a sample with bit 4 of its type set is an Ogg Vorbis stream, and its
loop counts from its own first frame.
"""

import io
import struct
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import soundfile
from numpy.typing import NDArray

from musearoo.domain.errors import InvalidValue
from musearoo.render.modulators import DEFAULTS as DEFAULT_MODULATORS
from musearoo.render.modulators import Modulator

FONT: Final = Path(__file__).parent / "soundfont" / "musearoo_gm_subset.sf3"
_VORBIS: Final = 0x10

# Generators (8.1.2), by number.
START, END, LOOP_START, LOOP_END, START_COARSE = 0, 1, 2, 3, 4
FILTER, RESONANCE, MOD_ENVELOPE_TO_FILTER, END_COARSE, PAN = 8, 9, 11, 12, 17
MOD_DELAY, MOD_ATTACK, MOD_HOLD, MOD_DECAY, MOD_SUSTAIN = 25, 26, 27, 28, 29
DELAY, ATTACK, HOLD, DECAY, SUSTAIN, RELEASE = 33, 34, 35, 36, 37, 38
KEY_TO_HOLD, KEY_TO_DECAY, INSTRUMENT, KEYS, VELOCITIES = 39, 40, 41, 43, 44
LOOP_START_COARSE, ATTENUATION, LOOP_END_COARSE = 45, 48, 50
COARSE_TUNE, FINE_TUNE, SAMPLE, LOOPING, SCALE, EXCLUSIVE, ROOT = 51, 52, 53, 54, 56, 57, 58
DEFAULTS: Final = {
    FILTER: 13500, SCALE: 100, ROOT: -1,
    **dict.fromkeys((MOD_DELAY, MOD_ATTACK, MOD_HOLD, MOD_DECAY), -12000),
    **dict.fromkeys((DELAY, ATTACK, HOLD, DECAY, RELEASE), -12000),
}  # fmt: skip
_EVERYTHING: Final = (0, 127)
_Range = tuple[int, int]


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """A sample header (7.10); `start` and `end` are bytes of the sample chunk in SF3."""

    start: int
    end: int
    loop_start: int
    loop_end: int
    rate: int
    root: int
    correction: int
    kind: int


class Zone(msgspec.Struct, frozen=True):
    """One sample as one preset plays it for some keys and velocities, everything summed."""

    keys: _Range
    velocities: _Range
    sample: int
    generators: dict[int, int]
    modulators: tuple[Modulator, ...]

    def get(self, generator: int) -> int:
        """The value of a generator, its default where nothing sets it."""
        return self.generators.get(generator, DEFAULTS.get(generator, 0))

    def plays(self, key: int, velocity: int) -> bool:
        """Whether a note sounds this zone."""
        return (
            self.keys[0] <= key <= self.keys[1]
            and self.velocities[0] <= velocity <= self.velocities[1]
        )


class _Raw(msgspec.Struct, frozen=True):
    """A zone as stored: its ranges, its other generators, its modulators."""

    keys: _Range
    velocities: _Range
    generators: dict[int, int]
    modulators: tuple[Modulator, ...]


class SoundFont:
    """A font read into memory; samples are decoded when first asked for."""

    def __init__(self, octets: bytes) -> None:
        self._chunks = dict(_chunks(octets))
        needed = (b"phdr", b"pbag", b"pgen", b"pmod", b"inst", b"ibag", b"igen", b"imod", b"shdr")
        missing = [name.decode() for name in (*needed, b"smpl") if name not in self._chunks]
        if missing:
            raise InvalidValue("sound font", missing, "a file with all its chunks")
        headers = self._rows(b"shdr", "<20xIIIIIBbHH")
        self.samples = tuple(msgspec.convert((*row[:7], row[8]), Sample) for row in headers)
        self._instruments = self._zones(b"inst", "<20xH", 0, b"i")
        presets = self._rows(b"phdr", "<20xHHH12x")
        zones = self._zones(b"phdr", "<20xHHH12x", 2, b"p")
        self._presets = {(row[1], row[0]): own for row, own in zip(presets, zones, strict=False)}
        self._decoded: dict[int, NDArray[np.int16]] = {}
        self._combined: dict[tuple[int, int], tuple[Zone, ...]] = {}

    @property
    def presets(self) -> tuple[tuple[int, int], ...]:
        """Every (bank, program) of the font."""
        return tuple(sorted(self._presets))

    def zones(self, bank: int, program: int) -> tuple[Zone, ...]:
        """The zones of a preset; none where the font lacks it."""
        known = self._combined.get((bank, program))
        if known is None:
            known = tuple(self._combine(self._presets.get((bank, program), [])))
            self._combined[bank, program] = known
        return known

    def audio(self, sample: int) -> NDArray[np.int16]:
        """The decoded frames of a mono sample, full scale at 32768."""
        known = self._decoded.get(sample)
        if known is None:
            known = self._decoded[sample] = self._decode(self.samples[sample])
        return known

    def _decode(self, sample: Sample) -> NDArray[np.int16]:
        octets = self._chunks[b"smpl"]
        if not sample.kind & _VORBIS:
            return np.frombuffer(octets[2 * sample.start : 2 * sample.end], "<i2")
        stream = io.BytesIO(octets[sample.start : sample.end])
        frames, _ = soundfile.read(stream, dtype="int16")
        return np.asarray(frames, np.int16)

    def _combine(self, preset: list[_Raw]) -> Iterator[Zone]:
        """Preset zones x instrument zones (9.4): ranges intersect, preset values add."""
        common, local = _split(preset, INSTRUMENT)
        for upper in local:
            added = {**common.generators, **upper.generators}
            instrument = self._instruments[added.pop(INSTRUMENT)]
            shared, zones = _split(instrument, SAMPLE)
            for lower in zones:
                total = {**shared.generators, **lower.generators}
                sample = total.pop(SAMPLE)
                for generator, value in added.items():
                    total[generator] = total.get(generator, DEFAULTS.get(generator, 0)) + value
                keys = _overlap(upper.keys, lower.keys)
                velocities = _overlap(upper.velocities, lower.velocities)
                modulators = _combined(
                    (*DEFAULT_MODULATORS, *shared.modulators, *lower.modulators),
                    (*common.modulators, *upper.modulators),
                )
                if keys[0] <= keys[1] and velocities[0] <= velocities[1]:
                    yield Zone(keys, velocities, sample, total, modulators)

    def _rows(self, name: bytes, layout: str) -> list[tuple[int, ...]]:
        return list(struct.iter_unpack(layout, self._chunks[name]))

    def _zones(self, heads: bytes, layout: str, column: int, prefix: bytes) -> list[list[_Raw]]:
        bags = self._rows(prefix + b"bag", "<HH")
        generators = self._rows(prefix + b"gen", "<Hh")
        modulators = self._rows(prefix + b"mod", "<HHhHH")
        firsts = [row[column] for row in self._rows(heads, layout)]

        def zone(bag: int) -> _Raw:
            (generator, modulator), (next_generator, next_modulator) = bags[bag], bags[bag + 1]
            own = modulators[modulator:next_modulator]
            return _raw(generators[generator:next_generator], own)

        return [[zone(bag) for bag in range(first, last)] for first, last in pairwise(firsts)]


def _raw(generators: list[tuple[int, ...]], modulators: list[tuple[int, ...]]) -> _Raw:
    values = {row[0]: row[1] for row in generators}
    keys, velocities = values.pop(KEYS, None), values.pop(VELOCITIES, None)
    own = tuple(Modulator(row[0], row[3], row[1], row[2]) for row in modulators)
    return _Raw(_range(keys), _range(velocities), values, own)


def _range(amount: int | None) -> _Range:
    return _EVERYTHING if amount is None else (amount & 0xFF, amount >> 8 & 0xFF)


def _overlap(one: _Range, other: _Range) -> _Range:
    return max(one[0], other[0]), min(one[1], other[1])


def _split(zones: list[_Raw], link: int) -> tuple[_Raw, list[_Raw]]:
    """The global zone (the first, if it links nothing, else an empty one) and the others."""
    linked = [zone for zone in zones if link in zone.generators]
    if zones and link not in zones[0].generators:
        return zones[0], linked
    return _Raw(_EVERYTHING, _EVERYTHING, {}, ()), linked


def _combined(
    instrument: tuple[Modulator, ...], preset: tuple[Modulator, ...]
) -> tuple[Modulator, ...]:
    """On either level the last of identical modulators counts; the preset's then add (9.5)."""
    amounts = {modulator.identity: modulator.amount for modulator in instrument}
    added = {modulator.identity: modulator.amount for modulator in preset}
    for identity, amount in added.items():
        amounts[identity] = amounts.get(identity, 0) + amount
    return tuple(Modulator(*identity, amount) for identity, amount in amounts.items() if amount)


def _chunks(octets: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Every chunk inside the lists of a RIFF file (section 3)."""
    if octets[:4] != b"RIFF" or octets[8:12] != b"sfbk":
        raise InvalidValue("sound font", octets[:12], "a RIFF file of kind sfbk")
    stack = [(12, len(octets))]
    while stack:
        position, end = stack.pop()
        while position + 8 <= end:
            name = octets[position : position + 4]
            size = int.from_bytes(octets[position + 4 : position + 8], "little")
            if name == b"LIST":
                stack.append((position + 12, position + 8 + size))
            else:
                yield name, octets[position + 8 : position + 8 + size]
            position += 8 + size + size % 2


@cache
def bundled() -> SoundFont:
    """The font that ships with the package."""
    return SoundFont(FONT.read_bytes())
