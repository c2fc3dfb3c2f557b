"""How fast a source may knock: the generic cell rate algorithm, one number per source.

Fit for sockets, OSC sources, logins and chat. Not for printed quotas: with a full burst it
lets nearly twice the rate through in the first minute; those are in `quota`.
"""

from typing import Final

from musearoo.domain.errors import TooManyRequests
from musearoo.security.steady import SteadyTime

_MAX_KEYS: Final = 50_000
# Sums of binary fractions fall short of the exact interval by a hair.
_TOLERANCE_SECONDS: Final = 1e-6


class GcraPacing:
    """Implements `ports.security.Pacing` in memory, with at most `max_keys` sources.

    For each key it keeps the time when the last admitted request would have left a bucket
    that leaks `per_minute` (ITU-T I.371, virtual scheduling). When the table is full, the
    sources that owe least are forgotten first: a flood of new keys frees no offender.
    """

    def __init__(self, max_keys: int = _MAX_KEYS) -> None:
        self._max_keys = max_keys
        self._leaves: dict[str, float] = {}
        self._time = SteadyTime()

    def __len__(self) -> int:
        return len(self._leaves)

    def admit(self, key: str, *, per_minute: float, burst: int, now: float) -> None:
        """Let one through or raise `TooManyRequests` with the time to wait.

        `per_minute` is above 0, `burst` (how many at once) at least 1, `now` in seconds of
        `Clock.monotonic()`.
        """
        if per_minute <= 0 or burst < 1:
            raise ValueError("per_minute must be above 0 and burst at least 1")
        moment = self._time.at(now)
        interval = 60.0 / per_minute
        due = max(self._leaves.get(key, moment), moment)
        wait = due - moment - interval * (burst - 1)
        if wait > _TOLERANCE_SECONDS:
            raise TooManyRequests(
                f"Too many requests at once; try again in {wait:.1f} s.", retry_after=wait
            )
        if key not in self._leaves and len(self._leaves) >= self._max_keys:
            self._forget(moment)
        self._leaves[key] = due + interval

    def _forget(self, moment: float) -> None:
        owing = {key: leaves for key, leaves in self._leaves.items() if leaves > moment}
        room = self._max_keys * 9 // 10
        if len(owing) > room:
            most = sorted(owing, key=owing.__getitem__, reverse=True)[:room]
            owing = {key: owing[key] for key in most}
        self._leaves = owing
