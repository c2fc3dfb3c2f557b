"""A clip written as one act: everything or nothing, and one step of Live's undo."""

from __future__ import annotations

from typing import Any, Iterable, NamedTuple

import Live

MAX_NOTES = 10000
_CHUNK = 500  # notes handed to Live in one call
_EVERYTHING = (0, 128, -8192.0, 16384.0)  # pitches from, how many; beats from, how many
_TIME_PRECISION = 1e-4  # quarter notes; how finely Live itself keeps them is not documented
_VALUE_PRECISION = 1e-3


class Cannot(Exception):
    """Live's set does not allow it; `code` is a word for programs, the text is for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Note(NamedTuple):
    """One note in Live's terms: beats, velocity 1-127, probability 0-1."""

    pitch: int
    start_time: float
    duration: float
    velocity: float
    mute: bool
    probability: float
    velocity_deviation: float
    release_velocity: float


class Plan(NamedTuple):
    """A clip as it is to be. Length and loop in beats; a color below 0 leaves Live's own.

    The slot must be empty, or hold a clip named `present`, or anything if `replace`.
    """

    length: float
    name: str
    color: int
    looping: bool
    loop_start: float
    loop_end: float
    present: str
    replace: bool
    notes: int


def write(song: Any, track: Any, slot: Any, plan: Plan, notes: list[Note]) -> Any:
    """Write the clip and answer it; raises `Cannot`, and whatever Live raises.

    When Live refuses midway, what was in the slot before is put back.
    """
    _require_midi(track, slot)
    before = slot.clip if slot.has_clip else None
    if before is not None and not (plan.replace or (plan.present and before.name == plan.present)):
        raise Cannot("occupied", f"The slot holds the clip {before.name!r}; choose an empty one.")
    if before is not None and not before.is_midi_clip:
        raise Cannot("audio-clip", "The slot holds an audio clip, which cannot take notes.")
    song.begin_undo_step()
    try:
        return _write(slot, before, plan, notes)
    finally:
        song.end_undo_step()


def differences(clip: Any, notes: Iterable[Note]) -> int:
    """How many notes of the clip are not as they were written, are missing or are too many."""
    wanted = sorted(notes)
    found = sorted(_read(clip))
    if len(wanted) != len(found):
        return max(abs(len(wanted) - len(found)), _unlike(wanted, found))
    return _unlike(wanted, found)


def _require_midi(track: Any, slot: Any) -> None:
    if getattr(track, "is_foldable", False) or getattr(slot, "is_group_slot", False):
        raise Cannot("group-track", f"The track {track.name!r} is a group; choose a MIDI track.")
    if not track.has_midi_input:
        raise Cannot(
            "audio-track", f"The track {track.name!r} is no MIDI track; choose one that is."
        )
    if getattr(track, "is_frozen", False):
        raise Cannot("frozen-track", f"The track {track.name!r} is frozen; unfreeze it first.")


def _write(slot: Any, before: Any | None, plan: Plan, notes: list[Note]) -> Any:
    if before is None:
        slot.create_clip(plan.length)
        clip = slot.clip
        try:
            _fill(clip, plan, notes)
        except Exception:
            slot.delete_clip()
            raise
        return clip
    kept = _look(before)
    saved = _read(before)
    try:
        before.remove_notes_extended(*_EVERYTHING)
        _fill(before, plan, notes)
    except Exception:
        before.remove_notes_extended(*_EVERYTHING)
        _add(before, saved)
        _dress(before, kept)
        raise
    return before


def _fill(clip: Any, plan: Plan, notes: list[Note]) -> None:
    _add(clip, notes)
    _dress(clip, (plan.name, plan.color, plan.looping, plan.loop_start, plan.loop_end))


def _add(clip: Any, notes: list[Note]) -> None:
    specification = Live.Clip.MidiNoteSpecification
    for first in range(0, len(notes), _CHUNK):
        chunk = notes[first : first + _CHUNK]
        clip.add_new_notes(tuple(specification(**note._asdict()) for note in chunk))


def _read(clip: Any) -> list[Note]:
    return [
        Note(
            int(note.pitch),
            float(note.start_time),
            float(note.duration),
            float(note.velocity),
            bool(note.mute),
            float(note.probability),
            float(note.velocity_deviation),
            float(note.release_velocity),
        )
        for note in clip.get_notes_extended(*_EVERYTHING)
    ]


def _look(clip: Any) -> tuple[str, int, bool, float, float]:
    return clip.name, clip.color, clip.looping, clip.loop_start, clip.loop_end


def _dress(clip: Any, look: tuple[str, int, bool, float, float]) -> None:
    """Name, color and loop. Live refuses a start behind the end, so the order matters."""
    name, color, looping, start, end = look
    clip.name = name
    if color >= 0:
        clip.color = color
    clip.looping = looping
    ends = ("loop_start", "loop_end"), ("start_marker", "end_marker")
    for first, last in ends:
        if end > getattr(clip, first):
            setattr(clip, last, end)
            setattr(clip, first, start)
        else:
            setattr(clip, first, start)
            setattr(clip, last, end)


def _unlike(wanted: list[Note], found: list[Note]) -> int:
    return sum(not _alike(one, other) for one, other in zip(wanted, found))


def _alike(one: Note, other: Note) -> bool:
    if one.pitch != other.pitch or one.mute != other.mute:
        return False
    times = (one.start_time - other.start_time, one.duration - other.duration)
    values = (
        one.velocity - other.velocity,
        one.probability - other.probability,
        one.velocity_deviation - other.velocity_deviation,
        one.release_velocity - other.release_velocity,
    )
    return all(abs(time) <= _TIME_PRECISION for time in times) and all(
        abs(value) <= _VALUE_PRECISION for value in values
    )
