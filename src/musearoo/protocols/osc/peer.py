"""A source that acts for somebody: its pace, its controls in motion, what it was told."""

from collections import deque
from typing import TYPE_CHECKING, Any

from musearoo.codecs.osc import Message
from musearoo.codecs.osc.addresses import Address
from musearoo.domain.ids import SessionId
from musearoo.domain.origin import Origin
from musearoo.domain.permissions import Actor
from musearoo.ports.osc import Recent, Source, SourceReport
from musearoo.protocols.osc.bucket import Bucket
from musearoo.protocols.osc.options import (
    ERRORS_PER_SECOND,
    GESTURE_SECONDS,
    RECENT,
    REPLY_BYTES_PER_SECOND,
    OscOptions,
)

if TYPE_CHECKING:
    from musearoo.protocols.osc.feed import Feed

_RATE_SECONDS = 5.0
_SHOWN = 120
_MOST_GESTURES = 256


class Peer:
    """Made by the door for a paired source, or in local mode for one of this machine."""

    def __init__(
        self,
        source: Source,
        actor: Actor,
        origin: Origin,
        options: OscOptions,
        now: float,
        *,
        pairing_id: str | None = None,
    ) -> None:
        self.source = source
        self.reply = source
        self.actor = actor
        self.origin = origin
        self.pairing_id = pairing_id
        self.paired_by = ""  # the code, which may come again when the answer was lost
        self.session: SessionId | None = None
        self.feed: Feed | None = None
        self.greeted = False
        self.gone = False
        self.leaving = False
        self.pace = Bucket(options.messages_per_second, options.burst, now)
        self.errors = Bucket(ERRORS_PER_SECOND, 2 * ERRORS_PER_SECOND, now)
        self.answers = Bucket(REPLY_BYTES_PER_SECOND, REPLY_BYTES_PER_SECOND, now)
        # The latest value of each control in motion, and packets that came too fast.
        self.moving: dict[str, tuple[Address, Message]] = {}
        self.late: dict[bytes, bytes] = {}
        self.lane: deque[tuple[Address | None, Message]] = deque()
        self.working = False
        # Feedback: what to tell, what was told, and when the peer itself moved it.
        self.owed: set[str] = set()
        self.told: dict[str, tuple[object, ...]] = {}
        self.sent_value: dict[str, Any] = {}
        self.moved_at: dict[str, float] = {}
        self.heard_at = now
        self.received = self.sent = self.coalesced = self.dropped = self.refused = 0
        self.dropped_told = 0
        self.logged_at: float | None = None
        self.recent: deque[tuple[float, str, tuple[Any, ...], str]] = deque(maxlen=RECENT)
        self._gestures: dict[str, tuple[str, float]] = {}
        self._counted = 0
        self.per_second = 0.0
        self._counted_up_to = 0

    def moved(self, moving: dict[str, tuple[Address, Message]], now: float) -> None:
        """The peer itself set these: it need not be told of them yet."""
        for address, message in moving.values():
            if address.parameter is not None:
                self.moved_at[address.parameter] = now
                self.sent_value[address.parameter] = message.arguments[0]

    def beat(self, seconds: float) -> None:
        """So many seconds have passed: count how fast messages come."""
        share = min(1.0, seconds / _RATE_SECONDS)
        fresh = (self.received - self._counted_up_to) / seconds
        self._counted_up_to = self.received
        self.per_second += share * (fresh - self.per_second)

    def gesture(self, path: str, now: float) -> str:
        """What the values of one movement share, so that an undo takes them back together."""
        name, until = self._gestures.get(path, ("", 0.0))
        if now > until:
            self._counted += 1
            name = f"osc:{self.origin.correlation[-12:]}:{self._counted}"
        if len(self._gestures) >= _MOST_GESTURES:
            self._gestures.clear()
        self._gestures[path] = name, now + GESTURE_SECONDS
        return name

    def note(self, at: float, message: Message, outcome: str) -> None:
        """Keep a message for the monitor; `at` is UNIX seconds."""
        self.recent.append((at, message.address, message.arguments, outcome))

    def report(self, now: float, wall: float) -> SourceReport:
        """What the monitor shows."""
        return SourceReport(
            transport=self.source.transport,
            host=self.source.host,
            port=self.source.port,
            reply_port=self.reply.port,
            pairing_id=self.pairing_id,
            user_id=self.actor.user,
            session_id=self.session,
            received=self.received,
            sent=self.sent,
            coalesced=self.coalesced,
            dropped=self.dropped,
            refused=self.refused,
            per_second=round(self.per_second, 2),
            last_at=wall - (now - self.heard_at),
            recent=tuple(
                Recent(at=at, address=address[:_SHOWN], arguments=_shown(values), outcome=outcome)
                for at, address, values, outcome in self.recent
            ),
        )


def _shown(values: tuple[Any, ...]) -> str:
    shown = " ".join(
        f"{value:g}" if isinstance(value, float) else str(value)[:_SHOWN] for value in values[:16]
    )
    return shown[:_SHOWN]
