"""What the bridge asks of a way into Ableton Live: stock AbletonOSC, or our own remote script.

Times and lengths are quarter notes, as in Live ("beats"); tracks and slots count from 0. A link
keeps a `Mirror` of what Live last reported and tells its listener of each change once: a number
that equals the last at float32 precision, which is all that OSC carries, is no change.
"""

import struct
from collections.abc import Callable
from typing import Final, Literal, Protocol

import msgspec

Presence = Literal["here", "busy", "gone"]
"""Live answers; is silent for some seconds (a menu is open); has not been there or has left."""

NOTHING_PLAYS: Final = -1
_FLOAT: Final = struct.Struct(">f")


class LiveNote(msgspec.Struct, frozen=True, kw_only=True):
    """A note of a clip: velocity 1-127, probability 0-1, release velocity 0-127."""

    pitch: int
    start: float
    length: float
    velocity: float = 100.0
    mute: bool = False
    probability: float = 1.0
    release_velocity: float = 64.0


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """A MIDI clip as it shall be in Live; `color` is 0x00RRGGBB, which Live snaps to its palette.

    Notes of one pitch must not overlap: Live shortens the earlier one.
    """

    name: str
    length: float
    notes: tuple[LiveNote, ...] = ()
    color: int | None = None
    looping: bool = True


class Place(msgspec.Struct, frozen=True, order=True):
    """A clip slot, by the numbers of the moment: they shift when a track or scene moves."""

    track: int
    slot: int


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A clip that Live read back as it was sent."""

    place: Place
    notes: int
    seconds: float
    resent: int = 0


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What this way into Live can do beyond the common part."""

    name: str
    undo_step: bool = False
    probability: bool = False
    release_velocity: bool = False
    structure_reports: bool = False


class LiveTrack(msgspec.Struct, frozen=True, kw_only=True):
    """A track of the set. `clips` has a name for each filled slot, None for an empty one.

    `playing` is the slot that plays, `NOTHING_PLAYS` for none.
    """

    name: str
    midi: bool = True
    clips: tuple[str | None, ...] = ()
    playing: int = NOTHING_PLAYS


class Mirror(msgspec.Struct, frozen=True, kw_only=True):
    """What Live last reported; None where it has not reported yet.

    `beat` is the song position at `beat_at` (monotonic seconds); `root` is a pitch class, `scale`
    Live's name of it ("Major", "Minor", "Dorian", ...).
    """

    presence: Presence = "gone"
    version: str = ""
    tempo: float | None = None
    numerator: int | None = None
    denominator: int | None = None
    playing: bool | None = None
    beat: float | None = None
    beat_at: float = 0.0
    root: int | None = None
    scale: str | None = None
    tracks: tuple[LiveTrack, ...] = ()
    scenes: tuple[str, ...] = ()


class PresenceChanged(msgspec.Struct, frozen=True):
    """Live came (all of the mirror is known), fell silent, or left."""

    presence: Presence


class TempoReported(msgspec.Struct, frozen=True):
    """Quarter notes a minute, 20 to 999."""

    bpm: float


class SignatureReported(msgspec.Struct, frozen=True):
    """The time signature of the song."""

    numerator: int
    denominator: int


class PlayingReported(msgspec.Struct, frozen=True):
    """The transport runs or stands, at `beat`."""

    playing: bool
    beat: float


class BeatReported(msgspec.Struct, frozen=True):
    """The song reached `beat` at `at` (monotonic seconds).

    Not `precise` are whole beats that Live tells on its own: up to 0.1 s late.
    """

    beat: float
    at: float
    precise: bool = True


class KeyReported(msgspec.Struct, frozen=True):
    """The scale of the set: pitch class of the root, and Live's name of the scale."""

    root: int
    scale: str


class SetReported(msgspec.Struct, frozen=True):
    """Tracks, scenes or clips are others (names, order, number)."""

    tracks: tuple[LiveTrack, ...]
    scenes: tuple[str, ...]


class SlotPlays(msgspec.Struct, frozen=True):
    """A track plays the clip of another slot now; `NOTHING_PLAYS` for none."""

    track: int
    slot: int


Report = (
    PresenceChanged | TempoReported | SignatureReported | PlayingReported | BeatReported
    | KeyReported | SetReported | SlotPlays
)  # fmt: skip
Listener = Callable[[Report], None]


class TimeLink(Protocol):
    """A way to somebody else's tempo and transport. Requests answer when they are confirmed.

    They raise `Unavailable` when nobody is there or does not confirm in time.
    """

    @property
    def mirror(self) -> Mirror: ...
    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every report, in order, on the event loop; answers its end."""
        ...

    async def open(self) -> None:
        """Begin to look for Live; raises `Unavailable` when a port cannot be had.

        Returns at once: whether Live is there is reported.
        """
        ...

    async def close(self) -> None:
        """Leave Live as it is and let go of every port."""
        ...

    async def set_tempo(self, bpm: float) -> None: ...
    async def set_signature(self, numerator: int, denominator: int) -> None: ...
    async def set_key(self, root: int, scale: str) -> None: ...
    async def play(self, beat: float | None = None) -> None:
        """Run the transport, from `beat` or from where it stands."""
        ...

    async def stop(self) -> None: ...
    async def locate(self, beat: float) -> None: ...


class LiveLink(TimeLink, Protocol):
    """One way into one Live, whose clips can be written and launched as well."""

    @property
    def capabilities(self) -> Capabilities: ...
    async def fire(self, place: Place) -> None:
        """Launch a clip; Live's launch quantisation says when it sounds."""
        ...

    async def create_midi_track(self, name: str) -> int:
        """Add a MIDI track at the end; answers its number."""
        ...

    async def create_scene(self) -> int:
        """Add a scene at the end; answers its number."""
        ...

    async def prepare_clip(self, place: Place, name: str, length: float) -> None:
        """Put an empty clip into an empty slot; raises `Conflict` when the slot is filled."""
        ...

    async def write_clip(self, place: Place, clip: Clip, *, over: str | None) -> Written:
        """Make the clip in a slot equal to `clip`, and confirm it by reading it back.

        `over` names the clip of ours that is expected there, None an empty slot; anything
        else in it raises `Conflict`, and nothing is written.
        """
        ...


def same(one: float | None, other: float | None) -> bool:
    """Whether two numbers are equal at float32 precision."""
    if one is None or other is None:
        return one is other
    return float32(one) == float32(other)


def float32(value: float) -> float:
    """The number as OSC carries it."""
    single: float = _FLOAT.unpack(_FLOAT.pack(value))[0]
    return single
