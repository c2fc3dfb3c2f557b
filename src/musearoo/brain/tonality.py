"""From pitch content to key and chords with names, times and confidences."""

import numpy as np

from musearoo.brain.chordnet import chord_probabilities, key_probabilities
from musearoo.brain.harmony import NO_CHORD, Harmony, Learned, decide
from musearoo.brain.pitch import PitchContent, pool
from musearoo.brain.qualities import enrich
from musearoo.brain.rhythm import Rhythm
from musearoo.brain.signal import Floats
from musearoo.domain.analysis import Candidate, HeardChord
from musearoo.domain.music.chord import Chord
from musearoo.domain.music.key import Key

_MINIMUM_TONALITY = 0.1
_MAXIMUM_NO_CHORD = 0.6
_CHANGE_DOWNBEAT, _CHANGE_MIDDLE, _CHANGE_ELSEWHERE = 0.55, 0.28, 0.1


def find_harmony(pitch: PitchContent, grid: Floats, rhythm: Rhythm | None) -> Harmony | None:
    """Key and chords on the beats of `grid` (seconds); None without clear pitch."""
    if len(grid) < 1 or not _pitched(pitch):
        return None
    treble, bass = (pool(chroma, pitch.fps, edges(grid)) for chroma in (pitch.treble, pitch.bass))
    learned = _learned(treble, bass, rhythm)
    if learned is not None and not _chordal(learned, treble + bass):
        return None
    return decide(treble, bass, _change(len(grid), rhythm), learned)


def _learned(treble: Floats, bass: Floats, rhythm: Rhythm | None) -> Learned | None:
    """Chords and key as the network hears them."""
    first, per_bar = (rhythm.first, rhythm.per_bar) if rhythm else (None, 4)
    chords = chord_probabilities(treble, bass, first, per_bar)
    if chords is None:
        return None
    strong = np.zeros(len(treble), bool)
    if rhythm is not None:
        strong = (np.arange(len(treble)) - rhythm.first) % rhythm.per_bar == 0
    keys = key_probabilities(treble, bass, chords, strong)
    return None if keys is None else Learned(chords, keys)


def _chordal(learned: Learned, chroma: Floats) -> bool:
    """Whether the loud beats are not mostly heard as no chord."""
    level = chroma.sum(axis=1)
    loud = level >= 0.5 * np.quantile(level, 0.8)
    return float(learned.chords[loud, NO_CHORD].mean()) < _MAXIMUM_NO_CHORD


def edges(grid: Floats) -> Floats:
    """The beats and the end of the last one."""
    step = float(np.median(np.diff(grid))) if len(grid) > 1 else 0.5
    return np.append(grid, grid[-1] + step).astype(np.float32)


def _pitched(pitch: PitchContent) -> bool:
    """Whether harmonic tones explain most of the loud frames."""
    level = pitch.salience.sum(axis=1)
    loud = level > 0.2 * float(np.quantile(level, 0.9))
    if not loud.any() or float(level.max()) <= 0:
        return False
    return float(np.quantile(pitch.tonality[loud], 0.7)) > _MINIMUM_TONALITY


def _change(beats: int, rhythm: Rhythm | None) -> Floats:
    """P(new chord) at each beat from its place in the bar."""
    change = np.full(beats, _CHANGE_ELSEWHERE, np.float32)
    if rhythm is None:
        change[:] = 0.25
        return change
    place = (np.arange(beats) - rhythm.first) % rhythm.per_bar
    change[place == 0] = _CHANGE_DOWNBEAT
    if rhythm.per_bar in (2, 4):
        change[place == rhythm.per_bar // 2] = _CHANGE_MIDDLE
    return change


def key_of(harmony: Harmony) -> Key:
    """The most likely key."""
    index = int(np.argmax(harmony.keys))
    return Key(index % 12, "minor" if index >= 12 else "major")


def key_candidates(harmony: Harmony | None) -> tuple[Candidate, ...]:
    """The five most likely keys."""
    if harmony is None:
        return ()
    order = np.argsort(-harmony.keys, kind="stable")[:5]
    return tuple(
        Candidate(
            Key(int(i) % 12, "minor" if i >= 12 else "major").name, round(float(harmony.keys[i]), 3)
        )
        for i in order
        if harmony.keys[i] > 0.005
    )


def heard_chords(
    harmony: Harmony, pitch: PitchContent, grid: Floats, seconds: float, *, rich: bool
) -> tuple[HeardChord, ...]:
    """One chord per run of equal beats; `rich` adds sevenths, suspensions and inversions."""
    times = np.minimum(edges(grid), seconds)
    starts = np.flatnonzero(np.diff(harmony.path, prepend=-1))
    stops = np.append(starts[1:], len(harmony.path))
    flats = key_of(harmony).prefers_flats
    chords = []
    for a, b in zip(starts, stops, strict=True):
        state = int(harmony.path[a])
        sure = float(harmony.posterior[a:b, state].mean())
        symbol = "N"
        if state != NO_CHORD:
            chord = Chord(state % 12, "min" if state >= 12 else "maj")
            if rich:
                treble, bass = (
                    _mean(c, pitch.fps, times[a], times[b]) for c in (pitch.treble, pitch.bass)
                )
                chord, share = enrich(chord.root, minor=chord.is_minor, treble=treble, bass=bass)
                sure *= 0.5 + 0.5 * share
            symbol = chord.symbol(flats=flats)
        chords.append(HeardChord(float(times[a]), float(times[b]), symbol, round(sure, 3)))
    return tuple(c for c in chords if c.end > c.start)


def _mean(chroma: Floats, fps: float, start: float, end: float) -> Floats:
    span = np.array([start, max(end, start + 0.05)])
    return np.asarray(pool(chroma, fps, span)[0])


def bar_features(pitch: PitchContent, levels: Floats, fps: float, bars: Floats) -> Floats:
    """One row per bar: chroma of both registers and the level of each mel band group."""
    chroma = np.concatenate([pitch.treble, 0.7 * pitch.bass], axis=1)
    tones = pool(chroma, pitch.fps, bars)
    tones /= np.maximum(np.linalg.norm(tones, axis=1, keepdims=True), 1e-3)
    bands = pool(levels, fps, bars)
    bands = bands[:, : bands.shape[1] // 8 * 8].reshape(len(bands), -1, 8).mean(axis=2)
    return np.concatenate([tones, bands], axis=1)
