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


def test_a_bar_that_has_passed_has_no_time() -> None:
    """Bar 1 is over: it will come again only if somebody goes back."""
    assert land(ROLLING, At.parse("bar 1"), 110.0).server_time is None


def test_standing_transport_means_now() -> None:
    """Nothing rolls, so there is nothing to wait for."""
    landing = land(SessionState(), At.parse("next_bar"), 5.0)
    assert (landing.bar, landing.beat, landing.server_time) == (1, 0.0, None)


@pytest.mark.parametrize("text", ["", "soon", "bar", "bar x", "bar -1", "bar 1000000", "next bar"])
def test_other_words_are_refused(text: str) -> None:
    """Four forms and no others."""
    with pytest.raises(InvalidValue, match="next_beat"):
        At.parse(text)
