"""Notes, clips and clip slots of the fake Live.

Notes come back sorted by pitch, then time. Notes of one pitch never overlap: a new one shortens
an earlier one that runs into it, and replaces one that starts at the same time.
"""

import copy
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from tests.doubles.fake_live.listenable import Listenable

if TYPE_CHECKING:
    from tests.doubles.fake_live.tracks import Track


@dataclass
class MidiNoteSpecification:
    pitch: int
    start_time: float
    duration: float
    velocity: float = 100.0
    mute: bool = False
    probability: float = 1.0
    velocity_deviation: float = 0.0
    release_velocity: float = 64.0

    def __post_init__(self) -> None:
        # Boost.Python accepts int for double, but not str or None.
        for name in ("start_time", "duration", "velocity"):
            if isinstance(getattr(self, name), (str, bytes, type(None))):
                raise TypeError(
                    "Python argument types in MidiNoteSpecification.__init__ "
                    "did not match C++ signature"
                )
        if isinstance(self.pitch, (float, str)):
            raise TypeError(
                "Python argument types in MidiNoteSpecification.__init__ "
                "did not match C++ signature"
            )
        if not 0 <= self.pitch <= 127:
            raise RuntimeError("Invalid pitch")
        if self.duration <= 0:
            raise RuntimeError("Invalid duration")
        self.velocity = float(self.velocity)
        self.mute = bool(self.mute)


@dataclass
class MidiNote(MidiNoteSpecification):
    note_id: int = 0


class Clip(Listenable):
    PROPS: ClassVar[dict[str, Any]] = {
        "name": "",
        "color": 0x001AFF2F,
        "color_index": 0,
        "muted": False,
        "looping": True,
        "loop_start": 0.0,
        "loop_end": 4.0,
        "start_marker": 0.0,
        "end_marker": 4.0,
        "start_time": 0.0,
        "end_time": 4.0,
        "length": 4.0,
        "position": 0.0,
        "playing_position": 0.0,
        "is_playing": False,
        "is_triggered": False,
        "is_recording": False,
        "is_overdubbing": False,
        "is_midi_clip": True,
        "is_audio_clip": False,
        "has_groove": False,
        "launch_mode": 0,
        "launch_quantization": 0,
        "legato": False,
        "velocity_amount": 0.0,
        "will_record_on_start": False,
        "notes": None,
    }
    AUDIO_PROPS: ClassVar[dict[str, Any]] = {
        "gain": 0.4,
        "gain_display_string": "0.0 dB",
        "pitch_coarse": 0,
        "pitch_fine": 0.0,
        "warping": True,
        "warp_mode": 0,
        "ram_mode": False,
        "file_path": "",
        "sample_length": 0,
    }
    READ_ONLY: ClassVar[frozenset[str]] = frozenset(
        {
            "length",
            "playing_position",
            "is_playing",
            "is_triggered",
            "is_recording",
            "is_midi_clip",
            "is_audio_clip",
            "start_time",
            "end_time",
            "has_groove",
            "will_record_on_start",
            "notes",
        }
    )

    _UNDONE = ("name", "color", "looping", "loop_start", "loop_end", "start_marker", "end_marker")

    def __init__(self, length: float, midi: bool = True) -> None:
        super().__init__()
        length = float(length)
        self._values.update(
            loop_end=length,
            end_marker=length,
            end_time=length,
            length=length,
            is_midi_clip=midi,
            is_audio_clip=not midi,
        )
        if not midi:
            self._values.update(self.AUDIO_PROPS)
        self._notes: list[MidiNote] = []
        self._slot: ClipSlot | None = None
        self._note_ids = itertools.count(1)

    def _changed(self, prop: str) -> None:
        if prop in ("loop_start", "loop_end"):
            new = self._values["loop_end"] - self._values["loop_start"]
            if new != self._values["length"]:
                self._values["length"] = new
                super()._changed("length")
        super()._changed(prop)

    def _alive(self) -> None:
        if self._dead:
            raise RuntimeError("Observed object is no longer valid")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._UNDONE and self._values[name] != value:
            self._remember()
        super().__setattr__(name, value)

    # -- undo -----------------------------------------------------------------
    def _content(self) -> tuple:
        return tuple(self._notes), {name: self._values[name] for name in self._UNDONE}

    def _set_content(self, content: tuple) -> None:
        self._notes = list(content[0])
        for name, value in content[1].items():
            self._put(name, value)
        super()._changed("notes")

    def _remember(self) -> None:
        if self._slot is not None:
            self._slot._track._song._remember()

    # -- notes ---------------------------------------------------------------
    def add_new_notes(self, notes: Iterable[MidiNoteSpecification]) -> tuple[int, ...]:
        self._alive()
        if not self._values["is_midi_clip"]:
            raise RuntimeError("Only available for MIDI clips.")
        self._remember()
        pitches: dict[int, list[MidiNote]] = {}
        for o in self._notes:
            pitches.setdefault(o.pitch, []).append(o)
        ids = []
        for n in notes:
            new = MidiNote(
                n.pitch,
                float(n.start_time),
                float(n.duration),
                n.velocity,
                n.mute,
                n.probability,
                n.velocity_deviation,
                n.release_velocity,
                next(self._note_ids),
            )
            kept = [new]
            for old in pitches.get(new.pitch, ()):
                o = old
                if o.start_time == new.start_time:
                    continue
                if o.start_time < new.start_time < o.start_time + o.duration:
                    o = replace(o, duration=new.start_time - o.start_time)
                elif new.start_time < o.start_time < new.start_time + new.duration:
                    new.duration = o.start_time - new.start_time
                kept.append(o)
            pitches[new.pitch] = kept
            ids.append(new.note_id)
        self._notes = list(itertools.chain.from_iterable(pitches.values()))
        self._sort()
        super()._changed("notes")
        return tuple(ids)

    def _sort(self) -> None:
        self._notes.sort(key=lambda n: (n.pitch, n.start_time))

    def _select(self, from_pitch: int, pitch_span: int, from_time: float, time_span: float):
        return [
            n
            for n in self._notes
            if from_pitch <= n.pitch < from_pitch + pitch_span
            and from_time <= n.start_time < from_time + time_span
        ]

    def get_notes_extended(
        self, from_pitch: int, pitch_span: int, from_time: float, time_span: float
    ):
        self._alive()
        return tuple(self._select(from_pitch, pitch_span, from_time, time_span))

    def get_all_notes_extended(self):
        self._alive()
        return tuple(self._notes)

    def remove_notes_extended(
        self, from_pitch: int, pitch_span: int, from_time: float, time_span: float
    ):
        self._alive()
        self._remember()
        gone = {n.note_id for n in self._select(from_pitch, pitch_span, from_time, time_span)}
        self._notes = [n for n in self._notes if n.note_id not in gone]
        super()._changed("notes")

    def remove_notes_by_id(self, *ids: Any) -> None:
        self._alive()
        if len(ids) == 1 and isinstance(ids[0], (tuple, list)):
            ids = tuple(ids[0])
        self._notes = [n for n in self._notes if n.note_id not in set(ids)]
        super()._changed("notes")

    def duplicate_loop(self) -> None:
        self._alive()
        span = self._values["loop_end"] - self._values["loop_start"]
        extra = [copy.copy(n) for n in self._notes]
        for n in extra:
            n.start_time += span
            n.note_id = next(self._note_ids)
        self._notes += extra
        self._sort()
        self.loop_end = self._values["loop_end"] + span
        self.end_marker = self._values["end_marker"] + span

    # -- transport -----------------------------------------------------------
    def fire(self) -> None:
        self._alive()
        if self._slot:
            self._slot.fire()

    def stop(self) -> None:
        self._alive()
        if self._slot:
            self._slot.stop()


class ClipSlot(Listenable):
    PROPS: ClassVar[dict[str, Any]] = {
        "has_clip": False,
        "clip": None,
        "has_stop_button": True,
        "is_triggered": False,
        "is_playing": False,
        "playing_status": 0,
        "controls_other_clips": False,
        "is_group_slot": False,
        "will_record_on_start": False,
        "color": 0,
        "color_index": 0,
    }
    READ_ONLY: ClassVar[frozenset[str]] = frozenset(
        {
            "has_clip",
            "clip",
            "is_triggered",
            "is_playing",
            "playing_status",
            "controls_other_clips",
            "is_group_slot",
            "will_record_on_start",
        }
    )

    def __init__(self, track: "Track") -> None:
        super().__init__()
        self._track = track

    def create_clip(self, length: float) -> None:
        if self._values["clip"] is not None:
            raise RuntimeError("Clip slot already contains a clip")
        if not self._track.has_midi_input:
            raise RuntimeError("Clips can only be created on MIDI tracks")
        if length <= 0:
            raise RuntimeError("Invalid length")
        self._track._song._remember()
        self._attach(Clip(length))

    def _attach(self, clip: Clip) -> None:
        clip._slot = self
        self._values["clip"] = clip
        self._values["has_clip"] = True
        self._changed("clip")
        self._changed("has_clip")

    def _restore(self, clip: Clip | None, content: tuple | None) -> None:
        present = self._values["clip"]
        if clip is not None and content is not None:
            object.__setattr__(clip, "_dead", False)
            clip._set_content(content)
        if clip is present:
            return
        if present is not None:
            present._kill()
        self._values["clip"], self._values["has_clip"] = clip, clip is not None
        self._changed("clip")
        self._changed("has_clip")

    def delete_clip(self) -> None:
        clip = self._values["clip"]
        if clip is None:
            raise RuntimeError("Clip slot does not contain a clip")
        self._track._song._remember()
        if self._track.playing_slot_index == self._track.clip_slots.index(self):
            self._track._put("playing_slot_index", -1)
        clip._kill()
        self._values["clip"] = None
        self._values["has_clip"] = False
        self._changed("clip")
        self._changed("has_clip")

    def duplicate_clip_to(self, target: "ClipSlot") -> None:
        src = self._values["clip"]
        if src is None:
            raise RuntimeError("Clip slot does not contain a clip")
        if target._values["clip"] is not None:
            target.delete_clip()
        dup = Clip(src.length, src.is_midi_clip)
        dup._values.update(
            {
                k: v
                for k, v in src._values.items()
                if k not in ("is_playing", "is_triggered", "playing_position")
            }
        )
        dup._notes = [copy.copy(n) for n in src._notes]
        target._attach(dup)

    def fire(self, *_: Any) -> None:
        song = self._track._song
        index = list(self._track.clip_slots).index(self)
        clip = self._values["clip"]
        if clip is None:
            if self._track.arm and self._track.can_be_armed:
                midi = self._track.has_midi_input
                clip = Clip(4.0, midi)
                clip._values["is_recording"] = True
                self._attach(clip)
            else:
                self._track.stop_all_clips()
                return
        self._track._put("fired_slot_index", index)
        self._put("is_triggered", True)
        clip._put("is_triggered", True)
        if not song.is_playing:
            song._roll()
        song._queue_launch(self._track, index)

    def stop(self) -> None:
        self._track._stop_slot(self)
