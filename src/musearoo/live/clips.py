"""Takes as clips: their names by which they are known again, their notes as Live holds them."""

import re
from typing import Final
from zlib import crc32

from musearoo.conductor.values import unpack
from musearoo.domain.context import EngineContext
from musearoo.domain.ids import TakeId
from musearoo.domain.music.note import Note
from musearoo.domain.music.ticks import TICKS_PER_QUARTER, quarters
from musearoo.domain.records import Take
from musearoo.live.link import Clip, LiveNote, Mirror, Place

PREFIX: Final = "MuseAroo"
SPARE: Final = "next"
SHORTEST: Final = 1 / 64
"""Quarter notes that a note is given at least, where the next of its pitch comes at once."""
_COLORS: Final = {
    "drums": 0xFF6B3D,
    "bass": 0x3D8BFF,
    "melody": 0xFFC83D,
    "harmony": 0x5FCF6E,
}
_NAME: Final = re.compile(rf"{PREFIX} (\S+) ([0-9A-Za-z]{{8}}|{SPARE})")
_TAIL: Final = 8


def clip_name(part: str, take_id: TakeId) -> str:
    """The name by which a take's clip is known again; renamed by a hand, it is theirs."""
    return f"{PREFIX} {part} {tail_of(take_id)}"


def spare_name(part: str) -> str:
    """The name of the empty clip that waits for the next take of a part."""
    return f"{PREFIX} {part} {SPARE}"


def tail_of(take_id: str) -> str:
    """The end of an id, which is the random part of it."""
    return take_id.replace("-", "")[-_TAIL:].rjust(_TAIL, "0")


def read_name(name: str | None) -> tuple[str, str] | None:
    """Part and tail of a take id in a clip's name; None for a clip that is not ours."""
    match = _NAME.fullmatch(name or "")
    if match is None or match[2] == SPARE:
        return None
    return match[1], match[2]


def find(mirror: Mirror, name: str) -> Place | None:
    """Where the clip of that name is now."""
    for track, known in enumerate(mirror.tracks):
        if name in known.clips:
            return Place(track, known.clips.index(name))
    return None


def clip_of(take: Take, bpm: float) -> Clip:
    """A take as a clip that loops; microtiming becomes quarter notes at `bpm`."""
    meter = unpack(take.context, EngineContext).meter
    return Clip(
        name=clip_name(take.part, take.id),
        length=quarters(take.bars * meter.bar_ticks),
        notes=live_notes(take.notes, bpm),
        color=_COLORS.get(take.part, crc32(take.part.encode()) & 0xFFFFFF),
    )


def live_notes(notes: tuple[Note, ...], bpm: float) -> tuple[LiveNote, ...]:
    """Notes in the clip's quarter notes; of one pitch none overlaps, as Live would have it."""
    placed = sorted((_placed(note, bpm) for note in notes), key=lambda each: each[:2])
    found: list[LiveNote] = []
    for index, (pitch, start, end, velocity) in enumerate(placed):
        following = placed[index + 1] if index + 1 < len(placed) else None
        limit = following[1] if following is not None and following[0] == pitch else None
        if limit is not None and limit - start < SHORTEST:
            continue  # both at once: one is heard
        length = (end if limit is None else min(end, limit)) - start
        found.append(LiveNote(pitch=pitch, start=start, length=length, velocity=velocity))
    return tuple(sorted(found, key=lambda each: (each.start, each.pitch)))


def _placed(note: Note, bpm: float) -> tuple[int, float, float, float]:
    """Pitch, start, end, velocity."""
    late = note.offset_us * bpm / 60_000_000
    start = max(0.0, note.start / TICKS_PER_QUARTER + late)
    end = max(start + SHORTEST, note.end / TICKS_PER_QUARTER + late)
    return note.pitch, round(start, 6), round(end, 6), float(note.velocity)
