"""One sample of a sound font at one pitch, held as long as needed: the sampler's raw material.

Pitch, loops, both envelopes, the low-pass filter and pan follow SoundFont 2.04
(generators in 8.1.2); LFOs are left out. Times are seconds, levels decibels.
"""

from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from musearoo.render import sf3
from musearoo.render.sf3 import Sample, SoundFont, Zone

SAMPLE_RATE: Final = 44_100
AUDIBLE_DB: Final = 72.0
_FULL_SCALE_DB: Final = 100.0  # what a decay or release stage falls in its time
_EMU_ATTENUATION: Final = 0.4  # E-mu's hardware, and every player since, scales generator 48
_OPEN_FILTER: Final = 13_300  # absolute cents; above it nothing is heard of the filter
_FRAME: Final = 1024  # of the filter
_HOP: Final = _FRAME // 2
_BATCH: Final = 16  # frames transformed together, so that each takes the same vector path
_WINDOW: Final = np.hanning(_FRAME + 1)[:-1].astype(np.float32)

Mono = NDArray[np.float32]
Stereo = NDArray[np.float32]
Pcm = NDArray[np.int16]


class Voicing(msgspec.Struct, frozen=True):
    """A zone as it answers one key and velocity; `gain` is apart, so that tones are shared."""

    zone: Zone
    key: int
    gain: float
    exclusive: int
    cutoff: int
    sweep: int

    @property
    def identity(self) -> tuple[int, int, int, int]:
        """What decides the sound but for its gain."""
        return id(self.zone), self.key, self.cutoff, self.sweep


def voicing(zone: Zone, key: int, velocity: int) -> Voicing:
    """Apply the modulators of a zone; what only colours the tone is rounded to share tones."""
    moved: dict[int, float] = {}
    for modulator in zone.modulators:
        moved[modulator.target] = moved.get(modulator.target, 0) + modulator.value(key, velocity)
    attenuation = _EMU_ATTENUATION * zone.get(sf3.ATTENUATION) + moved.get(sf3.ATTENUATION, 0)
    return Voicing(
        zone=zone,
        key=key,
        gain=10 ** (-max(0.0, attenuation) / 200),
        exclusive=zone.get(sf3.EXCLUSIVE),
        cutoff=_rounded(zone.get(sf3.FILTER) + moved.get(sf3.FILTER, 0)),
        sweep=_rounded(
            zone.get(sf3.MOD_ENVELOPE_TO_FILTER) + moved.get(sf3.MOD_ENVELOPE_TO_FILTER, 0)
        ),
    )


def _rounded(cents: float) -> int:
    return round(cents / 100) * 100


class Tone(msgspec.Struct, frozen=True):
    """The sound of a voicing while its key is down, and how it fades when let go.

    `held` is as long as was asked for; `whole` says that nothing follows it.
    """

    held: Stereo
    whole: bool
    release: Mono


def tone(font: SoundFont, voice: Voicing, frames: int) -> Tone:
    """Make a tone with `frames` frames, or fewer where the sample ends or dies away.

    A longer tone begins with exactly the frames of a shorter one, so that what
    was played before cannot change a bit of what is played now.
    """
    zone = voice.zone
    sample, audio = font.samples[zone.sample], font.audio(zone.sample)
    wave = _filtered(_resampled(sample, audio, voice, frames + _FRAME), voice)[:frames]
    level = _volume(voice, len(wave))
    audible = np.flatnonzero(level > 10 ** (-AUDIBLE_DB / 20))
    length = int(audible[-1]) + 1 if audible.size else 0
    pan = min(500, max(-500, zone.get(sf3.PAN))) / 1000
    sides = np.sqrt(np.array([[0.5 - pan], [0.5 + pan]], np.float32))
    return Tone(sides * (wave * level)[:length], length < frames, _release(zone))


def _resampled(sample: Sample, audio: Pcm, voice: Voicing, frames: int) -> Mono:
    """The sample at the pitch of the key: `frames` frames, or fewer if it ends."""
    step = 2 ** (_cents(voice.zone, voice.key, sample) / 1200) * sample.rate / SAMPLE_RATE
    source = _unrolled(sample, audio, voice.zone, int(frames * step) + 4)
    count = min(frames, max(0, int((len(source) - 4) / step)))
    position = np.arange(count) * step
    index = position.astype(np.int64)
    part = (position - index).astype(np.float32)
    return _between(source[index], source[index + 1], source[index + 2], source[index + 3], part)


def _between(before: Mono, here: Mono, after: Mono, beyond: Mono, part: Mono) -> Mono:
    """Catmull-Rom interpolation, `part` of the way from `here` to `after`."""
    cubic = 3 * (here - after) + beyond - before
    square = 2 * before - 5 * here + 4 * after - beyond
    return here + np.float32(0.5) * part * (after - before + part * (square + part * cubic))


def _unrolled(sample: Sample, audio: Pcm, zone: Zone, length: int) -> Mono:
    """The source frames in playing order from one before the start, loops written out."""
    start = zone.get(sf3.START) + 32768 * zone.get(sf3.START_COARSE)
    end = len(audio) + zone.get(sf3.END) + 32768 * zone.get(sf3.END_COARSE)
    first = sample.loop_start + zone.get(sf3.LOOP_START) + 32768 * zone.get(sf3.LOOP_START_COARSE)
    last = sample.loop_end + zone.get(sf3.LOOP_END) + 32768 * zone.get(sf3.LOOP_END_COARSE)
    start = min(max(0, start), len(audio))
    if zone.get(sf3.LOOPING) in (1, 3) and first < last and start < last <= len(audio):
        once, loop = audio[start:last][:length], audio[first:last]
        missing = length - len(once)
        rest = np.tile(loop, missing // len(loop) + 1)[:missing]
    else:
        once, rest = audio[start : max(start, end)][:length], np.zeros(3, np.int16)
    played = np.concatenate((np.zeros(1, np.int16), once, rest))
    return played.astype(np.float32) * np.float32(1 / 32768)


def _cents(zone: Zone, key: int, sample: Sample) -> int:
    """How far the sample is transposed (generators 51, 52, 56, 58)."""
    root = zone.get(sf3.ROOT)
    tuned = 100 * zone.get(sf3.COARSE_TUNE) + zone.get(sf3.FINE_TUNE) + sample.correction
    return (key - (root if root >= 0 else sample.root)) * zone.get(sf3.SCALE) + tuned


def _seconds(timecents: float) -> float:
    return 0.0 if timecents <= -12000 else float(2 ** (min(timecents, 8000) / 1200))


def _volume(voice: Voicing, count: int) -> Mono:
    """Linear gain of each frame while the key is down (generators 33 to 37)."""
    zone = voice.zone
    keyed = 60 - voice.key
    delay, attack = _seconds(zone.get(sf3.DELAY)), _seconds(zone.get(sf3.ATTACK))
    hold = _seconds(zone.get(sf3.HOLD) + zone.get(sf3.KEY_TO_HOLD) * keyed)
    decay = _seconds(zone.get(sf3.DECAY) + zone.get(sf3.KEY_TO_DECAY) * keyed)
    sustain = min(_FULL_SCALE_DB, max(0.0, zone.get(sf3.SUSTAIN) / 10))
    time = np.arange(count, dtype=np.float32) / np.float32(SAMPLE_RATE)
    rise = np.clip((time - delay) / max(attack, 1e-3), 0, 1)
    fall = (time - (delay + attack + hold)) * (_FULL_SCALE_DB / max(decay, 1e-3))
    lost = np.clip(fall, 0, sustain)
    return np.asarray(rise * np.exp(lost * np.float32(-np.log(10) / 20)), np.float32)


def _release(zone: Zone) -> Mono:
    seconds = min(20.0, max(0.008, _seconds(zone.get(sf3.RELEASE))))
    return fading(seconds * AUDIBLE_DB / _FULL_SCALE_DB)


def fading(seconds: float) -> Mono:
    """A fade of `AUDIBLE_DB`, even in decibels."""
    count = max(2, round(seconds * SAMPLE_RATE))
    return np.asarray(10 ** (np.linspace(0, -AUDIBLE_DB / 20, count)), np.float32)


def _filtered(wave: Mono, voice: Voicing) -> Mono:
    """The wave through the two-pole low-pass, which the modulation envelope may move.

    Overlapping frames pass the filter as it stands at the middle of each.
    """
    if not len(wave) or min(voice.cutoff, voice.cutoff + voice.sweep) >= _OPEN_FILTER:
        return wave
    count = -(-(len(wave) // _HOP + 2) // _BATCH) * _BATCH
    padded = np.zeros((count + 1) * _HOP, np.float32)
    padded[_HOP : _HOP + len(wave)] = wave
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP]
    moments = np.arange(count if voice.sweep else 1) * (_HOP / SAMPLE_RATE)
    cutoff = voice.cutoff + voice.sweep * _modulation(voice.zone, moments)
    spectra = np.fft.rfft(frames * _WINDOW, 2 * _FRAME) * _response(cutoff, voice.zone)
    shaped = np.fft.irfft(spectra, 2 * _FRAME)
    out = np.zeros((count + 3) * _HOP, np.float32)
    for quarter in range(4):
        piece = shaped[:, quarter * _HOP : (quarter + 1) * _HOP]
        out[quarter * _HOP : (quarter + count) * _HOP] += piece.ravel()
    return out[_HOP : _HOP + len(wave)]


def _modulation(zone: Zone, time: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """The modulation envelope, 0 to 1 (generators 25 to 29)."""
    delay, attack = _seconds(zone.get(sf3.MOD_DELAY)), _seconds(zone.get(sf3.MOD_ATTACK))
    begun = np.clip((time - delay) / max(attack, 1e-3), 0, 1)
    ended = time - delay - attack - _seconds(zone.get(sf3.MOD_HOLD))
    lost = np.clip(ended / max(_seconds(zone.get(sf3.MOD_DECAY)), 1e-3), 0, 1)
    return np.asarray(begun * np.maximum(1 - lost, 1 - zone.get(sf3.MOD_SUSTAIN) / 1000))


def _response(cutoff: NDArray[np.floating[Any]], zone: Zone) -> NDArray[np.complex64]:
    """One row of the filter's frequency response for each cutoff in absolute cents."""
    hertz = 8.176 * 2 ** (np.clip(cutoff, 1500, 13500) / 1200)
    resonance = 10 ** ((zone.get(sf3.RESONANCE) / 10 - 3.01) / 20)
    ratio = np.fft.rfftfreq(2 * _FRAME, 1 / SAMPLE_RATE)[None, :] / hertz[:, None]
    response = 1 / (1 - ratio**2 + 1j * ratio / resonance) / np.sqrt(resonance)
    return np.asarray(response, np.complex64)
