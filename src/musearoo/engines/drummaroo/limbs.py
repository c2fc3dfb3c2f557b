"""Two hands and two feet: leaves out what nobody could play."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from musearoo.domain.music.ticks import TICKS_PER_QUARTER
from musearoo.engines.drummaroo.settings import Settings
from musearoo.engines.drummaroo.stroke import CYMBALS, FEET, Stroke

_HANDS: Final = 2
_FASTEST_US: Final = 60_000
_ONE_HAND_US: Final = 100_000
_FORCE_RANK: Final = {"accent": 0, "plain": 1, "soft": 2, "tap": 3, "ghost": 4}


def playable(settings: Settings, strokes: Iterable[Stroke]) -> list[Stroke]:
    """The strokes that two hands and two feet can play, in playing order.

    One cymbal at a time, two hands at once; while one hand is too slow for the riding
    pattern both play it, and then the snare's stroke takes the place of the cymbal's.
    The next bar may begin with both hands, so the last strokes leave it time.
    """
    moments: dict[int, list[Stroke]] = defaultdict(list)
    for stroke in strokes:
        tick = settings.tick_of(stroke.step, stroke.late)
        moments[tick * settings.quarter_us // TICKS_PER_QUARTER].append(stroke)
    both = _needs_both_hands(moments)
    end = settings.layout.bar_ticks * settings.quarter_us // TICKS_PER_QUARTER
    kept: list[Stroke] = []
    struck = -_FASTEST_US
    for moment in sorted(moments):
        hands = _hands(moments[moment], both)
        feet = {stroke.piece: stroke for stroke in moments[moment] if stroke.piece in FEET}
        kept += feet.values()
        in_time = moment - struck >= _FASTEST_US and end - moment >= _FASTEST_US
        if hands and in_time:
            kept += hands
            struck = moment
    return kept


def _hands(strokes: list[Stroke], both_ride: bool) -> list[Stroke]:
    pieces: dict[str, Stroke] = {}
    for stroke in sorted(strokes, key=_importance):
        if stroke.piece not in FEET:
            pieces.setdefault(_drum(stroke.piece), stroke)
    chosen = list(pieces.values())[:_HANDS]
    if both_ride and any(stroke.piece not in CYMBALS for stroke in chosen):
        chosen = [s for s in chosen if s.piece not in CYMBALS or s.piece.startswith("crash")]
    return chosen


def _importance(stroke: Stroke) -> tuple[int, int, str]:
    crash = stroke.piece in {"crash", "crash 2"}
    return (0 if crash else 1 if stroke.fill else 2, _FORCE_RANK[stroke.force], stroke.piece)


def _drum(piece: str) -> str:
    """Cymbals share the riding hand; snare and rim are one drum."""
    if piece in CYMBALS:
        return "cymbal"
    return "snare" if piece == "rimshot" else piece


def _needs_both_hands(moments: dict[int, list[Stroke]]) -> bool:
    ridden = sorted(
        moment
        for moment, strokes in moments.items()
        if any(stroke.piece in CYMBALS for stroke in strokes)
    )
    return any(later - earlier < _ONE_HAND_US for earlier, later in pairwise(ridden))
