"""Takes as clips: what Live can hold, and names by which they are known again."""

from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.domain.ids import TakeId
from musearoo.domain.music.key import SCALES, Key
from musearoo.domain.music.note import Note
from musearoo.live.clips import SHORTEST, clip_name, find, live_notes, read_name, spare_name
from musearoo.live.link import LiveTrack, Mirror, Place
from musearoo.live.scales import key_of, scale_of

NOTES = st.lists(
    st.builds(
        Note,
        id=st.just("n"),
        start=st.integers(0, 20_000),
        length=st.integers(1, 4_000),
        pitch=st.integers(30, 34),
        velocity=st.integers(1, 127),
        offset_us=st.integers(-500_000, 500_000),
    ),
    max_size=60,
)
TAKE = TakeId("0199d3c0-2222-7000-8000-00000000abcd")


@given(NOTES, st.floats(20, 400))
def test_nothing_overlaps_on_a_pitch(notes: list[Note], bpm: float) -> None:
    """Of one pitch every note ends before the next begins, and none is shorter than allowed."""
    found = live_notes(tuple(notes), bpm)
    by_pitch = sorted(found, key=lambda note: (note.pitch, note.start))
    for _, group in groupby(by_pitch, key=lambda note: note.pitch):
        for one, other in pairwise(list(group)):
            assert one.start + one.length <= other.start + 1e-9
    assert all(note.start >= 0 and note.length >= SHORTEST - 1e-9 for note in found)
    assert {note.pitch for note in found} == {note.pitch for note in notes}


def test_microtiming_goes_with_the_tempo() -> None:
    """50 ms late at 120 bpm is a tenth of a quarter note."""
    note = Note(id="a", start=960, length=480, pitch=36, velocity=99, offset_us=50_000)
    (found,) = live_notes((note,), 120.0)
    assert (found.start, found.velocity) == (1.1, 99.0)
    assert found.length == pytest.approx(0.5)


def test_names() -> None:
    """A clip's name tells part and take; other names are not ours."""
    name = clip_name("drums", TAKE)
    assert name == "MuseAroo drums 0000abcd"
    assert read_name(name) == ("drums", "0000abcd")
    for other in (None, "", "Riff", spare_name("drums"), f"{name} copy", "MuseAroo drums"):
        assert read_name(other) is None
    tracks = (LiveTrack(name="a"), LiveTrack(name="b", clips=(None, name)))
    assert find(Mirror(tracks=tracks), name) == Place(1, 1)
    assert find(Mirror(tracks=tracks), "other") is None


@pytest.mark.parametrize("mode", SCALES)
def test_every_mode_has_a_scale_in_live(mode: str) -> None:
    """Each of our modes goes to Live and comes back as itself."""
    key = Key(7, mode)
    assert key_of(*scale_of(key)) == key


def test_scales_that_only_live_has() -> None:
    """They are no key of ours, and are left alone."""
    assert key_of(0, "Pelog Selisir") is None
