"""OSC time tags: the 64-bit format of NTP, seconds since 1900 and fractions of 2**-32 s."""

from typing import Final

_UNIX_IN_NTP: Final = 2_208_988_800  # seconds from 1900 to 1970 (RFC 5905, figure 4)
_ERA: Final = 1 << 32
_HALF_ERA: Final = 1 << 31


def to_ntp(seconds: float) -> int:
    """The time tag of a moment in UNIX seconds, 1968 to 2104."""
    whole, fraction = divmod(seconds, 1.0)
    stamp = ((int(whole) + _UNIX_IN_NTP) << 32) + round(fraction * _ERA)
    return stamp % (1 << 64)


def from_ntp(time_tag: int) -> float:
    """UNIX seconds; tags below 2**63 lie after February 2036 (RFC 4330, section 3)."""
    whole, fraction = divmod(time_tag, _ERA)
    era = _ERA if whole < _HALF_ERA else 0
    return whole + era - _UNIX_IN_NTP + fraction / _ERA
