"""How events leave the conductor."""

from collections.abc import Callable, Sequence
from typing import Protocol

from musearoo.domain.events import Sequenced
from musearoo.domain.ids import SessionId

Receiver = Callable[[Sequence[Sequenced]], None]


class Bus(Protocol):
    """Carries sequenced events from the owner of a session to every door."""

    def publish(self, session: SessionId, events: Sequence[Sequenced]) -> None:
        """Hand events on in order; never waits, never raises for a receiver's fault."""
        ...

    def subscribe(self, session: SessionId, receiver: Receiver) -> Callable[[], None]:
        """Receive the events of a session; answers the function that ends it."""
        ...
