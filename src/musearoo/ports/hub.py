"""Ableton Live for other OSC devices: they speak to it through our one connection."""

from collections.abc import Callable
from typing import Any, Protocol

Deliver = Callable[[str, tuple[Any, ...]], None]
"""Takes an address and its arguments: numbers, strings, booleans, bytes or None."""


class LiveHub(Protocol):
    """AbletonOSC serves only the last who spoke; the hub speaks for all and answers each."""

    def join(self, peer: str, deliver: Deliver) -> None:
        """Let a device in; what Live answers it, and what it listens to, goes to `deliver`."""
        ...

    def leave(self, peer: str) -> None:
        """Forget a device and what it listens to."""
        ...

    def forward(self, peer: str, address: str, arguments: tuple[Any, ...]) -> None:
        """Hand a `/live/...` message on; never waits.

        Raises `Unavailable` while Live is not there, `InvalidValue` for an address that is not
        for devices, `TooManyRequests` when they come faster than Live reads.
        """
        ...
