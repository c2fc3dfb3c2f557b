"""Why a connection ends (RFC 6455 §7.4): the range says what a client should do next."""

from enum import IntEnum
from typing import Final


class CloseCode(IntEnum):
    """1xxx is the protocol's own. 40xx: come back and resume. 44xx: something must change first.

    `EXPIRED` asks for a new ticket; `REPLACED` means that the same connection came back on
    another socket.
    """

    NORMAL = 1000
    PROTOCOL_ERROR = 1002
    NOT_UTF8 = 1007
    TOO_BIG = 1009
    INTERNAL = 1011
    GOING_AWAY = 4001
    SLOW = 4008
    EXPIRED = 4401
    FORBIDDEN = 4403
    REPLACED = 4409
    ABUSE = 4429


_RESUMABLE: Final = range(4000, 4100)
# Ends that are nobody's decision: the network, a proxy, a server that was stopped or failed.
_ACCIDENTS: Final = frozenset((1001, 1005, 1006, 1011, 1012, 1013, 1014))
_FINAL: Final = frozenset(
    (
        CloseCode.NORMAL,
        CloseCode.PROTOCOL_ERROR,
        CloseCode.NOT_UTF8,
        CloseCode.TOO_BIG,
        CloseCode.FORBIDDEN,
        CloseCode.REPLACED,
    )
)


def may_resume(code: int) -> bool:
    """Whether the resume token still works: the server asked for it, or the network failed."""
    return code in _RESUMABLE or code in _ACCIDENTS


def is_final(code: int) -> bool:
    """Whether coming back the same way would end the same way."""
    return code in _FINAL
