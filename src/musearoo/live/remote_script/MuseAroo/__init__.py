"""MuseAroo as a control surface of Ableton Live 11 and 12.

Live embeds Python 3.7 or later and gives a script its main thread: standard library only, no
thread, no waiting.
"""

from __future__ import annotations

from typing import Any


def create_instance(c_instance: Any) -> Any:
    """Make the control surface; Live calls this when the script is chosen in its settings."""
    from .surface import Surface  # noqa: PLC0415  (imports modules that exist only inside Live)

    return Surface(c_instance)
