"""A request to stop, which running work can see."""

from collections.abc import Callable


class CancelFlag:
    """Implements `ports.work.Cancel`."""

    def __init__(self) -> None:
        self._requested = False
        self._callbacks: list[Callable[[], None]] = []

    @property
    def requested(self) -> bool:
        """Whether somebody asked to stop."""
        return self._requested

    def on_request(self, callback: Callable[[], None]) -> None:
        """Call `callback` when asked to stop, at once if that has happened."""
        if self._requested:
            callback()
        else:
            self._callbacks.append(callback)

    def request(self) -> None:
        """Ask to stop."""
        self._requested = True
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()
