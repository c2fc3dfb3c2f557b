"""Chord progressions grown by a functional grammar.

Rohrmeier, "Towards a generative syntax of tonal harmony", Journal of Mathematics
and Music 5 (2011): a phrase is a tonic region that a dominant prepares, which a
subdominant prepares in turn; regions prolong by repetition, substitution and
applied dominants. Bar counts, modes and styles choose among the rules.
"""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from musearoo.domain.context import EngineContext
from musearoo.domain.music.chance import Chance
from musearoo.domain.music.chord import QUALITIES, Chord, ChordSpan
from musearoo.domain.music.key import SCALES, Key
from musearoo.domain.music.meter import Meter

Function = Literal["T", "S", "D"]
PHRASE: Final = 4
_DARK: Final = ("minor", "harmonic minor", "melodic minor", "minor pentatonic")
_RICH: Final = ("jazz", "soul", "latin", "afrocuban")
_TRIADS: Final = ("rock", "punk", "metal", "folk", "country", "dance", "reggae", "pop", "ballad")
# Scale degree (0 = tonic) and weight of the chords that can stand for a function.
_MEMBERS: Final[dict[str, dict[Function, tuple[tuple[int, int], ...]]]] = {
    "major": {"T": ((0, 8), (5, 3), (2, 1)), "S": ((3, 6), (1, 4)), "D": ((4, 1),)},
    "minor": {"T": ((0, 8), (5, 2), (2, 2)), "S": ((3, 5), (5, 3), (1, 1)), "D": ((4, 5), (6, 3))},
    "dorian": {"T": ((0, 8), (2, 1)), "S": ((3, 7), (1, 2)), "D": ((6, 5), (4, 3))},
    "phrygian": {"T": ((0, 8), (2, 1)), "S": ((3, 3), (5, 3)), "D": ((1, 8), (6, 3))},
    "lydian": {"T": ((0, 8), (2, 2)), "S": ((1, 8), (5, 1)), "D": ((4, 5), (1, 3))},
    "mixolydian": {"T": ((0, 8), (5, 2)), "S": ((3, 7), (1, 1)), "D": ((6, 7), (4, 3))},
    "locrian": {"T": ((0, 8),), "S": ((3, 3), (5, 3)), "D": ((4, 3), (1, 3))},
}
# How often T, S and D stand before a function.
_LEADS: Final[dict[Function, tuple[int, int, int]]] = {
    "T": (1, 4, 5),
    "S": (6, 1, 2),
    "D": (2, 6, 0),
}
_CADENCE: Final = (3, 7)  # plagal, authentic
_ELSEWHERE: Final = 250  # open phrases that begin away from home, in thousandths
_APPLIED: Final = 200
_VAMPS: Final = ("funk", "afrobeat", "reggae", "hip hop")
_MODAL: Final = ("rock", "metal", "punk", "dance", "hip hop", "afrobeat", "reggae")
_BLUES: Final = (0, 3, 0, 0, 3, 3, 0, 0, 4, 3, 0, 4)


class _Slot(NamedTuple):
    degree: int
    function: Function
    applied: bool = False


def chords_of(context: EngineContext, style: str) -> tuple[ChordSpan, ...]:
    """The context's chords; where none are known, those that every player will think of.

    They depend on nothing but key, meter, length and style, so that parts made apart agree.
    """
    if context.chords:
        return context.chords
    return progression(context.key, context.meter, context.bars, style, 0)


def progression(key: Key, meter: Meter, bars: int, style: str, seed: int) -> tuple[ChordSpan, ...]:
    """Chords for `bars` bars that fit key and style; the last phrase closes on the tonic."""
    if style == "blues":
        return tuple(_blues(key, meter, bars))
    spans: list[ChordSpan] = []
    for first in range(0, bars, PHRASE):
        length = min(PHRASE, bars - first)
        last = first + length == bars
        # Every other phrase comes back, as verses do.
        name = "close" if last else first // PHRASE % 2
        chance = Chance(seed, "progression", style, name)
        slots = _phrase(length, chance, key, style, closed=last or name == 1)
        spans += _spans(slots, first, key, meter, style, chance)
    return tuple(spans)


def _blues(key: Key, meter: Meter, bars: int) -> Iterator[ChordSpan]:
    length = meter.bar_ticks
    for bar in range(bars):
        degree = 0 if bar == bars - 1 else _BLUES[bar % len(_BLUES)]
        root = (key.tonic + SCALES["major"][degree]) % 12
        minor = key.is_minor and key.mode != "blues" and degree != 4
        yield ChordSpan(bar * length, length, Chord(root, "min7" if minor else "7"))


def _phrase(length: int, chance: Chance, key: Key, style: str, *, closed: bool) -> list[_Slot]:
    """A tonic region, then the goal and what prepares it: open phrases stop on the dominant."""
    slots: list[_Slot] = []
    vamp = style in _VAMPS and length == PHRASE
    for function in _vamp(chance) if vamp else _functions(length, chance, closed=closed):
        slots.append(_member(function, chance, key, slots[-1].degree if slots else None))
    if vamp:
        slots = [_Slot(0, "T"), slots[1]] * 2
    if closed:
        slots[-1] = _Slot(0, "T")
    elif slots[0].function == "T" and not chance.permille(_ELSEWHERE):
        slots[0] = _Slot(0, "T")
    if style not in _RICH:
        slots = [slot._replace(degree=3) if _is_diminished(slot, key) else slot for slot in slots]
    applied = 0 if vamp else _APPLIED if style in _RICH else _APPLIED // 4
    return [
        slot._replace(applied=following.degree != 0 and chance.permille(applied))
        for slot, following in zip(slots, [*slots[1:], _Slot(0, "T")], strict=True)
    ]


def _is_diminished(slot: _Slot, key: Key) -> bool:
    scale = _harmonic_scale(key)
    fifth = (scale[(slot.degree + 4) % 7] - scale[slot.degree]) % 12
    return slot.function == "S" and fifth == 6


def _vamp(chance: Chance) -> list[Function]:
    """Home and one other place, back and forth."""
    return ["T", "D" if chance.permille(300) else "S"] * 2


def _functions(length: int, chance: Chance, *, closed: bool) -> list[Function]:
    """The functions of a phrase, expanded from its goal: T -> S T | D T | T T, D -> S D."""
    functions: list[Function] = ["T" if closed else "D"]
    if closed and length > 1:
        functions.insert(0, ("S", "D")[chance.weighted(_CADENCE)])
    while len(functions) < length - 1:
        functions.insert(0, _before(functions[0], chance))
    if len(functions) < length:
        functions.insert(0, "T")
    return functions


def _before(function: Function, chance: Chance) -> Function:
    """What leads to a function, as often as in rock and common practice."""
    leads = _LEADS[function]
    return ("T", "S", "D")[chance.weighted(leads)]


def _member(function: Function, chance: Chance, key: Key, last: int | None) -> _Slot:
    """A chord of the function, another one than the last if there is a choice."""
    mode = key.mode if key.mode in _MEMBERS else ("minor" if key.is_minor else "major")
    members = [member for member in _MEMBERS[mode][function] if member[0] != last]
    members = members or list(_MEMBERS[mode][function])
    return _Slot(members[chance.weighted([weight for _, weight in members])][0], function)


def _spans(
    slots: list[_Slot], first: int, key: Key, meter: Meter, style: str, chance: Chance
) -> Iterator[ChordSpan]:
    for index, slot in enumerate(slots):
        start = (first + index) * meter.bar_ticks
        chord = _chord(slot.degree, key, style)
        target = slots[index + 1].degree if index + 1 < len(slots) else 0
        half = _middle(meter)
        if slot.applied and half:
            yield ChordSpan(start, half, chord)
            yield ChordSpan(start + half, meter.bar_ticks - half, _applied(target, key))
        elif half and style in _RICH and slot.function == "D" and chance.permille(500):
            yield ChordSpan(start, half, _chord(1, key, style))
            yield ChordSpan(start + half, meter.bar_ticks - half, chord)
        else:
            yield ChordSpan(start, meter.bar_ticks, chord)


def _middle(meter: Meter) -> int:
    """The metrical beat nearest the middle of the bar; 0 where there is only one."""
    beats = [beat for beat in meter.beats if beat]
    return min(beats, key=lambda beat: (abs(2 * beat - meter.bar_ticks), beat), default=0)


def _applied(degree: int, key: Key) -> Chord:
    scale = _harmonic_scale(key)
    return Chord((key.tonic + scale[degree] + 7) % 12, "7")


def _harmonic_scale(key: Key) -> tuple[int, ...]:
    scale = SCALES[key.mode]
    return scale if len(scale) == 7 else SCALES["minor" if key.is_minor else "major"]


def _chord(degree: int, key: Key, style: str) -> Chord:
    """The chord on a scale degree: thirds stacked in the scale, with a seventh where it suits."""
    scale = _harmonic_scale(key)
    root = scale[degree]
    thirds = [(scale[(degree + step) % 7] - root) % 12 for step in (0, 2, 4, 6)]
    if degree == 4 and key.mode in _DARK and style not in _MODAL:
        thirds[1:] = [4, 7, 10]  # the leading tone of harmonic minor
    size = 4 if style in _RICH or (degree == 4 and style not in _TRIADS) else 3
    chord = tuple(thirds[:size])
    quality = next((name for name, tones in QUALITIES.items() if tones == chord), "maj")
    return Chord((key.tonic + root) % 12, quality)
