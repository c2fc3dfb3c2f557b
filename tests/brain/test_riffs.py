"""BrainAroo hears in short riffs what a musician would say about them."""

import numpy as np
import pytest

from musearoo.brain import analyze
from musearoo.domain.analysis import Analysis
from musearoo.domain.music.chord import Chord
from musearoo.domain.music.key import Key
from tests.brain import sounds
from tests.brain.sounds import RATE, Hit

AM_F_C_G = [(45, 52, 57, 60, 64), (41, 48, 53, 57, 60), (48, 52, 55, 60, 64), (43, 50, 55, 59, 62)]
G_D_EM_C = [(43, 50, 55, 59, 62), (50, 57, 62, 66), (52, 55, 59, 64), (48, 52, 55, 60, 64)]
STRUM = (0, 1, 1.5, 2.5, 3, 3.5)


def beats_on(found: Analysis, bpm: float, *, offset: float = 0.0) -> float:
    """Share of the beats found that lie within 50 ms of the true ones."""
    period = 60 / bpm
    phase = (np.array(found.beats) - offset + period / 2) % period - period / 2
    return float(np.mean(np.abs(phase) < 0.05))


def downbeats_on(found: Analysis, bar_seconds: float, *, offset: float = 0.0) -> float:
    times = np.array([found.beats[i] for i in found.downbeats])
    phase = (times - offset + bar_seconds / 2) % bar_seconds - bar_seconds / 2
    return float(np.mean(np.abs(phase) < 0.06))


def overlap(found: Analysis, truth: list[tuple[float, float, str]]) -> float:
    """Share of the time with the true root and third."""
    right = total = 0.0
    for start, end, symbol in truth:
        total += end - start
        wanted = Chord.parse(symbol)
        for heard in found.chords:
            if heard.symbol != "N":
                chord = Chord.parse(heard.symbol)
                if (chord.root, chord.is_minor) == (wanted.root, wanted.is_minor):
                    right += max(0.0, min(end, heard.end) - max(start, heard.start))
    return right / total


def per_bar(
    symbols: list[str], bar_seconds: float, *, offset: float = 0.0
) -> list[tuple[float, float, str]]:
    return [
        (offset + i * bar_seconds, offset + (i + 1) * bar_seconds, symbol)
        for i, symbol in enumerate(symbols)
    ]


@pytest.mark.parametrize("bpm", [82.0, 104.0, 127.5])
def test_strummed_guitar_gives_tempo_bar_key_and_chords(bpm):
    """Four chords, one a bar, at three tempi."""
    found = analyze(sounds.play(sounds.chords(AM_F_C_G * 2, 4, STRUM), sounds.guitar, bpm), RATE)
    assert found.tempo == pytest.approx(bpm, rel=0.003)
    assert found.time_signature == "4/4"
    assert beats_on(found, bpm) == 1.0
    assert downbeats_on(found, 240 / bpm) == 1.0
    assert Key.parse(found.key or "").fifths == 0
    assert overlap(found, per_bar(["A:min", "F", "C", "G"] * 2, 240 / bpm)) > 0.9


def test_first_downbeat_is_found_after_a_lead_in():
    """Silence before the riff moves beats, bars and chords with it."""
    riff = sounds.play(sounds.chords(G_D_EM_C * 2, 4, STRUM), sounds.guitar, 110, lead_in=0.73)
    found = analyze(riff, RATE)
    assert found.beats[found.downbeats[0]] == pytest.approx(0.73, abs=0.03)
    assert found.tempo == pytest.approx(110, rel=0.003)
    assert overlap(found, per_bar(["G", "D", "E:min", "C"] * 2, 240 / 110, offset=0.73)) > 0.9


def test_piano_waltz_has_three_beats():
    """Bass on one, chords on two and three."""
    hits = [Hit(b * 3, 1, AM_F_C_G[b % 4][0], 0.9) for b in range(8)]
    hits += [
        Hit(b * 3 + q, 0.8, p, 0.5) for b in range(8) for q in (1, 2) for p in AM_F_C_G[b % 4][2:]
    ]
    found = analyze(sounds.play(hits, sounds.piano, 138), RATE)
    assert found.time_signature == "3/4"
    assert found.tempo == pytest.approx(138, rel=0.01)
    assert downbeats_on(found, 180 / 138) == 1.0


def test_seven_quarters_are_heard_as_seven():
    """A bass riff of seven quarters that repeats."""
    places = (
        (0, 47, 1),
        (1, 59, 0.7),
        (1.5, 54, 0.7),
        (2, 47, 0.9),
        (3, 42, 0.8),
        (4, 45, 0.85),
        (5, 47, 0.8),
        (6, 50, 0.7),
    )
    hits = sounds.repeat([Hit(a, 0.4, p, v) for a, p, v in places], 7, [0] * 4)
    found = analyze(sounds.play(hits, sounds.bass, 120), RATE)
    assert found.time_signature == "7/4"
    assert found.tempo == pytest.approx(120, rel=0.01)


SEVEN = {
    "guitar chords 2+2+3": (sounds.guitar, 140, [
        *[Hit(0, 1, p, 1.0) for p in (40, 47, 52)], *[Hit(1, 1, p, 0.7) for p in (47, 52, 55)],
        Hit(2, 0.5, 40, 0.8), Hit(2.5, 0.5, 47, 0.6), Hit(3, 0.5, 52, 0.6)]),
    "piano chords 3+2+2": (sounds.piano, 120, [
        *[Hit(0, 1.5, p, 1.0) for p in (45, 52, 57)], *[Hit(1.5, 1, p, 0.7) for p in (52, 57, 60)],
        *[Hit(2.5, 1, p, 0.7) for p in (45, 57)]]),
    "bass": (sounds.bass, 120, [
        Hit(0, 0.5, 38, 1.0), Hit(0.5, 0.4, 50, 0.5), Hit(1, 0.5, 45, 0.8), Hit(1.5, 0.4, 48, 0.5),
        Hit(2, 0.5, 38, 0.9), Hit(2.5, 0.5, 43, 0.6), Hit(3, 0.45, 45, 0.6)]),
}  # fmt: skip


@pytest.mark.parametrize("riff", SEVEN)
def test_seven_eighths_are_not_two_bars_in_one(riff):
    """Neither the tempo is halved nor the bar doubled, and bars begin where they do."""
    player, bpm, bar = SEVEN[riff]
    found = analyze(sounds.play(sounds.repeat(bar, 3.5, [0, 0, 5, 0] * 3), player, bpm), RATE)
    assert found.time_signature == "7/8"
    assert found.tempo == pytest.approx(bpm, rel=0.01)
    assert found.tempo_candidates[0].bpm == pytest.approx(bpm, rel=0.01)
    assert downbeats_on(found, 3.5 * 60 / bpm) == 1.0


def test_a_bar_of_four_is_not_cut_into_fives():
    """A slapped riff whose rhythm also comes again after five sixteenths or so."""
    cell = [Hit(0, 0.5, 28, 1.0), Hit(0.75, 0.25, 28, 0.6), Hit(1.5, 0.5, 40, 0.9),
            Hit(2, 0.5, 28, 0.8), Hit(2.75, 0.25, 38, 0.6), Hit(3.5, 0.5, 35, 0.7)]  # fmt: skip
    found = analyze(
        sounds.play(sounds.repeat(cell, 4, [12, 12, 17, 15] * 2), sounds.bass, 105), RATE
    )
    assert found.time_signature == "4/4"
    assert found.tempo == pytest.approx(105, rel=0.01)


def test_bass_line_alone_implies_the_chords_of_its_key():
    """Roots in eighths: the diatonic thirds follow from the key."""
    hits = [
        Hit(b * 4 + i * 0.5, 0.45, (45, 41, 36, 43)[b % 4], 0.95 if i == 0 else 0.65)
        for b in range(8)
        for i in range(8)
    ]
    found = analyze(sounds.play(hits, sounds.bass, 112), RATE)
    assert overlap(found, per_bar(["A:min", "F", "C", "G"] * 2, 240 / 112)) > 0.8
    assert any(abs(c.bpm / 112 - 1) < 0.01 for c in found.tempo_candidates)


def test_sung_line_keeps_tempo_and_key():
    """A loose, soft-attacked melody in C."""
    tune = (
        (0, 1, 67),
        (1, 0.5, 64),
        (1.5, 0.5, 64),
        (2, 1, 65),
        (3, 1, 62),
        (4, 0.5, 60),
        (4.5, 0.5, 64),
        (5, 1, 67),
        (6, 2, 67),
        (8, 1, 69),
        (9, 0.5, 65),
        (9.5, 0.5, 65),
        (10, 1, 67),
        (11, 1, 64),
        (12, 0.5, 62),
        (12.5, 0.5, 65),
        (13, 1, 59),
        (14, 2, 60),
    )
    hits = [Hit(a + 16 * r, d, p, 0.8) for r in (0, 1) for a, d, p in tune]
    found = analyze(sounds.play(hits, sounds.voice, 100, loose_ms=10), RATE)
    assert any(abs(c.bpm / 100 - 1) < 0.02 for c in found.tempo_candidates)
    assert "C major" in [c.value for c in found.key_candidates[:2]]


def test_drums_alone_have_a_beat_and_no_key():
    """Kick, snare and hi-hat: nothing to tune to."""
    hits = [Hit(b * 4 + i * 0.5, 0.1, 42, 0.6) for b in range(6) for i in range(8)]
    hits += [
        Hit(b * 4 + q, 0.1, d, 1.0)
        for b in range(6)
        for q, d in ((0, 36), (1, 38), (2, 36), (2.5, 36), (3, 38))
    ]
    found = analyze(sounds.play(hits, sounds.drum, 96), RATE)
    assert found.tempo == pytest.approx(96, rel=0.005)
    assert found.key is None
    assert found.chords == ()
    assert found.confidence["key"] == 0.0


def test_swing_is_measured_as_the_place_of_the_off_beat():
    """A shuffle at two thirds, and the same riff straight."""
    cell = [Hit(q + h, 0.4, 40 + (7 if h else 0), 0.9 - h) for q in range(4) for h in (0, 0.5)]
    hits = sounds.repeat(cell, 4, [0, 0, 5, 0, 7, 5, 0, 0])
    drums = [Hit(b * 4 + q, 0.1, 38 if q % 2 else 36, 1.0) for b in range(8) for q in range(4)]
    places = {}
    for swing in (0.5, 2 / 3):
        riff = sounds.mix(
            sounds.play(hits, sounds.guitar, 108, swing=swing),
            sounds.play(drums, sounds.drum, 108, swing=swing),
        )
        found = analyze(riff, RATE)
        assert found.accents is not None
        places[swing] = (found.time_signature, found.accents.swing)
    assert places[0.5] == ("4/4", 500)
    signature, place = places[2 / 3]
    assert signature == "12/8" or place == pytest.approx(667, abs=30)


def test_accents_show_the_rhythm_of_the_riff():
    """Steps that are struck stand out from steps that are not."""
    places = (0, 0.75, 1.5, 2, 3, 3.5)
    hits = sounds.chords(AM_F_C_G * 2, 4, places, length=0.3)
    drums = [Hit(b * 4 + q, 0.1, 38 if q % 2 else 36, 0.5) for b in range(8) for q in range(4)]
    riff = sounds.mix(
        sounds.play(hits, sounds.guitar, 100), 0.3 * sounds.play(drums, sounds.drum, 100)
    )
    found = analyze(riff, RATE)
    assert found.accents is not None
    assert found.accents.steps_per_bar == 16
    mean = np.mean(found.accents.per_bar, axis=0)
    struck = [round(p * 4) for p in places]
    silent = [s for s in range(16) if s not in struck and s % 4]
    assert min(mean[struck]) > 2 * max(mean[silent])


def test_detuned_recording_is_measured_in_cents():
    """A guitar 30 cents sharp keeps its chords."""
    riff = sounds.play(sounds.chords(G_D_EM_C * 2, 4, STRUM), sounds.guitar, 110)
    sharp = np.interp(np.arange(0, len(riff) - 1, 2 ** (30 / 1200)), np.arange(len(riff)), riff)
    found = analyze(sharp.astype(np.float32), RATE)
    assert found.tuning_cents == pytest.approx(30, abs=6)
    assert (
        overlap(found, per_bar(["G", "D", "E:min", "C"] * 2, 240 / (110 * 2 ** (30 / 1200)))) > 0.85
    )


def test_deep_names_sevenths():
    """Two-five-one with sevenths, held for a bar each."""
    shapes = [
        (38, 53, 57, 60, 62),
        (43, 53, 55, 59, 62),
        (36, 52, 55, 59, 60),
        (36, 52, 55, 59, 60),
    ]
    found = analyze(
        sounds.play(sounds.chords(shapes * 2, 4, (0, 1, 2, 3), 0.9), sounds.piano, 96),
        RATE,
        depth="deep",
    )
    names = {c.symbol.split("/")[0] for c in found.chords}
    assert {"D:min7", "G:7", "C:maj7"} <= names
