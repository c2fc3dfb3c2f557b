"""Whatever the context and the controls, drums and bass play what drums and bass can play."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from musearoo.domain.music.note import checked
from musearoo.engines.bassaroo.settings import HIGHEST, LOWEST
from tests.engines.takes import ENGINES, feet_can, notes_of, take, two_hands_can
from tests.engines.test_pitched_anywhere import contexts, settings_of

SEEDS = st.integers(0, 2**53 - 1)


@settings(max_examples=60)
@given(data=st.data())
def test_drums_fit_two_hands_and_two_feet(data):
    """Any meter, tempo, form, riff: strokes lie in their bars, and a drummer can reach them."""
    context = data.draw(contexts())
    parameters = data.draw(settings_of(ENGINES["drummaroo"].description))
    bars = take("drummaroo", context, data.draw(SEEDS), **parameters)
    length = context.meter.bar_ticks
    assert len(bars) == context.bars
    assert all(checked(n).start // length == bar.index for bar in bars for n in bar.notes)
    assert two_hands_can(notes_of(bars), context)
    assert feet_can(notes_of(bars))


@settings(max_examples=60)
@given(data=st.data())
def test_bass_is_one_line_in_range(data):
    """Any chords at any tick, any drums: one note at a time, E1 to G4, inside its bar."""
    context = data.draw(contexts())
    parameters = data.draw(settings_of(ENGINES["bassaroo"].description))
    bars = take("bassaroo", context, data.draw(SEEDS), **parameters)
    length = context.meter.bar_ticks
    for bar in bars:
        for note in bar.notes:
            assert LOWEST <= checked(note).pitch <= HIGHEST
            assert bar.index * length <= note.start < note.end <= (bar.index + 1) * length
    assert all(a.end <= b.start for a, b in pairwise(notes_of(bars)))
