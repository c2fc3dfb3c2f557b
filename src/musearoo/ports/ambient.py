"""Time, ids, randomness and post: everything that would make a run unrepeatable."""

from typing import Protocol


class Clock(Protocol):
    """Wall and monotonic time."""

    def now(self) -> float:
        """UNIX seconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, for durations."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        ...


class Ids(Protocol):
    """Fresh ids."""

    def new(self) -> str:
        """A new UUID as text, sortable by creation time (version 7)."""
        ...


class Random(Protocol):
    """Unpredictable values."""

    def secret(self) -> str:
        """A URL-safe secret of 32 random bytes."""
        ...

    def seed(self) -> int:
        """A seed for an engine, 0 to 2**53 - 1."""
        ...


class Mailer(Protocol):
    """Outgoing mail. `configured` is False where nothing waits for mail."""

    @property
    def configured(self) -> bool:
        """Whether mail really leaves."""
        ...

    async def send(self, to: str, subject: str, text: str) -> None:
        """Send one plain-text message; raises `Unavailable`."""
        ...
