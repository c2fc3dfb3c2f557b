"""Clips that the server writes through the script: exact, one undo step, all or nothing."""

import asyncio
from typing import Any

import pytest

from musearoo.domain.errors import Conflict, InvalidValue
from musearoo.live.link import Clip, LiveNote, Place, Written
from musearoo.live.script.notes import MAX_NOTES
from tests.application.live.script.stage import Stage, a_clip, in_live, some_notes
from tests.doubles.fake_live.song import Song

HERE = Place(0, 0)


def content(song: Song, place: Place = HERE) -> Any:
    """What a slot holds, None for nothing."""
    clip = song.tracks[place.track].clip_slots[place.slot].clip
    if clip is None:
        return None
    look = (clip.name, clip.color, clip.looping, clip.loop_start, clip.loop_end, clip.end_marker)
    return look, in_live(clip._notes)


@pytest.mark.parametrize("count", [0, 1, 64, 1000])
async def test_a_clip_is_exact_and_one_undo_step(playing: Stage, count: int):
    """Every value of every note arrives, and one undo takes all of it away, one redo brings it."""
    song, clip = playing.live.song, a_clip(count)
    written = await playing.link.write_clip(HERE, clip, over=None)
    assert (written.place, written.notes) == (HERE, count)
    length = clip.length
    after = ("Drums 1", 0x3366CC, True, 0.0, length, length), list(clip.notes)
    assert content(song) == after
    assert len(song._undo) == 1
    await playing.by_hand(song.undo)
    assert content(song) is None
    assert not song.can_undo
    await playing.by_hand(song.redo)
    assert content(song) == after
    await playing.until(lambda: playing.link.mirror.tracks[0].clips[0] == "Drums 1")


async def test_a_clip_of_ours_is_rewritten_in_one_undo_step(playing: Stage):
    """Over a clip of the expected name notes, length and name are replaced; undo brings it back."""
    song = playing.live.song
    await playing.link.write_clip(HERE, a_clip(64), over=None)
    before = content(song)
    clip = song.tracks[0].clip_slots[0].clip
    await playing.link.write_clip(HERE, a_clip(200, "Drums 2"), over="Drums 1")
    assert song.tracks[0].clip_slots[0].clip is clip
    assert content(song)[1] == list(some_notes(200))
    assert content(song)[0][0] == "Drums 2"
    await playing.link.write_clip(HERE, a_clip(3, "Drums 3"), over="Drums 2")
    assert content(song)[0][4] == a_clip(3).length
    assert len(song._undo) == 3
    await playing.by_hand(song.undo)
    await playing.by_hand(song.undo)
    assert content(song) == before


@pytest.mark.parametrize("over", [None, "Another name"])
async def test_a_clip_of_somebody_else_stays(playing: Stage, over: str | None):
    """A filled slot is refused by the clip's name, and what is in it is untouched."""
    song = playing.live.song
    await playing.by_hand(lambda: song.tracks[0].clip_slots[0].create_clip(4.0))
    await playing.by_hand(lambda: setattr(song.tracks[0].clip_slots[0].clip, "name", "Precious"))
    before, undos = content(song), len(song._undo)
    with pytest.raises(Conflict, match="Precious"):
        await playing.link.write_clip(HERE, a_clip(8), over=over)
    assert (content(song), len(song._undo)) == (before, undos)


async def test_where_no_clip_can_be_it_is_said_why(playing: Stage):
    """An audio track, a frozen one, and places that do not exist are refused by name."""
    song, link = playing.live.song, playing.link
    with pytest.raises(Conflict, match="'3-Audio' is no MIDI track"):
        await link.write_clip(Place(2, 0), a_clip(8), over=None)
    object.__setattr__(song.tracks[1], "is_frozen", True)
    with pytest.raises(Conflict, match="'2-MIDI' is frozen"):
        await link.write_clip(Place(1, 0), a_clip(8), over=None)
    for nowhere in (Place(0, 8), Place(4, 0), Place(-1, 0)):
        with pytest.raises(Conflict, match="Live has no slot"):
            await link.write_clip(nowhere, a_clip(8), over=None)
    assert not song.can_undo


async def test_a_prepared_clip_takes_the_notes(playing: Stage):
    """An empty clip is put into the slot first and filled under its name later."""
    await playing.link.prepare_clip(HERE, "Drums 1", 16.0)
    assert content(playing.live.song)[1] == []
    with pytest.raises(Conflict):
        await playing.link.prepare_clip(HERE, "Drums 1", 16.0)
    await playing.link.write_clip(HERE, a_clip(64), over="Drums 1")
    assert len(content(playing.live.song)[1]) == 64


async def test_clips_written_at_once_do_not_mix(playing: Stage):
    """Twelve clips sent together are each whole in their own slot."""
    places = [Place(track, slot) for track in (0, 1) for slot in range(6)]
    clips = [a_clip(50 + 10 * index, f"Take {index}") for index in range(12)]
    writes = zip(places, clips, strict=True)
    answers = await asyncio.gather(
        *(playing.link.write_clip(place, clip, over=None) for place, clip in writes)
    )
    assert [each.notes for each in answers] == [len(clip.notes) for clip in clips]
    for place, clip in zip(places, clips, strict=True):
        assert content(playing.live.song, place)[1] == list(clip.notes)


async def test_notes_that_live_changes_are_told(playing: Stage):
    """Two notes of one pitch that overlap are not as sent when read back; the answer says so."""
    notes = (LiveNote(pitch=60, start=0.0, length=2.0), LiveNote(pitch=60, start=1.0, length=1.0))
    with pytest.raises(Conflict, match="1 of 2 notes"):
        await playing.link.write_clip(HERE, Clip(name="x", length=4.0, notes=notes), over=None)


@pytest.mark.parametrize(("looks", "shown"), [(1, True), (2, True), (100, False)])
async def test_a_live_that_reads_back_late_is_given_turns(
    playing: Stage, monkeypatch, looks: int, shown: bool
):
    """Notes that Live shows a turn or two later are confirmed; those it never shows are not."""
    clip_class = type(_made(playing.live.song))
    read, stale = clip_class.get_notes_extended, [looks]

    def late(self: Any, *span: Any) -> Any:
        stale[0] -= 1
        return () if stale[0] >= 0 else read(self, *span)

    monkeypatch.setattr(clip_class, "get_notes_extended", late)
    if shown:
        assert (await playing.link.write_clip(HERE, a_clip(8), over=None)).notes == 8
    else:
        with pytest.raises(Conflict, match="8 of 8 notes"):
            await playing.link.write_clip(HERE, a_clip(8), over=None)


async def test_notes_out_of_range_write_nothing(playing: Stage):
    """A note that no clip can hold, or too many of them, leave the slot empty."""
    wrong = (LiveNote(pitch=128, start=0.0, length=1.0),)
    with pytest.raises(Exception, match="pitch 128"):
        await playing.link.write_clip(HERE, Clip(name="x", length=4.0, notes=wrong), over=None)
    many = some_notes(1) * (MAX_NOTES + 1)
    with pytest.raises(InvalidValue, match=str(MAX_NOTES)):
        await playing.link.write_clip(HERE, Clip(name="x", length=4.0, notes=many), over=None)
    assert content(playing.live.song) is None


async def test_a_write_that_live_breaks_off_leaves_what_was_there(playing: Stage, monkeypatch):
    """If Live raises midway, a new clip is gone again and an old one has its notes and name."""
    song = playing.live.song
    clip_class = type(_made(song))
    fill = clip_class.add_new_notes

    def breaks(self: Any, notes: Any) -> Any:
        if len(self._notes) >= 500:
            raise RuntimeError("Live is out of sorts")
        return fill(self, notes)

    await playing.link.write_clip(HERE, a_clip(10), over=None)
    before = content(song)
    monkeypatch.setattr(clip_class, "add_new_notes", breaks)
    with pytest.raises(Conflict, match="out of sorts"):
        await playing.link.write_clip(HERE, a_clip(700, "New"), over="Drums 1")
    assert content(song) == before
    with pytest.raises(Conflict, match="out of sorts"):
        await playing.link.write_clip(Place(0, 1), a_clip(700), over=None)
    assert content(song, Place(0, 1)) is None
    assert not song._mute_undo, "the undo step was left open"
    monkeypatch.undo()
    assert isinstance(await playing.link.write_clip(Place(0, 1), a_clip(700), over=None), Written)


def _made(song: Song) -> Any:
    other = Song()
    other.tracks[0].clip_slots[0].create_clip(1.0)
    return other.tracks[0].clip_slots[0].clip
