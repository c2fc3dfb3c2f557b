"""Time tags are NTP's, and hold a moment to better than a microsecond."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.codecs.osc import from_ntp, to_ntp


@pytest.mark.parametrize(
    ("seconds", "time_tag"),
    [
        (0.0, 2_208_988_800 << 32),
        (0.5, (2_208_988_800 << 32) + (1 << 31)),
        (1_760_000_000.25, (3_968_988_800 << 32) + (1 << 30)),
        (2_085_978_495.0, 0xFFFFFFFF << 32),
        (2_085_978_497.0, 1 << 32),  # 2036: the era ends, and the count begins anew
    ],
)
def test_known_moments(seconds: float, time_tag: int) -> None:
    assert to_ntp(seconds) == time_tag
    assert from_ntp(time_tag) == seconds


@given(st.floats(0, 4_200_000_000))
def test_round_trip(seconds: float) -> None:
    assert 0 <= to_ntp(seconds) < 1 << 64
    assert from_ntp(to_ntp(seconds)) == pytest.approx(seconds, abs=1e-6)


@given(st.integers(0, 2**64 - 1))
def test_any_tag_is_a_moment(time_tag: int) -> None:
    assert -70_000_000 < from_ntp(time_tag) < 4_300_000_000
