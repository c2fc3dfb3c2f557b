"""What was just asked of Live comes back in its reports, and is no news then."""

import contextlib
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from musearoo.live.link import same
from musearoo.ports.ambient import Clock

ECHO_SECONDS: Final = 3.0
"""How long after Live has confirmed a request its report may still come."""
_MOST: Final = 32

Kind = Literal["tempo", "key", "meter", "playing", "place"]


@dataclass(slots=True, eq=False)
class _Sent:
    kind: Kind
    value: object
    until: float = math.inf


class Echoes:
    """Remembers what is asked of Live, for as long as Live takes and a moment more."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sent: deque[_Sent] = deque(maxlen=_MOST)

    @contextlib.contextmanager
    def of(self, kind: Kind, *values: object) -> Iterator[None]:
        """Around a request: Live will tell these values, each once."""
        sent = [_Sent(kind, value) for value in values]
        self._sent.extend(sent)
        try:
            yield
        finally:
            until = self._clock.monotonic() + ECHO_SECONDS
            for each in sent:
                each.until = until

    def awaited(self, kind: Kind) -> object:
        """What Live was last asked for and has not told yet; None when it has told all."""
        now = self._clock.monotonic()
        values = [each.value for each in self._sent if each.until >= now and each.kind == kind]
        return values[-1] if values else None

    def take(self, kind: Kind, value: object) -> bool:
        """Whether a report only says what Live was asked for; it says so once."""
        now = self._clock.monotonic()
        for each in self._sent:
            if each.until >= now and each.kind == kind and equal(each.value, value):
                self._sent.remove(each)
                return True
        return False


def equal(one: object, other: object) -> bool:
    """Whether two values are the same for Live, whose numbers have 32 bits."""
    if isinstance(one, float) and isinstance(other, float):
        return same(one, other)
    return one == other
