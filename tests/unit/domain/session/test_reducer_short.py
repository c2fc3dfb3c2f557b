"""The short way of a parameter through the reducer gives what the long way gives."""

import random
from contextlib import suppress

import pytest
from msgspec.structs import replace

from musearoo.conductor.values import pack
from musearoo.domain.errors import Conflict
from musearoo.domain.events import Event, History, ParameterSet, Sequenced, StyleSet
from musearoo.domain.ids import SessionId, UserId
from musearoo.domain.session import reducer
from musearoo.domain.session.reducer import apply
from musearoo.domain.session.state import SessionState
from musearoo.domain.session.turns import turned
from musearoo.domain.session.undo import undone


def the_long_way(state: SessionState, sequenced: Sequenced) -> SessionState:
    versions, steps = reducer._remembered(state, sequenced, reducer.paths_of(sequenced.event))
    return replace(reducer._changed(state, sequenced.event), versions=versions, steps=steps)


@pytest.mark.parametrize("seed", range(20))
def test_random_sequences_of_changes_undo_and_redo(seed: int):
    """Three users, few paths, gestures that interleave, more steps than are kept."""
    chance = random.Random(seed)
    state = SessionState()
    for seq in range(1, 400):
        user = chance.choice([UserId("a"), UserId("b"), None])
        event: Event = chance_event(chance)
        history: History = "do"
        if user is not None and chance.random() < 0.2:
            direction: History = "undo" if chance.random() < 0.5 else "redo"
            with suppress(Conflict):  # nothing there to take back
                event, history = undone(state, user, direction), direction
        sequenced = at(seq, user, event, history)
        after = apply(state, sequenced)
        if isinstance(event, ParameterSet):
            assert after == the_long_way(state, sequenced)
            assert list(after.parameters) == list(the_long_way(state, sequenced).parameters)
        state = after


@pytest.mark.parametrize("seed", range(20))
def test_many_turns_at_once_give_what_one_after_the_other_gives(seed: int):
    """Runs of any length, from a state in which something happened: the same value and bytes."""
    chance = random.Random(seed)
    slow, seq = SessionState(), 0
    quick = slow
    for _ in range(20):
        turns = [turn(chance, seq + n) for n in range(1, chance.choice([1, 2, 7, 150]) + 1)]
        seq += len(turns)
        for each in turns:
            slow = the_long_way(slow, each)
        quick = turned(quick, turns)
        assert quick == slow
        assert pack(quick) == pack(slow)
        assert list(quick.parameters) == list(slow.parameters)
        seq += 1
        slow = apply(slow, at(seq, UserId("a"), StyleSet(style=f"s{seq}")))
        quick = apply(quick, at(seq, UserId("a"), StyleSet(style=f"s{seq}")))


def turn(chance: random.Random, seq: int) -> Sequenced:
    event = chance_event(chance)
    while not isinstance(event, ParameterSet):
        event = chance_event(chance)
    return at(seq, chance.choice([UserId("a"), UserId("b"), None]), event)


def at(seq: int, user: UserId | None, event: Event, history: History = "do") -> Sequenced:
    return Sequenced(
        session=SessionId("s"), seq=seq, epoch="e", at=0.0, user=user, cause=None,
        event=event, history=history,
    )  # fmt: skip


def chance_event(chance: random.Random) -> ParameterSet | StyleSet:
    if chance.random() < 0.05:
        return StyleSet(style=chance.choice(["funk", "jazz"]))
    return ParameterSet(
        path=chance.choice(["drums/swing", "drums/intensity", "bass/drive"]),
        value=chance.choice([None, 0.5, 1.0, "much", True]),
        gesture=chance.choice([None, None, "g", "h"]),
    )
