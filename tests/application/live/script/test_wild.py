"""Whatever a user does in Live, and however often at once, the mirror ends as the set is."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from musearoo.live.link import Place
from tests.application.live.script.stage import Stage, a_clip
from tests.doubles.fake_live.listenable import Listenable
from tests.doubles.fake_live.song import Song


def seen(song: Song) -> Any:
    """The set as a mirror should show it."""
    tracks = [
        (
            track.name,
            track.has_midi_input,
            tuple(slot.clip.name if slot.has_clip else None for slot in track.clip_slots),
            track.playing_slot_index,
        )
        for track in song.tracks
    ]
    return tracks, tuple(scene.name for scene in song.scenes), song.tempo


def mirrored(stage: Stage) -> Any:
    mirror = stage.link.mirror
    tracks = [(track.name, track.midi, track.clips, track.playing) for track in mirror.tracks]
    return tracks, mirror.scenes, mirror.tempo


def deed(song: Song, dice: random.Random) -> Callable[[], object]:
    """Something that a hand can do in this set now."""
    track = dice.choice(song.tracks)
    slot = dice.choice(track.clip_slots)
    number = dice.randrange(1000)
    deeds: list[Callable[[], object]] = [
        lambda: setattr(track, "name", f"track {number}"),
        lambda: setattr(dice.choice(song.scenes), "name", f"scene {number}"),
        lambda: setattr(song, "tempo", float(20 + number % 900)),
        lambda: song._put("tracks", tuple(dice.sample(song.tracks, len(song.tracks)))),
        slot.fire,
        song.undo,
        song.redo,
        lambda: song.create_midi_track(dice.randrange(len(song.tracks) + 1)),
        lambda: song.create_audio_track(-1),
        lambda: song.create_scene(dice.randrange(len(song.scenes) + 1)),
    ]
    if len(song.tracks) > 2:
        deeds.append(lambda: song.delete_track(dice.randrange(len(song.tracks))))
    if len(song.scenes) > 2:
        deeds.append(lambda: song.delete_scene(dice.randrange(len(song.scenes))))
    if slot.has_clip:
        deeds += [slot.delete_clip, lambda: setattr(slot.clip, "name", f"clip {number}")]
    elif track.has_midi_input:
        deeds += [lambda: slot.create_clip(4.0)] * 4
    return dice.choice(deeds)


@pytest.mark.parametrize("seed", range(4))
async def test_the_mirror_ends_as_the_set_is(stage: Stage, seed: int):
    """Bursts of ten random deeds, undo and moves among them, are all in the mirror in the end."""
    dice = random.Random(seed)
    song = Song(midi_tracks=3, audio_tracks=1, scenes=5)
    song.clip_trigger_quantization = 0
    stage.start_live(song)
    await stage.here()

    def burst() -> None:
        for _ in range(10):
            deed(song, dice)()

    for _ in range(12):
        await stage.by_hand(burst)
        await stage.by_hand(song.stop_all_clips)
        await stage.until(lambda: mirrored(stage) == seen(song))
    midi = [number for number, track in enumerate(song.tracks) if track.has_midi_input]
    if midi:
        slots = song.tracks[midi[0]].clip_slots
        free = next((n for n, slot in enumerate(slots) if not slot.has_clip), None)
        if free is not None:
            await stage.link.write_clip(Place(midi[0], free), a_clip(16), over=None)
            assert len(slots[free].clip._notes) == 16


async def test_nothing_is_changed_inside_a_notification(stage: Stage, monkeypatch):
    """Live refuses changes made by a listener; with a Live that does, all works as ever."""
    depth = [0]
    refused: list[str] = []
    changed, assign = Listenable._changed, Listenable.__setattr__

    def notifying(self: Listenable, prop: str) -> None:
        depth[0] += 1
        try:
            changed(self, prop)
        finally:
            depth[0] -= 1

    def assigning(self: Listenable, name: str, value: Any) -> None:
        if depth[0] and name in self.__dict__.get("_values", {}):
            refused.append(name)
            raise RuntimeError("Changes cannot be triggered by notifications.")
        assign(self, name, value)

    monkeypatch.setattr(Listenable, "_changed", notifying)
    monkeypatch.setattr(Listenable, "__setattr__", assigning)
    song = Song()
    stage.start_live(song)
    await stage.here()
    await stage.link.write_clip(Place(0, 0), a_clip(16), over=None)
    await stage.link.write_clip(Place(0, 0), a_clip(8, "Drums 2"), over="Drums 1")
    await stage.link.set_tempo(99.0)
    await stage.link.play()
    await stage.until(lambda: stage.link.mirror.playing)
    await stage.by_hand(lambda: song.create_midi_track(0))
    await stage.until(lambda: mirrored(stage) == seen(song))
    assert not refused
