"""Notes that people play now, carried from door to door: lossy, not in the log, not stored."""

from collections.abc import Callable

import msgspec

from musearoo.domain.ids import SessionId


class LiveNote(msgspec.Struct, frozen=True):
    """A key went down, or up with a velocity of 0. `channel` is 1 to 16.

    `ticks` (1/960 quarter) is how long a note of known length sounds; None: until its key goes up.
    """

    channel: int
    pitch: int
    velocity: int
    ticks: int | None = None


Heard = Callable[[LiveNote, object], None]


class LiveNotes:
    """Hands notes to everyone who listens to a session; `by` is who played, and who brings it.

    Whoever may play is the door's to check, with the gate.
    """

    def __init__(self) -> None:
        self._listeners: dict[SessionId, tuple[Heard, ...]] = {}

    def play(self, session: SessionId, note: LiveNote, *, by: object) -> None:
        """Tell everyone who listens."""
        for heard in self._listeners.get(session, ()):
            heard(note, by)

    def listen(self, session: SessionId, heard: Heard) -> Callable[[], None]:
        """Hear the notes of a session; answers the function that ends it."""
        self._listeners[session] = (*self._listeners.get(session, ()), heard)

        def end() -> None:
            left = tuple(each for each in self._listeners.get(session, ()) if each != heard)
            if left:
                self._listeners[session] = left
            else:
                self._listeners.pop(session, None)

        return end
