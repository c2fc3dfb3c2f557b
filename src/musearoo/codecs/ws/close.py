"""Why a connection ends (RFC 6455 §7.4): the range says what the client should do next."""

from enum import IntEnum
from typing import Final


class CloseCode(IntEnum):
    """1xxx is the protocol's own. 40xx: come back and resume. 44xx: something must change first.

    `NORMAL` answers `session_leave`. `UNAUTHENTICATED` asks for a new ticket.
    """

    NORMAL = 1000
    PROTOCOL_ERROR = 1002
    NOT_UTF8 = 1007
    TOO_BIG = 1009
    INTERNAL = 1011
    DRAINING = 4001
    TOO_SLOW = 4008
    STARTED_OVER = 4010
    NO_JOIN = 4400
    UNAUTHENTICATED = 4401
    FORBIDDEN = 4403
    GONE = 4404
    TOO_MANY = 4429


_RESUMABLE: Final = range(4000, 4100)
_FINAL: Final = (
    CloseCode.NORMAL, CloseCode.PROTOCOL_ERROR, CloseCode.NOT_UTF8, CloseCode.TOO_BIG,
    CloseCode.NO_JOIN, CloseCode.FORBIDDEN, CloseCode.GONE,
)  # fmt: skip


def may_resume(code: int) -> bool:
    """Whether a client should use its resume token: the server asked, or the network failed."""
    return code in _RESUMABLE or code in {1001, 1005, 1006, CloseCode.INTERNAL, 1012, 1013}


def is_final(code: int) -> bool:
    """Whether coming back the same way would end the same way."""
    return code in _FINAL
