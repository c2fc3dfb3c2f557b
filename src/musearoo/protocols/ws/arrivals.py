"""Who came, left or changed: told at once while it is quiet, together while many do."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from musearoo.protocols.ws.outbox import Outbox

TOGETHER_SECONDS: Final = 0.020
_CROWD_SECONDS: Final = 0.320
_MEMBER_SECONDS: Final = 0.004


class Hearer(Protocol):
    """Somebody who is told."""

    @property
    def outbox(self) -> Outbox: ...


class Arrivals:
    """Tells the members of a room of each other; a later word about the same replaces the last.

    A thousand who come back at once would else cause a million writes. The wait grows with the
    room, so that telling takes the same part of a second however many there are to be told.
    """

    def __init__(self, members: Mapping[str, Hearer], clock: Callable[[], float]) -> None:
        self._members = members
        self._clock = clock
        self._told_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: dict[str, tuple[bytes, Hearer | None]] = {}

    @property
    def waiting(self) -> bool:
        """Whether something is still untold."""
        return bool(self._waiting)

    @property
    def together(self) -> float:
        """How many seconds lie between two tellings, at the least."""
        return min(max(TOGETHER_SECONDS, _MEMBER_SECONDS * len(self._members)), _CROWD_SECONDS)

    def say(self, about: str, frame: bytes, but: Hearer | None) -> None:
        """Tell everyone `but` one of them something, now or a little later."""
        self._waiting.pop(about, None)
        self._waiting[about] = frame, but
        if self._timer is not None:
            return
        left = self._told_at + self.together - self._clock()
        if left <= 0:
            self.tell()
        else:
            self._timer = asyncio.get_running_loop().call_later(left, self.tell)

    def tell(self) -> None:
        """Tell what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._told_at = self._clock()
        waiting, self._waiting = self._waiting, {}
        everything = b"".join([frame for frame, _ in waiting.values()])
        own = _places(waiting.values())
        for member in self._members.values():
            outbox = member.outbox
            if outbox.slow:
                for about, (frame, but) in waiting.items():
                    if but is not member:
                        outbox.latest(frame, ("user_presence", about))
            elif id(member) not in own:
                outbox.control(everything)
            elif rest := _without(everything, own[id(member)]):
                outbox.control(rest)


def _places(waiting: Iterable[tuple[bytes, Hearer | None]]) -> dict[int, list[tuple[int, int]]]:
    """Where, in all frames together, those lie that somebody is not told."""
    places: dict[int, list[tuple[int, int]]] = {}
    at = 0
    for frame, but in waiting:
        end = at + len(frame)
        if but is not None:
            places.setdefault(id(but), []).append((at, end))
        at = end
    return places


def _without(everything: bytes, places: Iterable[tuple[int, int]]) -> bytes:
    pieces, at = [], 0
    for begin, end in places:
        pieces.append(everything[at:begin])
        at = end
    return b"".join((*pieces, everything[at:]))
