"""Whatever the context and the knobs, melody and harmony play, and play in range."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musearoo.domain.context import EngineContext, Groove, Section
from musearoo.domain.engine import EngineDescription
from musearoo.domain.music.chord import QUALITIES, Chord, ChordSpan
from musearoo.domain.music.key import SCALES, Key
from musearoo.domain.music.meter import Meter
from musearoo.domain.music.note import Note
from musearoo.domain.music.style import AUTO, STYLES
from tests.engines.pitched import ENGINES, notes_of, take

METERS = st.builds(Meter, st.integers(1, 16), st.sampled_from([1, 2, 4, 8, 16, 32]))
CHORDS = st.builds(
    Chord, st.integers(0, 11), st.sampled_from(sorted(QUALITIES)), st.none() | st.integers(0, 11)
)
PART_NAMES = st.sampled_from(["drums", "bass", "melody", "harmony", "vocals"])


@st.composite
def contexts(draw):
    meter, bars = draw(METERS), draw(st.integers(1, 6))
    length = bars * meter.bar_ticks
    edges = sorted({0, length, *draw(st.lists(st.integers(1, length), max_size=6))})
    spans = tuple(ChordSpan(start, end - start, draw(CHORDS)) for start, end in pairwise(edges))
    steps = draw(st.integers(1, 24))
    accents = draw(st.lists(st.tuples(*[st.integers(0, 1000)] * steps), max_size=2))
    first = draw(st.integers(0, bars - 1))
    notes = st.builds(
        Note, id=st.just(""), start=st.integers(0, length), length=st.integers(1, 4000),
        pitch=st.integers(0, 127), velocity=st.integers(1, 127),
    )  # fmt: skip
    return EngineContext(
        bars=bars,
        meter=meter,
        tempo_millibpm=draw(st.integers(20_000, 400_000)),
        key=Key(draw(st.integers(0, 11)), draw(st.sampled_from(sorted(SCALES)))),
        chords=spans if draw(st.booleans()) else (),
        energy=tuple(draw(st.lists(st.integers(0, 1000), max_size=3))),
        style=draw(st.sampled_from([AUTO, *STYLES])),
        groove=Groove(steps, tuple(accents), draw(st.integers(500, 750))),
        sections=tuple(draw(st.lists(st.just(Section("A", first, bars - first)), max_size=1))),
        parts=draw(st.dictionaries(PART_NAMES, st.lists(notes, max_size=5).map(tuple), max_size=3)),
    )


def settings_of(description: EngineDescription):
    """Any value each knob takes."""
    kinds = {
        "number": lambda spec: st.floats(spec.minimum, spec.maximum),
        "integer": lambda spec: st.integers(int(spec.minimum), int(spec.maximum)),
        "choice": lambda spec: st.sampled_from(spec.choices),
        "boolean": lambda _: st.booleans(),
    }
    return st.fixed_dictionaries(
        {}, optional={spec.name: kinds[spec.kind](spec) for spec in description.parameters}
    )


@pytest.mark.parametrize(("name", "low", "high"), [("melodyroo", 36, 100), ("harmonyroo", 48, 84)])
@settings(max_examples=40)
@given(data=st.data())
def test_any_context_any_knobs(name, low, high, data):
    """No refusal, no note outside its bar's start, the range or MIDI's values."""
    context = data.draw(contexts())
    parameters = data.draw(settings_of(ENGINES[name].description))
    bars = take(name, context, data.draw(st.integers(0, 2**53 - 1)), **parameters)
    assert len(bars) == context.bars
    for note in notes_of(bars):
        assert low <= note.pitch <= high
        assert 1 <= note.velocity <= 127
        assert note.length >= 1
        assert 0 <= note.start < context.length
        assert abs(note.offset_us) <= 100_000
