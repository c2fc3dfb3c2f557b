"""The link to AbletonOSC: it sees what Live does, and what it asks for happens."""

import asyncio
import socket

import pytest

from musearoo.codecs.osc import Message
from musearoo.domain.errors import Conflict, Unavailable
from musearoo.live.link import (
    Clip,
    LiveNote,
    Place,
    PlayingReported,
    PresenceChanged,
    SlotPlays,
    TempoReported,
)
from tests.doubles.fake_live.song import Song
from tests.live.conftest import A_LOOK, Stage, all_read, here, linked
from tests.waiting import PATIENCE, until


async def test_mirror(stage: Stage) -> None:
    """Tempo, signature, key, tracks, scenes and clips are known when Live is there."""
    song = Song()
    song.tempo, song.signature_numerator, song.root_note = 97.5, 7, 9
    song.tracks[1].clip_slots[2].create_clip(8.0)
    song.tracks[1].clip_slots[2].clip.name = "Riff"
    stage.start(song=song)
    async with linked(stage) as (link, _):
        await here(link)
        mirror = link.mirror
        assert (mirror.tempo, mirror.numerator, mirror.denominator) == (97.5, 7, 4)
        assert mirror.version == "12.2"
        assert [track.name for track in mirror.tracks] == [track.name for track in song.tracks]
        assert [track.midi for track in mirror.tracks] == [True, True, False, False]
        assert mirror.tracks[1].clips == (None, None, "Riff", *[None] * 5)
        assert len(mirror.scenes) == 8
        await until(lambda: (link.mirror.root, link.mirror.scale) == (9, "Major"))


async def test_reports_each_change_once(stage: Stage) -> None:
    """What a user does in Live is reported, once, and what did not change is not."""
    live = stage.start()
    async with linked(stage) as (link, reports):
        await here(link)
        live.do(lambda: setattr(live.song, "tempo", 133.33))
        live.do(live.song.start_playing)
        await until(lambda: any(isinstance(each, PlayingReported) for each in reports))
        await until(lambda: link.mirror.beat is not None and link.mirror.beat > 1)
        await stage.time.sleep(A_LOOK)
        tempi = [each.bpm for each in reports if isinstance(each, TempoReported)]
        assert tempi == [pytest.approx(133.33, abs=1e-4)]
        assert [each.playing for each in reports if isinstance(each, PlayingReported)] == [True]


async def test_requests(stage: Stage) -> None:
    """Tempo, signature, key, transport: each request has happened when it answers."""
    live = stage.start()
    async with linked(stage) as (link, _):
        await here(link)
        await until(lambda: link.mirror.scale is not None)
        await link.set_tempo(98.6)
        assert live.song.tempo == pytest.approx(98.6, abs=1e-4)
        await link.set_signature(6, 8)
        assert (live.song.signature_numerator, live.song.signature_denominator) == (6, 8)
        await link.set_key(2, "Dorian")
        assert (live.song.root_note, live.song.scale_name) == (2, "Dorian")
        began = stage.time.monotonic()
        await link.play(16.0)
        assert live.song.is_playing
        played = (stage.time.monotonic() - began) * 98.6 / 60
        assert 16.0 <= live.song.current_song_time <= 16.0 + played + 0.1
        await link.stop()
        assert not live.song.is_playing


async def test_tracks_that_move(stage: Stage) -> None:
    """After tracks moved, a playing slot is told with its new number, and only with that."""
    live = stage.start()
    live.do(lambda: live.song.tracks[0].clip_slots[1].create_clip(4.0))
    async with linked(stage) as (link, reports):
        await here(link)
        live.do(lambda: live.song.create_midi_track(0))
        await until(lambda: len(link.mirror.tracks) == 5)
        await link.fire(Place(1, 1))
        await until(lambda: link.mirror.tracks[1].playing == 1)
        await stage.time.sleep(0.5)
        assert [each for each in reports if isinstance(each, SlotPlays)] == [SlotPlays(1, 1)]


async def test_restart(stage: Stage) -> None:
    """Live restarts with another set: all is known anew and changes are heard, at once."""
    stage.start()
    async with linked(stage) as (link, reports):
        await here(link)
        stage.clock.still = True  # not by a heartbeat or a look, which come in time
        live = stage.start(song=Song(midi_tracks=3))
        await until(lambda: len(link.mirror.tracks) == 5)
        await here(link)
        live.do(lambda: setattr(live.song, "tempo", 77.0))
        await until(lambda: link.mirror.tempo == 77.0)
        told = [each.presence for each in reports if isinstance(each, PresenceChanged)]
        assert told == ["here", "gone", "here"]


async def test_silence(stage: Stage) -> None:
    """While a menu is open Live is busy; what was asked meanwhile happens after it."""
    live = stage.start()
    async with linked(stage) as (link, _):
        await here(link)
        live.frozen = True
        await until(lambda: link.mirror.presence == "busy")
        request = asyncio.ensure_future(link.set_tempo(111.0))
        await stage.time.sleep(0.3)
        live.frozen = False
        await request
        assert live.song.tempo == 111.0
        await here(link)


async def test_absent(stage: Stage) -> None:
    """Without Live a request is refused at once, with what to do."""
    async with linked(stage) as (link, _):
        with pytest.raises(Unavailable, match="start it"):
            await link.set_tempo(100.0)


async def test_reply_port_in_use(stage: Stage) -> None:
    """Where another program has the answer port, that is said."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", stage.reply))
        with pytest.raises(Unavailable, match=str(stage.reply)):
            async with linked(stage):
                pass


async def test_another_client(stage: Stage) -> None:
    """Another client steals the news of the listeners until our next heartbeat."""
    live = stage.start()
    async with linked(stage) as (link, _):
        await here(link)
        stage.clock.still = True
        await all_read(link)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
            thief.setblocking(False)
            thief.bind(("127.0.0.2", stage.reply))
            thief.sendto(b"/live/test\0\0,\0\0\0", ("127.0.0.1", stage.listen))
            await heard_by(thief, b"/live/test\0")
            live.do(lambda: setattr(live.song, "tempo", 88.0))
            await heard_by(thief, b"/live/song/get/tempo\0")
            assert link.mirror.tempo == 120.0
            stage.clock.still = False
            await until(lambda: link.mirror.tempo == 88.0)
            pushed: list[Message] = []
            link.tap = pushed.append
            live.do(lambda: setattr(live.song, "signature_numerator", 3))
            # Without the mark of a question of ours: Live told it by itself.
            wanted = Message("/live/song/get/signature_numerator", (3,))
            await until(lambda: wanted in pushed, lambda: str(pushed[-5:]))


async def heard_by(client: socket.socket, start: bytes) -> None:
    """Wait until another client is told something."""
    async with asyncio.timeout(PATIENCE):
        while True:
            told = await asyncio.get_running_loop().sock_recv(client, 65_536)
            if told.startswith(start):
                return


async def test_foreign_datagrams(stage: Stage) -> None:
    """Datagrams from anywhere but Live change nothing."""
    stage.start()
    async with linked(stage) as (link, _):
        await here(link)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            forged = b"/live/song/get/tempo\0\0\0\0,f\0\0\x42\x00\x00\x00"
            stranger.sendto(forged, ("127.0.0.1", stage.reply))
            await until(lambda: link.wire.tally.foreign >= 1)
        assert link.mirror.tempo == 120.0


def notes(count: int) -> tuple[LiveNote, ...]:
    """Triplets and chords over the whole range of pitches, the lowest and highest among them."""
    return tuple(
        LiveNote(
            pitch=(127, 0, *range(1, 126))[(index * 7) % 127],
            start=(index // 3) / 3,
            length=0.3,
            velocity=float(1 + index % 127),
            mute=index % 11 == 0,
        )
        for index in range(count)
    )


@pytest.mark.parametrize("loss", [0.0, 0.1, 0.3])
async def test_clip_is_exact(stage: Stage, loss: float) -> None:
    """300 notes lie in Live exactly as sent, whatever share of the datagrams is lost."""
    live = stage.start(loss=loss, tick=0.05)
    clip = Clip(name="drums 1", length=100.0, notes=notes(300), color=0x00FF00)
    async with linked(stage) as (link, _):
        await here(link)
        written = await link.write_clip(Place(0, 3), clip, over=None)
    found = live.song.tracks[0].clip_slots[3].clip
    assert written.notes == 300
    assert _values(found) == sorted(
        (n.pitch, n.start, n.length, n.velocity, n.mute) for n in clip.notes
    )
    assert (found.name, found.color, found.loop_end) == ("drums 1", 0x00FF00, 100.0)


async def test_rewritten_clip(stage: Stage) -> None:
    """A clip written over keeps none of its former notes, pitch 127 included."""
    live = stage.start(tick=0.02)
    async with linked(stage) as (link, _):
        await here(link)
        place = Place(0, 0)
        await link.write_clip(place, Clip(name="a", length=64.0, notes=notes(180)), over=None)
        fewer = Clip(name="b", length=4.0, notes=notes(2))
        await link.write_clip(place, fewer, over="a")
        assert len(_values(live.song.tracks[0].clip_slots[0].clip)) == 2
        await link.write_clip(place, Clip(name="c", length=4.0), over="b")
        assert _values(live.song.tracks[0].clip_slots[0].clip) == []


async def test_others_clips_are_left_alone(stage: Stage) -> None:
    """A slot that holds another clip than expected is not written."""
    live = stage.start(tick=0.02)
    slot = live.song.tracks[0].clip_slots[0]
    async with linked(stage) as (link, _):
        await here(link)
        await link.prepare_clip(Place(0, 0), "spare", 8.0)
        assert slot.clip.name == "spare"
        await all_read(link)  # a request that came twice would make a clip in the new track
        live.do(lambda: live.song.create_midi_track(0))
        theirs = live.song.tracks[0].clip_slots[0]
        live.do(lambda: theirs.create_clip(4.0))
        await until(lambda: len(link.mirror.tracks) == 5 and link.mirror.tracks[0].clips[0] == "")
        with pytest.raises(Conflict, match="left as it is"):
            await link.write_clip(Place(0, 0), Clip(name="mine", length=8.0), over="spare")
        with pytest.raises(Conflict):
            await link.write_clip(Place(0, 0), Clip(name="mine", length=8.0), over=None)
        with pytest.raises(Conflict, match="no slot"):
            await link.write_clip(Place(0, 99), Clip(name="mine", length=8.0), over=None)
        assert theirs.clip.name == ""
        await link.write_clip(Place(1, 0), Clip(name="mine", length=8.0), over="spare")


async def test_new_tracks_and_scenes(stage: Stage) -> None:
    """A track and a scene are added once, though answers are lost."""
    live = stage.start(loss=0.3, tick=0.05)
    async with linked(stage) as (link, _):
        await here(link)
        track = await link.create_midi_track("bass")
        scene = await link.create_scene()
        assert (track, scene) == (4, 8)
        assert [each.name for each in live.song.tracks][4:] == ["bass"]
        assert len(live.song.scenes) == 9


def _values(clip: object) -> list[tuple[int, float, float, float, bool]]:
    return [
        (n.pitch, n.start_time, n.duration, n.velocity, n.mute)
        for n in clip._notes  # type: ignore[attr-defined]
    ]
