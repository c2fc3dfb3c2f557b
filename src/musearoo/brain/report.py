"""Write what was heard as an `Analysis`, one family of facts at a time."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from musearoo.brain import mood
from musearoo.brain.groove import energy
from musearoo.brain.harmony import Harmony
from musearoo.brain.onsets import Onsets
from musearoo.brain.pitch import PitchContent
from musearoo.brain.rhythm import Rhythm
from musearoo.brain.signal import RATE, Floats, Sound
from musearoo.brain.spectrum import FPS
from musearoo.brain.structure import find_sections
from musearoo.brain.tonality import bar_features, heard_chords, key_candidates
from musearoo.brain.traits import measure
from musearoo.domain.analysis import (
    Accents,
    Analysis,
    Candidate,
    Depth,
    HeardSection,
    TempoCandidate,
)

FEATURES = (
    "tempo",
    "meter",
    "key",
    "chords",
    "energy",
    "style",
    "emotion",
    "complexity",
    "sections",
)
"""Names that `extract_features` may hold."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Everything found in one sound."""

    sound: Sound
    onsets: Onsets
    pitch: PitchContent
    rhythm: Rhythm | None
    harmony: Harmony | None
    grid: Floats
    """Beats in seconds, or a fixed half-second grid without a beat."""

    accents: Accents | None


def nothing(sound: Sound, depth: Depth, duration: float, *, shortest: float) -> Analysis:
    """The answer for silence and for sounds too short to hold music."""
    warnings = sound.warnings
    if not sound.silent:
        warnings = (*warnings, f"shorter than {shortest:g} s: too short to analyse")
    return Analysis(
        depth=depth,
        duration=round(duration, 6),
        tempo=None,
        loudness_db=round(sound.rms_db, 2),
        confidence=dict.fromkeys(("tempo", "time_signature", "key"), 0.0),
        warnings=warnings,
    )


def report(heard: Heard, depth: Depth, duration: float) -> Analysis:
    """Collect all facts; what was not found stays None with confidence 0."""
    result = nothing(heard.sound, depth, duration, shortest=0.0)
    result = replace(result, warnings=_warnings(heard))
    if heard.rhythm is not None:
        result = _with_rhythm(result, heard, heard.rhythm)
    if heard.harmony is not None:
        result = _with_harmony(result, heard, heard.harmony)
    if heard.rhythm is None and heard.harmony is None:
        return result
    return _with_mood(result, heard)


def only(result: Analysis, features: Iterable[str]) -> Analysis:
    """Keep the asked-for features and what identifies the analysis."""
    wanted = set(features)
    empty = Analysis(depth=result.depth, duration=result.duration, tempo=None)
    families = {
        "tempo": ("tempo", "tempo_candidates", "beats", "beat_confidence", "downbeats"),
        "meter": ("time_signature", "time_signature_candidates", "downbeats", "accents"),
        "key": ("key", "key_candidates", "tuning_cents"),
        "chords": ("chords",),
        "energy": ("energy",),
        "style": ("style", "style_candidates"),
        "emotion": ("emotion", "arousal", "valence"),
        "complexity": ("complexity",),
        "sections": ("sections",),
    }
    kept = {name for family in wanted & set(families) for name in families[family]}
    dropped = {name for family in families.values() for name in family} - kept
    confidence = {k: v for k, v in result.confidence.items() if k not in dropped}
    return replace(result, **{n: getattr(empty, n) for n in dropped}, confidence=confidence)


def _warnings(heard: Heard) -> tuple[str, ...]:
    notes = list(heard.sound.warnings)
    if heard.rhythm is None:
        notes.append("no steady beat was found")
    if heard.harmony is None:
        notes.append("no clear pitch was found")
    return tuple(notes)


def _with_rhythm(result: Analysis, heard: Heard, rhythm: Rhythm) -> Analysis:
    confidence = {
        "tempo": round(rhythm.tempi[0][1], 3),
        "time_signature": round(rhythm.signatures[0][1], 3),
        "beats": round(float(rhythm.beat_confidence.mean()), 3),
        "downbeats": round(rhythm.tempi[0][1] * rhythm.downbeat_probability, 3),
    }
    return replace(
        result,
        tempo=round(rhythm.bpm, 3),
        tempo_candidates=tuple(TempoCandidate(round(b, 3), round(p, 3)) for b, p in rhythm.tempi),
        beats=tuple(round(float(t), 4) for t in rhythm.beats),
        beat_confidence=tuple(round(float(p), 3) for p in rhythm.beat_confidence),
        downbeats=rhythm.downbeats,
        time_signature=rhythm.signature,
        time_signature_candidates=tuple(Candidate(n, round(p, 3)) for n, p in rhythm.signatures),
        energy=tuple(round(float(v), 3) for v in energy(heard.sound.samples, RATE, rhythm.beats)),
        accents=heard.accents,
        confidence=result.confidence | confidence,
    )


def _with_harmony(result: Analysis, heard: Heard, harmony: Harmony) -> Analysis:
    keys = key_candidates(harmony)
    result = replace(
        result,
        key=keys[0].value,
        key_candidates=keys,
        tuning_cents=round(100 * heard.pitch.tuning, 1),
        confidence=result.confidence | {"key": keys[0].probability},
    )
    if result.depth == "quick":
        return result
    chords = heard_chords(
        harmony, heard.pitch, heard.grid, heard.sound.seconds, rich=result.depth == "deep"
    )
    spans = np.array([c.end - c.start for c in chords])
    sure = np.array([c.confidence for c in chords])
    mean = float((spans * sure).sum() / max(float(spans.sum()), 1e-9))
    return replace(result, chords=chords, confidence=result.confidence | {"chords": round(mean, 3)})


def _with_mood(result: Analysis, heard: Heard) -> Analysis:
    sevenths = [c for c in result.chords if "7" in c.symbol or "9" in c.symbol]
    traits = measure(
        heard.onsets,
        heard.pitch,
        heard.harmony,
        heard.accents,
        bpm=result.tempo or 100.0,
        seconds=heard.sound.seconds,
        signature=result.time_signature or "4/4",
        sevenths=len(sevenths) / max(len(result.chords), 1),
    )
    styles = mood.guess_styles(traits)
    arousal, valence = mood.arousal(traits), mood.valence(traits)
    confidence = {
        "style": styles[0].probability,
        "emotion": round(0.3 + 0.4 * abs(arousal - 0.5) * (1 + abs(valence - 0.5)), 3),
        "arousal": round(0.6 + 0.4 * abs(arousal - 0.5), 3),
        "valence": round(0.5 + 0.4 * abs(valence - 0.5), 3),
        "complexity": 0.6,
    }
    result = replace(
        result,
        style=styles[0].value,
        style_candidates=styles,
        emotion=mood.emotion(arousal, valence),
        arousal=round(arousal, 3),
        valence=round(valence, 3),
        complexity=round(mood.complexity(traits), 3),
        confidence=result.confidence | confidence,
    )
    return _with_sections(result, heard) if result.depth == "deep" else result


def _with_sections(result: Analysis, heard: Heard) -> Analysis:
    if heard.rhythm is None or len(heard.rhythm.downbeats) < 9:
        return result
    starts = heard.rhythm.beats[list(heard.rhythm.downbeats)]
    bars = np.append(
        starts,
        max(float(starts[-1]) + 0.1, min(heard.sound.seconds, float(2 * starts[-1] - starts[-2]))),
    )
    rows = bar_features(heard.pitch, heard.onsets.log_mel, FPS, bars.astype(np.float32))
    sections: tuple[HeardSection, ...] = find_sections(bars, rows)
    mean = float(np.mean([s.confidence for s in sections])) if sections else 0.0
    return replace(
        result, sections=sections, confidence=result.confidence | {"sections": round(mean, 3)}
    )
