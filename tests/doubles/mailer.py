"""A post office that keeps what it was given."""

from typing import NamedTuple

from musearoo.domain.errors import Unavailable


class Letter(NamedTuple):
    """One message."""

    to: str
    subject: str
    text: str


class KeptMail:
    """Sent letters in order; refuses while `closed`."""

    def __init__(self, *, configured: bool = True) -> None:
        self.configured = configured
        self.closed = False
        self.letters: list[Letter] = []

    async def send(self, to: str, subject: str, text: str) -> None:
        if self.closed:
            raise Unavailable("The mail cannot be sent now.")
        self.letters.append(Letter(to, subject, text))
