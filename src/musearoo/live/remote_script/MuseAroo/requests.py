"""What the server may ask for: each request carries a number and gets one answer.

`/live/ok number ...` or `/live/failed number code text`. A clip comes in pieces (`begin`, any
number of `notes`, `commit`), of which only the last is answered, after the notes were read back.
"""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

from .clips import MAX_NOTES, Cannot, Note, Plan, differences, write
from .journal import fault
from .mirror import Mirror
from .osc import Message

NOTE_FIELDS = len(Note._fields)
_MAX_DRAFTS = 8
_LONGEST = 8192.0  # beats
_TEXT = 200
_LOOKS = 2  # turns that Live is given to show what was written
_PIECES = ("/live/clip/begin", "/live/clip/notes", "/live/clip/commit")
_KINDS: dict[str, Any] = {"i": int, "d": (int, float), "s": str, "?": bool}


class Draft(NamedTuple):
    """A clip of which not everything has come."""

    track: int
    scene: int
    plan: Plan
    notes: list[Note]


class Written(NamedTuple):
    """A clip that is to be read back when Live's next turn comes."""

    number: int
    clip: Any
    notes: list[Note]
    looks: int = 0


class Requests:
    """Does what the server asks, on the song and through the numbers of the mirror."""

    def __init__(self, song: Any, mirror: Mirror) -> None:
        self._song = song
        self._mirror = mirror
        self._drafts: dict[int, Draft] = {}
        self._spoilt: dict[int, Cannot] = {}
        self._written: list[Written] = []
        self._known: dict[str, tuple[str, Callable[..., tuple[Any, ...] | None]]] = {
            "/live/ping": ("", self._ping),
            "/live/mirror": ("", self._begin_mirror),
            "/live/set/tempo": ("d", self._tempo),
            "/live/set/signature": ("ii", self._signature),
            "/live/set/key": ("is", self._key),
            "/live/set/time": ("d", self._time),
            "/live/play": ("", self._play),
            "/live/stop": ("", self._stop),
            "/live/fire/slot": ("ii", self._fire_slot),
            "/live/fire/scene": ("i", self._fire_scene),
            "/live/stop/track": ("i", self._stop_track),
            "/live/stop/clips": ("", self._stop_clips),
            "/live/clip/delete": ("iis", self._delete),
            "/live/create/track": ("s", self._create_track),
            "/live/create/scene": ("", self._create_scene),
        }

    def forget(self) -> None:
        """Drop what has not come whole; the server that sent it is gone."""
        self._drafts.clear()
        self._spoilt.clear()
        self._written.clear()

    def read_back(self) -> list[Message]:
        """Answers for the clips of the last turn; in the turn itself Live reads back stale."""
        due, self._written = self._written, []
        return [answer for answer in map(self._compare, due) if answer is not None]

    def take(self, message: Message) -> Message | None:
        """Do what a message asks; the answer, if one is due now."""
        address, arguments = message
        number = arguments[0] if arguments else None
        if not isinstance(number, int) or isinstance(number, bool):
            return Message("/live/failed", (0, "invalid", f"{address[:_TEXT]} without a number"))
        try:
            if address in _PIECES:
                self._take_piece(address, number, arguments[1:])
                return None
            answer = self._call(address, arguments[1:])
        except Cannot as refusal:
            return _failed(number, refusal.code, str(refusal))
        except LookupError as missing:
            return _failed(number, "gone", str(missing.args[0] if missing.args else missing))
        except Exception as error:  # noqa: BLE001  (Live's bindings raise what they like)
            fault("live.request_refused")
            return _failed(number, "refused", f"Live refused: {error}")
        return Message("/live/ok", (number,) + (answer or ()))

    def _call(self, address: str, arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
        if address not in self._known:
            raise Cannot("unknown", f"{address} is not known to this version of the script")
        kinds, act = self._known[address]
        _check(address, kinds, arguments)
        return act(*arguments)

    def _take_piece(self, address: str, number: int, arguments: tuple[Any, ...]) -> None:
        """Pieces of a clip; a fault in an early one is answered with the commit."""
        if address == "/live/clip/commit":
            self._commit(number)
            return
        try:
            if address == "/live/clip/begin":
                self._begin(number, arguments)
            else:
                self._add(number, arguments)
        except Cannot as refusal:
            self._drafts.pop(number, None)
            if len(self._spoilt) >= _MAX_DRAFTS:
                self._spoilt.pop(next(iter(self._spoilt)))
            self._spoilt.setdefault(number, refusal)

    def _begin(self, number: int, arguments: tuple[Any, ...]) -> None:
        _check("/live/clip/begin", "iidsi?dds?i", arguments)
        track, scene = arguments[:2]
        plan = Plan(*arguments[2:])
        if not 0 < plan.length <= _LONGEST or not 0 <= plan.loop_start < plan.loop_end <= _LONGEST:
            raise Cannot("invalid", f"A length or loop outside 0 to {_LONGEST} beats")
        if not 0 <= plan.notes <= MAX_NOTES:
            raise Cannot("too-many", f"A clip takes up to {MAX_NOTES} notes")
        if len(self._drafts) >= _MAX_DRAFTS:
            self._drafts.pop(next(iter(self._drafts)))
        self._spoilt.pop(number, None)
        self._drafts[number] = Draft(track, scene, plan, [])

    def _add(self, number: int, arguments: tuple[Any, ...]) -> None:
        draft = self._drafts.get(number)
        if draft is None:
            raise Cannot("invalid", "Notes of a clip that was not begun")
        if len(arguments) % NOTE_FIELDS:
            raise Cannot("invalid", f"A note has {NOTE_FIELDS} values")
        if len(draft.notes) + len(arguments) // NOTE_FIELDS > draft.plan.notes:
            raise Cannot("invalid", "More notes than were announced")
        for first in range(0, len(arguments), NOTE_FIELDS):
            draft.notes.append(_note(arguments[first : first + NOTE_FIELDS]))

    def _commit(self, number: int) -> None:
        spoilt, draft = self._spoilt.pop(number, None), self._drafts.pop(number, None)
        if spoilt is not None:
            raise spoilt
        if draft is None:
            raise Cannot("invalid", "A commit of a clip that was not begun")
        if len(draft.notes) != draft.plan.notes:
            raise Cannot("invalid", "Fewer notes than were announced")
        track = self._mirror.track(draft.track)
        slot = self._mirror.slot(draft.track, draft.scene)
        clip = write(self._song, track, slot, draft.plan, draft.notes)
        self._written.append(Written(number, clip, draft.notes))

    def _compare(self, written: Written) -> Message | None:
        try:
            different = differences(written.clip, written.notes)
        except Exception as error:  # noqa: BLE001  (the clip is gone already)
            return _failed(written.number, "gone", f"The clip cannot be read back: {error}")
        if different and written.looks < _LOOKS:
            self._written.append(written._replace(looks=written.looks + 1))
            return None
        return Message("/live/ok", (written.number, len(written.notes), different))

    def _ping(self) -> None:
        return

    def _begin_mirror(self) -> None:
        self._mirror.begin()

    def _tempo(self, tempo: float) -> None:
        self._song.tempo = float(tempo)

    def _signature(self, numerator: int, denominator: int) -> None:
        self._song.signature_numerator = numerator
        self._song.signature_denominator = denominator

    def _key(self, root: int, scale: str) -> None:
        if not hasattr(self._song, "scale_name"):
            raise Cannot("unsupported", "This version of Live gives a set no key")
        self._song.root_note = root
        self._song.scale_name = scale

    def _time(self, beats: float) -> None:
        self._song.current_song_time = float(beats)

    def _play(self) -> None:
        self._song.continue_playing()

    def _stop(self) -> None:
        self._song.stop_playing()

    def _fire_slot(self, track: int, scene: int) -> None:
        self._mirror.slot(track, scene).fire()

    def _fire_scene(self, scene: int) -> None:
        self._mirror.scene(scene).fire()

    def _stop_track(self, track: int) -> None:
        self._mirror.track(track).stop_all_clips()

    def _stop_clips(self) -> None:
        self._song.stop_all_clips()

    def _delete(self, track: int, scene: int, name: str) -> None:
        slot = self._mirror.slot(track, scene)
        if not slot.has_clip or slot.clip.name != name:
            raise Cannot("gone", f"The slot does not hold the clip {name!r}")
        slot.delete_clip()

    def _create_track(self, name: str) -> tuple[int]:
        index = len(self._song.tracks)
        self._song.create_midi_track(-1)
        self._song.tracks[index].name = name
        return (index,)

    def _create_scene(self) -> tuple[int]:
        index = len(self._song.scenes)
        self._song.create_scene(-1)
        return (index,)


def _check(address: str, kinds: str, arguments: tuple[Any, ...]) -> None:
    if len(arguments) != len(kinds):
        raise Cannot("invalid", f"{address} takes {len(kinds) + 1} values")
    for kind, value in zip(kinds, arguments):
        if not isinstance(value, _KINDS[kind]) or (isinstance(value, bool) and kind != "?"):
            raise Cannot("invalid", f"{address} got a value of the wrong type")


def _note(values: tuple[Any, ...]) -> Note:
    _check("/live/clip/notes", "idddiddd", values)
    pitch, start, duration, velocity, mute, probability, deviation, release = values
    if not (0 <= pitch <= 127 and 0 < duration <= _LONGEST and -_LONGEST < start <= _LONGEST):
        raise Cannot("invalid", f"A note outside its range: pitch {pitch}")
    if not (1 <= velocity <= 127 and 0 <= probability <= 1 and -127 <= deviation <= 127):
        raise Cannot("invalid", "A note outside its range: velocity or probability")
    if not (0 <= release <= 127 and mute in {0, 1}):
        raise Cannot("invalid", "A note outside its range: release velocity or mute")
    return Note(pitch, start, duration, velocity, bool(mute), probability, deviation, release)


def _failed(number: int, code: str, text: str) -> Message:
    return Message("/live/failed", (number, code, text.replace("\0", "")[:_TEXT]))
