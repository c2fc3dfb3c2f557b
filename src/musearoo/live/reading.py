"""What AbletonOSC's messages say about Live: the mirror, and what is still to be asked."""

import math
from collections.abc import Callable, Iterator
from typing import Any, Final

from msgspec.structs import replace

from musearoo.codecs.osc import Argument, Message
from musearoo.live.link import (
    NOTHING_PLAYS,
    BeatReported,
    KeyReported,
    LiveTrack,
    Mirror,
    PlayingReported,
    Report,
    SetReported,
    SignatureReported,
    SlotPlays,
    TempoReported,
    same,
)

ASKED: Final = "musearoo"
"""A last argument that AbletonOSC returns with the answer: so it is no push of a listener."""

SONG: Final = ("tempo", "signature_numerator", "signature_denominator", "is_playing")
KEY: Final = ("root_note", "scale_name")
"""Only in AbletonOSC since November 2025."""
LISTENED: Final = (*SONG, *KEY, "beat")

LONGEST_SONG: Final = 1e7  # quarter notes, months
Arguments = tuple[Argument, ...]


class Reading:
    """Hears messages and keeps the mirror. It has neither socket nor clock."""

    def __init__(self) -> None:
        self._handlers: Final[dict[str, Callable[[Arguments, float], list[Report]]]] = {
            "/live/song/get/tempo": self._tempo,
            "/live/song/get/signature_numerator": self._numerator,
            "/live/song/get/signature_denominator": self._denominator,
            "/live/song/get/root_note": self._root,
            "/live/song/get/scale_name": self._scale,
            "/live/song/get/is_playing": self._is_playing,
            "/live/song/get/current_song_time": self._position,
            "/live/song/get/beat": self._beat,
            "/live/application/get/version": self._version,
            "/live/song/get/track_names": self._track_names,
            "/live/song/get/scenes/name": self._scene_names,
            "/live/track/get/has_midi_input": self._has_midi,
            "/live/track/get/clips/name": self._clip_list,
            "/live/track/get/playing_slot_index": self._playing_slot,
        }
        self.forget()

    def forget(self) -> None:
        """Live has left, or has another set: nothing is known."""
        self.mirror = Mirror()
        self.tainted = False  # listeners of moved tracks speak with their old numbers
        self.renewed = False  # other tracks: they are to be asked and listened to
        self.heard_at: dict[int, float] = {}  # when the clips of a track were last told
        self._names: tuple[str, ...] | None = None
        self._scenes: tuple[str, ...] | None = None
        self._midi: dict[int, bool] = {}
        self._clips: dict[int, tuple[str | None, ...]] = {}
        self._plays: dict[int, int] = {}
        self._told: tuple[Any, ...] = ()
        self._song: dict[str, Argument] = {}

    # --- what to ask --------------------------------------------------------------------------

    def missing(self) -> tuple[Message, ...]:
        """The questions that are still unanswered; empty once the mirror is whole."""
        return tuple(self._missing())

    def _missing(self) -> Iterator[Message]:
        for name in SONG:
            if name not in self._song:
                yield Message(f"/live/song/get/{name}")
        if "version" not in self._song:
            yield Message("/live/application/get/version")
        if self._scenes is None:
            yield Message("/live/song/get/scenes/name")
        if self._names is None:
            yield Message("/live/song/get/track_names")
            return
        for track in range(len(self._names)):
            if track not in self._midi:
                yield Message("/live/track/get/has_midi_input", (track,))
            if track not in self._clips:
                yield Message("/live/track/get/clips/name", (track,))
            if track not in self._plays:
                yield Message("/live/track/get/playing_slot_index", (track, ASKED))

    def everything(self) -> tuple[Message, ...]:
        """The questions of a regular look: what may have changed without our being told."""
        names = (*SONG, *(name for name in KEY if name in self._song))
        return (
            *(Message(f"/live/song/get/{name}", (ASKED,)) for name in names),
            Message("/live/song/get/scenes/name"),
            Message("/live/song/get/track_names"),
            *(message for track in range(len(self._names or ())) for message in self.track(track)),
            *(message for message in self._missing() if message.address.endswith("midi_input")),
        )

    def track(self, track: int) -> tuple[Message, ...]:
        """The questions about one track."""
        return (
            Message("/live/track/get/clips/name", (track,)),
            Message("/live/track/get/playing_slot_index", (track, ASKED)),
        )

    def listening(self) -> tuple[Message, ...]:
        """The requests to be told of changes."""
        return (
            *(Message(f"/live/song/start_listen/{name}") for name in LISTENED),
            *(
                Message("/live/track/start_listen/playing_slot_index", (track,))
                for track in range(len(self._names or ()))
            ),
        )

    def clip_names(self, track: int) -> tuple[str | None, ...] | None:
        """The clips of a track as last told."""
        return self._clips.get(track)

    def track_name(self, track: int) -> str | None:
        """The name of a track as last told."""
        names = self._names or ()
        return names[track] if track < len(names) else None

    # --- what is heard ------------------------------------------------------------------------

    def hear(self, message: Message, now: float) -> list[Report]:
        """Take in a message; answers what is new."""
        handler = self._handlers.get(message.address)
        if handler is None:
            return []
        try:
            return handler(message.arguments, now)
        except (IndexError, OverflowError, TypeError, ValueError):
            return []  # another version of AbletonOSC answers otherwise

    def _tempo(self, values: Arguments, _now: float) -> list[Report]:
        bpm = _number(values[0])
        self._song["tempo"] = bpm
        if same(self.mirror.tempo, bpm):
            return []
        self.mirror = replace(self.mirror, tempo=bpm)
        return [TempoReported(bpm)]

    def _numerator(self, values: Arguments, _now: float) -> list[Report]:
        self._song["signature_numerator"] = int(_number(values[0]))
        return self._signature()

    def _denominator(self, values: Arguments, _now: float) -> list[Report]:
        self._song["signature_denominator"] = int(_number(values[0]))
        return self._signature()

    def _signature(self) -> list[Report]:
        above = self._song.get("signature_numerator")
        below = self._song.get("signature_denominator")
        known = (self.mirror.numerator, self.mirror.denominator)
        if not isinstance(above, int) or not isinstance(below, int) or known == (above, below):
            return []
        self.mirror = replace(self.mirror, numerator=above, denominator=below)
        return [SignatureReported(above, below)]

    def _root(self, values: Arguments, _now: float) -> list[Report]:
        self._song["root_note"] = int(_number(values[0])) % 12
        return self._key()

    def _scale(self, values: Arguments, _now: float) -> list[Report]:
        self._song["scale_name"] = str(values[0])
        return self._key()

    def _key(self) -> list[Report]:
        root, scale = self._song.get("root_note"), self._song.get("scale_name")
        known = (self.mirror.root, self.mirror.scale)
        if not isinstance(root, int) or not isinstance(scale, str) or known == (root, scale):
            return []
        self.mirror = replace(self.mirror, root=root, scale=scale)
        return [KeyReported(root, scale)]

    def _is_playing(self, values: Arguments, _now: float) -> list[Report]:
        playing = bool(values[0])
        self._song["is_playing"] = playing
        if self.mirror.playing == playing:
            return []
        self.mirror = replace(self.mirror, playing=playing)
        return [PlayingReported(playing, self.mirror.beat or 0.0)]

    def _position(self, values: Arguments, now: float) -> list[Report]:
        beat = _place(values[0])
        self.mirror = replace(self.mirror, beat=beat, beat_at=now)
        return [BeatReported(beat, now)]

    def _beat(self, values: Arguments, now: float) -> list[Report]:
        beat = _place(values[0])
        self.mirror = replace(self.mirror, beat=beat, beat_at=now)
        return [BeatReported(beat, now, precise=False)]

    def _version(self, values: Arguments, _now: float) -> list[Report]:
        version = ".".join(str(each) for each in values if isinstance(each, int))
        self._song["version"] = version
        self.mirror = replace(self.mirror, version=version)
        return []

    def _track_names(self, values: Arguments, _now: float) -> list[Report]:
        names = tuple(str(each) for each in values)
        if names != self._names:
            self.tainted = self.renewed = self._names is not None
            self._names = names
            for known in (self._midi, self._clips, self._plays, self.heard_at):
                known.clear()
        return self._set()

    def _scene_names(self, values: Arguments, _now: float) -> list[Report]:
        self._scenes = tuple(str(each) for each in values)
        return self._set()

    def _has_midi(self, values: Arguments, _now: float) -> list[Report]:
        self._midi[self._known(values[0])] = bool(values[1])
        return self._set()

    def _clip_list(self, values: Arguments, now: float) -> list[Report]:
        track = self._known(values[0])
        self._clips[track] = tuple(None if each is None else str(each) for each in values[1:])
        self.heard_at[track] = now
        return self._set()

    def _playing_slot(self, values: Arguments, _now: float) -> list[Report]:
        track, slot = self._known(values[0]), int(_number(values[1]))
        if self.tainted and values[-1] != ASKED:
            return []  # the link asks, and the answer counts
        slot = max(NOTHING_PLAYS, slot)  # Live says -2 while a track stops
        before = self._plays.get(track)
        self._plays[track] = slot
        reports = self._set()
        if before is None or before == slot or track >= len(self.mirror.tracks):
            return reports
        tracks = list(self.mirror.tracks)
        tracks[track] = replace(tracks[track], playing=slot)
        self.mirror = replace(self.mirror, tracks=tuple(tracks))
        return [*reports, SlotPlays(track, slot)]

    def _known(self, value: Argument) -> int:
        track = int(_number(value))
        if not 0 <= track < len(self._names or ()):
            raise IndexError(track)
        return track

    def _set(self) -> list[Report]:
        """The set, once all of it is known and some of it is new."""
        names, scenes = self._names, self._scenes
        if names is None or scenes is None:
            return []
        every = range(len(names))
        if any(t not in self._midi or t not in self._clips or t not in self._plays for t in every):
            return []
        told = (names, scenes, dict(self._midi), dict(self._clips))
        if told == self._told:
            return []
        self._told = told
        tracks = tuple(
            LiveTrack(
                name=names[track],
                midi=self._midi[track],
                clips=self._clips[track],
                playing=self._plays[track],
            )
            for track in every
        )
        self.mirror = replace(self.mirror, tracks=tracks, scenes=scenes)
        return [SetReported(tracks, scenes)]


def _place(value: Argument) -> float:
    beat = _number(value)
    if not 0.0 <= beat <= LONGEST_SONG:
        raise ValueError(beat)
    return beat


def _number(value: Argument) -> float:
    if isinstance(value, bool | int | float) and math.isfinite(value):
        return float(value)
    raise TypeError(value)
