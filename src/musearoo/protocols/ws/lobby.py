"""Where connections wait until they may knock: few may be unauthenticated at a time."""

from collections import Counter, deque
from collections.abc import Callable


class Lobby:
    """Counts those who have not joined, in all and by address; the rest wait for their turn.

    Someone who waits costs a socket and a request head; nothing of theirs is read.
    """

    def __init__(self, *, in_all: int, per_address: int, waiting: int) -> None:
        self._in_all = in_all
        self._per_address = per_address
        self._most_waiting = waiting
        self._inside: Counter[str] = Counter()
        self._count = 0
        self._waiting: deque[tuple[str, Callable[[], bool]]] = deque()

    def knock(self, address: str, enter: Callable[[], bool]) -> bool:
        """Let somebody in now or later, by calling `enter`; False if too many wait already.

        `enter` answers False if nobody is there any more.
        """
        if self._has_room(address):
            self._let_in(address, enter)
            return True
        if len(self._waiting) >= self._most_waiting:
            return False
        self._waiting.append((address, enter))
        return True

    def leave(self, address: str) -> None:
        """Somebody inside has joined, or gone."""
        self._let_out(address)
        for _ in range(len(self._waiting)):
            waiting, enter = self._waiting.popleft()
            if not self._has_room(waiting):
                self._waiting.append((waiting, enter))
            elif self._let_in(waiting, enter):
                return

    def _has_room(self, address: str) -> bool:
        return self._count < self._in_all and self._inside[address] < self._per_address

    def _let_in(self, address: str, enter: Callable[[], bool]) -> bool:
        self._count += 1
        self._inside[address] += 1
        entered = enter()
        if not entered:
            self._let_out(address)
        return entered

    def _let_out(self, address: str) -> None:
        self._count -= 1
        self._inside[address] -= 1
        if not self._inside[address]:
            del self._inside[address]
