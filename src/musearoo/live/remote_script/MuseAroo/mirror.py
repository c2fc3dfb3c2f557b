"""What the server is told of the set: tempo, transport, key, tracks, scenes and clips.

Listeners mark what has changed; `speak` says it later, each thing once however often it
changed. Tracks and scenes carry numbers of our own that stay with them when they move.
"""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any, Callable, Hashable, Iterator, Optional

from .journal import fault
from .listening import Listeners
from .osc import Message

MAX_NAME = 256
_TIME_SECONDS = 0.05
_SONG = (
    ("tempo", "tempo"),
    ("signature", "signature_numerator"),
    ("signature", "signature_denominator"),
    ("playing", "is_playing"),
    ("key", "root_note"),
    ("key", "scale_name"),
    ("time", "current_song_time"),
)
_SLOTS_AT_ONCE = 16
_AGAIN_SECONDS = 0.2

Speak = Callable[[], Optional[Message]]


class Place:
    """A track or a scene under its number."""

    def __init__(self, number: int, thing: Any) -> None:
        self.number = number
        self.thing = thing
        self.listeners = Listeners()
        self.slots: dict[Any, Slot] = {}

    def release(self) -> None:
        """Take off every listener here and in its slots."""
        self.listeners.release()
        for slot in self.slots.values():
            slot.release()
        self.slots.clear()


class Slot:
    """A clip slot, and the clip in it when it was last looked at."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing
        self.listeners = Listeners()
        self.clip: Any = None
        self.clip_listeners = Listeners()

    def release(self) -> None:
        """Take off the listeners of the slot and of its clip."""
        self.listeners.release()
        self.clip_listeners.release()


class Mirror:
    """Follows one set. Nothing here is thread-safe or needs to be: Live has one thread."""

    def __init__(self, song: Any) -> None:
        self._song = song
        self._listeners = Listeners()
        self._numbers = itertools.count(1)
        self._tracks: dict[Any, Place] = {}
        self._scenes: dict[Any, Place] = {}
        self._marked: dict[Hashable, Speak] = {}
        self._survey: Iterator[None] | None = None
        self._stale = True
        self._whole = False
        self._ready_due = False
        self._not_before = 0.0
        self._said_time = (-1.0, -1)
        for key, what in _SONG:
            self._listeners.add(song, what, partial(self._mark_song, key))
        for what in ("tracks", "scenes"):
            self._listeners.add(song, what, self._structure_changed)

    def close(self) -> None:
        """Take off every listener."""
        self._listeners.release()
        for place in itertools.chain(self._tracks.values(), self._scenes.values()):
            place.release()
        self._tracks.clear()
        self._scenes.clear()
        self._marked.clear()

    def begin(self) -> None:
        """Say everything anew, as to a server that has just come, and `/live/ready` after it."""
        self._marked.clear()
        self._survey = None
        self._stale = self._whole = self._ready_due = True
        self._said_time = (-1.0, -1)
        for key, _ in _SONG:
            self._mark_song(key)

    def track(self, number: int) -> Any:
        """The track with that number; raises LookupError when it is gone."""
        return _thing(self._tracks, number, "track")

    def scene(self, number: int) -> Any:
        """The scene with that number; raises LookupError when it is gone."""
        return _thing(self._scenes, number, "scene")

    def slot(self, track: int, scene: int) -> Any:
        """The clip slot where that track and that scene cross; raises LookupError."""
        place, row = self.track(track), self.scene(scene)
        index = _index(self._song.scenes, row)
        slots = place.clip_slots
        if index is None or index >= len(slots):
            raise LookupError("there is no such scene any more")
        return slots[index]

    def step(self, now: float) -> bool:
        """Look at a little more of the set; False when there is nothing to look at."""
        if self._survey is None:
            if not self._stale or now < self._not_before:
                return False
            self._stale = False
            self._survey = self._look(whole=self._whole)
        try:
            next(self._survey)
        except StopIteration:
            self._survey = None
            self._whole = False
        except Exception:  # noqa: BLE001  (an object died under our eyes: look again)
            fault("live.survey_failed")
            self._survey = None
            self._stale = True
            self._not_before = now + _AGAIN_SECONDS
        return True

    def speak(self, now: float) -> Message | None:
        """The next thing to say, or None."""
        for key in list(itertools.islice(self._marked, 2)):
            if key == "time" and not self._time_is_due(now):
                continue
            message = self._said(self._marked.pop(key))
            if message is not None:
                return message
        if self._ready_due and self._survey is None and not self._stale and self._settled():
            self._ready_due = False
            return Message("/live/ready", (len(self._tracks), len(self._scenes)))
        return None

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to say but, perhaps, the time."""
        return self._settled() and not self._ready_due

    def _settled(self) -> bool:
        return not self._marked or list(self._marked) == ["time"]

    def _said(self, speak: Speak) -> Message | None:
        try:
            return speak()
        except Exception:  # noqa: BLE001  (the object is gone; the survey will say so)
            return None

    def _mark(self, key: Hashable, speak: Speak) -> None:
        self._marked[key] = speak

    def _mark_song(self, key: str) -> None:
        self._marked[key] = getattr(self, "_say_" + key)

    def _structure_changed(self) -> None:
        self._stale = True

    def _time_is_due(self, now: float) -> bool:
        try:
            beat = int(self._song.current_song_time)
        except Exception:  # noqa: BLE001
            return True
        said_at, said_beat = self._said_time
        if beat == said_beat and now - said_at < _TIME_SECONDS:
            return False
        self._said_time = (now, beat)
        return True

    def _say_tempo(self) -> Message:
        return Message("/live/tempo", (float(self._song.tempo),))

    def _say_signature(self) -> Message:
        song = self._song
        return Message(
            "/live/signature", (int(song.signature_numerator), int(song.signature_denominator))
        )

    def _say_playing(self) -> Message:
        song = self._song
        return Message("/live/playing", (bool(song.is_playing), float(song.current_song_time)))

    def _say_key(self) -> Message:
        # Songs have a key since Live 12.
        return Message("/live/key", (int(self._song.root_note), _name(self._song.scale_name)))

    def _say_time(self) -> Message:
        return Message("/live/time", (float(self._song.current_song_time),))

    def _look(self, *, whole: bool) -> Iterator[None]:
        """Compare tracks and scenes with those known; mark what the server must be told."""
        scenes, tracks = tuple(self._song.scenes), tuple(self._song.tracks)
        if self._match(self._scenes, scenes, self._new_scene) or whole:
            self._mark("scenes", partial(self._say_order, "/live/scenes", self._scenes))
        yield
        if self._match(self._tracks, tracks, self._new_track) or whole:
            self._mark("tracks", partial(self._say_order, "/live/tracks", self._tracks))
        yield
        if whole:
            for place in list(self._scenes.values()):
                self._mark_scene(place)
            for place in list(self._tracks.values()):
                self._mark_track(place)
                self._mark_launch(place)
                yield
        rows = [self._scenes[_identity(scene)].number for scene in scenes]
        for track in tracks:
            place = self._tracks[_identity(track)]
            for _ in self._look_at_slots(place, rows, whole=whole):
                yield

    def _look_at_slots(self, place: Place, rows: list[int], *, whole: bool) -> Iterator[None]:
        slots = tuple(place.thing.clip_slots)
        found: dict[Any, Slot] = {}
        for index, (thing, row) in enumerate(zip(slots, rows)):
            known = place.slots.pop(row, None)
            if known is None or known.thing != thing:
                if known is not None:
                    known.release()
                known = self._new_slot(place, row, thing)
            elif whole:
                self._mark_slot(place, row, known, even_empty=False)
            found[row] = known
            if index % _SLOTS_AT_ONCE == 0:
                yield
        for gone in place.slots.values():
            gone.release()
        place.slots = found

    def _match(
        self, known: dict[Any, Place], things: tuple[Any, ...], make: Callable[[Any], Place]
    ) -> bool:
        """Make `known` hold these things in this order; True when that was a change."""
        before = [place.number for place in known.values()]
        after: dict[Any, Place] = {}
        for thing in things:
            identity = _identity(thing)
            place = known.pop(identity, None)
            if place is not None and place.thing != thing:
                place.release()
                place = None
            after[identity] = place if place is not None else make(thing)
        for gone in known.values():
            gone.release()
        known.clear()
        known.update(after)
        return before != [place.number for place in known.values()]

    def _new_track(self, thing: Any) -> Place:
        place = Place(next(self._numbers), thing)
        for what in ("name", "color"):
            place.listeners.add(thing, what, partial(self._mark_track, place))
        for what in ("playing_slot_index", "fired_slot_index"):
            place.listeners.add(thing, what, partial(self._mark_launch, place))
        place.listeners.add(thing, "clip_slots", self._structure_changed)
        self._mark_track(place)
        self._mark_launch(place)
        return place

    def _new_scene(self, thing: Any) -> Place:
        place = Place(next(self._numbers), thing)
        place.listeners.add(thing, "name", partial(self._mark_scene, place))
        self._mark_scene(place)
        return place

    def _new_slot(self, place: Place, row: int, thing: Any) -> Slot:
        slot = Slot(thing)
        slot.listeners.add(
            thing, "has_clip", partial(self._mark_slot, place, row, slot, even_empty=True)
        )
        if thing.has_clip:
            self._mark_slot(place, row, slot, even_empty=True)
        return slot

    def _mark_track(self, place: Place) -> None:
        self._mark(("track", place.number), partial(_say_track, place))

    def _mark_launch(self, place: Place) -> None:
        self._mark(("launch", place.number), partial(self._say_launch, place))

    def _mark_scene(self, place: Place) -> None:
        self._mark(("scene", place.number), partial(_say_scene, place))

    def _mark_slot(self, place: Place, row: int, slot: Slot, *, even_empty: bool) -> None:
        key = ("slot", place.number, row)
        self._mark(key, partial(self._say_slot, place, row, slot, even_empty=even_empty))

    def _say_order(self, address: str, places: dict[Any, Place]) -> Message:
        return Message(address, tuple(place.number for place in places.values()))

    def _say_launch(self, place: Place) -> Message:
        playing = self._row(place.thing.playing_slot_index)
        fired = self._row(place.thing.fired_slot_index)
        return Message("/live/launch", (place.number, playing, fired))

    def _row(self, index: int) -> int:
        """The number of the scene at an index; below 0 Live means a state, not a scene."""
        if index < 0:
            return int(index)
        return self._scenes[_identity(self._song.scenes[index])].number

    def _say_slot(self, place: Place, row: int, slot: Slot, *, even_empty: bool) -> Message | None:
        clip = slot.thing.clip if slot.thing.has_clip else None
        if clip is None or slot.clip is None or slot.clip != clip:
            slot.clip_listeners.release()
            slot.clip = clip
            if clip is not None:
                heard = partial(self._mark_slot, place, row, slot, even_empty=True)
                for what in ("name", "loop_end"):
                    slot.clip_listeners.add(clip, what, heard)
        if clip is None:
            return Message("/live/empty", (place.number, row)) if even_empty else None
        return Message(
            "/live/clip",
            (place.number, row, _name(clip.name), float(clip.length), bool(clip.is_midi_clip)),
        )


def _say_track(place: Place) -> Message:
    track = place.thing
    midi = bool(track.has_midi_input) and not bool(getattr(track, "is_foldable", False))
    return Message("/live/track", (place.number, _name(track.name), int(track.color), midi))


def _say_scene(place: Place) -> Message:
    return Message("/live/scene", (place.number, _name(place.thing.name)))


def _name(text: Any) -> str:
    return str(text).replace("\0", "")[:MAX_NAME]


def _identity(thing: Any) -> Any:
    """What tells two of Live's objects apart: its wrappers come new with each reading."""
    return getattr(thing, "_live_ptr", None) or id(thing)


def _index(things: Any, wanted: Any) -> int | None:
    for index, thing in enumerate(things):
        if thing == wanted:
            return index
    return None


def _thing(places: dict[Any, Place], number: int, what: str) -> Any:
    for place in places.values():
        if place.number == number:
            return place.thing
    msg = f"there is no such {what} any more"
    raise LookupError(msg)
