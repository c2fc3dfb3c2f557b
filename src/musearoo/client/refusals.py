"""What a client can be told instead of an answer."""


class ClientError(Exception):
    """Everything that goes wrong between a client and its server."""


class Refused(ClientError):
    """The server understood and said no.

    `code` is one of the closed list (docs/protocol/problems.md), `retry_after` in seconds.
    """

    def __init__(self, code: str, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.retry_after = retry_after


class Unreachable(ClientError):
    """Nobody answers at that address, or what answers is no MuseAroo server."""


class Ended(ClientError):
    """The connection is over and will not come back; `code` is the WebSocket's, if it had one."""

    def __init__(self, detail: str, code: int | None = None) -> None:
        super().__init__(detail)
        self.code = code


class Lagged(ClientError):
    """An event iterator was read so slowly that its queue overflowed."""
