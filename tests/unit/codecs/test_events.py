"""Session events and states on the wire."""

import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.codecs.events import (
    EVENT_TYPES,
    PLAIN,
    encode_event,
    envelope,
    event_data,
    musical_context,
    name_of,
    snapshot,
)
from musearoo.domain.context import Groove, Section
from musearoo.domain.events import (
    ChordsSet,
    ContextAdopted,
    Event,
    FeelSet,
    FormSet,
    GenerationAccepted,
    GenerationCompleted,
    GenerationFailed,
    KeySet,
    Landing,
    MeterSet,
    NothingToUndo,
    ParameterSet,
    Sequenced,
    StyleSet,
    TakeBar,
    TempoSet,
    TransportChanged,
)
from musearoo.domain.ids import AnalysisId, GenerationId, SessionId, TakeId, UserId
from musearoo.domain.music.chord import Chord, ChordSpan
from musearoo.domain.music.key import Key
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.note import Note
from musearoo.domain.music.tempo_map import TempoMap
from musearoo.domain.session.reducer import apply
from musearoo.domain.session.state import SessionState

NOTE = Note(id="n1", start=0, length=480, pitch=36, velocity=100, offset_us=-900, voice="kick")
A_MINOR = Key(9, "minor")


def sequenced(event: Event, **changes: Any) -> Sequenced:
    fields: dict[str, Any] = {
        "session": SessionId("s"),
        "seq": 7,
        "epoch": "e",
        "at": 1_700_000_000.5,
        "user": UserId("u"),
        "cause": "c-1",
        "event": event,
    }
    return Sequenced(**{**fields, **changes})


def written(event: Event) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(encode_event(sequenced(event)))
    return decoded


def test_the_envelope_says_who_when_where_and_why() -> None:
    """The founding document's fields, then our seq, epoch and cause."""
    assert written(ParameterSet(path="drums/complexity", value=0.7)) == {
        "type": "parameter_change",
        "session_id": "s",
        "user_id": "u",
        "timestamp": 1_700_000_000.5,
        "data": {"path": "drums/complexity", "value": 0.7, "gesture": None, "lands_at": None},
        "seq": 7,
        "epoch": "e",
        "cause": "c-1",
    }


@pytest.mark.parametrize(
    ("event", "type_"),
    [
        (ParameterSet(path="bass/style", value="funk"), "parameter_change"),
        (TempoSet(tempo_map=TempoMap.constant(96)), "tempo_change"),
        (
            GenerationAccepted(
                generation_id=GenerationId("g"),
                take_id=TakeId("t"),
                engine="drummaroo",
                part="drums",
                bars=8,
                parameters={},
            ),
            "generation_request",
        ),
        (
            TakeBar(
                generation_id=GenerationId("g"),
                take_id=TakeId("t"),
                part="drums",
                bar=1,
                notes=(NOTE,),
            ),
            "take_bar",
        ),
        (
            GenerationCompleted(
                generation_id=GenerationId("g"),
                take_id=TakeId("t"),
                engine="drummaroo",
                part="drums",
                confidence=0.9,
                generation_time_ms=12,
            ),
            "generation_complete",
        ),
        (
            GenerationFailed(
                generation_id=GenerationId("g"), part="drums", code="conflict", detail="no"
            ),
            "generation_error",
        ),
    ],
)
def test_founding_types_keep_their_names(event: Event, type_: str) -> None:
    """Where the founding document has a type, that type is used."""
    assert written(event)["type"] == type_
    assert "name" not in written(event)["data"]


@pytest.mark.parametrize(
    ("event", "data"),
    [
        (KeySet(key=A_MINOR), {"name": "key_set", "key": "A minor"}),
        (StyleSet(style="funk"), {"name": "style_set", "style": "funk"}),
        (MeterSet(meter=Meter.parse("6/8")), {"name": "meter_set", "time_signature": "6/8"}),
        (
            MeterSet(meter=Meter.parse("7/8 3+2+2")),
            {"name": "meter_set", "time_signature": "7/8", "grouping": [3, 2, 2]},
        ),
        (
            ChordsSet(chords=(ChordSpan(0, 3840, Chord(9, "min7", 0)),)),
            {
                "name": "chords_set",
                "chords": [{"start": 0, "length": 3840, "chord": "A:min7/C"}],
            },
        ),
        (
            FormSet(bars=8, sections=(Section("A", 0, 8),)),
            {
                "name": "form_set",
                "bars": 8,
                "sections": [{"label": "A", "first_bar": 0, "bars": 8}],
            },
        ),
        (
            FeelSet(groove=Groove(), energy=(500,)),
            {
                "name": "feel_set",
                "groove": {"steps_per_bar": 16, "accents": [], "swing": 500},
                "energy": [500],
            },
        ),
        (
            TransportChanged(playing=True, tick=960, since=1.0, loop=(0, 3840)),
            {
                "name": "transport_changed",
                "playing": True,
                "tick": 960,
                "since": 1.0,
                "loop": [0, 3840],
                "panic": False,
            },
        ),
        (
            NothingToUndo(conflicts=("drums/take",)),
            {"name": "undo_skipped", "conflicts": ["drums/take"]},
        ),
    ],
)
def test_others_are_events_with_a_name(event: Event, data: dict[str, Any]) -> None:
    """Everything else is an `event` whose data begins with its name."""
    assert written(event)["type"] == "event"
    assert written(event)["data"] == data


def test_notes_are_written_as_the_contract_has_them() -> None:
    """Ticks of 1/960, microseconds beside them, no conversion."""
    bar = TakeBar(
        generation_id=GenerationId("g"), take_id=TakeId("t"), part="drums", bar=2, notes=(NOTE,)
    )
    assert written(bar)["data"]["notes"] == [
        {
            "id": "n1",
            "start": 0,
            "length": 480,
            "pitch": 36,
            "velocity": 100,
            "offset_us": -900,
            "voice": "kick",
            "articulation": None,
        }
    ]


def test_an_adopted_context_is_spelled_in_its_own_key() -> None:
    """Flat keys write flat chords."""
    context = ContextAdopted(
        analysis_id=AnalysisId("a"),
        tempo_map=TempoMap.constant(80, 0.25),
        meter=Meter(),
        key=Key.parse("Eb major"),
        style="soul",
        bars=4,
        chords=(ChordSpan(0, 3840, Chord(10, "7")),),
        sections=(),
        groove=Groove(),
        energy=(),
    )
    data = written(context)["data"]
    assert (data["name"], data["key"], data["tempo"]) == ("context_adopted", "Eb major", 80)
    assert data["chords"] == [{"start": 0, "length": 3840, "chord": "Bb:7"}]
    assert data["tempo_map"]["origin_seconds"] == 0.25


def test_undo_is_told_from_a_change_of_its_own() -> None:
    """`history` is written when it is not the usual."""
    event = KeySet(key=A_MINOR)
    assert "history" not in written(event)
    assert envelope(sequenced(event, history="undo")).history == "undo"


def test_every_event_is_written_on_purpose() -> None:
    """A new event must be given a form here, if only its plain fields."""
    special = {TempoSet, KeySet, MeterSet, ChordsSet, ContextAdopted}
    assert special | set(PLAIN) == set(get_args(Event))
    assert len({name_of(event) for event in (KeySet(key=A_MINOR), StyleSet(style="x"))}) == 2
    assert "event" in EVENT_TYPES


def test_data_is_plain_json() -> None:
    """Decoded and encoded again it is the same."""
    data = event_data(TempoSet(tempo_map=TempoMap.constant(96)))
    assert msgspec.json.decode(msgspec.json.encode(data)) == {
        "tempo": 96,
        "tempo_map": {"changes": [{"tick": 0, "bpm": 96}], "origin_seconds": 0},
    }


class TestSnapshot:
    def test_a_new_session(self) -> None:
        """Usual values, standing transport, nothing to undo."""
        state = snapshot(SessionState(), 0.0)
        assert (state["tempo"], state["key"], state["time_signature"]) == (120, "C major", "4/4")
        assert state["transport"]["position"] == 0
        assert state["undo"] == {}

    def test_it_follows_the_transport(self) -> None:
        """`position` is where the transport is now."""
        event = TransportChanged(playing=True, tick=0, since=100.0)
        state = apply(SessionState(), sequenced(event))
        assert snapshot(state, 101.0)["transport"]["position"] == 2 * 960

    def test_it_counts_what_each_can_undo(self) -> None:
        """Steps are counted, not told."""
        state = apply(SessionState(), sequenced(KeySet(key=A_MINOR)))
        assert snapshot(state, 0.0)["undo"] == {"u": {"undo": 1, "redo": 0}}

    @given(st.integers(20, 400), st.sampled_from(["A minor", "F# dorian", "Bb major"]))
    def test_it_always_encodes(self, bpm: int, key: str) -> None:
        """Whatever was set, the snapshot is JSON."""
        state = apply(SessionState(), sequenced(TempoSet(tempo_map=TempoMap.constant(bpm))))
        state = apply(state, sequenced(KeySet(key=Key.parse(key)), seq=8))
        decoded = json.loads(msgspec.json.encode(snapshot(state, 5.0)))
        assert (decoded["tempo"], decoded["key"]) == (bpm, key)


class TestMusicalContext:
    def test_it_is_none_until_something_is_set(self) -> None:
        """A parameter of a part is no musical context."""
        knob = ParameterSet(path="drums/complexity", value=0.1)
        assert musical_context(SessionState()) is None
        assert musical_context(apply(SessionState(), sequenced(knob))) is None

    def test_it_is_short(self) -> None:
        """Tempo, key, meter, style and form in a few words."""
        context = musical_context(apply(SessionState(), sequenced(KeySet(key=A_MINOR))))
        assert context == {
            "tempo": 120,
            "key": "A minor",
            "time_signature": "4/4",
            "style": "auto",
            "bars": 8,
            "chords": [],
            "sections": [],
            "analysis_id": None,
        }


def test_landings_are_written_field_by_field() -> None:
    """`lands_at` has bar, beat and the server's time."""
    event = ParameterSet(path="drums/fills", value=1, lands_at=Landing(3, 0.0, 12.5))
    assert written(event)["data"]["lands_at"] == {
        "bar": 3, "beat": 0.0, "server_time": 12.5, "late": False,
    }  # fmt: skip
