"""What Live may do to a script: raise anywhere, hold dead objects, keep it waiting."""

import sys
from typing import Any

from musearoo.live.link import Place, PresenceChanged
from tests.application.live.script.stage import Stage, a_clip
from tests.doubles.fake_live.song import Song
from tests.doubles.fake_live.tracks import Track


async def test_a_property_that_raises_hides_only_itself(stage: Stage, monkeypatch):
    """Where Live raises at a track's launch state, everything else is still told."""

    def raises(self: Track) -> int:
        raise RuntimeError("Observed object is no longer valid")

    monkeypatch.setattr(Track, "playing_slot_index", property(raises), raising=False)
    stage.start_live()
    mirror = await stage.here()
    assert [track.name for track in mirror.tracks] == ["1-MIDI", "2-MIDI", "3-Audio", "4-Audio"]
    await stage.link.write_clip(Place(0, 0), a_clip(4), over=None)


async def test_a_live_without_keys_is_followed(stage: Stage, monkeypatch):
    """Live 11 gives a set no key: the rest is told, and a request for it is refused clearly."""
    song = Song()
    del song._values["root_note"], song._values["scale_name"]
    stage.start_live(song)
    mirror = await stage.here()
    assert (mirror.tempo, mirror.root, mirror.scale) == (120.0, None, None)


async def test_a_look_at_the_set_that_fails_is_repeated(stage: Stage, monkeypatch):
    """If a look at tracks breaks off, the next one, a moment later, tells all of them."""
    failures = [RuntimeError("dead"), RuntimeError("dead")]
    looks = Song.__getattr__

    def sometimes(self: Song, name: str) -> Any:
        if name == "scenes" and failures:
            raise failures.pop()
        return looks(self, name)

    song = Song()
    monkeypatch.setattr(Song, "__getattr__", sometimes)
    stage.start_live(song)
    mirror = await stage.here()
    assert not failures
    assert len(mirror.tracks) == 4


async def test_a_fault_of_our_own_does_not_end_the_timer(playing: Stage, monkeypatch):
    """An exception anywhere in a turn is logged, the connection renewed, the timer kept."""
    bridge = playing.bridge()
    broken = [True]
    speak = bridge._mirror.speak

    def fails(now: float) -> Any:
        if broken:
            broken.clear()
            raise ZeroDivisionError
        return speak(now)

    bridge._mirror.speak = fails
    await playing.until(lambda: not broken)
    await playing.until(lambda: PresenceChanged("gone") in playing.reports)
    await playing.here()
    assert playing.live.surface._musearoo_timer.running


async def test_a_great_set_is_told_in_small_turns(stage: Stage, monkeypatch):
    """Forty tracks of eighty scenes are looked at in many turns, and all of it is told."""
    song = Song(midi_tracks=40, audio_tracks=0, scenes=80)
    for number in range(80):
        song.tracks[number % 40].clip_slots[number].create_clip(4.0)
    live = stage.start_live(song)
    # However quick the machine is, a turn is too short for all of it.
    monkeypatch.setattr(sys.modules["MuseAroo.bridge"], "BUDGET_SECONDS", 0.001)
    turn, turns = stage.bridge().turn, [0]

    def counted() -> None:
        turns[0] += stage.link.mirror.presence != "here" and bool(stage.bridge()._welcomed)
        turn()

    stage.bridge().turn = counted
    mirror = await stage.here()
    assert turns[0] > 5
    assert sum(name is not None for track in mirror.tracks for name in track.clips) == 80
    assert live.surface._musearoo_timer.running
