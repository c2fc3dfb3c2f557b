"""Where a command takes effect on the musical clock."""

import pytest

from musearoo.domain.commands import At
from musearoo.domain.errors import InvalidValue
from musearoo.domain.music.meter import Meter
from musearoo.domain.session.landing import land
from musearoo.domain.session.state import SessionState, Transport

ROLLING = SessionState(transport=Transport(playing=True, tick=0, since=100.0))


@pytest.mark.parametrize(
    ("text", "bar", "beat", "wait"),
    [("now", 1, 2.5, 0.0), ("next_beat", 1, 3.0, 0.25), ("next_bar", 2, 0.0, 0.75)],
)
def test_rolling_transport_lands_on_its_grid(text: str, bar: int, beat: float, wait: float) -> None:
    """At 120 bpm, 1.25 s in, the next beat is a quarter of a second away."""
    landing = land(ROLLING, At.parse(text), 101.25)
    assert (landing.bar, landing.beat) == (bar, beat)
    assert landing.server_time == pytest.approx(101.25 + wait)


def test_a_named_bar_has_a_time_while_it_lies_ahead() -> None:
    """Bar 3 of 7/8 begins seven quarters in."""
    state = SessionState(meter=Meter(7, 8), transport=Transport(playing=True, tick=0, since=0.0))
    landing = land(state, At.parse("bar 3"), 0.0)
    assert (landing.bar, landing.beat, landing.server_time) == (3, 0.0, 3.5)


def test_a_bar_that_has_passed_is_late_and_lands_on_the_next() -> None:
    """At 120 bpm, 9.5 s in, bar 5 is half over: bar 6 begins in half a second."""
    landing = land(ROLLING, At.parse("bar 1"), 109.5)
    assert (landing.bar, landing.beat, landing.late) == (6, 0.0, True)
    assert landing.server_time == pytest.approx(110.0)


def test_what_is_in_time_is_not_late() -> None:
    for text in ("now", "next_beat", "next_bar", "bar 7"):
        assert not land(ROLLING, At.parse(text), 109.5).late


def looping(start: int, end: int, since: float = 0.0) -> SessionState:
    """A transport that plays bars `start` to `end` (from 0, end excluded) round and round."""
    loop = (start * 3840, end * 3840)
    return SessionState(transport=Transport(playing=True, tick=loop[0], since=since, loop=loop))


@pytest.mark.parametrize(
    ("text", "bar", "wait"),
    [("next_bar", 3, 0.4), ("bar 3", 3, 0.4), ("bar 4", 4, 2.4), ("next_beat", 3, 0.4)],
)
def test_the_end_of_a_loop_is_its_beginning(text: str, bar: int, wait: float) -> None:
    """Bars 3 and 4 go round; shortly before the end, what comes next is bar 3."""
    landing = land(looping(2, 4), At.parse(text), 3.6)
    assert (landing.bar, landing.late) == (bar, False)
    assert landing.server_time == pytest.approx(3.6 + wait, abs=1e-3)


def test_a_bar_that_the_loop_brings_back_is_not_late() -> None:
    """Bar 3 has begun, and comes again after bar 4."""
    landing = land(looping(2, 4), At.parse("bar 3"), 1.0)
    assert (landing.bar, landing.late) == (3, False)
    assert landing.server_time == pytest.approx(4.0)


def test_a_bar_behind_the_loop_has_no_time() -> None:
    assert land(looping(2, 4), At.parse("bar 9"), 1.0).server_time is None


def test_a_bar_before_the_loop_is_late() -> None:
    landing = land(looping(2, 4), At.parse("bar 1"), 1.0)
    assert (landing.bar, landing.late) == (4, True)
    assert landing.server_time == pytest.approx(2.0)


def test_a_loop_without_a_whole_bar_lands_at_its_beginning() -> None:
    state = SessionState(transport=Transport(playing=True, tick=1920, since=0.0, loop=(1920, 2880)))
    landing = land(state, At.parse("next_bar"), 0.25)
    assert (landing.bar, landing.beat) == (1, 2.0)
    assert landing.server_time == pytest.approx(0.5)


def test_standing_transport_means_now() -> None:
    """Nothing rolls, so there is nothing to wait for."""
    landing = land(SessionState(), At.parse("next_bar"), 5.0)
    assert (landing.bar, landing.beat, landing.server_time) == (1, 0.0, None)


@pytest.mark.parametrize("text", ["", "soon", "bar", "bar x", "bar -1", "bar 1000000", "next bar"])
def test_other_words_are_refused(text: str) -> None:
    """Four forms and no others."""
    with pytest.raises(InvalidValue, match="next_beat"):
        At.parse(text)
