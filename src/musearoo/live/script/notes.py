"""A clip as the requests that write it: announced, its notes in handfuls, committed."""

from collections.abc import Iterator
from typing import Final

from musearoo.codecs.osc import Argument, Double, Message
from musearoo.domain.errors import InvalidValue
from musearoo.live.link import Clip, LiveNote

MAX_NOTES: Final = 10_000
HANDFUL: Final = 100
"""Notes in one message: few enough for the script to read within one of its turns."""


def writing(number: int, track: int, scene: int, clip: Clip, over: str | None) -> Iterator[Message]:
    """The requests, all under one number; the last of them is answered."""
    if len(clip.notes) > MAX_NOTES:
        raise InvalidValue("notes", len(clip.notes), f"at most {MAX_NOTES} in one clip")
    yield Message("/live/clip/begin", (number, *_plan(track, scene, clip, over)))
    for first in range(0, len(clip.notes), HANDFUL):
        some = clip.notes[first : first + HANDFUL]
        values: list[Argument] = [number]
        for note in some:
            values += _note(note)
        yield Message("/live/clip/notes", tuple(values))
    yield Message("/live/clip/commit", (number,))


def _plan(track: int, scene: int, clip: Clip, over: str | None) -> tuple[Argument, ...]:
    return (
        track,
        scene,
        Double(clip.length),
        clip.name,
        -1 if clip.color is None else clip.color & 0xFFFFFF,
        clip.looping,
        Double(0.0),
        Double(clip.length),
        over or "",
        False,
        len(clip.notes),
    )


def _note(note: LiveNote) -> tuple[Argument, ...]:
    # Live keeps times in 64 bits; the other values lose nothing that it keeps in 32.
    return (
        note.pitch,
        Double(note.start),
        Double(note.length),
        float(note.velocity),
        int(note.mute),
        float(note.probability),
        0.0,
        float(note.release_velocity),
    )
