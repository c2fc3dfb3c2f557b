"""Undo per actor: takes back one's own latest change, never what others changed since."""

from musearoo.domain.errors import Conflict
from musearoo.domain.events import Event, History, NothingToUndo
from musearoo.domain.ids import UserId
from musearoo.domain.session.state import SessionState, Step, Steps


def undone(state: SessionState, user: UserId, direction: History) -> Event:
    """The event that takes back (or redo) the actor's latest step.

    A step whose path somebody else changed since is dropped and named in
    `NothingToUndo`; raises `Conflict` when there is nothing at all.
    """
    steps = state.steps.get(user, Steps())
    stack = steps.done if direction == "undo" else steps.undone
    if not stack:
        raise Conflict(f"You have nothing to {direction} in this session.")
    conflicts = _changed_since(state, stack[-1], direction)
    return NothingToUndo(conflicts=conflicts) if conflicts else stack[-1].inverse


def _changed_since(state: SessionState, step: Step, direction: History) -> tuple[str, ...]:
    return tuple(
        path
        for path, before in step.before.items()
        if state.versions.get(path, 0) != (step.version if direction == "undo" else before)
    )
