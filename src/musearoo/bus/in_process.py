"""The bus of one process: events go to receivers in the order they were published."""

from collections import deque
from collections.abc import Callable, Sequence

import structlog

from musearoo.domain.events import Sequenced
from musearoo.domain.ids import SessionId
from musearoo.ports.live import Receiver

log = structlog.get_logger(__name__)


class _Subscription:
    """One receiver of one session; `live` is False once it has ended."""

    __slots__ = ("live", "receiver")

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.live = True


class InProcessBus:
    """`Bus` for one event loop; call it from that loop's thread only.

    A receiver may publish, subscribe and unsubscribe while it receives: what it publishes
    comes to everyone after what is being delivered. One that raises is logged and misses
    only that delivery; the others and later events are not affected.
    """

    def __init__(self) -> None:
        self._subscriptions: dict[SessionId, tuple[_Subscription, ...]] = {}
        self._waiting: deque[tuple[tuple[_Subscription, ...], Sequence[Sequenced]]] = deque()
        self._delivering = False

    def publish(self, session: SessionId, events: Sequence[Sequenced]) -> None:
        receivers = self._subscriptions.get(session)
        if not receivers or not events:
            return
        if self._delivering:
            self._waiting.append((receivers, events))
            return
        self._delivering = True
        try:
            self._deliver(receivers, events)
            while self._waiting:
                self._deliver(*self._waiting.popleft())
        finally:
            self._delivering = False

    def subscribe(self, session: SessionId, receiver: Receiver) -> Callable[[], None]:
        subscription = _Subscription(receiver)
        self._subscriptions[session] = (*self._subscriptions.get(session, ()), subscription)

        def end() -> None:
            subscription.live = False
            present = self._subscriptions.get(session, ())
            left = tuple(other for other in present if other is not subscription)
            if left:
                self._subscriptions[session] = left
            else:
                self._subscriptions.pop(session, None)

        return end

    def _deliver(self, receivers: tuple[_Subscription, ...], events: Sequence[Sequenced]) -> None:
        for subscription in receivers:
            if not subscription.live:
                continue
            try:
                subscription.receiver(events)
            except Exception:  # a receiver's fault must not reach the owner of the session
                log.exception("bus.receiver_failed")
