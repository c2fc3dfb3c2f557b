import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.codecs.rate_fields import rate_fields, retry_after
from musearoo.ports.security import Window


class TestRateFields:
    def test_fields_as_in_the_draft(self):
        windows = (
            Window("minute", 20, 60, 7, 40.2),
            Window("hour", 300, 3600, 0, 3600.0),
            Window("day", 2000, 86400, 2000, 0.0),
        )
        assert rate_fields(windows) == {
            "RateLimit-Policy": '"minute";q=20;w=60, "hour";q=300;w=3600, "day";q=2000;w=86400',
            "RateLimit": '"minute";r=7;t=41, "hour";r=0;t=3600, "day";r=2000',
        }

    def test_nothing_where_no_limits_apply(self):
        assert rate_fields(()) == {}


class TestRetryAfter:
    @given(st.floats(0, 1e5), st.floats(0, 1))
    def test_never_early_and_never_much_later(self, seconds, spread):
        wait = int(retry_after(seconds, spread))
        assert max(1, seconds) <= wait <= seconds * 1.1 + 3

    def test_those_refused_together_come_back_apart(self):
        assert len({retry_after(60, n / 10) for n in range(11)}) >= 8

    @pytest.mark.parametrize(("seconds", "spread"), [(-5, 0), (0, -1), (0.2, 0)])
    def test_at_least_one_second(self, seconds, spread):
        assert retry_after(seconds, spread) == "1"
