"""Clips into Live through AbletonOSC: created once, filled window by window, read back."""

import asyncio
from typing import Final

import structlog

from musearoo.codecs.osc import Argument, Message
from musearoo.domain.errors import Conflict
from musearoo.live.asking import RESEND_SECONDS, Accepts, Asking
from musearoo.live.link import Clip, Place, Written
from musearoo.live.reading import ASKED, Reading
from musearoo.live.windows import Window, windows
from musearoo.ports.ambient import Clock

log = structlog.get_logger(__name__)

FRESH_SECONDS: Final = 0.5
"""What was told of a track's clips so recently is believed; else it is asked before writing.

To ask costs a tick of Live. A track that is moved just now can still be met: what lies in the
slot is therefore asked again in front of the first window, and stops the rest.
"""
IN_FLIGHT: Final = 64
"""Windows at a time: Linux keeps 256 datagrams for a socket that nobody reads."""


_MOVED: Final = "The tracks of Live were moved just now."


class ClipWriter:
    """Writes clips; what is in a slot is looked at first, for tracks move."""

    def __init__(self, asking: Asking, reading: Reading, clock: Clock) -> None:
        self._asking = asking
        self._reading = reading
        self._clock = clock
        self._room = asyncio.Semaphore(IN_FLIGHT)

    async def prepare(self, place: Place, name: str, length: float) -> None:
        """An empty clip in an empty slot; raises `Conflict` when the slot is filled."""
        track_name = self._reading.track_name(place.track)
        await self._expect(place, None)
        await self._create(place, name, length, track_name)
        self._asked_soon(place)

    async def still(self, place: Place) -> None:
        """Raise `Conflict` unless the slot holds the clip that was last told there."""
        known = self._reading.clip_names(place.track) or ()
        names = await self._names(place.track)
        if place.slot >= min(len(known), len(names)) or known[place.slot] != names[place.slot]:
            raise Conflict(_MOVED)

    async def write(self, place: Place, clip: Clip, over: str | None) -> Written:
        """Make the clip in a slot equal to `clip`; raises `Conflict` when it is not `over`."""
        began, resent = self._clock.monotonic(), self._asking.resent
        track_name = self._reading.track_name(place.track)
        await self._expect(place, over)
        if over is None:
            await self._create(place, clip.name, clip.length, track_name)
        try:
            async with asyncio.TaskGroup() as together:
                together.create_task(self._guard(place, {over, clip.name}))
                for window in windows(clip.notes):
                    together.create_task(self._window(place, window))
                together.create_task(self._settings(place, clip))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        self._asked_soon(place)
        return Written(
            place=place,
            notes=len(clip.notes),
            seconds=self._clock.monotonic() - began,
            resent=self._asking.resent - resent,
        )

    async def _expect(self, place: Place, name: str | None) -> None:
        """Raise `Conflict` unless the slot holds the clip of that name (None: no clip)."""
        names = self._reading.clip_names(place.track)
        heard_at = self._reading.heard_at.get(place.track)
        if heard_at is None or self._clock.monotonic() - heard_at > FRESH_SECONDS:
            names = await self._names(place.track)
        if names is None or place.slot >= len(names):
            raise Conflict(f"Live has no slot {place.slot + 1} on track {place.track + 1}.")
        found = names[place.slot]
        if found != name:
            wanted = f'the clip "{name}"' if name is not None else "an empty slot"
            there = f'the clip "{found}"' if found is not None else "nothing"
            raise Conflict(
                f"Slot {place.slot + 1} of track {place.track + 1} in Live holds {there}, "
                f"not {wanted}; it is left as it is."
            )

    async def _guard(self, place: Place, ours: set[str | None]) -> None:
        """Stop the writing, by `Conflict`, where the slot holds no clip of ours any more."""
        for _ in range(2):  # the first answer may be to a question from before the clip was made
            names = await self._names(place.track)
            if place.slot < len(names) and names[place.slot] in ours - {None}:
                return
            await self._clock.sleep(RESEND_SECONDS)
        log.warning("live.track_moved", track=place.track, slot=place.slot)
        raise Conflict(_MOVED)

    async def _names(self, track: int) -> tuple[str | None, ...]:
        answer = await self._asking.confirm(
            Message("/live/track/get/clips/name", (track,)), accepts=answers(track)
        )
        return tuple(None if each is None else str(each) for each in answer.arguments[1:])

    async def _create(self, place: Place, name: str, length: float, track_name: str | None) -> None:
        """Create and name a clip in one bundle: tracks cannot move in between.

        Sent again to a slot that has its clip by now, the question in front is answered, and the
        error that follows ends nothing but the reading of that tick. Raises `Conflict` where the
        track is another by now; the empty clip stays in it, for a delete could hit one of theirs.
        """
        at = _at(place)
        track = Message("/live/track/get/name", at[:1])
        present = Message("/live/clip_slot/get/has_clip", (*at, ASKED))
        create = Message("/live/clip_slot/create_clip", (*at, float(length)))
        rename = Message("/live/clip/set/name", (*at, name))
        named = Message("/live/clip/get/name", at)
        tracks: list[Argument] = []

        def accepts(message: Message) -> bool:
            if message.address == track.address and message.arguments[:1] == at[:1]:
                tracks.append(message.arguments[1])
            there = message.address == present.address and answers(*at, True)(message)
            return there or (message.address == named.address and answers(*at, name)(message))

        answer = await self._asking.confirm(
            named, acts=(track, present, create, rename), also=(track, present), accepts=accepts
        )
        if not tracks:  # its answer was lost
            told = await self._asking.confirm(track, accepts=answers(*at[:1]))
            tracks.append(told.arguments[1])
        if track_name is not None and tracks[-1] != track_name:
            raise Conflict(_MOVED)
        if answer.address == present.address:
            await self._asking.confirm(named, acts=(rename,), accepts=answers(*at, name))

    async def _window(self, place: Place, window: Window) -> None:
        at = _at(place)

        def accepts(message: Message) -> bool:
            return message.arguments[:2] == at and window.is_read_as(message.arguments[2:])

        *acts, question = window.messages(place)
        async with self._room:
            await self._asking.confirm(question, acts=tuple(acts), accepts=accepts)

    async def _settings(self, place: Place, clip: Clip) -> None:
        """Name, colour and loop. The name is asked for, because it is set last."""
        at = _at(place)
        length = float(clip.length)
        values: dict[str, Argument] = {"looping": clip.looping}
        values |= {"loop_end": length, "end_marker": length}
        if clip.color is not None:
            values["color"] = clip.color
        acts = (
            *(Message(f"/live/clip/set/{name}", (*at, value)) for name, value in values.items()),
            Message("/live/clip/set/name", (*at, clip.name)),
        )
        await self._asking.confirm(
            Message("/live/clip/get/name", at), acts=acts, accepts=answers(*at, clip.name)
        )

    def _asked_soon(self, place: Place) -> None:
        """What was told of this track before is no longer true."""
        self._reading.heard_at.pop(place.track, None)


def answers(*arguments: Argument) -> Accepts:
    """Whether an answer begins with these arguments."""

    def accepts(message: Message) -> bool:
        return message.arguments[: len(arguments)] == arguments

    return accepts


def _at(place: Place) -> tuple[int, int]:
    return (place.track, place.slot)
