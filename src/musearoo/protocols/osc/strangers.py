"""What comes from nobody: counted, hardly ever logged, never answered."""

from typing import Final

import structlog

from musearoo.domain.origin import cut_address
from musearoo.ports.osc import Source
from musearoo.protocols.osc.bucket import Bucket
from musearoo.protocols.osc.options import UNPAIRED_IN_ALL_PER_SECOND, UNPAIRED_PER_SECOND

log = structlog.get_logger(__name__)

PAIR: Final = b"/musearoo/pair\0"
_LONGEST_PAIR: Final = 128
_MOST: Final = 1_000  # sources remembered; a flood of forged ones takes no memory
_LOG_SECONDS: Final = 60.0
_LOGGED_IN_ALL: Final = 20


class Strangers:
    """Lets in what may be a pairing, at a slow pace. `now` is in monotonic seconds."""

    def __init__(self, now: float) -> None:
        self.packets = 0
        self.unreadable = 0
        self._all = Bucket(UNPAIRED_IN_ALL_PER_SECOND, UNPAIRED_IN_ALL_PER_SECOND, now)
        self._each: dict[str, Bucket] = {}
        self._logged: dict[str, float] = {}
        self._minute = now
        self._lines = 0

    def may_pair(self, source: Source, packet: bytes, now: float) -> bool:
        """Whether a packet of an unpaired source is worth reading."""
        self.packets += 1
        if not packet.startswith(PAIR) or len(packet) > _LONGEST_PAIR:
            self._log(source, now)
            return False
        if not self._all.take(now):
            return False
        each = self._each.get(source.host)
        if each is None:
            if len(self._each) >= _MOST:
                self._each.clear()
            each = Bucket(UNPAIRED_PER_SECOND, UNPAIRED_PER_SECOND, now)
            self._each[source.host] = each
        return each.take(now)

    def _log(self, source: Source, now: float) -> None:
        """One line for each source in a minute, and not many in all."""
        if now - self._minute > _LOG_SECONDS:
            self._minute, self._lines = now, 0
            self._logged.clear()
        if self._lines < _LOGGED_IN_ALL and source.host not in self._logged:
            self._lines += 1
            self._logged[source.host] = now
            log.info("osc.unpaired", network=cut_address(source.host), packets=self.packets)
