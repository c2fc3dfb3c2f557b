"""Lines in Live's Log.txt: what happened, never more than one of a kind in ten seconds."""

from __future__ import annotations

import logging
import time
import traceback
from typing import Any, Callable

_EVERY_SECONDS = 10.0
_KINDS = 64
_last: dict[str, float] = {}


def _to_logging(line: str) -> None:
    logging.getLogger("MuseAroo").info("%s", line)


_write: Callable[[str], Any] = _to_logging


def write_by(write: Callable[[str], Any] | None) -> None:
    """Write by this from now on, such as the method that Live gives a script for it."""
    global _write  # noqa: PLW0603  (there is one log)
    _write = write or _to_logging
    _last.clear()


def note(kind: str, text: str = "") -> None:
    """Write a line, unless one of this kind was written a moment ago."""
    now = time.monotonic()
    if now - _last.get(kind, -_EVERY_SECONDS) < _EVERY_SECONDS:
        return
    if len(_last) >= _KINDS:
        _last.clear()
    _last[kind] = now
    _write(f"MuseAroo: {kind} {text}")


def fault(kind: str) -> None:
    """Write a line with the exception that is being handled."""
    note(kind, traceback.format_exc())
