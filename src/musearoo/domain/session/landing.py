"""When a command takes effect on the musical clock."""

from musearoo.domain.commands import At
from musearoo.domain.events import Landing
from musearoo.domain.music.ticks import TICKS_PER_QUARTER, quarters
from musearoo.domain.session.state import SessionState


def land(state: SessionState, at: At, now: float) -> Landing:
    """The first moment at or after `now` (server UNIX seconds) that `at` allows.

    With the transport stopped all but a named bar mean now, and there is no time; nor is there
    one for a bar behind the end of the loop. A bar that has begun, and that no loop brings back,
    is late: it is the next bar then.
    """
    current = state.tick_at(now)
    loop = state.transport.loop
    if loop is not None and current >= loop[1]:
        loop = None  # the music is past it
    bar_ticks = state.meter.bar_ticks
    if at.kind == "bar":
        tick = max(0, at.bar - 1) * bar_ticks
        if not state.transport.playing or (loop is not None and tick >= loop[1]):
            return _landing(state, tick, None)
        if tick >= current or (loop is not None and tick >= loop[0]):
            return _landing(state, tick, now + _wait(state, current, tick))
    elif at.kind == "now" or not state.transport.playing:
        return _landing(state, current, now if state.transport.playing else None)
    unit = TICKS_PER_QUARTER if at.kind == "next_beat" else bar_ticks
    tick = _next(current, unit)
    if loop is not None and tick >= loop[1]:
        again = _next(loop[0], unit)
        tick = again if again < loop[1] else loop[0]
    return _landing(state, tick, now + _wait(state, current, tick), late=at.kind == "bar")


def _landing(
    state: SessionState, tick: int, server_time: float | None, *, late: bool = False
) -> Landing:
    bar_ticks = state.meter.bar_ticks
    return Landing(tick // bar_ticks + 1, quarters(tick % bar_ticks), server_time, late)


def _next(tick: int, unit: int) -> int:
    return -(-tick // unit) * unit


def _wait(state: SessionState, current: int, tick: int) -> float:
    """Seconds until the transport is at `tick`, once around the loop where it lies behind."""
    seconds_at, loop = state.tempo_map.seconds_at, state.transport.loop
    if tick >= current or loop is None:
        return max(0.0, seconds_at(tick) - seconds_at(current))
    return seconds_at(loop[1]) - seconds_at(current) + seconds_at(tick) - seconds_at(loop[0])
