"""DrummaRoo's own measures of a take, and the confidence they give."""

from typing import Final

from musearoo.domain.engine import Bar
from musearoo.domain.music.rhythm import mean_repetition, syncopation
from musearoo.engines.drummaroo.settings import Settings

_SNARES: Final = ("snare", "rimshot")


def confidence_of(settings: Settings, bars: tuple[Bar, ...]) -> int:
    """How human the take measures for its style, in thousandths.

    The mean of three closenesses to human bars of the style: strokes, syncopation of kick
    and snare, and repetition from bar to bar.
    """
    if not bars:
        return 0
    layout, human = settings.layout, settings.style.human
    onsets = [_struck(settings, bar) for bar in bars]
    strokes = 1000 * sum(len(bar.notes) for bar in bars) // len(bars) * 16 // layout.steps
    syncopated = sum(syncopation({step for _, step in bar}, layout.grid.weights) for bar in onsets)
    marks = [
        _closeness(strokes, human.notes, human.notes),
        _closeness(1000 * syncopated // len(bars), human.syncopation, 5000),
    ]
    if len(bars) > 1:
        marks.append(_closeness(mean_repetition(onsets), human.repetition, 1000))
    return sum(marks) // len(marks)


def _struck(settings: Settings, bar: Bar) -> set[tuple[str, int]]:
    layout = settings.layout
    start = bar.index * layout.bar_ticks
    return {
        (
            "snare" if note.voice in _SNARES else note.voice,
            (note.start - start) // layout.grid.step_ticks,
        )
        for note in bar.notes
        if note.voice == "kick" or note.voice in _SNARES
    }


def _closeness(measured: int, wanted: int, width: int) -> int:
    return max(0, 1000 - 1000 * abs(measured - wanted) // max(1, width))
