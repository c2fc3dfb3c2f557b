"""Where new lines of music begin: in phrases of four bars where they fit."""

from collections.abc import Iterable
from typing import Final

from musearoo.codecs.musicxml.staves import Layout
from musearoo.domain.context import Section
from musearoo.domain.music.meter import Meter

_COLUMNS: Final = 96  # distinct onsets that a line of ordinary width takes
_COLUMNS_OF_A_BARLINE: Final = 3
_PHRASE: Final = 4


def system_starts(
    layouts: Iterable[Layout], sections: Iterable[Section], meter: Meter, bars: int
) -> frozenset[int]:
    """The bars that begin a line (never bar 0, which always does)."""
    columns = _columns(layouts, meter, bars)
    seams = {section.first_bar for section in sections}
    starts, now = set(), 0
    while now < bars:
        phrase = now + _PHRASE
        inner = [seam for seam in seams if now + 1 < seam < phrase]
        end = min([phrase, bars, *inner])
        while end > now + 1 and sum(columns[now:end]) > _COLUMNS:
            end = now + (end - now + 1) // 2
        now = end
        starts.add(now)
    return frozenset(starts - {bars})


def _columns(layouts: Iterable[Layout], meter: Meter, bars: int) -> list[int]:
    onsets: list[set[int]] = [set() for _ in range(bars)]
    for layout in layouts:
        for staff in layout.staves:
            for voice in staff.voices:
                for event in voice.events:
                    bar, inside = divmod(event.start, meter.bar_ticks)
                    onsets[bar].add(inside)
    return [len(found) + _COLUMNS_OF_A_BARLINE for found in onsets]
