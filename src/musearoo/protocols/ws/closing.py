"""Close codes: 4000-4099 come back and resume, 4400-4499 not before something changed."""

from typing import Final

NORMAL: Final = 1000
GOING_AWAY: Final = 4001
SLOW: Final = 4008
EXPIRED: Final = 4401
FORBIDDEN: Final = 4403
REPLACED: Final = 4409
ABUSE: Final = 4429
