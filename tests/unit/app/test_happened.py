"""Events in words: short, with numbers as people write them, whatever the event."""

import pytest

from musearoo.app.cli.happened import in_words
from musearoo.domain.events import (
    ChatSent,
    ClockSourceSet,
    ControlMapped,
    Event,
    GenerationCompleted,
    Landing,
    ParameterSet,
    Sequenced,
    TakeBar,
    TakeSelected,
    TempoSet,
    TransportChanged,
)
from musearoo.domain.ids import GenerationId, SessionId, TakeId
from musearoo.domain.music.note import Note
from musearoo.domain.music.tempo_map import TempoMap

KICK = Note(id="n", start=0, length=240, pitch=36, velocity=110)
LANDING = Landing(9, 1.0, 100.0)


def told(event: Event) -> str:
    return in_words(
        Sequenced(
            session=SessionId("s"), seq=1, epoch="e", at=0.0, user=None, cause=None, event=event
        )
    )


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (ParameterSet(path="drums/complexity", value=0.881437), "drums/complexity 0.881"),
        (
            ParameterSet(path="bass/style", value="funk", lands_at=LANDING),
            "bass/style funk, from bar 9 beat 2",
        ),
        (ParameterSet(path="drums/fills", value=None), "drums/fills back at its default"),
        (TempoSet(tempo_map=TempoMap.constant(96.0)), "tempo 96"),
        (TransportChanged(playing=True, tick=3840, since=1.0), "plays from beat 5"),
        (TransportChanged(playing=False, tick=0, since=1.0), "stands at beat 1"),
        (
            TakeBar(
                generation_id=GenerationId("g"), take_id=TakeId("t"), part="drums", bar=3,
                notes=(KICK, KICK),
            ),
            "drums: bar 3, 2 notes",
        ),
        (
            GenerationCompleted(
                generation_id=GenerationId("g"), take_id=TakeId("t"), engine="drummaroo",
                part="drums", confidence=0.8712, generation_time_ms=31,
            ),
            "drums: done in 31 ms, confidence 0.87, take t",
        ),
        (TakeSelected(part="bass", engine="bassaroo", take_id=None), "bass: plays nothing"),
        (ChatSent(text="@bar 4 louder"), '"@bar 4 louder"'),
        (ClockSourceSet(source="live"), "time comes from live"),
    ],
)  # fmt: skip
def test_what_a_person_reads(event: Event, words: str):
    assert words == told(event)


def test_an_event_without_words_is_told_by_name_and_facts():
    mapped = told(ControlMapped(channel=1, number=7, path="drums/complexity"))
    assert "drums/complexity" in mapped
    assert mapped.startswith("control_mapped ")
