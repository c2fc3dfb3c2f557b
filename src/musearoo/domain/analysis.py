"""What BrainAroo heard: each fact with its confidence and what else it might be."""

from typing import Final, Literal, get_args

import msgspec

Depth = Literal["quick", "comprehensive", "deep"]
Feature = Literal[
    "tempo", "meter", "key", "chords", "energy", "style", "emotion", "complexity", "sections"
]
FEATURES: Final[tuple[Feature, ...]] = get_args(Feature)


class Candidate(msgspec.Struct, frozen=True):
    """One possible value and its probability, 0 to 1."""

    value: str
    probability: float


class TempoCandidate(msgspec.Struct, frozen=True):
    """A possible tempo in quarter notes a minute and its probability."""

    bpm: float
    probability: float


class HeardChord(msgspec.Struct, frozen=True):
    """A chord (Harte symbol, "N" for none) from `start` to `end`, in seconds of the recording."""

    start: float
    end: float
    symbol: str
    confidence: float


class HeardSection(msgspec.Struct, frozen=True):
    """A stretch of the form in seconds, with a letter that repeats when the music does."""

    start: float
    end: float
    label: str
    confidence: float


class Accents(msgspec.Struct, frozen=True):
    """How hard the riff hits each step of the grid.

    `per_bar[b][s]` is 0-1000 for step `s` (`steps_per_bar` equal steps) of bar
    `b` counted from the first downbeat; `swing` is the place of the off-beat
    inside its beat in thousandths (500 straight, 667 triplet).
    """

    steps_per_bar: int
    per_bar: tuple[tuple[int, ...], ...]
    swing: int = 500


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one analysis. What was not found is None with confidence 0.

    Times are seconds from the start of the recording. `beats` are quarter notes,
    the dotted beat of a compound meter, or the eighths of 5/8 and 7/8; `downbeats`
    index into `beats`; `energy` has one value 0-1 per beat. `confidence` maps each
    field name to P(correct).
    """

    depth: Depth
    duration: float
    tempo: float | None
    tempo_candidates: tuple[TempoCandidate, ...] = ()
    beats: tuple[float, ...] = ()
    beat_confidence: tuple[float, ...] = ()
    downbeats: tuple[int, ...] = ()
    time_signature: str | None = None
    time_signature_candidates: tuple[Candidate, ...] = ()
    key: str | None = None
    key_candidates: tuple[Candidate, ...] = ()
    chords: tuple[HeardChord, ...] = ()
    sections: tuple[HeardSection, ...] = ()
    energy: tuple[float, ...] = ()
    accents: Accents | None = None
    style: str | None = None
    style_candidates: tuple[Candidate, ...] = ()
    emotion: str | None = None
    arousal: float | None = None
    valence: float | None = None
    complexity: float | None = None
    loudness_db: float | None = None
    tuning_cents: float | None = None
    confidence: dict[str, float] = msgspec.field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    analyzer: str = "brainaroo"

    @property
    def overall_confidence(self) -> float:
        """Mean confidence over tempo, meter and key, 0 to 1."""
        fields = ("tempo", "time_signature", "key")
        return sum(self.confidence.get(field, 0.0) for field in fields) / len(fields)
