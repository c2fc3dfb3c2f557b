"""Lines in Live's Log.txt: what happened, never more than one of a kind in ten seconds."""

from __future__ import annotations

import logging
import time

_LIVE_LOG = logging.getLogger("MuseAroo")
_EVERY_SECONDS = 10.0
_KINDS = 64
_last: dict[str, float] = {}


def note(kind: str, text: str = "") -> None:
    """Write a line, unless one of this kind was written a moment ago."""
    now = time.monotonic()
    if now - _last.get(kind, -_EVERY_SECONDS) < _EVERY_SECONDS:
        return
    if len(_last) >= _KINDS:
        _last.clear()
    _last[kind] = now
    _LIVE_LOG.info("MuseAroo: %s %s", kind, text)


def fault(kind: str) -> None:
    """Write a line with the exception that is being handled."""
    now = time.monotonic()
    if now - _last.get(kind, -_EVERY_SECONDS) >= _EVERY_SECONDS:
        _last[kind] = now
        _LIVE_LOG.exception("MuseAroo: %s", kind)
