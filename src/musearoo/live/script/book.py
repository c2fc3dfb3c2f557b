"""What the script's messages say about the set, as the mirror and reports that every link has.

The script speaks of tracks and scenes by numbers of its own, which stay with them when they
move; a link speaks of places. Here one is turned into the other.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from msgspec.structs import replace

from musearoo.codecs.osc import Message, OscRefused
from musearoo.domain.errors import Conflict
from musearoo.live.link import (
    NOTHING_PLAYS,
    BeatReported,
    KeyReported,
    LiveTrack,
    Mirror,
    Place,
    PlayingReported,
    Report,
    SetReported,
    SignatureReported,
    SlotPlays,
    TempoReported,
    same,
)

K = TypeVar("K")
V = TypeVar("V")
_FARTHEST: Final = 1e9  # quarter notes, or quarter notes a minute
_MOST: Final = 4096  # tracks or scenes; Live's own limit is far below

_FORMS: Final[dict[str, tuple[type, ...]]] = {
    "/live/tempo": (float,),
    "/live/signature": (int, int),
    "/live/playing": (bool, float),
    "/live/key": (int, str),
    "/live/time": (float,),
    "/live/track": (int, str, int, bool),
    "/live/scene": (int, str),
    "/live/launch": (int, int, int),
    "/live/clip": (int, int, str, float, bool),
    "/live/empty": (int, int),
}


class Book:
    """Hears messages and keeps the mirror. It has neither socket nor clock."""

    def __init__(self) -> None:
        self._handlers: Final[dict[str, Callable[..., list[Report]]]] = {
            "/live/tempo": self._tempo,
            "/live/signature": self._signature,
            "/live/playing": self._playing,
            "/live/key": self._key,
            "/live/time": self._time,
            "/live/track": self._track,
            "/live/scene": self._scene,
            "/live/launch": self._launch,
            "/live/clip": self._clip,
            "/live/empty": self._empty,
        }
        self.forget()

    def forget(self) -> None:
        """Live has left: nothing is known."""
        self.mirror = Mirror()
        self._tracks: tuple[int, ...] = ()
        self._scenes: tuple[int, ...] = ()
        self._track_names: dict[int, tuple[str, bool]] = {}
        self._scene_names: dict[int, str] = {}
        self._clips: dict[tuple[int, int], str] = {}
        self._plays: dict[int, int] = {}
        self._changed = False

    def hear(self, message: Message, now: float) -> list[Report]:
        """Take in a message; answers what is new. Raises `OscRefused` for one out of form."""
        values = message.arguments
        if message.address in {"/live/tracks", "/live/scenes"}:
            self._order(message)
            return []
        handler = self._handlers.get(message.address)
        if handler is None:
            return []  # a newer script
        form = _FORMS[message.address]
        if len(values) != len(form) or not all(map(isinstance, values, form)):
            raise OscRefused(f"{message.address} came with other values than it has.")
        # Comparisons with what is no number are False.
        if not all(abs(value) <= _FARTHEST for value in values if isinstance(value, float)):
            raise OscRefused(f"{message.address} came with what is no number, or too great.")
        if message.address in {"/live/time", "/live/playing"}:
            return handler(*values, now)
        return handler(*values)

    def settle(self) -> list[Report]:
        """The tracks, scenes and clips, if others than told last; call it after some messages."""
        if not self._changed:
            return []
        self._changed = False
        tracks = tuple(self._view(number) for number in self._tracks)
        scenes = tuple(self._scene_names.get(number, "") for number in self._scenes)
        before, self.mirror = self.mirror, replace(self.mirror, tracks=tracks, scenes=scenes)
        if (_without_playing(before.tracks), before.scenes) == (_without_playing(tracks), scenes):
            return []
        return [SetReported(tracks, scenes)]

    def numbers(self, place: Place) -> tuple[int, int]:
        """The script's numbers of a track and a scene; raises `Conflict` for what is not there."""
        if not 0 <= place.track < len(self._tracks) or not 0 <= place.slot < len(self._scenes):
            raise Conflict(f"Live has no slot {place.slot + 1} on track {place.track + 1}.")
        return self._tracks[place.track], self._scenes[place.slot]

    @property
    def size(self) -> tuple[int, int]:
        """How many tracks and scenes there are."""
        return len(self._tracks), len(self._scenes)

    def _view(self, number: int) -> LiveTrack:
        name, midi = self._track_names.get(number, ("", False))
        clips = tuple(self._clips.get((number, scene)) for scene in self._scenes)
        return LiveTrack(name=name, midi=midi, clips=clips, playing=self._slot_of(number))

    def _slot_of(self, track: int) -> int:
        scene = self._plays.get(track, NOTHING_PLAYS)
        return self._scenes.index(scene) if scene in self._scenes else NOTHING_PLAYS

    def _order(self, message: Message) -> None:
        numbers = _numbers(message)
        if message.address == "/live/tracks":
            self._tracks = numbers
        else:
            self._scenes = numbers
        tracks, scenes = set(self._tracks), set(self._scenes)
        if message.address == "/live/tracks":
            self._track_names = {n: v for n, v in self._track_names.items() if n in tracks}
            self._plays = {n: v for n, v in self._plays.items() if n in tracks}
            self._clips = {at: v for at, v in self._clips.items() if at[0] in tracks}
        else:
            self._scene_names = {n: v for n, v in self._scene_names.items() if n in scenes}
            self._clips = {at: v for at, v in self._clips.items() if at[1] in scenes}
        self._changed = True

    def _tempo(self, bpm: float) -> list[Report]:
        if same(self.mirror.tempo, bpm):
            return []
        self.mirror = replace(self.mirror, tempo=float(bpm))
        return [TempoReported(float(bpm))]

    def _signature(self, numerator: int, denominator: int) -> list[Report]:
        if (self.mirror.numerator, self.mirror.denominator) == (numerator, denominator):
            return []
        self.mirror = replace(self.mirror, numerator=numerator, denominator=denominator)
        return [SignatureReported(numerator, denominator)]

    def _playing(self, playing: bool, beat: float, now: float) -> list[Report]:
        known = self.mirror.playing
        self.mirror = replace(self.mirror, playing=playing, beat=float(beat), beat_at=now)
        return [] if known == playing else [PlayingReported(playing, float(beat))]

    def _key(self, root: int, scale: str) -> list[Report]:
        if (self.mirror.root, self.mirror.scale) == (root % 12, scale):
            return []
        self.mirror = replace(self.mirror, root=root % 12, scale=scale)
        return [KeyReported(root % 12, scale)]

    def _time(self, beat: float, now: float) -> list[Report]:
        self.mirror = replace(self.mirror, beat=float(beat), beat_at=now)
        return [BeatReported(float(beat), now)]

    def _track(self, number: int, name: str, _color: int, midi: bool) -> list[Report]:
        return self._know(self._track_names, number, (name, midi), _MOST)

    def _scene(self, number: int, name: str) -> list[Report]:
        return self._know(self._scene_names, number, name, _MOST)

    def _clip(
        self,
        track: int,
        scene: int,
        name: str,
        _length: float,
        _midi: bool,
    ) -> list[Report]:
        return self._know(self._clips, (track, scene), name, _MOST * 16)

    def _empty(self, track: int, scene: int) -> list[Report]:
        self._clips.pop((track, scene), None)
        self._changed = True
        return []

    def _know(self, known: dict[K, V], key: K, value: V, most: int) -> list[Report]:
        if len(known) >= most and key not in known:
            raise OscRefused(f"A set of more than {most} tracks, scenes or clips is not followed.")
        known[key] = value
        self._changed = True
        return []

    def _launch(self, track: int, playing: int, _fired: int) -> list[Report]:
        before = self._plays.get(track)
        self._know(self._plays, track, playing, _MOST)
        if before is None or before == playing or track not in self._tracks:
            return []
        return [SlotPlays(self._tracks.index(track), self._slot_of(track))]


def _numbers(message: Message) -> tuple[int, ...]:
    numbers = message.arguments
    if len(numbers) > _MOST or not all(type(each) is int for each in numbers):
        raise OscRefused(f"{message.address} came with what are no numbers, or too many.")
    return tuple(each for each in numbers if isinstance(each, int))


def _without_playing(tracks: Sequence[LiveTrack]) -> tuple[tuple[str, bool, object], ...]:
    return tuple((track.name, track.midi, track.clips) for track in tracks)
