"""From what is known of the music to the context an engine hears."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from statistics import linear_regression
from typing import Final

from musearoo.domain.analysis import Analysis, HeardChord
from musearoo.domain.context import DEFAULT_BPM, EngineContext, Groove, Section
from musearoo.domain.engine import MAXIMUM_BARS
from musearoo.domain.errors import InvalidValue
from musearoo.domain.events import ContextAdopted
from musearoo.domain.ids import AnalysisId
from musearoo.domain.music.chord import Chord, ChordSpan
from musearoo.domain.music.key import Key
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.note import Note
from musearoo.domain.music.progression import progression
from musearoo.domain.music.style import AUTO
from musearoo.domain.music.tempo_map import MAXIMUM_BPM, MINIMUM_BPM, TempoChange, TempoMap
from musearoo.domain.music.ticks import TICKS_PER_QUARTER
from musearoo.domain.session.state import DEFAULT_BARS, SessionState

NO_CHORD: Final = "N"
_NEAR_SECONDS: Final = 0.025  # further off, a band is heard to be late


def adopted(analysis_id: AnalysisId | None, analysis: Analysis) -> ContextAdopted:
    """The musical context that an analysis proposes; what was not heard gets the usual value."""
    meter = Meter.parse(analysis.time_signature) if analysis.time_signature else Meter()
    tempo_map = _tempo_map(analysis, meter)
    bars = _bars(analysis, tempo_map, meter)
    return ContextAdopted(
        analysis_id=analysis_id,
        tempo_map=tempo_map,
        meter=meter,
        key=Key.parse(analysis.key) if analysis.key else Key(0),
        style=analysis.style or AUTO,
        bars=bars,
        chords=_chords(analysis.chords, tempo_map, bars * meter.bar_ticks),
        sections=_sections(analysis, tempo_map, meter, bars),
        groove=_groove(analysis),
        energy=_energy(analysis, meter, bars),
    )


def engine_context(
    state: SessionState | ContextAdopted,
    *,
    style: str,
    bars: int | None,
    parts: Mapping[str, tuple[Note, ...]],
) -> EngineContext:
    """What an engine hears of a session (or of an analysis that was not adopted)."""
    count = bars if bars is not None else state.bars
    if not 1 <= count <= MAXIMUM_BARS:
        raise InvalidValue("bars", count, f"1 to {MAXIMUM_BARS}")
    length = count * state.meter.bar_ticks
    return EngineContext(
        bars=count,
        meter=state.meter,
        tempo_millibpm=round(state.tempo_map.mean_bpm(length) * 1000),
        key=state.key,
        chords=_chord_track(state, count),
        energy=state.energy,
        style=style if style != AUTO else state.style,
        groove=state.groove,
        sections=tuple(each for each in state.sections if each.first_bar + each.bars <= count),
        parts={name: _until(notes, length) for name, notes in parts.items()},
    )


def _chord_track(state: SessionState | ContextAdopted, bars: int) -> tuple[ChordSpan, ...]:
    """The project's chords; without any, those that all parts will agree on."""
    if not state.chords:
        return _agreed(state.key, state.meter, bars, state.style)
    bar_ticks = state.meter.bar_ticks
    return repeated(state.chords, state.bars * bar_ticks, bars * bar_ticks)


@lru_cache(maxsize=256)
def _agreed(key: Key, meter: Meter, bars: int, style: str) -> tuple[ChordSpan, ...]:
    return progression(key, meter, bars, style, 0)


def repeated(chords: Sequence[ChordSpan], cycle: int, length: int) -> tuple[ChordSpan, ...]:
    """The chord track repeated every `cycle` ticks until it fills `length` ticks, without gaps."""
    if not chords:
        return ()
    spans: list[ChordSpan] = []
    for start in range(0, length, max(1, cycle)):
        spans.extend(
            ChordSpan(start + span.start, span.length, span.chord)
            for span in chords
            if start + span.start < length and span.start < cycle
        )
    return _filled(spans or [chords[0]], length)


def _filled(spans: list[ChordSpan], length: int) -> tuple[ChordSpan, ...]:
    edges = [0, *(span.start for span in spans[1:]), length]
    return tuple(
        ChordSpan(start, end - start, span.chord)
        for span, (start, end) in zip(spans, pairwise(edges), strict=True)
        if end > start
    )


def _until(notes: tuple[Note, ...], length: int) -> tuple[Note, ...]:
    return tuple(note for note in notes if note.start < length)


def _tempo_map(analysis: Analysis, meter: Meter) -> TempoMap:
    """One tempo if it passes near every beat, else one for each bar, else one for each beat.

    Tick 0 is the first downbeat, so that bar 1 of the band meets bar 1 of the riff.
    """
    beats = analysis.beats[analysis.downbeats[0] if analysis.downbeats else 0 :]
    if len(beats) < 2:
        return TempoMap.constant(analysis.tempo or DEFAULT_BPM, *beats)
    unit = _beat_ticks(meter)
    steady = _steady(beats, unit)
    by_bar = _through(beats, unit, max(1, meter.bar_ticks // unit))
    close = (each for each in (steady, by_bar) if _furthest(each, beats, unit) <= _NEAR_SECONDS)
    return next(close, None) or _through(beats, unit, 1)


def _steady(beats: Sequence[float], unit: int) -> TempoMap:
    """The straight line through the beats, by least squares."""
    length, start = linear_regression(range(len(beats)), beats)
    return TempoMap.constant(_bpm(length, unit), round(max(0.0, start), 4))


def _through(beats: Sequence[float], unit: int, step: int) -> TempoMap:
    """A map that meets every `step`th beat, and the last."""
    places = [*range(0, len(beats) - 1, step), len(beats) - 1]
    changes = (
        TempoChange(one * unit, _bpm((beats[other] - beats[one]) / (other - one), unit))
        for one, other in pairwise(places)
    )
    return TempoMap(tuple(changes), beats[0])


def _bpm(seconds: float, unit: int) -> float:
    bpm = 60.0 * unit / TICKS_PER_QUARTER / max(seconds, 1e-3)
    return min(MAXIMUM_BPM, max(MINIMUM_BPM, round(bpm, 4)))


def _furthest(tempo_map: TempoMap, beats: Sequence[float], unit: int) -> float:
    return max(abs(tempo_map.seconds_at(i * unit) - beat) for i, beat in enumerate(beats))


def _beat_ticks(meter: Meter) -> int:
    """The beat that analysis counts: dotted in compound meters, eighths in 5/8 and 7/8."""
    if meter.is_compound:
        return 3 * meter.unit_ticks
    return min(meter.unit_ticks, TICKS_PER_QUARTER)


def _bars(analysis: Analysis, tempo_map: TempoMap, meter: Meter) -> int:
    last = max((chord.end for chord in analysis.chords), default=0.0)
    end = max(last, analysis.beats[-1] if analysis.beats else 0.0) or analysis.duration
    ticks = tempo_map.tick_at(min(end, analysis.duration))
    bars = round(ticks / meter.bar_ticks)
    return min(MAXIMUM_BARS, bars) if bars >= 1 else DEFAULT_BARS


def _chords(heard: Sequence[HeardChord], tempo_map: TempoMap, length: int) -> tuple[ChordSpan, ...]:
    spans: list[ChordSpan] = []
    for chord in heard:
        start = _on_eighth(tempo_map.tick_at(chord.start))
        if chord.symbol == NO_CHORD or start >= length:
            continue
        parsed = Chord.parse(chord.symbol)
        if spans and (spans[-1].chord == parsed or start <= spans[-1].start):
            continue
        spans.append(ChordSpan(max(0, start), 1, parsed))
    return _filled(spans, length) if spans else ()


def _on_eighth(tick: float) -> int:
    eighth = TICKS_PER_QUARTER // 2
    return round(tick / eighth) * eighth


def _sections(
    analysis: Analysis, tempo_map: TempoMap, meter: Meter, bars: int
) -> tuple[Section, ...]:
    edges = [
        round(tempo_map.tick_at(section.start) / meter.bar_ticks) for section in analysis.sections
    ]
    edges = [min(max(0, edge), bars) for edge in edges] + [bars]
    return tuple(
        Section(section.label, start, end - start)
        for section, (start, end) in zip(analysis.sections, pairwise(edges), strict=True)
        if end > start
    )


def _groove(analysis: Analysis) -> Groove:
    accents = analysis.accents
    if accents is None:
        return Groove()
    return Groove(accents.steps_per_bar, accents.per_bar, accents.swing)


def _energy(analysis: Analysis, meter: Meter, bars: int) -> tuple[int, ...]:
    per_bar = max(1, meter.bar_ticks // _beat_ticks(meter))
    first = analysis.downbeats[0] if analysis.downbeats else 0
    values = analysis.energy[first:]
    means = [
        sum(values[start : start + per_bar]) / len(values[start : start + per_bar])
        for start in range(0, len(values), per_bar)
    ]
    return tuple(round(1000 * mean) for mean in means[:bars])
