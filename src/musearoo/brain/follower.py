"""Follow live sound: tempo, beat phase, energy and density, from nothing but the past.

Hops of 20 ms. Tempo is the best comb through the autocorrelation of the onset strength of
the last 8 s, phase the best pulse train through the same, both held against sudden jumps
(after Stark, Davies & Plumbley, "Real-time beat-synchronous analysis", DAFx 2009). The state
has a fixed size. The pulse names the stream time it holds for: onsets are seen 20-40 ms after
they sounded, and the phase is extrapolated over that.
"""

from functools import cache
from typing import Final

import numpy as np

from musearoo.brain.signal import Floats
from musearoo.ports.voice import Pulse

HOP_SECONDS: Final = 0.020
PULSE_SECONDS: Final = 0.1
MEMORY_SECONDS: Final = 8.0
FIRST_SECONDS: Final = 2.0
"""So much sound must have come before a tempo is named."""
SLOWEST_BPM: Final = 55.0
FASTEST_BPM: Final = 205.0
LATENCY: Final = 0.017
"""Seconds from the start of a frame's window to the onsets it shows, measured on plucks."""
_FRAMES: Final = round(MEMORY_SECONDS / HOP_SECONDS)
_BANDS: Final = 24
_GAIN: Final = 60.0
_FADE: Final = 250
"""Frames after which the past counts 1/e."""
_TEETH: Final = np.array([1.0, 0.85, 0.7, 0.6], np.float32)
_CENTRE_BPM: Final = 115.0
_OCTAVES: Final = 0.45
_NEAR_OCTAVES: Final = 0.35
_EVEN: Final = 0.5
_PHASES: Final = 48
_QUARTERS: Final = 4
_RANGE_DB: Final = 30.0
_QUIET_DB: Final = -55.0
_SILENT_SECONDS: Final = 2.0
_SAME: Final = 0.04
_AGREED: Final = 4


class Follower:
    """Hears one stream of PCM; `ports.voice.Ear`.

    `near` is a tempo that it is probably played at, such as that of the session that plays.
    """

    def __init__(self, codec: str, rate: int, channels: int, near: float | None = None) -> None:
        self._dtype = np.dtype("<i2" if codec == "pcm_s16le" else "<f4")
        self._channels = channels
        self._hop = max(1, round(rate * HOP_SECONDS))
        self._rate = rate
        self._window = np.hanning(2 * self._hop + 1)[:-1].astype(np.float32)
        self._window /= self._window.sum() / 2
        self._matrix = _bands(rate, 2 * self._hop)
        self._rest = np.zeros(0, np.float32)
        self._before = np.zeros(_BANDS, np.float32)
        self._strength = np.zeros(_FRAMES, np.float32)
        self._frames = 0
        self._samples = 0
        self._level_db = -90.0
        self._quiet = 0
        self._loudest_db = -40.0
        self._pulsed_at = 0
        self._beat = _Beat(self._hop / rate, near)

    def hear(self, sound: bytes) -> Pulse | None:
        """Take sound; answers a pulse about ten times a second."""
        mono = self._mono(sound)
        self._samples += len(mono)
        samples = np.concatenate([self._rest, mono])
        count = max(0, len(samples) // self._hop - 1)
        self._rest = samples[count * self._hop :]
        if not count:
            return None
        self._take(samples, min(count, _FRAMES))
        due = round(PULSE_SECONDS / HOP_SECONDS)
        if self._frames - self._pulsed_at < due:
            return None
        self._pulsed_at = self._frames
        return self._pulse()

    def expect(self, near: float | None) -> None:
        """From now on it is probably played at this tempo."""
        self._beat.expect(near)

    def accents(self) -> tuple[int, ...]:
        """How strongly each quarter of a beat is played, 0-1000, the beat first."""
        known = min(self._frames, _FRAMES)
        return self._beat.accents(self._strength[-known:], self._frames) if known else ()

    def _mono(self, sound: bytes) -> Floats:
        values = np.frombuffer(sound, self._dtype).astype(np.float32)
        if self._dtype.kind == "i":
            values /= np.float32(32768)
        else:
            values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
            values = np.clip(values, -4.0, 4.0)
        return np.asarray(values.reshape(-1, self._channels).mean(axis=1, dtype=np.float32))

    def _take(self, samples: Floats, count: int) -> None:
        frames = np.lib.stride_tricks.sliding_window_view(samples, 2 * self._hop)
        frames = frames[:: self._hop][-count:] if count else frames[:0]
        power = np.mean(np.square(frames, dtype=np.float64), axis=1)
        for decibels in 10 * np.log10(power + 1e-12):
            self._weigh(float(decibels))
        gain = np.float32(_GAIN * 10 ** (-max(self._loudest_db, _QUIET_DB) / 20))
        spectra = np.abs(np.fft.rfft(frames * self._window, axis=1)).astype(np.float32)
        levels = np.log1p(gain * (spectra @ self._matrix))
        earlier = np.concatenate([self._before[None], levels[:-1]])
        rise = np.maximum(0, levels - earlier).mean(axis=1)
        self._before = levels[-1]
        self._strength = np.concatenate([self._strength[count:], rise])
        self._frames += count

    def _weigh(self, decibels: float) -> None:
        """Level over some 0.6 s, and the loudest of the last minutes (falls 1 dB in 4 s)."""
        self._level_db += (decibels - self._level_db) * (0.3 if decibels > self._level_db else 0.03)
        self._quiet = self._quiet + 1 if decibels < _QUIET_DB else 0
        self._loudest_db = max(self._loudest_db - 0.005, decibels, _QUIET_DB)

    def _pulse(self) -> Pulse:
        known = min(self._frames, _FRAMES)
        heard = self._strength[-known:]
        energy = min(max(1 + (self._level_db - self._loudest_db) / _RANGE_DB, 0.0), 1.0)
        silent = self._quiet * HOP_SECONDS > _SILENT_SECONDS
        if silent:
            self._beat.forget()
        elif known * HOP_SECONDS >= FIRST_SECONDS:
            self._beat.update(heard, self._frames)
        now = self._samples / self._rate
        tempo, phase, confidence = self._beat.at(now)
        return Pulse(
            seconds=now,
            tempo=tempo,
            phase=phase,
            confidence=confidence,
            energy=0.0 if silent else energy,
            density=0.0 if silent else _density(heard),
        )


class _Beat:
    """The tempo and the beats that are believed in."""

    def __init__(self, hop_seconds: float, near: float | None) -> None:
        self._hop = hop_seconds
        bpm, self._waves = _candidates(hop_seconds)
        self._bpm = bpm
        self._periods = (60 / bpm / hop_seconds).astype(np.float32)
        self.expect(near)
        self.forget()

    def expect(self, near: float | None) -> None:
        width = _NEAR_OCTAVES if near else _OCTAVES
        octaves = np.log2(self._bpm / (near or _CENTRE_BPM)) / width
        self._prior = np.exp(-0.5 * octaves**2).astype(np.float32)

    def forget(self) -> None:
        self._period: float | None = None
        self._beat_at = 0.0
        self._confidence = 0.0
        self._rival: tuple[float, int] = (0.0, 0)

    def update(self, heard: Floats, frames: int) -> None:
        """Look at the strength of the last frames; `frames` counts all there were."""
        curve = _sharpened(heard)
        similar = _autocorrelation(curve)
        if similar is None:
            self._confidence *= 0.8
            return
        scores = np.maximum(_comb(similar, self._periods), 0) * self._prior
        scores = scores * (_EVEN + _swings(curve, self._waves))
        period = self._refined(similar, float(self._periods[int(scores.argmax())]))
        clear = float(_comb(similar, np.array([period], np.float32))[0])
        self._confidence += 0.3 * (min(max(clear, 0.0), 1.0) - self._confidence)
        self._settle(period, similar)
        assert self._period is not None  # noqa: S101
        self._place(curve, frames)

    def at(self, seconds: float) -> tuple[float | None, float, float]:
        """Tempo, phase and confidence at a stream time."""
        if self._period is None:
            return None, 0.0, 0.0
        length = self._period * self._hop
        phase = (seconds - self._beat_at) / length % 1.0
        return round(60 / length, 2), round(phase, 4) % 1.0, round(self._confidence, 3)

    def accents(self, heard: Floats, frames: int) -> tuple[int, ...]:
        """The strength of the past folded onto one beat; empty while there is none."""
        if self._period is None:
            return ()
        seconds = np.arange(frames - len(heard), frames) * self._hop + LATENCY
        beats = (seconds - self._beat_at) / (self._period * self._hop)
        quarters = np.round(beats * _QUARTERS).astype(int) % _QUARTERS
        sums = np.bincount(quarters, weights=_sharpened(heard), minlength=_QUARTERS)
        strongest = float(sums.max())
        if strongest <= 0:
            return ()
        return tuple(round(1000 * float(each) / strongest) for each in sums)

    def _refined(self, similar: Floats, period: float) -> float:
        fine = (period * np.linspace(0.985, 1.015, 31)).astype(np.float32)
        return float(fine[int(_comb(similar, fine).argmax())])

    def _settle(self, period: float, similar: Floats) -> None:
        """Move towards a period that is near; another one must come back to be believed."""
        held = self._period
        if held is None:
            self._period = period
            return
        near = self._refined(similar, held)
        if abs(period / held - 1) < _SAME:
            self._period = held + 0.3 * (period - held)
            self._rival = (0.0, 0)
            return
        self._period = held + 0.15 * (near - held)
        rival, times = self._rival
        times = times + 1 if rival and abs(period / rival - 1) < _SAME else 1
        self._rival = (period, times)
        if times >= _AGREED:
            self._period, self._rival = period, (0.0, 0)

    def _place(self, curve: Floats, frames: int) -> None:
        """Put the latest beat where the pulse train through the past fits best."""
        period = self._period or 1.0
        last = len(curve) - 1
        offsets = np.arange(_PHASES) / _PHASES * period
        count = max(1, int(last / period) - 1)
        places = last - offsets[:, None] - np.arange(count)[None] * period
        fits = np.interp(places, np.arange(len(curve)), curve)
        fits = (fits * np.exp(-np.arange(count) * period / _FADE)).sum(axis=1)
        ahead = (frames - 1) * self._hop + LATENCY
        expected = ((ahead - self._beat_at) / (period * self._hop)) % 1.0
        turn = 2 * np.pi * (np.arange(_PHASES) / _PHASES - expected)
        best = int((fits * (1 + 0.15 * np.cos(turn))).argmax())
        step = _peak(fits, best) / _PHASES * period
        self._beat_at = ahead - step * self._hop


@cache
def _candidates(hop_seconds: float) -> tuple[Floats, Floats]:
    """Tempi to try, 0.5 % apart, and a wave of each over the whole memory (complex)."""
    count = int(np.log(FASTEST_BPM / SLOWEST_BPM) / np.log(1.005)) + 1
    bpm = SLOWEST_BPM * 1.005 ** np.arange(count)
    turns = bpm[:, None] / 60 * hop_seconds * np.arange(_FRAMES)[None]
    return bpm, np.exp(-2j * np.pi * turns).astype(np.complex64)


def _swings(curve: Floats, waves: Floats) -> Floats:
    """How strongly the curve swings at each tempo, 1 for the strongest.

    Three eighths repeat like two beats do, but nothing swings at their rate: the product of
    this with the comb leaves the beat (after Peeters, "Time variable tempo detection", 2007).
    """
    age = np.exp(-np.arange(len(curve))[::-1] / _FADE)
    faded = ((curve - float(np.average(curve, weights=age))) * age).astype(np.float32)
    size = np.abs(waves[:, : len(curve)] @ faded.astype(np.complex64))
    return np.asarray(size / max(float(size.max()), 1e-9))


def _bands(rate: int, window: int) -> Floats:
    """(bins, bands): triangles on a logarithmic scale from 40 Hz to 8 kHz at most."""
    top = min(8000.0, 0.45 * rate)
    edges = 40.0 * (top / 40.0) ** (np.arange(_BANDS + 2) / (_BANDS + 1))
    hertz = np.arange(window // 2 + 1)[:, None] * rate / window
    width = np.maximum(edges[1:] - edges[:-1], rate / window)
    rise = (hertz - edges[None, 1:-1]) / width[None, :-1] + 1
    fall = (edges[None, 1:-1] - hertz) / width[None, 1:] + 1
    return np.maximum(0, np.minimum(rise, fall)).astype(np.float32)


def _sharpened(heard: Floats) -> Floats:
    """The strength above its own mean of 0.4 s, so that only what stands out counts."""
    width = 21
    padded = np.pad(heard, width // 2, mode="edge")
    mean = np.convolve(padded, np.full(width, 1 / width, np.float32), mode="valid")
    return np.asarray(np.maximum(0, heard - mean), np.float32)


def _autocorrelation(curve: Floats) -> Floats | None:
    """Similarity with itself at each lag in frames: 1 at 0, without the bias of few overlaps."""
    age = np.exp(-np.arange(len(curve))[::-1] / _FADE).astype(np.float32)
    centred = (curve - float(np.average(curve, weights=age))) * age
    size = 1 << (2 * len(curve) - 1).bit_length()
    power = np.abs(np.fft.rfft(centred, size)) ** 2
    weight = np.abs(np.fft.rfft(age, size)) ** 2
    lags = len(curve) * 4 // 5
    similar = np.fft.irfft(power, size)[:lags]
    overlap = np.fft.irfft(weight, size)[:lags]
    if similar[0] <= 1e-9:
        return None
    return np.asarray(similar / similar[0] * (overlap[0] / np.maximum(overlap, 1e-9)), np.float32)


def _comb(similar: Floats, periods: Floats) -> Floats:
    """Mean similarity at one to four periods, as far as the past reaches."""
    places = periods[:, None] * np.arange(1, len(_TEETH) + 1, dtype=np.float32)
    inside = places < len(similar) - 1
    found = np.interp(places, np.arange(len(similar)), similar)
    weight = _TEETH * inside
    return np.asarray((found * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 0.5))


def _peak(values: Floats, index: int) -> float:
    """Place of the parabola's top through a maximum of a cyclic curve."""
    left, top, right = (float(values[(index + step) % len(values)]) for step in (-1, 0, 1))
    bend = left - 2 * top + right
    return index + (0.5 * (left - right) / bend if bend < 0 else 0.0)


def _density(heard: Floats) -> float:
    """Onsets a second over the last 4 s: local maxima well above the usual strength."""
    recent = heard[-round(4 / HOP_SECONDS) :]
    if len(recent) < 3:
        return 0.0
    floor = max(0.3 * float(np.sort(recent)[-max(3, len(recent) // 25)]), 0.02)
    inner = recent[1:-1]
    peaks = (inner > recent[:-2]) & (inner >= recent[2:]) & (inner > floor)
    return round(float(peaks.sum()) / (len(recent) * HOP_SECONDS), 2)
