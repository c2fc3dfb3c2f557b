"""Undo per actor: one's own latest change, never what others changed since."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.domain.errors import Conflict
from musearoo.domain.events import ChordsSet, History, NothingToUndo, ParameterSet, TempoSet
from musearoo.domain.ids import UserId
from musearoo.domain.music.chord import Chord, ChordSpan
from musearoo.domain.music.tempo_map import TempoMap
from musearoo.domain.session.reducer import MAXIMUM_SPANS, apply
from musearoo.domain.session.state import SessionState
from musearoo.domain.session.turns import MAXIMUM_STEPS
from musearoo.domain.session.undo import undone
from tests.unit.domain.session.test_reducer import CHANGES, sequenced

ADA, BEN = UserId("ada"), UserId("ben")
KNOB = "drums/complexity"


class Room:
    """A session that a test plays through."""

    def __init__(self) -> None:
        self.state = SessionState()
        self.seq = 0

    def turn(
        self, user: UserId, value: float, path: str = KNOB, gesture: str | None = None
    ) -> None:
        self.happen(ParameterSet(path=path, value=value, gesture=gesture), user)

    def happen(self, event: object, user: UserId, history: History = "do") -> None:
        self.seq += 1
        self.state = apply(self.state, sequenced(event, self.seq, user, history))  # type: ignore[arg-type]

    def take_back(self, user: UserId, direction: History = "undo") -> tuple[str, ...]:
        event = undone(self.state, user, direction)
        self.happen(event, user, direction)
        return event.conflicts if isinstance(event, NothingToUndo) else ()

    def value(self, path: str = KNOB) -> object:
        return self.state.parameters.get(path)


class TestOneActor:
    def test_undo_goes_back_step_by_step_and_redo_forward(self) -> None:
        """Three turns, three undos, three redos."""
        room = Room()
        for value in (0.1, 0.2, 0.3):
            room.turn(ADA, value)
        seen = []
        for direction in ("undo", "undo", "undo", "redo", "redo", "redo"):
            assert room.take_back(ADA, direction) == ()
            seen.append(room.value())
        assert seen == [0.2, 0.1, None, 0.1, 0.2, 0.3]

    def test_nothing_to_undo_is_said(self) -> None:
        """An empty history is a clear refusal, in both directions."""
        for direction in ("undo", "redo"):
            with pytest.raises(Conflict, match=f"nothing to {direction}"):
                undone(SessionState(), ADA, direction)

    def test_a_new_change_ends_what_could_be_done_again(self) -> None:
        """After an undo and a new change there is nothing to redo."""
        room = Room()
        room.turn(ADA, 0.1)
        room.take_back(ADA)
        room.turn(ADA, 0.5)
        with pytest.raises(Conflict):
            undone(room.state, ADA, "redo")

    def test_one_drag_is_one_step(self) -> None:
        """Changes of one gesture are taken back together."""
        room = Room()
        room.turn(ADA, 0.1)
        for value in (0.2, 0.3, 0.4):
            room.turn(ADA, value, gesture="drag")
        room.take_back(ADA)
        assert room.value() == 0.1

    def test_history_is_bounded(self) -> None:
        """Only the latest hundred steps are kept."""
        room = Room()
        for number in range(MAXIMUM_STEPS + 20):
            room.turn(ADA, number / 1000)
        assert len(room.state.steps[ADA].done) == MAXIMUM_STEPS

    def test_history_of_long_chord_tracks_is_bounded_too(self) -> None:
        """A hundred steps of thousands of chords would make a state of many megabytes."""
        room = Room()
        spans = tuple(ChordSpan(10 * n, 10, Chord(0, "maj")) for n in range(4_000))
        for _ in range(20):
            room.happen(ChordsSet(chords=spans), ADA)
        steps = room.state.steps[ADA].done
        held = sum(
            len(step.inverse.chords) for step in steps if isinstance(step.inverse, ChordsSet)
        )
        assert 2 <= len(steps) <= 4
        assert held <= MAXIMUM_SPANS


class TestTwoActors:
    def test_what_another_changed_since_is_left_alone(self) -> None:
        """Ada's undo skips a path that Ben changed after her, and says so."""
        room = Room()
        room.turn(ADA, 0.1)
        room.turn(BEN, 0.9)
        assert room.take_back(ADA) == (KNOB,)
        assert room.value() == 0.9

    def test_the_skipped_step_does_not_block_the_one_before(self) -> None:
        """After a skip the next undo acts on the step before."""
        room = Room()
        room.turn(ADA, 0.4, path="bass/density")
        room.turn(ADA, 0.1)
        room.turn(BEN, 0.9)
        room.take_back(ADA)
        assert room.take_back(ADA) == ()
        assert room.value("bass/density") is None

    def test_when_the_other_undoes_first_both_can(self) -> None:
        """Ben takes his change back; then Ada's own is the latest again."""
        room = Room()
        room.turn(ADA, 0.1)
        room.turn(BEN, 0.9)
        assert room.take_back(BEN) == ()
        assert room.value() == 0.1
        assert room.take_back(ADA) == ()
        assert room.value() is None

    def test_an_adopted_context_is_not_taken_back_over_a_later_tempo(self) -> None:
        """Undo of a whole context respects a tempo that somebody set since."""
        room = Room()
        room.happen(CHANGES[8], ADA)
        room.happen(TempoSet(tempo_map=TempoMap.constant(150)), BEN)
        assert room.take_back(ADA) == ("session/tempo",)
        assert room.state.tempo_map.bpm == 150


class TestAnyInterleaving:
    @given(
        st.lists(
            st.tuples(
                st.sampled_from([ADA, BEN]),
                st.sampled_from(["turn", "undo", "redo"]),
                st.sampled_from(["drums/a", "drums/b"]),
                st.integers(0, 9),
            ),
            max_size=40,
        )
    )
    def test_an_undo_never_changes_what_another_set_last(
        self, acts: list[tuple[UserId, str, str, int]]
    ) -> None:
        """Whoever's value stands, only they (or nobody) can take it back."""
        room = Room()
        authors: dict[str, list[UserId]] = {"drums/a": [], "drums/b": []}
        for index, (user, act, path, _) in enumerate(acts):
            before = dict(room.state.parameters)
            if act == "turn":
                room.turn(user, (index + 1) / 1000, path)  # each another, so that it shows
                authors[path].append(user)
                continue
            try:
                room.take_back(user, act)  # type: ignore[arg-type]
            except Conflict:
                continue
            changed = {
                each for each in authors if before.get(each) != room.state.parameters.get(each)
            }
            for each in changed:
                if act == "undo":
                    assert authors[each].pop() == user
                else:
                    authors[each].append(user)
