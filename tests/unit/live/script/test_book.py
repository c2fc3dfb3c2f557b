"""The server's picture of the set: what a script's messages become, and nonsense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musearoo.codecs.osc import Message, OscRefused
from musearoo.domain.errors import Conflict
from musearoo.live.link import (
    BeatReported,
    LiveTrack,
    Place,
    PlayingReported,
    SetReported,
    SignatureReported,
    SlotPlays,
    TempoReported,
)
from musearoo.live.script.book import Book


def hear(book: Book, address: str, *values: object) -> list:
    return book.hear(Message(f"/live/{address}", values), 7.0)  # type: ignore[arg-type]


@pytest.fixture
def book() -> Book:
    """Two tracks, three scenes, one clip that plays."""
    book = Book()
    for number, name in ((10, "A"), (11, "B"), (12, "C")):
        hear(book, "scene", number, name)
    hear(book, "scenes", 10, 11, 12)
    hear(book, "track", 20, "Drums", 255, True)
    hear(book, "track", 21, "Bass", 255, False)
    hear(book, "tracks", 20, 21)
    hear(book, "launch", 20, 11, -1)
    hear(book, "launch", 21, -1, -1)
    hear(book, "clip", 20, 11, "Beat", 4.0, True)
    book.settle()
    return book


def test_numbers_become_places(book: Book):
    """Tracks, scenes and clips lie in the mirror in the order that Live has them."""
    assert book.mirror.scenes == ("A", "B", "C")
    drums = LiveTrack(name="Drums", midi=True, clips=(None, "Beat", None), playing=1)
    bass = LiveTrack(name="Bass", midi=False, clips=(None, None, None))
    assert book.mirror.tracks == (drums, bass)
    assert book.numbers(Place(1, 2)) == (21, 12)
    for nowhere in (Place(2, 0), Place(0, 3), Place(-1, 0), Place(0, -1)):
        with pytest.raises(Conflict):
            book.numbers(nowhere)


def test_a_change_is_told_once(book: Book):
    """The same value again is no report, at the precision of OSC's floats."""
    assert hear(book, "tempo", 120.1) == [TempoReported(120.1)]
    assert hear(book, "tempo", 120.1) == []
    assert hear(book, "tempo", 120.10000000001) == []
    assert hear(book, "signature", 3, 4) == [SignatureReported(3, 4)]
    assert hear(book, "signature", 3, 4) == []
    assert hear(book, "playing", True, 2.0) == [PlayingReported(True, 2.0)]
    assert hear(book, "playing", True, 3.0) == []
    assert hear(book, "time", 3.5) == [BeatReported(3.5, 7.0)]
    assert (book.mirror.beat, book.mirror.beat_at) == (3.5, 7.0)
    hear(book, "track", 20, "Drums", 9, True)
    assert book.settle() == []


def test_what_plays_is_told_as_a_slot(book: Book):
    """The scene that a track plays becomes its slot; no scene, or another state, is none."""
    assert hear(book, "launch", 20, 12, -1) == [SlotPlays(0, 2)]
    assert hear(book, "launch", 20, 12, 10) == []
    assert hear(book, "launch", 20, -2, -1) == [SlotPlays(0, -1)]
    assert hear(book, "launch", 99, 10, -1) == []
    assert book.settle() == []  # which clip plays is no change of the set


def test_what_moves_takes_its_clips_along(book: Book):
    """After tracks and scenes changed places, clips and names are where they went."""
    hear(book, "tracks", 21, 20)
    hear(book, "scenes", 11, 12)
    (report,) = book.settle()
    assert isinstance(report, SetReported)
    assert report.scenes == ("B", "C")
    assert [(t.name, t.clips, t.playing) for t in report.tracks] == [
        ("Bass", (None, None), -1),
        ("Drums", ("Beat", None), 0),
    ]


def test_what_is_gone_is_forgotten(book: Book):
    """A track that went and a number that comes again do not bring old clips back."""
    hear(book, "tracks", 21)
    hear(book, "track", 20, "Other", 0, True)
    hear(book, "tracks", 21, 20)
    (report,) = book.settle()
    assert isinstance(report, SetReported)
    assert report.tracks[1] == LiveTrack(name="Other", midi=True, clips=(None, None, None))
    hear(book, "clip", 20, 10, "x", 1.0, True)
    hear(book, "empty", 20, 10)
    assert book.settle() == []


@pytest.mark.parametrize("tempo", [1e39, -1e10, float("nan"), float("inf")])
def test_a_number_out_of_all_range_is_refused(book: Book, tempo: float):
    """What has no place in 32 bits, or is no number, ends the conversation, not the server."""
    hear(book, "tempo", 120.0)
    with pytest.raises(OscRefused):
        hear(book, "tempo", tempo)


values = st.one_of(
    st.integers(-3, 30), st.floats(), st.text(max_size=3), st.booleans(), st.none(), st.binary()
)
ADDRESSES = ("tempo", "signature", "playing", "key", "time", "launch", "clip", "empty", "other")
STRUCTURE = ("track", "tracks", "scene", "scenes")
addresses = st.sampled_from([*ADDRESSES, *STRUCTURE])


@given(st.lists(st.tuples(addresses, st.lists(values, max_size=6)), max_size=30))
def test_any_message_is_understood_or_refused(messages: list):
    """Whatever comes is taken or `OscRefused`, and the picture holds together."""
    book = Book()
    for address, arguments in messages:
        try:
            hear(book, address, *arguments)
        except OscRefused:
            continue
        book.settle()
    book.settle()
    tracks, scenes = book.size
    assert len(book.mirror.tracks) in {tracks, 0}
    for track in book.mirror.tracks:
        assert len(track.clips) == scenes
        assert -1 <= track.playing < max(1, scenes)
