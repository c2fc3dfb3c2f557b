"""The song: transport, quantised launch, scenes, and undo."""

from typing import Any, ClassVar

from tests.doubles.fake_live.clips import ClipSlot
from tests.doubles.fake_live.listenable import Listenable, Vector
from tests.doubles.fake_live.tracks import Device, Track


class Scene(Listenable):
    PROPS: ClassVar[dict[str, Any]] = {
        "name": "",
        "color": 0,
        "color_index": 0,
        "is_empty": True,
        "is_triggered": False,
        "tempo": -1.0,
        "tempo_enabled": False,
        "time_signature_numerator": -1,
        "time_signature_denominator": -1,
        "time_signature_enabled": False,
    }
    READ_ONLY: ClassVar[frozenset[str]] = frozenset({"is_empty", "is_triggered"})

    def __init__(self, song: "Song") -> None:
        super().__init__()
        self._song = song

    def fire(self, *_: Any) -> None:
        index = list(self._song.scenes).index(self)
        if self._values["tempo_enabled"] and self._values["tempo"] > 0:
            self._song.tempo = self._values["tempo"]
        for track in self._song.tracks:
            track.clip_slots[index].fire()

    def fire_as_selected(self, *_: Any) -> None:
        self.fire()
        scenes = list(self._song.scenes)
        self._song.view.selected_scene = scenes[min(scenes.index(self) + 1, len(scenes) - 1)]


class CuePoint(Listenable):
    PROPS: ClassVar[dict[str, Any]] = {"name": "1", "time": 0.0}

    def __init__(self, song: "Song", time: float, name: str) -> None:
        super().__init__()
        self._song = song
        self._values.update(time=time, name=name)

    def jump(self) -> None:
        self._song.current_song_time = self._values["time"]


class _SongView(Listenable):
    PROPS: ClassVar[dict[str, Any]] = {
        "selected_track": None,
        "selected_scene": None,
        "detail_clip": None,
    }

    def select_device(self, device: Device, *_: Any) -> None:
        self.selected_track.view.selected_device = device


# Live's clip launch quantisation: index -> beats (4/4); 0 is "none".
_QUANT_BEATS = {
    0: 0.0,
    1: 32.0,
    2: 16.0,
    3: 8.0,
    4: 4.0,
    5: 2.0,
    6: 4 / 3,
    7: 1.0,
    8: 2 / 3,
    9: 0.5,
    10: 1 / 3,
    11: 0.25,
    12: 1 / 6,
    13: 0.125,
}


class Song(Listenable):
    PROPS: ClassVar[dict[str, Any]] = {
        "tempo": 120.0,
        "signature_numerator": 4,
        "signature_denominator": 4,
        "current_song_time": 0.0,
        "is_playing": False,
        "song_length": 32.0,
        "loop": False,
        "loop_start": 0.0,
        "loop_length": 4.0,
        "metronome": False,
        "punch_in": False,
        "punch_out": False,
        "record_mode": False,
        "session_record": False,
        "session_record_status": 0,
        "arrangement_overdub": False,
        "back_to_arranger": False,
        "clip_trigger_quantization": 4,
        "midi_recording_quantization": 0,
        "groove_amount": 0.0,
        "nudge_up": False,
        "nudge_down": False,
        "can_undo": False,
        "can_redo": False,
        "root_note": 0,
        "scale_name": "Major",
        "is_ableton_link_enabled": False,
        "tracks": Vector(),
        "return_tracks": Vector(),
        "scenes": Vector(),
        "cue_points": Vector(),
    }
    READ_ONLY: ClassVar[frozenset[str]] = frozenset(
        {
            "is_playing",
            "can_undo",
            "can_redo",
            "tracks",
            "scenes",
            "return_tracks",
            "cue_points",
            "song_length",
            "session_record_status",
        }
    )

    def __init__(
        self, midi_tracks: int = 2, audio_tracks: int = 2, scenes: int = 8, returns: int = 2
    ) -> None:
        super().__init__()
        self._undo: list[tuple] = []
        self._redo: list[tuple] = []
        self._pending: dict[Track, int] = {}
        self._mute_undo = True
        self._just_started = False
        self._values["scenes"] = Vector(Scene(self) for _ in range(scenes))
        tracks = []
        for i in range(midi_tracks + audio_tracks):
            midi = i < midi_tracks
            tracks.append(Track(self, _name(i, midi), midi, scenes, returns))
        self._values["tracks"] = Vector(tracks)
        self._values["return_tracks"] = Vector(
            Track(self, f"{chr(65 + i)}-Return", False, 0, returns) for i in range(returns)
        )
        self.master_track = Track(self, "Master", False, 0, 0)
        self.view = _SongView()
        self.view.selected_track = tracks[0]
        self.view.selected_scene = self._values["scenes"][0]
        self._mute_undo = False

    def _coerce(self, name: str, value: Any) -> Any:
        value = super()._coerce(name, value)
        if name == "tempo" and not 20.0 <= value <= 999.0:
            raise RuntimeError("Invalid tempo")
        return value

    # -- undo: tracks, scenes, clips, and what is in a clip --------------------
    def _state(self) -> tuple:
        return (
            self._values["tracks"],
            self._values["scenes"],
            [
                (
                    t,
                    t._values["clip_slots"],
                    [
                        (s, s._values["clip"], s._values["clip"] and s._values["clip"]._content())
                        for s in t._values["clip_slots"]
                    ],
                )
                for t in self._values["tracks"]
            ],
        )

    def _restore(self, state: tuple) -> None:
        tracks, scenes, slots = state
        for t, cs, clips in slots:
            t._values["clip_slots"] = cs
            for s, c, content in clips:
                s._restore(c, content)
        self._put("tracks", tracks)
        self._put("scenes", scenes)

    def _remember(self) -> None:
        if not self._mute_undo:
            self._undo.append(self._state())
            self._redo.clear()
            self._flags()

    def begin_undo_step(self) -> None:
        """What follows, until `end_undo_step`, is undone together."""
        self._remember()
        self._mute_undo = True

    def end_undo_step(self) -> None:
        self._mute_undo = False

    def _flags(self) -> None:
        self._put("can_undo", bool(self._undo))
        self._put("can_redo", bool(self._redo))

    def undo(self) -> None:
        if self._undo:
            self._redo.append(self._state())
            self._restore(self._undo.pop())
            self._flags()

    def redo(self) -> None:
        if self._redo:
            self._undo.append(self._state())
            self._restore(self._redo.pop())
            self._flags()

    # -- structure -----------------------------------------------------------
    def _new_track(self, index: int, midi: bool) -> Track:
        self._remember()
        tracks = list(self._values["tracks"])
        index = len(tracks) if index == -1 else index
        if not 0 <= index <= len(tracks):
            raise RuntimeError("Index out of range")
        t = Track(
            self,
            _name(index, midi),
            midi,
            len(self._values["scenes"]),
            len(self._values["return_tracks"]),
        )
        tracks.insert(index, t)
        self._put("tracks", tuple(tracks))
        return t

    def create_midi_track(self, index: int = -1) -> Track:
        return self._new_track(index, True)

    def create_audio_track(self, index: int = -1) -> Track:
        return self._new_track(index, False)

    def create_return_track(self, *_: Any) -> Track:
        t = Track(self, "Return", False, 0, 0)
        self._put("return_tracks", (*self._values["return_tracks"], t))
        return t

    def delete_return_track(self, index: int) -> None:
        items = list(self._values["return_tracks"])
        del items[index]
        self._put("return_tracks", tuple(items))

    def delete_track(self, index: int) -> None:
        self._remember()
        tracks = list(self._values["tracks"])
        del tracks[index]
        self._put("tracks", tuple(tracks))

    def duplicate_track(self, index: int) -> None:
        src = self._values["tracks"][index]
        t = self._new_track(index + 1, src.has_midi_input)
        t._values.update(name=src.name, color=src.color)
        for a, b in zip(src.clip_slots, t.clip_slots, strict=False):
            if a.clip is not None:
                a.duplicate_clip_to(b)

    def create_scene(self, index: int = -1) -> Scene:
        self._remember()
        scenes = list(self._values["scenes"])
        index = len(scenes) if index == -1 else index
        s = Scene(self)
        scenes.insert(index, s)
        for t in self._values["tracks"]:
            slots = list(t._values["clip_slots"])
            slots.insert(index, ClipSlot(t))
            t._values["clip_slots"] = Vector(slots)
        self._put("scenes", tuple(scenes))
        return s

    def delete_scene(self, index: int) -> None:
        self._remember()
        scenes = list(self._values["scenes"])
        del scenes[index]
        for t in self._values["tracks"]:
            slots = list(t._values["clip_slots"])
            del slots[index]
            t._values["clip_slots"] = Vector(slots)
        self._put("scenes", tuple(scenes))

    def duplicate_scene(self, index: int) -> None:
        self.create_scene(index + 1)
        for t in self._values["tracks"]:
            if t.clip_slots[index].clip is not None:
                t.clip_slots[index].duplicate_clip_to(t.clip_slots[index + 1])

    def capture_and_insert_scene(self, *_: Any) -> None:
        self.create_scene(-1)

    def capture_midi(self, *_: Any) -> None:
        pass

    # -- transport -----------------------------------------------------------
    def _roll(self) -> None:
        """Start the transport; whatever is fired before it moves starts at once."""
        self._just_started = True
        self._put("is_playing", True)

    def start_playing(self, *_: Any) -> None:
        self.current_song_time = 0.0
        self._roll()

    def continue_playing(self, *_: Any) -> None:
        self._roll()

    def stop_playing(self, *_: Any) -> None:
        self._put("is_playing", False)

    def stop_all_clips(self, *_: Any) -> None:
        self._pending.clear()
        for t in self._values["tracks"]:
            t.stop_all_clips()

    def jump_by(self, beats: float) -> None:
        self.current_song_time = max(0.0, self._values["current_song_time"] + beats)

    def tap_tempo(self, *_: Any) -> None:
        pass

    def re_enable_automation(self, *_: Any) -> None:
        pass

    def trigger_session_record(self, *_: Any) -> None:
        self.session_record = not self._values["session_record"]

    def force_link_beat_time(self, *_: Any) -> None:
        pass

    def set_or_delete_cue(self, *_: Any) -> None:
        now = self._values["current_song_time"]
        keep = [c for c in self._values["cue_points"] if c.time != now]
        if len(keep) == len(self._values["cue_points"]):
            keep.append(CuePoint(self, now, str(len(keep) + 1)))
        self._put("cue_points", tuple(sorted(keep, key=lambda c: c.time)))

    def _jump(self, forward: bool) -> None:
        now = self._values["current_song_time"]
        times = sorted(c.time for c in self._values["cue_points"])
        pick = [t for t in times if t > now] if forward else [t for t in times if t < now]
        if pick:
            self.current_song_time = pick[0] if forward else pick[-1]

    def jump_to_next_cue(self, *_: Any) -> None:
        self._jump(True)

    def jump_to_prev_cue(self, *_: Any) -> None:
        self._jump(False)

    def _queue_launch(self, track: Track, index: int) -> None:
        self._pending[track] = index

    def _advance(self, seconds: float) -> None:
        """Called by the host clock: move the transport, launch what is due."""
        if not self._values["is_playing"]:
            return
        before = self._values["current_song_time"]
        after = before + seconds * self._values["tempo"] / 60.0
        if self._values["loop"]:
            end = self._values["loop_start"] + self._values["loop_length"]
            if before < end <= after:
                after = self._values["loop_start"] + (after - end)
        step = _QUANT_BEATS.get(self._values["clip_trigger_quantization"], 0.0)
        if self._pending and (
            not step or self._just_started or int(before / step) != int(after / step)
        ):
            self._launch()
        self._just_started = False
        self._put("current_song_time", after)
        for t in self._values["tracks"]:
            i = t.playing_slot_index
            if i >= 0 and t.clip_slots[i].clip is not None:
                c = t.clip_slots[i].clip
                pos = c.playing_position + (after - before if after >= before else 0.0)
                if c.looping and pos >= c.loop_end:
                    pos = c.loop_start + (pos - c.loop_end)
                c._put("playing_position", pos)

    def _launch(self) -> None:
        pending, self._pending = self._pending, {}
        for track, index in pending.items():
            old = track.playing_slot_index
            if old >= 0 and old != index and old < len(track.clip_slots):
                s = track.clip_slots[old]
                s._put("is_playing", False)
                if s.clip is not None:
                    s.clip._put("is_playing", False)
            slot = track.clip_slots[index]
            if slot.clip is None:
                continue
            slot._put("is_triggered", False)
            slot._put("is_playing", True)
            slot.clip._put("is_triggered", False)
            slot.clip._put("is_playing", True)
            slot.clip._put("playing_position", slot.clip.loop_start)
            track._put("fired_slot_index", -1)
            track._put("playing_slot_index", index)


class Application:
    average_process_usage = 0.03
    peak_process_usage = 0.05

    def __init__(self, version: tuple[int, int, int] = (12, 2, 0)) -> None:
        self._version = version

    def get_major_version(self) -> int:
        return self._version[0]

    def get_minor_version(self) -> int:
        return self._version[1]

    def get_bugfix_version(self) -> int:
        return self._version[2]


def _name(index: int, midi: bool) -> str:
    return f"{index + 1}-{'MIDI' if midi else 'Audio'}"
