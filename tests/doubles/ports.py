"""Port numbers for programs that must be told one before they take it."""

import itertools
import os
import socket
from typing import Final

_FIRST: Final = 20_000
_MANY: Final = 12_000
"""Below what Linux (32768) and macOS (49152) give to those who ask for any port."""

_numbers = itertools.count(os.getpid() * 997)


def quiet_port() -> int:
    """A port, free for UDP and TCP, that nobody else is given meanwhile."""
    for number in _numbers:
        port = _FIRST + number % _MANY
        if all(_is_free(port, kind) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)):
            return port
    raise AssertionError("ports do not end")


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True
