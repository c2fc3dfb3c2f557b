"""The control surface that Live sees."""

from __future__ import annotations

from typing import Any

import Live
from ableton.v2.control_surface import ControlSurface

from .bridge import Bridge
from .journal import fault, write_by

# Live's own rhythm for scripts is 100 ms; 10 ms is the shortest that its timer really keeps.
_INTERVAL_MS = 10


class Surface(ControlSurface):  # type: ignore[misc]  # Live has no types
    """Gives the bridge a turn each 10 ms, in which alone the set is read or written."""

    def __init__(self, c_instance: Any) -> None:
        super().__init__(c_instance)
        write_by(getattr(c_instance, "log_message", None))
        # A method in Live's older framework, a property in its newer one.
        song = self.song() if callable(self.song) else self.song
        application = Live.Application.get_application()
        version = (
            f"{application.get_major_version()}.{application.get_minor_version()}"
            f".{application.get_bugfix_version()}"
        )
        self._musearoo = Bridge(song, version, self.show_message)
        self._musearoo_timer = Live.Base.Timer(
            callback=self._musearoo_turn, interval=_INTERVAL_MS, repeat=True
        )
        self._musearoo_timer.start()

    def disconnect(self) -> None:
        """Take everything off; Live calls this when the set or the program is closed."""
        try:
            self._musearoo_timer.stop()
            self._musearoo.close()
        except Exception:  # noqa: BLE001  (Live must be able to go on)
            fault("live.disconnect_failed")
        super().disconnect()

    def _musearoo_turn(self) -> None:
        try:
            self._musearoo.turn()
        except Exception:  # noqa: BLE001  (what escapes here ends the timer for good)
            fault("live.timer_failed")
