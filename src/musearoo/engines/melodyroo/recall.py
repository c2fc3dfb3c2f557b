"""How a motif comes back: on the same steps, moved, or upside down, as the chords allow."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from musearoo.domain.music.chance import Chance
from musearoo.domain.music.chord import Chord
from musearoo.engines.melodyroo.form import BarPlan
from musearoo.engines.melodyroo.ladder import STEPS, Ladder
from musearoo.engines.melodyroo.line import FOREIGN, STRONG
from musearoo.engines.melodyroo.statistics import STATISTICS

Motif = dict[int, int]  # scale step by step of the bar
_SHIFTS: Final = {"repeat": (0, 1, -1, 2, -2), "sequence": (1, -1, 2, -2, 3, -3)}
_CLOSEST: Final = 5


class Onset(msgspec.Struct, frozen=True):
    """A note of the bar before it has a pitch: grid step, steps held, chord under it."""

    step: int
    length: int
    chord: Chord
    ladder: Ladder
    strength: str
    after_rest: bool


def recalled(
    motif: Mapping[int, int], plan: BarPlan, onsets: Sequence[Onset], chance: Chance
) -> Motif:
    """The scale steps that the motif would sing here."""
    if not motif or not onsets:
        return {}
    if plan.treatment == "invert":
        axis = 2 * next(iter(motif.values()))
        motif = {step: axis - sung for step, sung in motif.items()}
    shifts = _SHIFTS["sequence" if plan.treatment == "sequence" else "repeat"]
    prices = [_clash(motif, shift, onsets) + 25 * abs(shift) + chance.below(30) for shift in shifts]
    shift = shifts[prices.index(min(prices))]
    return {step: sung + shift for step, sung in motif.items()}


def _clash(motif: Mapping[int, int], shift: int, onsets: Sequence[Onset]) -> int:
    return sum(
        60 if onset.strength == STRONG else 20
        for onset in onsets
        if onset.step in motif and onset.ladder.relation(motif[onset.step] + shift) == FOREIGN
    )


def finals(
    ladder: Ladder, target: int, close: str, span: tuple[int, int], chance: Chance
) -> tuple[int, ...]:
    """Chord tones to rest on, best first: the tonic to close, else another stable degree."""
    priced = []
    away = 90 if close == "end" else 40
    for step in range(target - _CLOSEST, target + _CLOSEST + 1):
        if ladder.relation(step) < 3:
            degree = step % STEPS
            home = (degree == 0) == (close != "open")
            pitch = ladder.pitch(step)
            beyond = max(span[0] - pitch, pitch - span[1], 0)
            price = (
                50 * beyond
                + STATISTICS.ends[degree]
                + 6 * abs(step - target)
                + (0 if home else away)
            )
            priced.append((price + chance.below(20), step))
    return tuple(step for _, step in sorted(priced))
