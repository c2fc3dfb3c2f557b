"""Drafts: takes that only their asker hears and finds, until they select or commit them.

News of a draft has no number and is in no log, because everyone sees numbers and log. Whoever
was not there when it came reads the take over REST.
"""

from collections.abc import Callable

import structlog

from musearoo.domain.events import Private, TakeBar
from musearoo.domain.ids import GenerationId
from musearoo.domain.music.note import Note
from musearoo.domain.records import Take

log = structlog.get_logger(__name__)

Told = Callable[[Private], None]


class Drafts:
    """Passes news of drafts to the doors, which know where the person is."""

    def __init__(self) -> None:
        self._told: list[Told] = []

    def on_news(self, told: Told) -> None:
        """Call `told` with everything that one person alone may hear."""
        self._told.append(told)

    def tell(self, news: Private) -> None:
        """Something of a draft happened."""
        for told in self._told:
            try:
                told(news)
            except Exception:  # a door's fault must not end the generation
                log.exception("draft.not_told")


def bars_of(take: Take, bar_ticks: int) -> list[TakeBar]:
    """The bars of a take, for those who have not heard it played."""
    bars: list[list[Note]] = [[] for _ in range(take.bars)]
    for note in take.notes:
        bars[min(note.start // bar_ticks, take.bars - 1)].append(note)
    return [
        TakeBar(
            generation_id=take.generation or GenerationId(""),
            take_id=take.id,
            part=take.part,
            bar=index + 1,
            notes=tuple(notes),
        )
        for index, notes in enumerate(bars)
    ]
