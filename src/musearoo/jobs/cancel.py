"""A cancel request that whoever runs the work can be told of."""

from collections.abc import Callable


class CancelRequest:
    """Implements `ports.work.Cancel`; `request` may come before, during or after the work."""

    def __init__(self) -> None:
        self._requested = False
        self._callbacks: list[Callable[[], None]] = []

    @property
    def requested(self) -> bool:
        """Whether it was asked for."""
        return self._requested

    def request(self) -> None:
        """Ask for it; asking twice changes nothing."""
        if self._requested:
            return
        self._requested = True
        for callback in self._callbacks:
            callback()
        self._callbacks.clear()

    def on_request(self, callback: Callable[[], None]) -> None:
        """Call `callback` when it is asked for (at once if it was)."""
        if self._requested:
            callback()
        else:
            self._callbacks.append(callback)
