"""How far a part that is being made has come, told to its room in good time."""

from collections.abc import Callable
from typing import Any, Final

from musearoo.codecs.ws import GenerationProgress, coalescing_key
from musearoo.codecs.ws.outgoing import ProgressData
from musearoo.domain.events import (
    GenerationAccepted,
    GenerationCompleted,
    GenerationFailed,
    Sequenced,
    TakeBar,
)
from musearoo.ports.ambient import Clock
from musearoo.protocols.ws.answers import progress_record

PROGRESS_SECONDS: Final = 0.05


class Progress:
    """Hears the events of a room, and calls `tell(message, key, record=...)` with its own."""

    def __init__(self, clock: Clock, tell: Callable[..., Any]) -> None:
        self._clock = clock
        self._tell = tell
        self._bars: dict[str, tuple[int, float]] = {}

    def hear(self, sequenced: Sequenced, sender: int) -> None:
        """An event, caused by the connection with the number `sender`."""
        match sequenced.event:
            case GenerationAccepted() as accepted:
                self._bars[accepted.generation_id] = accepted.bars, 0.0
            case TakeBar() as bar if self._is_news(bar):
                self._say(sequenced, bar, sender)
            case GenerationCompleted() | GenerationFailed() as ended:
                self._bars.pop(ended.generation_id, None)

    def _say(self, sequenced: Sequenced, bar: TakeBar, sender: int) -> None:
        bars, _ = self._bars[bar.generation_id]
        data = ProgressData(
            progress=min(1.0, bar.bar / bars),
            status="processing",
            generation_id=bar.generation_id,
            part=bar.part,
        )
        message = GenerationProgress(
            session_id=sequenced.session,
            timestamp=sequenced.at,
            user_id=sequenced.user,
            cause=sequenced.cause,
            data=data,
        )
        key = coalescing_key("generation_progress", data) or ("generation_progress",)
        self._tell(message, key, record=progress_record(message, sequenced.seq, sender))

    def _is_news(self, bar: TakeBar) -> bool:
        """Whether to tell of progress: with the first and last bar, else every 50 ms."""
        if bar.generation_id not in self._bars:
            return False
        bars, next_at = self._bars[bar.generation_id]
        now = self._clock.monotonic()
        if now < next_at and bar.bar < bars:
            return False
        self._bars[bar.generation_id] = bars, now + PROGRESS_SECONDS
        return True
