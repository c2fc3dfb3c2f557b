"""The plan of a melody: sections into phrases, phrases into motifs, each with its contour.

Phrases come in pairs, question and answer (Caplin, "Classical Form", 1998: period and
sentence); contours follow the shapes Huron counted ("The melodic arch in Western
folksongs", Computing in Musicology 10, 1996).
"""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from musearoo.domain.context import EngineContext, Section
from musearoo.domain.music.chance import Chance
from musearoo.engines.melodyroo.controls import NAME, Controls

Treatment = Literal["state", "repeat", "sequence", "vary", "invert", "cadence"]
Close = Literal["", "open", "closed", "end"]
_PHRASE: Final = 4
# Letters of the bars of a phrase, from insistent to free.
_TEMPLATES: Final[dict[int, tuple[str, ...]]] = {
    1: ("a",),
    2: ("aa", "ab"),
    3: ("aab", "aba", "abc"),
    4: ("aaab", "aaba", "abac", "aabc", "abcd"),
}
# Steps from the middle of the range at the start of each quarter of the phrase, and its end.
_CONTOURS: Final = (
    (-2, 0, 2, 1, -1),
    (-2, 0, 2, 1, -1),
    (3, 1, 0, -1, -2),
    (-3, -2, 0, 1, 2),
    (0, -2, 1, 2, 0),
    (2, 0, -3, -1, 1),
)
_ANSWERS: Final = ((-2, 1, 3, 0, -3), (2, 3, 1, -1, -3), (-1, 2, 1, -1, -3))


class BarPlan(msgspec.Struct, frozen=True):
    """What one bar is for. `motif` names its idea; contour values are scale steps."""

    motif: str
    treatment: Treatment
    rises: tuple[int, int]
    close: Close = ""
    leaves_room: bool = False


def form_of(context: EngineContext, controls: Controls, seed: int) -> tuple[BarPlan, ...]:
    """One plan a bar, for the whole take."""
    plans: list[BarPlan] = []
    known: set[str] = set()
    for section in _sections(context):
        for number, (first, length, last) in enumerate(_phrases(section)):
            for plan in _phrase(section, number, length, last, controls, seed):
                fresh = plan.motif not in known
                known.add(plan.motif)
                plans.append(_treated(plan, fresh, controls, Chance(seed, NAME, first, len(plans))))
    plans[-1] = msgspec.structs.replace(plans[-1], close="end")
    return tuple(plans)


def _sections(context: EngineContext) -> Iterator[Section]:
    """The sections, gaps filled; without any, eight bars each in the order A A B A."""
    bar = 0
    for section in context.sections:
        if section.first_bar > bar:
            yield Section("", bar, section.first_bar - bar)
        start = max(bar, section.first_bar)
        end = min(section.first_bar + section.bars, context.bars)
        if end > start:
            yield Section(section.label, start, end - start)
            bar = end
    while bar < context.bars:
        yield Section("AABA"[bar // 8 % 4], bar, min(8, context.bars - bar))
        bar += 8


def _phrases(section: Section) -> Iterator[tuple[int, int, bool]]:
    """First bar, length and whether it closes the section; fives and sixes are split evenly."""
    bar, left = section.first_bar, section.bars
    while left:
        length = left if left <= _PHRASE else 3 if left in (5, 6) else _PHRASE
        left -= length
        yield bar, length, left == 0
        bar += length


def _phrase(
    section: Section, number: int, length: int, last: bool, controls: Controls, seed: int
) -> Iterator[BarPlan]:
    idea = _idea(section, number, controls, seed)
    chance = Chance(seed, NAME, "phrase", section.label, idea)
    templates = _TEMPLATES[length]
    spot = (1000 - controls.hook) * (len(templates) - 1) + chance.between(-500, 500)
    letters = templates[max(0, min(len(templates) - 1, (spot + 500) // 1000))]
    if length == _PHRASE and chance.permille(controls.call_response // 2):
        letters = "abac"
    answers = number % 2 == 1 or last
    shapes = _ANSWERS if answers else _CONTOURS
    contour = shapes[Chance(seed, NAME, "contour", section.label, idea, answers).below(len(shapes))]
    for index, letter in enumerate(letters):
        closes = index == length - 1
        yield BarPlan(
            motif=f"{section.label}{idea}{letter}",
            treatment="cadence" if closes else "repeat",
            rises=(_along(contour, index, length), _along(contour, index + 1, length)),
            close=("closed" if answers else "open") if closes else "",
            leaves_room=index % 2 == 1 and not closes,
        )


def _idea(section: Section, number: int, controls: Controls, seed: int) -> str:
    """Which idea a phrase sings: the third of four a new one, the others mostly the first."""
    if number % 4 == 2:
        return "x"
    chance = Chance(seed, NAME, "idea", section.label, number)
    return "" if number % 4 == 0 or chance.permille(300 + controls.hook) else "y"


def _along(contour: tuple[int, ...], bar: int, length: int) -> int:
    """The contour's height at a bar line of the phrase, interpolated."""
    place, rest = divmod(bar * (len(contour) - 1), length)
    if place >= len(contour) - 1:
        return contour[-1]
    return contour[place] + (contour[place + 1] - contour[place]) * rest // length


def _treated(plan: BarPlan, fresh: bool, controls: Controls, chance: Chance) -> BarPlan:
    """How an idea returns: as it was, on other steps, changed, upside down."""
    if plan.treatment == "cadence":
        return plan
    if fresh:
        return msgspec.structs.replace(plan, treatment="state")
    kinds: tuple[Treatment, ...] = ("repeat", "sequence", "vary", "invert")
    free = controls.variation * (1500 - controls.hook) // 1000
    return msgspec.structs.replace(
        plan,
        treatment=kinds[chance.weighted((1200 - free, 300 + free // 2, free, free // 5))],
    )
