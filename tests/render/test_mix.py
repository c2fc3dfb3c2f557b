"""Balance, loudness and limiting of the mix."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.render import mix
from musearoo.render.synth import SAMPLE_RATE, Samples


def sine(seconds: float, amplitude: float = 0.5, frequency: float = 1000.0) -> Samples:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    wave = amplitude * np.sin(2 * np.pi * frequency * time)
    return np.stack((wave, wave)).astype(np.float32)


def mixed(part: Samples, seconds: float, gain: float = 1.0, pan: float = 0.0) -> Samples:
    bus = mix.bus(seconds)
    part = part[:, : bus.shape[1]]
    bus[:, : part.shape[1]] += np.array(mix.sides(gain, pan), np.float32)[:, None] * part
    return mix.mastered(bus, seconds)


class TestLoudness:
    def test_a_full_scale_sine_on_both_sides_has_0_lufs(self) -> None:
        """ITU-R BS.1770-4: 997 Hz at 0 dBFS on one channel is -3.01 LUFS."""
        assert pytest.approx(0.0, abs=0.7) == mix.loudness(sine(2.0, 1.0, 997.0))

    def test_low_and_silent_passages_do_not_count(self) -> None:
        loud = sine(2.0)
        padded = np.concatenate((loud, np.zeros((2, 10 * SAMPLE_RATE), np.float32)), axis=1)
        assert pytest.approx(mix.loudness(loud), abs=0.3) == mix.loudness(padded)

    def test_bass_weighs_less(self) -> None:
        assert mix.loudness(sine(2.0, 0.5, 30.0)) < mix.loudness(sine(2.0, 0.5, 1000.0)) - 4

    def test_a_share_of_a_long_sound_stands_for_all(self) -> None:
        """At 161 beats a minute every second block of an even share would miss the beat."""
        beat = np.tile(np.r_[np.ones(8192), np.zeros(8192)], 60).astype(np.float32)
        noise = np.random.default_rng(1).normal(size=(2, len(beat))).astype(np.float32) * beat * 0.1
        whole = mix.loudness(noise[:, : 60 * 4096])
        assert pytest.approx(whole, abs=0.5) == mix.loudness(noise)

    def test_silence_and_short_sounds(self) -> None:
        assert -np.inf == mix.loudness(np.zeros((2, 100), np.float32))
        assert np.isfinite(mix.loudness(sine(0.05)))


class TestLimiter:
    @given(st.integers(1, 6000), st.integers(0, 100), st.floats(0.1, 8.0))
    def test_nothing_passes_the_ceiling(self, frames: int, seed: int, drive: float) -> None:
        noise = np.random.default_rng(seed).normal(size=(2, frames)) * drive
        held = mix.limited(noise.astype(np.float32))
        assert noise.shape == held.shape
        assert np.abs(held).max() <= np.float32(mix.CEILING)

    def test_it_turns_down_and_does_not_clip(self) -> None:
        """The gain alone brings peaks to the ceiling, so that a sine stays a sine."""
        held = mix.limited(sine(1.0, 2.0, 200.0))
        spectrum = np.abs(np.fft.rfft(held[0] * np.hanning(held.shape[1])))
        assert spectrum[590:610].max() < spectrum[190:210].max() / 1000

    def test_quiet_sound_is_untouched(self) -> None:
        assert np.array_equal(sine(0.1, 0.2), mix.limited(sine(0.1, 0.2)))


class TestMix:
    def test_loudness_is_the_same_for_quiet_and_loud_parts(self) -> None:
        for gain in (0.05, 0.5, 2.0):
            made = mixed(sine(3.0), 3.0, gain)
            assert pytest.approx(mix.TARGET_LUFS, abs=0.5) == mix.loudness(made)

    def test_pan_moves_the_far_side_down(self) -> None:
        left = mixed(sine(1.0), 1.0, pan=-1.0)
        middle = mixed(sine(1.0), 1.0)
        right = mixed(sine(1.0), 1.0, pan=0.5)
        assert np.abs(left[1]).max() < 1e-6 < np.abs(left[0]).max()
        assert np.allclose(middle[0], middle[1])
        assert (
            pytest.approx(np.cos(np.pi / 4), abs=0.01)
            == np.abs(right[0]).max() / np.abs(right[1]).max()
        )

    def test_no_parts_are_silence_of_the_right_length(self) -> None:
        silence = mix.mastered(mix.bus(1.5), 1.5)
        assert (2, round(1.5 * SAMPLE_RATE)) == silence.shape
        assert not silence.any()

    def test_a_tail_is_kept_until_it_has_died_away(self) -> None:
        fading = sine(5.0) * np.geomspace(1, 1e-6, 5 * SAMPLE_RATE, dtype=np.float32)
        made = mixed(fading, 1.0)
        assert pytest.approx(2.55, abs=0.1) == made.shape[1] / SAMPLE_RATE

    def test_an_endless_tail_is_faded_out(self) -> None:
        made = mixed(sine(30.0), 1.0)
        assert 4 * SAMPLE_RATE == made.shape[1]
        assert np.abs(made[:, -10:]).max() < 0.01
