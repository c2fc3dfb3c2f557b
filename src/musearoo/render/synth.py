"""What a synthesizer is to the mixer, and which one plays.

Our own sampler is the standard: compared with FluidSynth 2.3.1 note by note it
agrees in pitch, level, brightness and decay. symusic 0.5.8 is kept as a second
opinion; it ignores velocity, filters, root keys and chokes (symusic_synth.py).
"""

from collections.abc import Sequence
from typing import Final, Literal, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from musearoo.domain.song import Song, SongPart
from musearoo.render.programs import Preset

SAMPLE_RATE: Final = 44_100

Samples = NDArray[np.float32]
Sides = tuple[float, float]  # gain of the left and of the right channel
SynthName = Literal["sampler", "symusic"]


class TimedNote(msgspec.Struct, frozen=True):
    """A note in seconds from the start of the song, microtiming included."""

    start: float
    length: float
    pitch: int
    velocity: int


class Synth(Protocol):
    """Plays parts, each with one preset of the font."""

    def load(self, preset: Preset) -> None:
        """Decode what the preset needs, so that its first notes need not wait."""
        ...

    def add(
        self, mix: Samples, preset: Preset, notes: Sequence[TimedNote], sides: Sides = (1.0, 1.0)
    ) -> None:
        """Add the notes to a mix of shape (2, n) at `SAMPLE_RATE`; what rings beyond it is lost.

        `notes` are in the order they start. Presets are levelled: a phrase in the middle of the
        range at velocity 90 has about -20 LUFS, basses and drums 2 to 3 more. The same
        notes give the same samples, whatever was played before.
        """
        ...


def timed_notes(song: Song, part: SongPart) -> tuple[TimedNote, ...]:
    """The notes of a part in seconds, in the order they sound."""
    origin, clock = song.tempo_map.origin_seconds, song.tempo_map.seconds_at
    moments: dict[int, float] = {}

    def seconds(tick: int) -> float:
        known = moments.get(tick)
        if known is None:
            known = moments[tick] = clock(tick) - origin
        return known

    notes = (
        TimedNote(
            max(0.0, seconds(note.start) + note.offset_us * 1e-6),
            max(0.001, seconds(note.end) - seconds(note.start)),
            note.pitch,
            note.velocity,
        )
        for note in part.notes
    )
    return tuple(sorted(notes, key=lambda note: (note.start, note.pitch)))


def choose(name: SynthName = "sampler") -> Synth:
    """The synthesizer of that name, one a process."""
    if name == "symusic":
        from musearoo.render.symusic_synth import symusic_synth  # noqa: PLC0415

        return symusic_synth()
    from musearoo.render.sampler import sampler  # noqa: PLC0415

    return sampler()
