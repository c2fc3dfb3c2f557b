"""Live following on synthetic riffs: tempo, phase, loudness, density, from the past alone."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.brain.follower import Follower
from musearoo.ports.voice import Pulse

RATE = 16_000
EIGHTHS = tuple((i / 2, (40, 40, 43, 45)[i % 4], 0.9 if i % 2 == 0 else 0.6) for i in range(8))
QUARTERS = tuple((float(i), (45, 47, 48, 52)[i], 0.8) for i in range(4))
FUNK = ((0, 40, 1.0), (0.75, 40, 0.6), (1.5, 43, 0.8), (2, 45, 0.9), (2.5, 40, 0.6),
        (3, 43, 0.9), (3.75, 45, 0.6))  # fmt: skip
CHORDS = tuple(
    (at, pitch, loud)
    for at, loud in ((0, 1.0), (1, 0.8), (1.5, 0.6), (2.5, 0.7), (3, 0.8), (3.5, 0.5))
    for pitch in (52, 55, 59, 64)
)
Hits = tuple[tuple[float, int, float], ...]


@cache
def pluck(pitch: int, seconds: float) -> Any:
    time = np.arange(int(seconds * RATE)) / RATE
    hertz = 440 * 2 ** ((pitch - 69) / 12)
    wave = sum(
        np.sin(2 * np.pi * hertz * n * time) * np.exp(-time * (3 + 2 * n)) / n for n in range(1, 7)
    )
    return np.minimum(1, time / 0.003) * np.minimum(1, (seconds - time) / 0.04) * wave


def riff(hits: Hits, bpm: float, seconds: float, jitter: float = 0.004) -> Any:
    """Bars of 4/4, uneven by `jitter` seconds, in faint noise."""
    chance = np.random.default_rng(1)
    sound = chance.normal(0, 0.002, int(seconds * RATE))
    for bar in range(int(seconds * bpm / 240) + 1):
        for beat, pitch, loud in hits:
            at = int(((4 * bar + beat) * 60 / bpm + chance.normal(0, jitter)) * RATE)
            note = loud * pluck(pitch, 0.4 * 60 / bpm)
            begin, end = max(at, 0), min(len(sound), max(at, 0) + len(note))
            if end > begin:
                sound[begin:end] += note[: end - begin]
    return (0.7 * sound / np.abs(sound).max()).astype("<f4")


def pulses(sound: Any, *, near: float | None = None, chunk: int = 320) -> list[Pulse]:
    ear = Follower("pcm_f32le", RATE, 1, near)
    heard = (ear.hear(sound[i : i + chunk].tobytes()) for i in range(0, len(sound), chunk))
    return [pulse for pulse in heard if pulse is not None]


def after(found: list[Pulse], seconds: float) -> list[Pulse]:
    return [pulse for pulse in found if pulse.seconds >= seconds]


class TestTempo:
    @pytest.mark.parametrize("bpm", [72, 84, 96, 110, 124, 140, 160])
    @pytest.mark.parametrize("hits", [EIGHTHS, QUARTERS, FUNK, CHORDS])
    def test_locks_in_four_seconds_with_the_session(self, hits: Hits, bpm: float) -> None:
        """Played along with a session 6 % off: within 2 % at 4 s and ever after."""
        found = after(pulses(riff(hits, bpm, 9), near=1.06 * bpm), 4.0)
        assert max(abs((pulse.tempo or 0) / bpm - 1) for pulse in found) < 0.02

    @pytest.mark.parametrize("bpm", [96, 110, 124])
    def test_locks_alone(self, bpm: float) -> None:
        """Without a session tempo, plain riffs of usual tempi."""
        found = after(pulses(riff(QUARTERS, bpm, 9)), 4.0)
        assert max(abs((pulse.tempo or 0) / bpm - 1) for pulse in found) < 0.02

    def test_told_on_the_way(self) -> None:
        """A riff that is heard at another octave alone is heard right once it is told."""
        sound = riff(EIGHTHS, 72, 10)
        alone, told = (Follower("pcm_f32le", RATE, 1) for _ in range(2))
        last: dict[Follower, Pulse | None] = {}
        for at in range(0, len(sound), 320):
            if at == 320 * 200:
                told.expect(74.0)
            for ear in (alone, told):
                last[ear] = ear.hear(sound[at : at + 320].tobytes()) or last.get(ear)
        assert (pulse := last[alone]) is not None
        assert pulse.tempo == pytest.approx(144, rel=0.02)
        assert (pulse := last[told]) is not None
        assert pulse.tempo == pytest.approx(72, rel=0.02)

    def test_a_new_tempo_is_found(self) -> None:
        """From 100 to 120 at 8 s: believed within 6 s."""
        sound = np.concatenate([riff(QUARTERS, 100, 8), riff(QUARTERS, 120, 8)])
        last = pulses(sound)[-1]
        assert last.tempo == pytest.approx(120, rel=0.02)

    def test_phase(self) -> None:
        """The beat is where it is played, within 15 ms, extrapolated to the pulse's own time."""
        bpm = 110
        found = after(pulses(riff(QUARTERS, bpm, 9), near=112), 4.0)
        errors = [((p.phase - p.seconds * bpm / 60 + 0.5) % 1 - 0.5) * 60 / bpm for p in found]
        assert abs(float(np.median(errors))) < 0.015
        assert max(abs(error) for error in errors) < 0.04


class TestLoudness:
    def test_energy_follows_the_hand(self) -> None:
        """Loud is near 1, 20 dB softer far below, and silence is 0 without a tempo."""
        loud = riff(EIGHTHS, 100, 5)
        found = pulses(np.concatenate([loud, 0.1 * loud, np.zeros(3 * RATE, "<f4")]))
        means = [
            float(np.mean([p.energy for p in found if low < p.seconds < low + 3])) for low in (2, 7)
        ]
        assert means[0] > 0.65
        assert means[1] < means[0] - 0.35
        assert (None, 0.0, 0.0) == (found[-1].tempo, found[-1].energy, found[-1].density)

    @pytest.mark.parametrize("bpm", [90, 120])
    def test_density_counts_onsets(self, bpm: float) -> None:
        """Quarters and eighths: onsets a second within a quarter of the truth."""
        for hits, beats in ((QUARTERS, 1), (EIGHTHS, 2)):
            density = pulses(riff(hits, bpm, 8))[-1].density
            assert density == pytest.approx(beats * bpm / 60, rel=0.25)


class TestAccents:
    def test_quarters_and_eighths(self) -> None:
        """Quarters weigh on the beat alone, eighths on its half too; nothing before a tempo."""
        heard = []
        for hits in (QUARTERS, EIGHTHS):
            ear = Follower("pcm_f32le", RATE, 1, 104.0)
            assert () == ear.accents()
            sound = riff(hits, 100, 9)
            for at in range(0, len(sound), 320):
                ear.hear(sound[at : at + 320].tobytes())
            heard.append(ear.accents())
        quarters, eighths = heard
        assert 1000 == quarters[0] == eighths[0]
        assert max(quarters[1:]) < 250
        assert eighths[2] > 400
        assert max(eighths[1], eighths[3]) < 250


class TestStreams:
    def test_chunks_do_not_matter(self) -> None:
        """Any cutting of the stream gives the same tempo."""
        sound = riff(QUARTERS, 100, 6)
        found = [pulses(sound, chunk=chunk)[-1].tempo for chunk in (97, 320, 4000)]
        assert found == pytest.approx([100] * 3, rel=0.02)

    def test_forms(self) -> None:
        """16-bit stereo at 48 kHz hears what mono floats hear."""
        mono = np.repeat(riff(QUARTERS, 100, 6), 3)
        stereo = (np.stack([mono, mono], axis=1) * 32767).astype("<i2")
        ear = Follower("pcm_s16le", 48_000, 2)
        found = [ear.hear(stereo[i : i + 960].tobytes()) for i in range(0, len(stereo), 960)]
        last = [pulse for pulse in found if pulse is not None][-1]
        assert last.tempo == pytest.approx(100, rel=0.02)

    @given(st.binary(max_size=4000), st.sampled_from([8_000, 44_100, 48_000]))
    def test_any_bytes(self, sound: bytes, rate: int) -> None:
        """Not-numbers and infinities are silence; every pulse is in range."""
        ear = Follower("pcm_f32le", rate, 1)
        whole = sound[: len(sound) // 4 * 4]
        for pulse in (ear.hear(whole) for _ in range(5)):
            if pulse is not None:
                assert 0 <= pulse.energy <= 1
                assert 0 <= pulse.phase < 1
                assert pulse.tempo is None or 50 < pulse.tempo < 210

    def test_memory_is_bounded(self) -> None:
        """An hour's state is a second's: what is kept has a fixed size."""
        ear = Follower("pcm_f32le", RATE, 1)
        noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype("<f4").tobytes()
        for _ in range(30):
            ear.hear(noise)
        assert ear._strength.nbytes < 4000
        assert len(ear._rest) < RATE // 10
