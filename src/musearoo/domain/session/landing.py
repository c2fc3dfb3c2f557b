"""When a command takes effect on the musical clock."""

from musearoo.domain.commands import At
from musearoo.domain.events import Landing
from musearoo.domain.music.ticks import TICKS_PER_QUARTER, quarters
from musearoo.domain.session.state import SessionState


def land(state: SessionState, at: At, now: float) -> Landing:
    """The first moment at or after `now` (server UNIX seconds) that `at` allows.

    With the transport stopped all but a named bar mean now, and there is no time.
    """
    current = state.tick_at(now)
    tick = _target(state, at, current)
    bar_ticks = state.meter.bar_ticks
    bar, beat = tick // bar_ticks + 1, quarters(tick % bar_ticks)
    if not state.transport.playing or tick < current:
        return Landing(bar, beat)
    wait = state.tempo_map.seconds_at(tick) - state.tempo_map.seconds_at(current)
    return Landing(bar, beat, now + wait)


def _target(state: SessionState, at: At, current: int) -> int:
    if at.kind == "bar":
        return max(0, at.bar - 1) * state.meter.bar_ticks
    if not state.transport.playing or at.kind == "now":
        return current
    unit = TICKS_PER_QUARTER if at.kind == "next_beat" else state.meter.bar_ticks
    return -(-current // unit) * unit
