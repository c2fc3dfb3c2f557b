"""The HTTP fields that tell a client its limits.

After draft-ietf-httpapi-ratelimit-headers-11: a policy says what is printed, a limit what is
left. It is still a draft, so its spelling is known to this module alone.
"""

import math
from collections.abc import Sequence

from musearoo.ports.security import Window

POLICY = "RateLimit-Policy"
LIMIT = "RateLimit"
RETRY = "Retry-After"


def rate_fields(windows: Sequence[Window]) -> dict[str, str]:
    """`RateLimit-Policy` and `RateLimit`; nothing where no limits apply."""
    if not windows:
        return {}
    return {
        POLICY: ", ".join(f'"{w.name}";q={w.quota};w={w.seconds}' for w in windows),
        LIMIT: ", ".join(_limit(window) for window in windows),
    }


def retry_after(seconds: float, spread: float) -> str:
    """`Retry-After` in whole seconds, at least 1 and never earlier than `seconds`.

    `spread`, 0 to 1 and different for each answer, adds up to a tenth and two seconds, so that
    those who were refused together do not come back together.
    """
    wait = max(0.0, seconds)
    return str(max(1, math.ceil(wait + min(1.0, max(0.0, spread)) * (wait / 10 + 2))))


def _limit(window: Window) -> str:
    # `t` is when more becomes available (§ RateLimit Field): nothing to say while all is left.
    if window.remaining >= window.quota:
        return f'"{window.name}";r={window.remaining}'
    return f'"{window.name}";r={window.remaining};t={math.ceil(window.reset_seconds)}'
