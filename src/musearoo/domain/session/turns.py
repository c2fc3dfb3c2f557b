"""Parameters that were turned, one after the other: nearly all that happens in a session."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from musearoo.domain.events import ParameterSet, Sequenced
from musearoo.domain.ids import UserId
from musearoo.domain.session.state import SessionState, Step, Steps

MAXIMUM_STEPS: Final = 100


def is_turn(sequenced: Sequenced) -> bool:
    """Whether an event is one of these: a parameter that was set for its own sake."""
    return type(sequenced.event) is ParameterSet and sequenced.history == "do"


def turned(state: SessionState, turns: Sequence[Sequenced]) -> SessionState:
    """The state after turns alone: only parameters, versions and steps become others.

    It gives what applying one event after the other gives, and copies what it changes once.
    """
    parameters, versions = state.parameters.copy(), state.versions.copy()
    done: dict[UserId, list[Step]] = {}
    for sequenced in turns:
        event: ParameterSet = sequenced.event  # type: ignore[assignment]  # see `is_turn`
        path = event.path
        replaced, before = parameters.get(path), versions.get(path, 0)
        if event.value is None:
            parameters.pop(path, None)
        else:
            parameters[path] = event.value
        versions[path] = sequenced.seq
        user = sequenced.user
        if user is None:
            continue
        steps = done.get(user)
        if steps is None:
            known = state.steps.get(user)
            steps = done[user] = list(known.done) if known is not None else []
        if steps and _continues(steps[-1], event):
            # One drag of a knob is one step: keep the value from before the drag.
            first = steps[-1]
            steps[-1] = Step(sequenced.seq, first.before, first.inverse, first.gesture)
        else:
            inverse = ParameterSet(path=path, value=replaced)
            steps.append(Step(sequenced.seq, {path: before}, inverse, event.gesture))
    kept = {user: Steps(tuple(steps[-MAXIMUM_STEPS:])) for user, steps in done.items()}
    return replace(state, parameters=parameters, versions=versions, steps={**state.steps, **kept})


def _continues(latest: Step, event: ParameterSet) -> bool:
    """Whether a change belongs to the gesture of the step before it."""
    return bool(
        event.gesture
        and latest.gesture == event.gesture
        and len(latest.before) == 1
        and event.path in latest.before
    )
