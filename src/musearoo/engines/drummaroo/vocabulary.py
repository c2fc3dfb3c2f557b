"""The grooves of a style laid over a meter."""

from functools import cache
from typing import Final

import msgspec

from musearoo.domain.music.meter import Meter
from musearoo.domain.music.rhythm import syncopation
from musearoo.engines.drummaroo.lexicon import BAR, Groove, style_of
from musearoo.engines.layout import NOWHERE, Feel, Layout, layout_of

STROKES: Final = "Xr"


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """A bar of kick and snare on the steps of a meter.

    `syncopation` is Longuet-Higgins & Lee's, of kick and snare together.
    """

    kicks: tuple[int, ...]
    soft_kicks: bool
    snares: tuple[tuple[int, str], ...]
    taps: tuple[int, ...]
    weight: int
    syncopation: int
    ghosts: tuple[int, ...] = ()
    answer: "Pattern | None" = None

    @property
    def accents(self) -> frozenset[int]:
        """Steps of the snare's full strokes."""
        return frozenset(step for step, _ in self.snares)

    @property
    def struck(self) -> frozenset[tuple[str, int]]:
        """Kick and snare strokes, for comparing bars."""
        kicks = {("kick", step) for step in self.kicks}
        return frozenset(kicks | {("snare", step) for step in self.accents})


@cache
def vocabulary(style: str, meter: Meter, feel: Feel) -> tuple[Pattern, ...]:
    """Every groove of the style in this meter and feel."""
    known = style_of(style)
    layout = layout_of(meter, feel, known.triple)
    return tuple(_laid(groove, layout) for groove in known.grooves)


def stands_for(sources: tuple[int, ...], text: str, kinds: str) -> list[int]:
    """Steps that stand for a step of the 4/4 text that holds one of the kinds."""
    return [
        step
        for step, source in enumerate(sources)
        if source != NOWHERE and text[source % BAR] in kinds
    ]


def _laid(groove: Groove, layout: Layout) -> Pattern:
    kicks = tuple(stands_for(layout.struck, groove.kick, "xf"))
    snares = tuple(
        (step, groove.snare[layout.struck[step]])
        for step in stands_for(layout.struck, groove.snare, STROKES)
    )
    struck = {*kicks, *(step for step, _ in snares)}
    return Pattern(
        kicks=kicks,
        soft_kicks="f" in groove.kick,
        snares=snares,
        taps=tuple(stands_for(layout.struck, groove.snare, "t")),
        weight=groove.weight,
        syncopation=syncopation(struck, layout.grid.weights),
        answer=_laid(groove.answer, layout) if groove.answer else None,
    )
