"""A session's state as one client follows it: snapshot, events in order, gaps found."""

from collections import deque
from typing import Final

from musearoo.codecs.ws import state_of
from musearoo.codecs.ws.outgoing import ReconnectedData, WelcomeData
from musearoo.domain.events import Sequenced
from musearoo.domain.session.reducer import apply
from musearoo.domain.session.state import SessionState

_LOW_32: Final = 0xFFFF_FFFF


class Gap(Exception):
    """Events are missing that were not announced as coalesced: resume from `seq`."""


class Follower:
    """Applies each event once; `state` is None until a snapshot came, or if it is not wanted."""

    def __init__(self, *, keep_state: bool = True) -> None:
        self.epoch: str | None = None
        self.seq = 0
        self.state: SessionState | None = None
        self.coalesced: deque[tuple[int, int]] = deque(maxlen=1_024)
        self._keep_state = keep_state
        self._ranges: list[tuple[int, int]] = []  # announced, and not passed yet

    def welcome(self, data: WelcomeData) -> None:
        """Go on from here (`resumed`), or start with the state that was sent."""
        if not data.resumed:
            self._start(data.epoch, data.seq, data.state)

    def reconnected(self, data: ReconnectedData) -> None:
        """A range was coalesced, or the state starts anew."""
        if data.status == "snapshot":
            self._start(data.epoch, data.seq or 0, data.state)
        elif data.from_seq is not None and data.to_seq is not None:
            self.coalesced.append((data.from_seq, data.to_seq))
            self._ranges.append((data.from_seq, data.to_seq))

    def take(self, event: Sequenced) -> bool:
        """Apply the next event; False for one that is known already. Raises `Gap`."""
        if not self.passed(event.epoch, event.seq):
            return False
        if self.state is not None:
            self.state = apply(self.state, event)
        return True

    def passed(self, epoch: str, seq: int) -> bool:
        """Note that the event `seq` came, whatever it is; False if it is known already."""
        if epoch != self.epoch:
            raise Gap
        if seq <= self.seq:
            return False
        if seq != self.seq + 1 and not self._may_skip_to(seq):
            raise Gap
        self.seq = seq
        return True

    def _may_skip_to(self, seq: int) -> bool:
        """Whether all numbers up to `seq`, and it too, lie in ranges that were announced."""
        self._ranges = sorted(each for each in self._ranges if each[1] > self.seq)
        reached = self.seq
        for first, last in self._ranges:
            if first <= reached + 1:
                reached = max(reached, last)
        return reached >= seq

    def whole_number(self, low: int) -> int:
        """The `seq` whose low 32 bits are these: the one nearest to where we are."""
        ahead = (low - self.seq) & _LOW_32
        return self.seq + (ahead if ahead < 1 << 31 else ahead - (1 << 32))

    def _start(self, epoch: str | None, seq: int, state: object) -> None:
        self.epoch, self.seq, self._ranges = epoch, seq, []
        self.state = state_of(state) if self._keep_state and state is not None else None
