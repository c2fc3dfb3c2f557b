"""MIDI clock: what a synchroniser sends while the transport of a session plays.

MIDI 1.0 Detailed Specification 4.2, "System Real Time Messages" and "Song Position Pointer":
24 clocks a quarter note; a pointer counts sixteenths; the first clock after Start or Continue
is the position itself.
"""

from typing import Final

from musearoo.domain.music.ticks import TICKS_PER_QUARTER
from musearoo.domain.session.state import SessionState

CLOCK: Final = b"\xf8"
START: Final = b"\xfa"
CONTINUE: Final = b"\xfb"
STOP: Final = b"\xfc"

PULSE_TICKS: Final = TICKS_PER_QUARTER // 24
SIXTEENTH_TICKS: Final = TICKS_PER_QUARTER // 4
LAST_POSITION: Final = (1 << 14) - 1
IDLE_SECONDS: Final = 0.02  # how soon a standing transport is looked at again
_CATCH_UP_TICKS: Final = 60  # a start seen this late is caught up, not moved to the next sixteenth
_LATEST_TICKS: Final = TICKS_PER_QUARTER  # who slept longer than a beat locates anew


def song_position(tick: int) -> bytes:
    """Song Position Pointer for the sixteenth at `tick`; the last one that can be said at most."""
    sixteenth = min(tick // SIXTEENTH_TICKS, LAST_POSITION)
    return bytes((0xF2, sixteenth & 0x7F, sixteenth >> 7))


class ClockOut:
    """Follows a session: send what `step` answers, and call it again after the seconds it says."""

    def __init__(self) -> None:
        self._running = False
        self._anchor: tuple[float, int] | None = None
        self._next = 0
        self._last = 0

    def step(self, state: SessionState, now: float) -> tuple[tuple[bytes, ...], float]:
        """Messages due at server time `now` (UNIX seconds), and the wait until the next."""
        transport = state.transport
        if not transport.playing:
            return self._stopped()
        position = state.tick_at(now)
        messages: list[bytes] = []
        anchor = (transport.since, transport.tick)
        moved = position < self._last or position - self._next > _LATEST_TICKS
        if anchor != self._anchor or moved:
            self._anchor = anchor
            messages += self._located(position)
        self._last = position
        while self._next <= position:
            messages.append(CLOCK)
            self._next += PULSE_TICKS
        return tuple(messages), self._wait(state, position)

    def _stopped(self) -> tuple[tuple[bytes, ...], float]:
        messages = (STOP,) if self._running else ()
        self._running, self._anchor, self._last = False, None, 0
        return messages, IDLE_SECONDS

    def _located(self, position: int) -> list[bytes]:
        """Stop if needed, say the place, go on from the sixteenth that is next or just begun."""
        before = [STOP] if self._running else []
        begun, late = divmod(position, SIXTEENTH_TICKS)
        self._next = (begun + (late > _CATCH_UP_TICKS)) * SIXTEENTH_TICKS
        self._running = True
        if self._next == 0:
            return [*before, START]
        return [*before, song_position(self._next), CONTINUE]

    def _wait(self, state: SessionState, position: int) -> float:
        loop = state.transport.loop
        target = self._next if loop is None else min(self._next, max(loop[1], position + 1))
        tempo_map = state.tempo_map
        return max(0.0, tempo_map.seconds_at(target) - tempo_map.seconds_at(position))
