"""Style, emotion and complexity: rough guesses from rhythm, harmony and timbre.

Arousal follows loudness-independent activity (onset rate, brightness, tempo), valence
mode and tempo, as in the cue tables of Gabrielsson & Lindström 2001; valence is hedged
because such cues alone explain little of it.
"""

from dataclasses import dataclass

import numpy as np

from musearoo.domain.analysis import Candidate


@dataclass(frozen=True, slots=True)
class Traits:
    """Plain measures of a recording, each roughly 0-1 unless a unit is given."""

    bpm: float
    onset_rate: float
    """Onsets a second."""

    swing: float
    """Place of the off-beat, 0.5 to 0.67."""

    compound: bool
    triple_meter: bool
    brightness: float
    percussive: float
    sustained: float
    low_pulse: float
    backbeat: float
    syncopation: float
    minor: float
    chord_rate: float
    """Chord changes a bar."""

    chord_variety: float
    sevenths: float
    pitch_entropy: float
    dynamics: float


_STYLE_CUES: dict[str, dict[str, float]] = {
    "rock": {"bias": 0.5, "backbeat": 1.2, "brightness": 0.8, "swung": -2.0, "sevenths": -1.0},
    "pop": {"bias": 0.5, "backbeat": 0.6, "syncopation": 0.3, "chord_rate": 0.4, "swung": -1.5},
    "funk": {"bias": -0.4, "syncopation": 1.8, "busy": 1.0, "sevenths": 0.8, "low_pulse": 0.4},
    "jazz": {"bias": -0.6, "swung": 2.4, "sevenths": 2.0, "chord_variety": 0.8},
    "latin": {"bias": -0.5, "syncopation": 1.0, "sevenths": 0.8, "backbeat": -1.0, "busy": 0.5},
    "hip hop": {"bias": -0.6, "slow": 0.8, "low_pulse": 1.2, "percussive": 0.8, "syncopation": 0.5},
    "dance": {"bias": -0.6, "dance_tempo": 1.6, "low_pulse": 1.0, "percussive": 0.6},
    "soul": {"bias": -0.8, "sevenths": 0.8, "backbeat": 0.7, "slow": 0.3},
    "reggae": {"bias": -1.3, "offbeat": 1.0, "slow": 0.4, "low_pulse": 0.5},
    "punk": {"bias": -1.3, "fast": 1.6, "brightness": 1.2, "busy": 0.6, "sevenths": -1.5},
    "metal": {"bias": -1.3, "brightness": 1.2, "fast": 0.6, "minor": 0.8, "sustained": 0.4},
    "country": {"bias": -1.0, "major": 0.8, "fast": 0.5, "backbeat": 0.5, "sevenths": -0.5},
    "blues": {"bias": -0.8, "swung": 1.6, "sevenths": 0.8, "compound": 0.8},
    "folk": {"bias": -0.4, "quiet_drums": 1.2, "triple": 1.0, "sevenths": -1.0, "major": 0.3},
    "ballad": {"bias": -0.6, "slow": 1.2, "quiet_drums": 0.8, "calm": 1.0, "compound": 0.4},
}


def guess_styles(traits: Traits, count: int = 3) -> tuple[Candidate, ...]:
    """The most likely styles of the closed list with their probabilities."""
    cues = _cues(traits)
    names = list(_STYLE_CUES)
    scores = np.array(
        [sum(w * cues.get(cue, 0.0) for cue, w in _STYLE_CUES[name].items()) for name in names]
    )
    chance = np.exp(scores - scores.max())
    chance /= chance.sum()
    order = np.argsort(-chance, kind="stable")[:count]
    return tuple(Candidate(names[i], round(float(chance[i]), 3)) for i in order)


def _cues(traits: Traits) -> dict[str, float]:
    def ramp(value: float, low: float, high: float) -> float:
        return float(np.clip((value - low) / (high - low), 0, 1))

    return {
        "bias": 1.0,
        "backbeat": traits.backbeat,
        "brightness": traits.brightness,
        "syncopation": traits.syncopation,
        "sevenths": traits.sevenths,
        "low_pulse": traits.low_pulse,
        "percussive": traits.percussive,
        "sustained": traits.sustained,
        "chord_rate": min(traits.chord_rate, 2) / 2,
        "chord_variety": traits.chord_variety,
        "swung": ramp(traits.swing, 0.54, 0.62) * (not traits.compound),
        "compound": float(traits.compound),
        "triple": float(traits.triple_meter),
        "minor": traits.minor,
        "major": 1 - traits.minor,
        "busy": ramp(traits.onset_rate, 4, 9),
        "calm": 1 - ramp(traits.onset_rate, 1.5, 4),
        "slow": 1 - ramp(traits.bpm, 75, 100),
        "fast": ramp(traits.bpm, 130, 175),
        "dance_tempo": ramp(traits.bpm, 116, 122) * (1 - ramp(traits.bpm, 130, 138)),
        "quiet_drums": 1 - traits.percussive,
        "offbeat": max(0.0, traits.syncopation - 0.5) * 2,
    }


def arousal(traits: Traits) -> float:
    """Calm 0 to excited 1."""
    rate = np.clip(np.log2(max(traits.onset_rate, 0.5) / 0.5) / 4.3, 0, 1)
    tempo = np.clip((traits.bpm - 60) / 110, 0, 1)
    mix = 0.42 * rate + 0.2 * tempo + 0.2 * traits.brightness + 0.18 * traits.percussive
    return float(np.clip(mix, 0, 1))


def valence(traits: Traits) -> float:
    """Sad or dark 0 to happy 1; shrunk towards the middle."""
    tempo = np.clip((traits.bpm - 60) / 110, 0, 1)
    return float(np.clip(0.5 + 0.24 * (0.5 - traits.minor) * 2 + 0.16 * (tempo - 0.4), 0, 1))


def emotion(arousal_value: float, valence_value: float) -> str:
    """The word for a quadrant of the arousal-valence plane (Russell 1980)."""
    if arousal_value >= 0.5:
        return "happy" if valence_value >= 0.5 else "tense"
    return "peaceful" if valence_value >= 0.5 else "sad"


def complexity(traits: Traits) -> float:
    """Mean of density, syncopation, harmonic rhythm, vocabulary and pitch entropy, 0-1."""
    parts = (
        np.clip(traits.onset_rate / 9, 0, 1),
        traits.syncopation,
        np.clip(traits.chord_rate / 3, 0, 1),
        traits.chord_variety,
        np.clip((traits.pitch_entropy - 1.5) / 2.0, 0, 1),
    )
    return float(np.mean(parts))
