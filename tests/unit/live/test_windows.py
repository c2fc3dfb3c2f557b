"""Note windows: nothing is left out, nothing is in two, a wrong answer is not taken for right."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from musearoo.codecs.osc import Double, encode
from musearoo.live.link import LiveNote, Place, float32
from musearoo.live.windows import BEGINNING, END, MAXIMUM_NOTES, NEAR, windows

NOTES = st.lists(
    st.builds(
        LiveNote,
        pitch=st.integers(0, 127),
        start=st.integers(0, 960 * 400).map(lambda tick: tick / 960),
        length=st.floats(0.02, 8),
        velocity=st.integers(1, 127).map(float),
        mute=st.booleans(),
    ),
    max_size=300,
)
PLACE = Place(2, 5)


def answer_of(notes: tuple[LiveNote, ...]) -> list[object]:
    """What Live would read back, in 32 bits, sorted by pitch."""
    found = sorted(notes, key=lambda note: (note.pitch, note.start))
    return [
        value
        for n in found
        for value in (n.pitch, float32(n.start), float32(n.length), float32(n.velocity), n.mute)
    ]


@given(NOTES)
def test_each_note_is_in_one_window(notes: list[LiveNote]) -> None:
    """The windows follow each other without a gap, and each holds the notes that begin in it."""
    made = windows(notes)
    assert (made[0].begin, made[-1].end) == (BEGINNING, END)
    assert all(one.end == other.begin for one, other in pairwise(made))
    held = [note for window in made for note in window.notes]
    assert sorted(held, key=repr) == sorted(notes, key=repr)
    for window in made:
        for note in window.notes:
            assert window.begin < float32(note.start) < window.end


@given(NOTES)
def test_windows_are_small_unless_a_chord_is_not(notes: list[LiveNote]) -> None:
    """A window holds at most fifty notes, or one group of notes that begin together."""
    for window in windows(notes):
        spread = window.notes[-1].start - window.notes[0].start if window.notes else 0.0
        together = all(b.start - a.start <= NEAR for a, b in pairwise(window.notes))
        assert len(window.notes) <= MAXIMUM_NOTES or together, spread


@given(NOTES)
def test_the_right_answer_is_taken(notes: list[LiveNote]) -> None:
    """What Live reads back of the same notes, in 32 bits, confirms the window."""
    for window in windows(notes):
        assert window.is_read_as(answer_of(window.notes))  # type: ignore[arg-type]


@given(NOTES.filter(bool), st.data())
def test_a_wrong_answer_is_not_taken(notes: list[LiveNote], data: st.DataObject) -> None:
    """One note too few, or with another value, does not."""
    window = data.draw(st.sampled_from(windows(notes)))
    index = data.draw(st.integers(0, len(window.notes) - 1))
    note = window.notes[index]
    other = data.draw(
        st.sampled_from(
            [
                replace(note, start=note.start + 0.01),
                replace(note, length=note.length + 0.01),
                replace(note, velocity=note.velocity + 1),
                replace(note, mute=not note.mute),
            ]
        )
    )
    rest = (*window.notes[:index], *window.notes[index + 1 :])
    wrong = (*rest, other)
    assert not window.is_read_as(answer_of(rest))  # type: ignore[arg-type]
    assert not window.is_read_as(answer_of(wrong))  # type: ignore[arg-type]
    assert not window.is_read_as(["x"] * 5 * len(window.notes))


def test_a_window_is_three_messages() -> None:
    """Remove, add, read: over all 128 pitches, and triplets in 64 bits."""
    note = LiveNote(pitch=127, start=1 / 3, length=0.25)
    (window,) = windows([note])
    remove, add, read = window.messages(PLACE)
    assert remove.arguments == read.arguments == (2, 5, 0, 128, -8192.0, 16384.0)
    assert add.arguments == (2, 5, 127, 1 / 3, 0.25, 100.0, False)
    assert isinstance(add.arguments[3], Double)
    assert not isinstance(add.arguments[4], Double)
    assert b",iiidffF" in encode(add)


def test_an_empty_clip_is_one_window() -> None:
    """To clear a clip is to remove everything and read nothing."""
    (window,) = windows([])
    remove, read = window.messages(PLACE)
    assert remove.address.endswith("remove/notes")
    assert window.is_read_as(())
    assert not window.is_read_as((36, 0.0, 1.0, 100.0, False))
    assert read.address.endswith("get/notes")
