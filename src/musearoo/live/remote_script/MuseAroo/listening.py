"""Listeners on Live's objects, remembered so that each can be taken off again.

A listener may be called while Live is in the middle of a change, where nothing may be read
or written: what is put on here must only make a note of it.
"""

from __future__ import annotations

from typing import Any, Callable

from .journal import fault


class Listeners:
    """The listeners on one object, or on a few that belong together."""

    def __init__(self) -> None:
        self._held: list[tuple[Any, str, Callable[[], None]]] = []

    def add(self, thing: Any, what: str, heard: Callable[[], None]) -> None:
        """Call `heard` when that property changes; an object without it is left alone."""
        attach = getattr(thing, f"add_{what}_listener", None)
        if attach is None:
            return
        try:
            attach(heard)
        except Exception:  # noqa: BLE001  (Live's bindings raise what they like)
            fault("live.listener_refused")
        else:
            self._held.append((thing, what, heard))

    def release(self) -> None:
        """Take every listener off; those of objects that are gone went with them."""
        held, self._held = self._held, []
        for thing, what, heard in held:
            try:
                if getattr(thing, f"{what}_has_listener")(heard):
                    getattr(thing, f"remove_{what}_listener")(heard)
            except Exception:  # noqa: BLE001, PERF203, S110  (a dead object raises)
                pass
