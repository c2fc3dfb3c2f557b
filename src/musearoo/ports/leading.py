"""Clocks outside that a session can follow: Ableton Live, and Ableton Link."""

from typing import Protocol

from musearoo.domain.events import Sequenced
from musearoo.domain.ids import SessionId, UserId


class Leader(Protocol):
    """Keeps tempo and transport for the sessions that chose it as their clock source.

    What others want is asked of it, and becomes an event of the session when it reports it.
    Requests answer that event, or None where the value was in force already; they raise
    `Unavailable` when the leader does not do it.
    """

    def leads(self, session: SessionId) -> bool:
        """Whether it is there, and bound to this session."""
        ...

    async def set_tempo(
        self, session: SessionId, bpm: float, *, user: UserId, cause: str | None
    ) -> Sequenced | None:
        """Ask for a tempo in quarter notes a minute."""
        ...

    async def set_transport(
        self,
        session: SessionId,
        *,
        playing: bool | None,
        beat: float | None,
        user: UserId,
        cause: str | None,
    ) -> Sequenced | None:
        """Ask to play or stop, to go to `beat` (quarter notes from the start), or both."""
        ...
