"""The printed generation limits, per user over all engines and doors.

The minute is an exact sliding log: no span of 60 s ever holds more than the quota. Hour and
day are windows that begin with the user's first use, so that there is no rush at midnight.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from musearoo.domain.errors import QuotaExceeded
from musearoo.domain.ids import UserId
from musearoo.domain.permissions import Tier
from musearoo.ports.security import Window
from musearoo.security.steady import SteadyTime

WindowName = Literal["minute", "hour", "day"]

MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86400
_MAX_USERS: Final = 200_000
# Seconds since 1970 have steps of 2.4e-7 s as a double: a restored use counts that much longer.
_ROUNDING_SECONDS: Final = 1e-6
# A refund names the age of the take by a wall clock, which may be a little off.
_REFUND_SLACK_SECONDS: Final = 0.5

QUOTAS: Final[Mapping[Tier, tuple[int, int, int]]] = {
    Tier.FREE: (5, 50, 200),
    Tier.PRO: (20, 300, 2_000),
    Tier.STUDIO: (100, 1_500, 10_000),
}


@dataclass(slots=True)
class _Anchored:
    """A window that begins with the first use after the one before has ended."""

    seconds: int
    began: float = float("-inf")
    used: int = 0

    def roll(self, moment: float) -> None:
        if moment >= self.began + self.seconds:
            self.began, self.used = float("-inf"), 0

    def take(self, cost: int, moment: float) -> None:
        if self.used == 0:
            self.began = moment
        self.used += cost

    def give_back(self, cost: int, taken_at: float) -> None:
        if taken_at >= self.began - _REFUND_SLACK_SECONDS:
            self.used = max(0, self.used - cost)

    def reset(self, moment: float) -> float:
        return self.began + self.seconds - moment if self.used else 0.0


@dataclass(slots=True)
class _Counter:
    """What one user has taken; `log` holds the times of the last minute, oldest first."""

    log: list[float] = field(default_factory=list)
    hour: _Anchored = field(default_factory=lambda: _Anchored(HOUR))
    day: _Anchored = field(default_factory=lambda: _Anchored(DAY))

    def roll(self, moment: float) -> None:
        gone = 0
        while gone < len(self.log) and self.log[gone] + MINUTE <= moment:
            gone += 1
        del self.log[:gone]
        self.hour.roll(moment)
        self.day.roll(moment)

    def is_idle(self) -> bool:
        return not self.log and not self.hour.used and not self.day.used

    def windows(self, tier: Tier, moment: float) -> tuple[Window, Window, Window]:
        minute, hour, day = QUOTAS[tier]
        eases = self.log[0] + MINUTE - moment if self.log else 0.0
        return (
            _window("minute", minute, MINUTE, len(self.log), eases),
            _window("hour", hour, HOUR, self.hour.used, self.hour.reset(moment)),
            _window("day", day, DAY, self.day.used, self.day.reset(moment)),
        )

    def wait(self, window: Window, cost: int, moment: float) -> float:
        """Seconds until a full window has room for `cost`."""
        if window.name != "minute":
            return window.reset_seconds
        # The quota shrinks when a tier is given up: then more than one must leave.
        must_leave = min(len(self.log), len(self.log) + cost - window.quota)
        return self.log[must_leave - 1] + MINUTE - moment if must_leave else float(MINUTE)

    def take(self, cost: int, moment: float) -> None:
        self.log.extend([moment] * cost)
        self.hour.take(cost, moment)
        self.day.take(cost, moment)

    def give_back(self, cost: int, taken_at: float) -> None:
        end = len(self.log)
        while end and self.log[end - 1] > taken_at + _REFUND_SLACK_SECONDS:
            end -= 1
        del self.log[max(0, end - cost) : end]
        self.hour.give_back(cost, taken_at)
        self.day.give_back(cost, taken_at)


class _Saved(msgspec.Struct, frozen=True, array_like=True):
    """A counter in UNIX seconds, as it is stored."""

    log: tuple[float, ...]
    hour: tuple[float, int]
    day: tuple[float, int]


class QuotaLimiter:
    """Implements `ports.security.Limiter` in memory for at most `max_users` active users.

    Every `now` is in seconds of `Clock.monotonic()`: setting the wall clock neither grants
    nor costs anything. `snapshot` and `restore` carry the counters over a restart by the
    wall clock. Takes are synchronous and so atomic on the event loop.
    """

    def __init__(self, max_users: int = _MAX_USERS) -> None:
        self._max_users = max_users
        self._counters: OrderedDict[UserId, _Counter] = OrderedDict()
        self._time = SteadyTime()

    def __len__(self) -> int:
        return len(self._counters)

    def take(self, user: UserId, tier: Tier, cost: int, now: float) -> tuple[Window, ...]:
        """Take `cost` (1 for each part) from all windows, or none and raise `QuotaExceeded`."""
        if cost < 1:
            raise ValueError("cost must be at least 1")
        moment = self._time.at(now)
        counter = self._counter(user, moment)
        full = [w for w in counter.windows(tier, moment) if w.remaining < cost]
        if full:
            longest = max(counter.wait(window, cost, moment) for window in full)
            raise QuotaExceeded(tuple(window.name for window in full), longest)
        counter.take(cost, moment)
        return counter.windows(tier, moment)

    def refund(self, user: UserId, cost: int, now: float, *, age: float = 0.0) -> None:
        """Give back what our own failure cost; `age` is how many seconds ago it was taken."""
        counter = self._counter(user, self._time.at(now))
        counter.give_back(cost, self._time.past(now) - max(0.0, age))

    def windows(self, user: UserId, tier: Tier, now: float) -> tuple[Window, ...]:
        """What is left, without taking."""
        moment = self._time.at(now)
        counter = self._counters.get(user) or _Counter()
        counter.roll(moment)
        return counter.windows(tier, moment)

    def snapshot(self, now: float, wall: float, *users: UserId) -> dict[str, bytes]:
        """The counters of `users`, of all who have any when none is named, for `QuotaRows`.

        `now` and `wall` are the same moment in monotonic and in UNIX seconds. Saved in the
        transaction that records a generation, a take is never forgiven by a crash.
        """
        shift = wall - self._time.at(now)
        saved: dict[str, bytes] = {}
        for user in users or tuple(self._counters):
            if user in self._counters:
                saved[user] = _encode(self._counters[user], shift)
        return saved

    def restore(self, rows: Mapping[str, bytes], now: float, wall: float) -> list[str]:
        """Take up saved counters; answers the users whose row cannot be read.

        If the wall clock went back meanwhile, a use that seems to lie ahead counts as made
        now: no limit is exceeded and none lasts longer than its own window.
        """
        moment = self._time.at(now)
        unreadable = []
        for user, row in rows.items():
            try:
                saved = msgspec.msgpack.decode(row, type=_Saved)
            except msgspec.MsgspecError:
                unreadable.append(user)
                continue
            counter = _decoded(saved, moment - wall, moment)
            counter.roll(moment)
            if not counter.is_idle():
                self._counters[UserId(user)] = counter
        return unreadable

    def _counter(self, user: UserId, moment: float) -> _Counter:
        counter = self._counters.get(user)
        if counter is None:
            if len(self._counters) >= self._max_users:
                self._forget(moment)
            counter = self._counters[user] = _Counter()
        self._counters.move_to_end(user)
        counter.roll(moment)
        return counter

    def _forget(self, moment: float) -> None:
        """Drop users with nothing to count, and if all have, a tenth: the least recent."""
        for user, counter in list(self._counters.items()):
            counter.roll(moment)
            if counter.is_idle():
                del self._counters[user]
        while len(self._counters) > self._max_users * 9 // 10:
            self._counters.popitem(last=False)


def _window(name: WindowName, quota: int, seconds: int, used: int, eases: float) -> Window:
    return Window(name, quota, seconds, max(0, quota - used), max(0.0, eases))


def _encode(counter: _Counter, shift: float) -> bytes:
    saved = _Saved(
        tuple(at + shift for at in counter.log),
        (counter.hour.began + shift, counter.hour.used),
        (counter.day.began + shift, counter.day.used),
    )
    return msgspec.msgpack.encode(saved)


def _decoded(saved: _Saved, shift: float, moment: float) -> _Counter:
    def at(times: Iterable[float]) -> list[float]:
        return sorted(min(time + shift + _ROUNDING_SECONDS, moment) for time in times)

    hour = _Anchored(HOUR, at([saved.hour[0]])[0], saved.hour[1])
    day = _Anchored(DAY, at([saved.day[0]])[0], saved.day[1])
    return _Counter(at(saved.log), hour, day)
