"""The reducer: what each event changes, and that a log gives the same state twice."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from musearoo.domain.context import Groove, Section
from musearoo.domain.events import (
    ChordsSet,
    ContextAdopted,
    Event,
    FeelSet,
    FormSet,
    GenerationCompleted,
    History,
    KeySet,
    LocksSet,
    MeterSet,
    NotesEdited,
    ParameterSet,
    Sequenced,
    StyleSet,
    TakeCommitted,
    TakeSelected,
    TempoSet,
    TransportChanged,
)
from musearoo.domain.ids import GenerationId, SessionId, TakeId, UserId
from musearoo.domain.music.chord import Chord, ChordSpan
from musearoo.domain.music.key import Key
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.tempo_map import TempoMap
from musearoo.domain.session.reducer import apply, inverse_of, paths_of
from musearoo.domain.session.state import PartState, SessionState

ADA = UserId("ada")
SPANS = (ChordSpan(0, 3840, Chord(9, "min")),)

CHANGES: tuple[Event, ...] = (
    ParameterSet(path="drums/complexity", value=0.7),
    TempoSet(tempo_map=TempoMap.constant(96)),
    KeySet(key=Key(9, "minor")),
    StyleSet(style="funk"),
    MeterSet(meter=Meter(7, 8)),
    ChordsSet(chords=SPANS),
    FormSet(bars=4, sections=(Section("A", 0, 4),)),
    FeelSet(groove=Groove(16, ((1000,) * 16,), 667), energy=(500,)),
    ContextAdopted(
        analysis_id=None,
        tempo_map=TempoMap.constant(80),
        meter=Meter(3, 4),
        key=Key(5),
        style="jazz",
        bars=12,
        chords=SPANS,
        sections=(),
        groove=Groove(),
        energy=(1, 2),
    ),
    GenerationCompleted(
        generation_id=GenerationId("g"),
        take_id=TakeId("t1"),
        engine="drummaroo",
        part="drums",
        confidence=0.9,
        generation_time_ms=4,
    ),
    TakeSelected(part="drums", engine="drummaroo", take_id=TakeId("t2")),
    TakeCommitted(part="drums", take_id=TakeId("t2")),
    NotesEdited(part="drums", take_id=TakeId("t3"), parent_take=TakeId("t2"), put=(), removed=()),
    LocksSet(part="drums", bars=(1, 2), voices=("kick",)),
)


def sequenced(
    event: Event, seq: int, user: UserId | None = ADA, history: History = "do"
) -> Sequenced:
    return Sequenced(
        session=SessionId("s"),
        seq=seq,
        epoch="e",
        at=0.0,
        user=user,
        cause=None,
        event=event,
        history=history,
    )


def music_of(state: SessionState) -> SessionState:
    """The state without what only undo looks at, and without what was heard before."""
    fields = {name: getattr(state, name) for name in SessionState.__struct_fields__}
    parts = {name: replace(part, before=None) for name, part in state.parts.items()}
    return SessionState(**{**fields, "versions": {}, "steps": {}, "parts": parts})


class TestEachEvent:
    def test_parameter_is_kept_by_path_and_none_removes_it(self) -> None:
        """A parameter is the latest value of its path."""
        state = apply(SessionState(), sequenced(CHANGES[0], 1))
        assert state.parameters == {"drums/complexity": 0.7}
        gone = ParameterSet(path="drums/complexity", value=None)
        assert apply(state, sequenced(gone, 2)).parameters == {}

    def test_completed_generation_selects_its_take(self) -> None:
        """The take of a finished generation plays in its part."""
        state = apply(SessionState(), sequenced(CHANGES[9], 1))
        assert state.parts == {"drums": PartState("drummaroo", selected=TakeId("t1"))}

    def test_adoption_sets_the_whole_context(self) -> None:
        """An adopted analysis replaces tempo, meter, key, style, bars and chords."""
        state = apply(SessionState(), sequenced(CHANGES[8], 1))
        assert (state.tempo_map.bpm, state.meter.name, state.key.name) == (80, "3/4", "F major")
        assert (state.style, state.bars, state.chords, state.energy) == ("jazz", 12, SPANS, (1, 2))

    def test_transport_moves_with_the_clock(self) -> None:
        """A rolling transport is where the tempo map says it is."""
        event = TransportChanged(playing=True, tick=960, since=100.0)
        state = apply(SessionState(), sequenced(event, 1))
        assert state.tick_at(101.0) == 960 + 2 * 960
        assert state.steps == {}

    def test_loop_folds_the_position_back(self) -> None:
        """A loop of one bar repeats its bar."""
        event = TransportChanged(playing=True, tick=0, since=0.0, loop=(0, 3840))
        state = apply(SessionState(), sequenced(event, 1))
        assert state.tick_at(2.25) == 480


class TestInverse:
    def test_every_event_with_paths_has_an_inverse_that_restores_the_music(self) -> None:
        """Applying a change and its inverse leaves the music as it was."""
        state = SessionState()
        for number, event in enumerate(CHANGES):
            before = state
            state = apply(before, sequenced(event, 2 * number + 1))
            assert music_of(state) != music_of(before), event
            back = apply(state, sequenced(inverse_of(before, event), 2 * number + 2, None))
            restored = music_of(back)
            if event is CHANGES[9]:  # the part itself stays known
                assert restored.parts["drums"].selected is None
            else:
                assert restored == music_of(before)

    def test_paths_name_what_can_be_taken_back(self) -> None:
        """Every change names a path; transport does not."""
        assert all(paths_of(event) for event in CHANGES)
        assert paths_of(TransportChanged(playing=True, tick=0, since=0.0)) == ()


class TestFold:
    @given(st.lists(st.sampled_from(CHANGES), max_size=30))
    def test_the_same_log_gives_the_same_state(self, log: list[Event]) -> None:
        """State is a fold of the events: twice the same."""
        one = two = SessionState()
        for number, event in enumerate(log, 1):
            one = apply(one, sequenced(event, number))
        for number, event in enumerate(log, 1):
            two = apply(two, sequenced(event, number))
        assert one == two
