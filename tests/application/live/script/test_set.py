"""The set as the server sees it and changes it, through the script in a fake Live."""

import pytest

from musearoo.domain.errors import Conflict, Unavailable
from musearoo.live.link import (
    KeyReported,
    Place,
    PlayingReported,
    PresenceChanged,
    SetReported,
    SignatureReported,
    SlotPlays,
    TempoReported,
)
from tests.application.live.script.stage import Stage, a_clip, in_live
from tests.doubles.fake_live.song import Song


async def test_all_of_the_set_is_known_when_live_is_here(stage: Stage):
    """Tempo, signature, key, tracks, scenes and clips are in the mirror at the first report."""
    song = Song(midi_tracks=3, audio_tracks=2, scenes=5)
    song.tempo = 93.25
    song.scale_name = "Dorian"
    song.tracks[1].clip_slots[2].create_clip(8.0)
    song.tracks[1].clip_slots[2].clip.name = "Bass A"
    seen = []
    stage.link.listen(lambda report: seen.append((report, stage.link.mirror)))
    stage.start_live(song)
    mirror = await stage.here()
    assert seen[0] == (PresenceChanged("here"), mirror)
    assert (mirror.tempo, mirror.numerator, mirror.denominator) == (93.25, 4, 4)
    assert (mirror.root, mirror.scale, mirror.playing) == (0, "Dorian", False)
    assert [track.midi for track in mirror.tracks] == [True, True, True, False, False]
    assert mirror.tracks[1].clips == (None, None, "Bass A", None, None)
    assert (len(mirror.scenes), mirror.version) == (5, "12.2.0")


async def test_tempo_signature_and_key_go_both_ways(playing: Stage):
    """What the server sets is in Live, what is set in Live is reported, each change once."""
    song = playing.live.song
    playing.reports.clear()
    await playing.link.set_tempo(87.5)
    await playing.link.set_signature(7, 8)
    await playing.link.set_key(9, "Minor")
    assert (song.tempo, song.signature_numerator, song.signature_denominator) == (87.5, 7, 8)
    assert (song.root_note, song.scale_name) == (9, "Minor")
    await playing.by_hand(lambda: setattr(song, "tempo", 140.125))
    await playing.until(lambda: playing.link.mirror.tempo == 140.125)
    told = [r for r in playing.reports if isinstance(r, TempoReported)]
    assert told == [TempoReported(87.5), TempoReported(140.125)]
    await playing.until(lambda: SignatureReported(7, 8) in playing.reports)
    await playing.until(lambda: KeyReported(9, "Minor") in playing.reports)


async def test_the_transport_goes_both_ways(playing: Stage):
    """Play from a beat, stop, and a user's own start are done and reported with their beat."""
    song = playing.live.song
    await playing.link.play(16.0)
    assert song.is_playing
    await playing.until(lambda: (playing.link.mirror.beat or 0) > 16.2)
    await playing.link.stop()
    assert not song.is_playing
    await playing.link.locate(2.0)
    await playing.by_hand(song.continue_playing)
    await playing.until(lambda: playing.link.mirror.playing)
    told = [r for r in playing.reports if isinstance(r, PlayingReported)]
    assert [r.playing for r in told] == [True, False, True]
    assert told[0].beat == pytest.approx(16.0, abs=0.2)
    assert told[2].beat == pytest.approx(2.0, abs=0.2)


async def test_what_live_refuses_is_said(playing: Stage):
    """A tempo out of Live's range is refused with Live's words, and the next request works."""
    with pytest.raises(Conflict, match="Invalid tempo"):
        await playing.link.set_tempo(1200.0)
    await playing.link.set_tempo(121.0)
    assert playing.live.song.tempo == 121.0


async def test_tracks_that_come_move_and_go_are_followed(playing: Stage):
    """After an inserted, a moved and a deleted track, places name the tracks that are there."""
    song, link = playing.live.song, playing.link
    await playing.by_hand(lambda: setattr(song.create_midi_track(0), "name", "First"))
    await playing.until(lambda: link.mirror.tracks[0].name == "First")
    first, *rest = song.tracks
    await playing.by_hand(lambda: song._put("tracks", (*rest, first)))
    await playing.until(lambda: link.mirror.tracks[-1].name == "First")
    await link.write_clip(Place(4, 1), a_clip(8), over=None)
    assert in_live(first.clip_slots[1].clip._notes) == list(a_clip(8).notes)
    await playing.by_hand(lambda: song.delete_track(0))
    await playing.until(lambda: len(link.mirror.tracks) == 4)
    await playing.until(lambda: link.mirror.tracks[3].clips[1] == "Drums 1")
    assert any(isinstance(report, SetReported) for report in playing.reports)


async def test_scenes_that_come_and_go_keep_the_clips_apart(playing: Stage):
    """A scene inserted above a clip moves it down in the mirror; deleted, up again."""
    song, link = playing.live.song, playing.link
    await link.write_clip(Place(0, 2), a_clip(4), over=None)
    await playing.by_hand(lambda: song.create_scene(0))
    await playing.until(lambda: link.mirror.tracks[0].clips[3:4] == ("Drums 1",))
    await playing.until(lambda: len(link.mirror.scenes) == 9)
    await playing.by_hand(lambda: song.delete_scene(0))
    await playing.until(lambda: link.mirror.tracks[0].clips[2] == "Drums 1")
    await playing.by_hand(lambda: song.delete_scene(2))
    await playing.until(lambda: not any(link.mirror.tracks[0].clips))


async def test_names_and_clips_changed_by_hand_are_reported(playing: Stage):
    """A renamed track, scene and clip, and a deleted clip, arrive without being asked for."""
    song, link = playing.live.song, playing.link
    await link.write_clip(Place(1, 0), a_clip(4), over=None)
    clip = song.tracks[1].clip_slots[0].clip
    await playing.by_hand(lambda: setattr(song.tracks[1], "name", "Bass"))
    await playing.by_hand(lambda: setattr(song.scenes[3], "name", "Bridge"))
    await playing.by_hand(lambda: setattr(clip, "name", "Mine now"))
    await playing.until(lambda: link.mirror.tracks[1].clips[0] == "Mine now")
    await playing.until(
        lambda: (link.mirror.tracks[1].name, link.mirror.scenes[3]) == ("Bass", "Bridge")
    )
    await playing.by_hand(song.tracks[1].clip_slots[0].delete_clip)
    await playing.until(lambda: link.mirror.tracks[1].clips[0] is None)


async def test_launched_clips_are_reported(playing: Stage):
    """A clip that the server or the user launches is told as the slot that plays."""
    song, link = playing.live.song, playing.link
    song.clip_trigger_quantization = 0
    await link.write_clip(Place(0, 0), a_clip(4), over=None)
    await link.write_clip(Place(0, 1), a_clip(4, "Drums 2"), over=None)
    await link.fire(Place(0, 0))
    await playing.until(lambda: SlotPlays(0, 0) in playing.reports)
    assert song.tracks[0].playing_slot_index == 0
    await playing.by_hand(song.tracks[0].clip_slots[1].fire)
    await playing.until(lambda: SlotPlays(0, 1) in playing.reports)
    assert link.mirror.tracks[0].playing == 1
    await playing.by_hand(song.stop_all_clips)
    await playing.until(lambda: SlotPlays(0, -1) in playing.reports)


async def test_tracks_and_scenes_are_made(playing: Stage):
    """The number that is answered is the place where the new track or scene can be used."""
    link = playing.link
    track = await link.create_midi_track("Melody")
    scene = await link.create_scene()
    assert (track, scene) == (4, 8)
    assert link.mirror.tracks[track].name == "Melody" or playing.live.song.tracks[4].name
    await link.write_clip(Place(track, scene), a_clip(4), over=None)
    assert playing.live.song.tracks[4].clip_slots[8].clip.name == "Drums 1"


async def test_without_live_every_request_says_so(stage: Stage):
    """Nothing waits for a Live that is not there."""
    for request in (
        stage.link.set_tempo(100.0),
        stage.link.fire(Place(0, 0)),
        stage.link.write_clip(Place(0, 0), a_clip(1), over=None),
        stage.link.create_scene(),
    ):
        with pytest.raises(Unavailable, match="musearoo live install"):
            await request
